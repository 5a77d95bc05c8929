package prove

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/apparmor"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/synth/written"
	"github.com/osapi-io/osapi-profile/trace"
)

// Profile is what is to be proven, as it is written.
type Profile struct {
	Unit     []written.File // a unit, its drop-ins, or both, in the order in which systemd reads them; nil for none
	AppArmor *written.File  // nil for none
}

// verdict is a fact that a text refuses.
type verdict struct {
	of        any
	directive string // of a unit
	by        string // the line or rule responsible
}

// judge asks the evaluators of both formats which of the facts they refuse.
func (p Profile) judge(facts []any, from, training *trace.Trace, opt judging) ([]verdict, error) {
	t := of(facts, from, training).Confined()
	unit, err := judgeUnit(p.Unit, t, opt)
	if err != nil || p.AppArmor == nil {
		return among(unit, facts), err
	}
	rules, err := judgeAppArmor(*p.AppArmor, t)
	return among(append(unit, rules...), facts), err
}

// judging is what evaluators need to know of this host.
type judging struct {
	version int // of systemd
	groups  systemd.Groups
}

func among(verdicts []verdict, facts []any) []verdict {
	return slices.DeleteFunc(verdicts, func(v verdict) bool { return !slices.Contains(facts, v.of) })
}

func judgeUnit(files []written.File, t *trace.Trace, opt judging) ([]verdict, error) {
	var all []systemd.Assignment
	for _, f := range files {
		read, err := systemd.ReadAssignments(f.Name, f.Text)
		if err != nil {
			return nil, err
		}
		all = append(all, read...)
	}
	judged, _, err := systemd.Judge(all, t, opt.version, opt.groups)
	var out []verdict
	for _, j := range judged {
		out = append(out, verdict{j.Of, j.Directive, j.Line.String()})
	}
	return out, err
}

func judgeAppArmor(file written.File, t *trace.Trace) ([]verdict, error) {
	profiles, err := apparmor.Load(file.Name, file.Text, os.DirFS(apparmor.Dir))
	if err != nil || len(profiles) == 0 {
		return nil, err
	}
	denied, _ := profiles[0].Judge(t) // the one that the unit switches to stands first
	var out []verdict
	for _, d := range denied {
		out = append(out, verdict{of: d.Of, by: fmt.Sprintf("AppArmor profile %s: %s", profiles[0].Name, profiles[0].Why(d))})
	}
	return out, nil
}

// remedy looks for the one line that would allow facts which a profile refuses,
// among those of a wider profile: it is tried by the evaluators, not guessed.
// Where none alone is enough it says what to do instead.
func (p Profile) remedy(v verdict, wider Profile, from, training *trace.Trace, opt judging) string {
	refuses := func(with Profile) bool {
		left, err := with.judge([]any{v.of}, from, training, opt)
		return err != nil || slices.ContainsFunc(left, func(l verdict) bool { return (l.directive == "") == (v.directive == "") })
	}
	if v.directive == "" {
		return p.appArmorRemedy(wider, refuses)
	}
	for _, line := range unitLines(v, wider) {
		with := p
		with.Unit = append(slices.Clone(p.Unit), written.File{Name: "remedy", Text: []byte("[Service]\n" + line + "\n")})
		if !refuses(with) {
			return line
		}
	}
	if v.directive == "InaccessiblePaths" || v.directive == "ReadOnlyPaths" {
		return "take the path out of " + v.by
	}
	return ""
}

// unitLines are lines that may allow what a unit refuses, the plainest first.
func unitLines(v verdict, wider Profile) []string {
	var lines []string
	switch f := v.of.(type) {
	case trace.Syscall:
		lines = append(lines, "SystemCallFilter="+f.Name)
	case trace.Capability:
		lines = append(lines, "CapabilityBoundingSet="+f.Name, "AmbientCapabilities="+f.Name)
	case trace.Socket:
		lines = append(lines, "RestrictAddressFamilies="+f.Family)
	}
	opens := strings.Fields("ReadWritePaths ExecPaths BindReadOnlyPaths DeviceAllow IPAddressAllow SocketBindAllow RestrictNamespaces RestrictFileSystems SystemCallArchitectures ProtectHome ProtectSystem ProtectProc ProcSubset")
	for _, f := range wider.Unit {
		all, _ := systemd.ReadAssignments(f.Name, f.Text)
		for _, a := range all {
			if a.Section != "Service" || a.Value == "" || !slices.Contains(opens, a.Name) {
				continue
			}
			if words := strings.Fields(a.Value); a.Name != "DeviceAllow" && !strings.ContainsAny(a.Value, `"\`) {
				for _, w := range words {
					lines = append(lines, a.Name+"="+w)
				}
			} else {
				lines = append(lines, a.Name+"="+a.Value)
			}
		}
	}
	return append(lines, v.directive+"=no")
}

// appArmorRemedy puts the rules of a wider profile into this one, each by itself.
func (p Profile) appArmorRemedy(wider Profile, refuses func(Profile) bool) string {
	if wider.AppArmor == nil {
		return ""
	}
	text := string(p.AppArmor.Text)
	end := strings.LastIndex(text, "}")
	for line := range strings.Lines(string(wider.AppArmor.Text)) {
		rule := strings.TrimSpace(line)
		if before, _, commented := strings.Cut(rule, ", # "); commented {
			rule = before + ","
		}
		if end < 0 || strings.HasPrefix(rule, "#") || !strings.HasSuffix(rule, ",") {
			continue
		}
		with := *p.AppArmor
		with.Text = []byte(text[:end] + "  " + rule + "\n" + text[end:])
		if !refuses(Profile{AppArmor: &with}) {
			return rule
		}
	}
	return ""
}

// arguments are the facts of training that tell what a call may have been about
// which a filter refused before it began.
func arguments(call string, training *trace.Trace) []any {
	var out []any
	for _, a := range training.Arguments {
		if a.Syscall == call && synth.RestsOnPermission(a.Seen) {
			out = append(out, succeeds(a))
		}
	}
	if call == "socket" || call == "socketpair" {
		for _, k := range training.Sockets {
			if k.Action == "create" && k.Succeeded() {
				out = append(out, succeeds(k))
			}
		}
	}
	return out
}
