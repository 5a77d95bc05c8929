package apparmor

import (
	"fmt"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
)

// capabilities grants those that are required, and those that were used in a
// user namespace of the worker's own: AppArmor asks for a capability in
// whichever namespace it is checked. One that another answers instead is granted
// too: AppArmor logs each no, whatever the kernel then does, and file rules decide
// over files all the same.
func (d document) capabilities() section {
	s := section{title: []string{"Capabilities"}}
	if !d.profile.Sees("capability") {
		s.add(byRule(ruleBlind), "capability")
		return s
	}
	evidence := map[string][]synth.Evidence{}
	for _, c := range d.profile.Capabilities {
		if c.Need == synth.Required || c.Instead != "" || c.UserNS {
			evidence[c.Name] = append(evidence[c.Name], c.Evidence)
		}
	}
	for _, name := range sortedKeys(evidence) {
		reason := because(evidence[name]...)
		switch mark := d.whole.Marks.Of(synth.EntryCapability, name); {
		case mark == synth.MarkTolerated && d.opt.OnlyRequired:
			continue
		case mark != "":
			reason.words = string(mark) + ": " + reason.words
		}
		s.add(reason, "capability %s", capabilityName(name))
	}
	return s
}

// marked says on top what running the worker without its capabilities has shown.
func (p *policy) marked() []string {
	if p.whole.Marks == nil {
		return nil
	}
	var tolerated []string
	for _, name := range p.whole.Required() {
		if p.whole.Marks.Of(synth.EntryCapability, name) == synth.MarkTolerated {
			tolerated = append(tolerated, capabilityName(name))
		}
	}
	if len(tolerated) == 0 {
		return nil
	}
	left := "granted all the same"
	if p.opt.OnlyRequired {
		left = "left out"
	}
	return []string{
		"", fmt.Sprintf("MARKS: run without these capabilities the worker missed none of them; they are %s: %s.", left, strings.Join(tolerated, ", ")),
		fmt.Sprintf("Only these operations vouch for that: %s.", strings.Join(p.whole.Marks.Operations, ", ")),
	}
}

func capabilityName(name string) string { return strings.ToLower(strings.TrimPrefix(name, "CAP_")) }
