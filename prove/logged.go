package prove

import (
	"context"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// field is one of a line of the audit system: quoted, or, where the name has bytes
// that quotes cannot hold, in hexadecimal.
var field = regexp.MustCompile(`(\w+)=(?:"([^"]*)"|(\S+))`)

// auditFields takes such a line apart.
func auditFields(line string) map[string]string {
	out := map[string]string{}
	for _, m := range field.FindAllStringSubmatch(line, -1) {
		value := m[2]
		if raw, err := hex.DecodeString(m[3]); err == nil && m[3] != "" && (m[1] == "name" || m[1] == "profile") {
			value = string(raw)
		} else if m[3] != "" {
			value = m[3]
		}
		out[m[1]] = value
	}
	return out
}

// logged adds what AppArmor has told the kernel's log of its profile, to the
// denials that the recorder saw or beside them.
func (r *run) logged(ctx context.Context, c *comparison) error {
	if r.apparmor == "" {
		return nil
	}
	lines, err := r.service.Kernel(ctx, `apparmor="DENIED"`)
	for _, line := range lines {
		f := auditFields(line)
		if f["profile"] != r.apparmor && !strings.HasPrefix(f["profile"], r.apparmor+"//") {
			continue
		}
		if !r.result.attach(f, line) {
			r.result.fromLog(f, line, c)
		}
	}
	r.result.False, r.result.Untrained, r.result.Harmless = joined(r.result.False), joined(r.result.Untrained), joined(r.result.Harmless)
	return err
}

// attach puts a line to the denials that it is about.
func (r *Result) attach(f map[string]string, line string) bool {
	found := false
	for _, list := range [][]Denial{r.False, r.Untrained, r.Unexplained, r.Harmless} {
		for i := range list {
			d := &list[i]
			capability := f["capname"] != "" && d.Name == trace.Path("CAP_"+strings.ToUpper(f["capname"]))
			if capability || f["name"] != "" && d.Name == trace.Path(f["name"]) {
				d.Log = append(d.Log, line)
				if len(d.By) == 0 {
					d.By = append(d.By, "AppArmor profile "+f["profile"]+": no rule grants it")
				}
				found = true
			}
		}
	}
	return found
}

// fromLog makes a denial of a line that the recorder saw nothing of.
func (r *Result) fromLog(f map[string]string, line string, c *comparison) {
	d := Denial{
		Kind: "file", Name: trace.Path(f["name"]), What: strings.TrimSpace(f["operation"] + " " + f["requested_mask"]), Outcome: "EACCES",
		Facts: []synth.FactRef{}, By: []string{"AppArmor profile " + f["profile"] + ": no rule grants it"}, Allow: []string{}, Log: []string{line},
	}
	switch {
	case f["capname"] != "":
		d.Kind, d.Name = "capability", trace.Path("CAP_"+strings.ToUpper(f["capname"]))
		r.Harmless = append(r.Harmless, d) // where it did harm the call failed, and the recorder saw that
		return
	case f["family"] != "":
		d.Kind, d.Name, d.Outcome = "socket", trace.Path("AF_"+strings.ToUpper(f["family"])), "EACCES"
	case d.Name == "":
		d.Kind, d.Name = f["operation"], trace.Path(f["peer"])
	}
	if slices.ContainsFunc(c.training.Files, func(t trace.File) bool { return t.Path == d.Name && t.Succeeded() }) {
		r.False = append(r.False, d)
	} else {
		r.Untrained = append(r.Untrained, d)
	}
}
