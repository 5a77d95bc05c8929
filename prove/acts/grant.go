package acts

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/check"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/trace"
)

// granting finds out why an act is possible.
type granting struct {
	*run
	groups  systemd.Groups
	lacks   map[string]string // directives that this machine does not enforce, and why
	leftOut map[string]string // directives that are not written, or not as strict as they can be, and why
}

func (r *run) granting(ctx context.Context, out *Report) (*granting, error) {
	g := &granting{run: r, groups: check.HostGroups(), lacks: map[string]string{}, leftOut: map[string]string{}}
	if r.Explain != nil && len(r.box.all) > 0 {
		lines, err := r.Explain.Everything()
		if err != nil {
			return nil, err
		}
		for _, e := range lines {
			name, value, _ := strings.Cut(e.Text, "=")
			against := slices.IndexFunc(e.Grants, func(s synth.Grant) bool { return s.Kind == "against" || s.Kind == "keeps open" })
			switch {
			case e.Format != "systemd" || against < 0:
			case value == " left out":
				g.leftOut[name] = fmt.Sprintf("%s= is left out: %s", name, e.Grants[against].Name)
			default:
				g.leftOut[name] = fmt.Sprintf("%s is not stricter: %s", e.Text, e.Grants[against].Name)
			}
		}
	}
	differences, err := r.full.service.ReadBack(ctx)
	if err != nil {
		return nil, err
	}
	for _, d := range differences {
		name, _, _ := strings.Cut(d.Line.Text, "=")
		if d.Why != "" {
			g.lacks[name] = d.Why
			out.NotInForce = append(out.NotInForce, d.String())
		}
	}
	for _, f := range r.Unit {
		all, _ := systemd.ReadAssignments(f.Name, f.Text)
		for _, a := range all {
			if a.Name == appArmor && a.Value != "" && r.apparmor == "" {
				out.NotInForce = append(out.NotInForce, a.Line.String()+": the profile needs a rule for the acts; name its file by --profile")
			}
		}
	}
	if r.apparmor == "" && r.Lacking != "" {
		out.NotInForce = append(out.NotInForce, "AppArmor: "+r.Lacking)
	}
	return g, nil
}

// why says why an act is possible: by what the profile grants, or because this machine
// does not enforce what is to prevent it.
func (g *granting) why(a Act, arg string) (outcome, why string, explained bool) {
	asked := asTrace(a.asks(arg))
	if g.Granted != nil && len(g.Granted.Refuses(asked)) == 0 {
		return Possible, "training did it: " + g.facts(asked), true
	}
	if by := g.refused(g.box.all, asked); by != "" {
		name, _, _ := strings.Cut(by, "=")
		switch lacks := g.lacks[name]; {
		case name == "PrivateNetwork":
			return Possible, "in a network of the service's own, by " + by, true
		case lacks != "":
			return NotEnforced, by + ": " + lacks, false
		}
		return Possible, by + " is to prevent it, and does not", false
	}
	for _, name := range a.Guards {
		if why := g.leftOut[name]; why != "" && g.box.has(name) != strings.Contains(why, "= is left out: ") {
			return Possible, why, true
		}
	}
	if words := g.words(asked); len(words) > 0 {
		return Possible, "by " + strings.Join(words, ", "), true
	}
	if user := g.box.value("User"); a.own && (user == "" || user == "root" || user == "0") {
		return Possible, "the service runs as root, as the other process does", true
	}
	return Possible, "no line forbids it", false
}

// facts are the grants of training for what is asked, in words.
func (g *granting) facts(asked *trace.Trace) string {
	var out []string
	add := func(grant synth.Grant) {
		text := fmt.Sprintf("%s %s", grant.Kind, grant.Name)
		for _, f := range grant.Facts[:min(1, len(grant.Facts))] {
			text += strings.TrimSuffix(fmt.Sprintf(" (%s in %s)", f.Who(), f.Operation), " in )")
		}
		out = append(out, text)
	}
	for _, f := range asked.Files {
		for _, grant := range g.Granted.Files {
			if grant.Access&f.Access != 0 && grant.Name().Match(f.Path) {
				add(grant.Grant())
			}
		}
	}
	for _, s := range asked.Subjects {
		for _, grant := range g.Granted.Execs {
			if grant.Name().Match(s.Exe) {
				add(grant.Grant())
			}
		}
	}
	w := synth.NewTeller(asked)
	for of := range synth.Each(asked) {
		f := w.Fact(of)
		for _, grant := range g.Granted.Grants() {
			if f.Kind != "file" && f.Kind != "exec" && grant.Kind == f.Kind && grant.Name == string(f.Name) {
				add(grant)
			}
		}
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), ", ")
}

// actor is the program in what acts ask for.
const actor = "/act"

// asTrace makes a trace of facts.
func asTrace(of []any) *trace.Trace {
	t := &trace.Trace{Subjects: []trace.Subject{{ID: 0, Exe: actor}}}
	for _, f := range of {
		switch f := f.(type) {
		case trace.Subject:
			t.Subjects = append(t.Subjects, f)
		case trace.File:
			f.FS = fileSystem(string(f.Path))
			t.Add(f)
		default:
			t.Add(f)
		}
	}
	return t
}
