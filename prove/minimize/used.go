package minimize

import (
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/prove"
	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/apparmor"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/trace"
)

// naming says whether a path is one of those that an entry of a profile names: it is
// the entry's, or lies below it, or a rule's pattern matches it.
type naming func(e synth.Entry, path trace.Path) bool

// names is the naming of a profile.
func names(p prove.Profile) naming {
	matches := func(string, string) (bool, bool) { return false, false }
	if p.AppArmor != nil {
		matches = apparmor.Matcher(p.AppArmor.Text)
	}
	return func(e synth.Entry, path trace.Path) bool {
		if path == "" || path[0] != '/' {
			return false
		}
		matched, _ := matches(e.Name, string(path))
		return matched || synth.Within(path, trace.Path(e.Name))
	}
}

// uses names the operations in which a trace made use of an entry, each once.
func (n naming) uses(e synth.Entry, t *trace.Trace) []string {
	var out []string
	note := func(operation string) {
		if operation == "" {
			operation = trace.OperationStartup
		}
		if !slices.Contains(out, operation) {
			out = append(out, operation)
		}
	}
	switch e.Kind {
	case synth.EntryCapability:
		for _, c := range t.Capabilities {
			if c.Name == e.Name && c.Outcome == trace.OK && synth.Needs(c) {
				note(c.Operation)
			}
		}
	case synth.EntrySyscall:
		for _, c := range t.Syscalls {
			if c.Name == e.Name && c.Outcome != "ENOSYS" {
				note(c.Operation)
			}
		}
	case synth.EntryWrite:
		for _, f := range t.Files {
			if f.Access&trace.AccessModifies != 0 && !f.Anon && synth.RestsOnPermission(f.Seen) && n(e, f.Path) {
				note(f.Operation)
			}
		}
	case synth.EntryExec:
		n.executes(e, t, note)
	}
	return out
}

// executes notes each operation in which something in a path was executed or mapped.
func (n naming) executes(e synth.Entry, t *trace.Trace, note func(string)) {
	in := func(p trace.Path) bool { return n(e, p) }
	of := map[int]bool{}
	for _, s := range t.Subjects {
		of[s.ID] = in(s.Exe) || in(s.Script) || in(s.Loader)
	}
	for _, x := range t.Execs {
		if of[x.Target] && synth.RestsOnPermission(x.Seen) {
			note(x.Operation)
		}
	}
	for _, f := range t.Files {
		if f.Access&(trace.AccessExec|trace.AccessExecMap) != 0 && !f.Anon && synth.RestsOnPermission(f.Seen) && in(f.Path) {
			note(f.Operation)
		}
	}
}

// ruled names the rules by which alone an entry was granted; nil if facts did, or
// nothing.
func ruled(g Grant, p *synth.Profile) []string {
	switch g.Kind {
	case synth.EntryCapability:
		for _, c := range p.Capabilities {
			if c.Name == g.Name && c.Need == synth.Required && len(c.Facts) == 0 {
				return c.Rules
			}
		}
	case synth.EntrySyscall:
		for _, c := range p.Syscalls {
			if c.Name == g.Name && len(c.Facts) == 0 {
				return c.Rules
			}
		}
	default:
		if !slices.Contains(g.In, synth.InSystemd) {
			return apparmor.NewExplainer(p, apparmor.Options{}).Ruled(g.Entry)
		}
	}
	return nil
}

// inForce says whether the profile refuses what an entry lets through, once the entry
// is taken out of it: by the format that it stands in.
func inForce(g Grant, p prove.Profile, version int, groups systemd.Groups) (bool, error) {
	e := g.Entry
	if slices.Contains(g.In, synth.InSystemd) {
		p.AppArmor = nil
	} else if p.Unit = nil; strings.ContainsAny(e.Name, `*?[{@\`) {
		return true, nil // a pattern: rules allow, and leave nothing to others
	}
	without, err := Without(p, []synth.Entry{e})
	if err != nil {
		return false, err
	}
	seen := trace.Seen{Outcome: trace.OK}
	file := trace.File{Seen: seen, Path: trace.Path(e.Name), Type: "file", Mode: 0o755}
	var fact any
	switch e.Kind {
	case synth.EntryCapability:
		fact = trace.Capability{Seen: seen, Name: e.Name, Optional: trace.Needed}
	case synth.EntrySyscall:
		fact = trace.Syscall{Seen: seen, Name: e.Name}
	case synth.EntryWrite:
		file.Access = trace.AccessWrite
		fact = file
	default:
		file.Access = trace.AccessExec
		fact = file
	}
	return without.Refuses(fact, version, groups)
}

// Without is a profile with entries taken out of each of its texts.
func Without(p prove.Profile, away []synth.Entry) (prove.Profile, error) {
	out := p
	out.Unit = nil
	for _, f := range p.Unit {
		text, err := systemd.Without(f.Text, away)
		if err != nil {
			return out, err
		}
		f.Text = text
		out.Unit = append(out.Unit, f)
	}
	if p.AppArmor != nil {
		less := *p.AppArmor
		less.Text = apparmor.Without(less.Text, away)
		out.AppArmor = &less
	}
	return out, nil
}

// grants are the entries of a profile, of some kinds, in order, each with the formats
// that it stands in.
func grants(p prove.Profile, kinds []string, groups systemd.Groups) ([]Grant, error) {
	var all []systemd.Assignment
	for _, f := range p.Unit {
		read, err := systemd.ReadAssignments(f.Name, f.Text)
		if err != nil {
			return nil, err
		}
		all = append(all, read...)
	}
	in := map[synth.Entry][]string{}
	for _, e := range systemd.Entries(all, groups) {
		in[e] = append(in[e], synth.InSystemd)
	}
	if p.AppArmor != nil {
		for _, e := range apparmor.Entries(p.AppArmor.Text) {
			in[e] = append(in[e], synth.InAppArmor)
		}
	}
	var out []Grant
	for e, formats := range in {
		if slices.Contains(kinds, e.Kind) {
			out = append(out, Grant{Entry: e, In: formats})
		}
	}
	slices.SortFunc(out, func(a, b Grant) int { return a.Compare(b.Entry) })
	return out, nil
}
