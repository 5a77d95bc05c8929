package minimize

import (
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/prove"
	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/trace"
)

// uses names the operations in which a trace made use of an entry, each once.
func uses(e synth.Entry, t *trace.Trace) []string {
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
			if f.Access&trace.AccessModifies != 0 && !f.Anon && synth.RestsOnPermission(f.Seen) && synth.Within(f.Path, trace.Path(e.Name)) {
				note(f.Operation)
			}
		}
	case synth.EntryExec:
		executes(e, t, note)
	}
	return out
}

// executes notes each operation in which something in a path was executed or mapped.
func executes(e synth.Entry, t *trace.Trace, note func(string)) {
	in := func(p trace.Path) bool {
		return strings.HasPrefix(string(p), "/") && synth.Within(p, trace.Path(e.Name))
	}
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
func ruled(e synth.Entry, p *synth.Profile) []string {
	switch e.Kind {
	case synth.EntryCapability:
		for _, c := range p.Capabilities {
			if c.Name == e.Name && c.Need == synth.Required && len(c.Facts) == 0 {
				return c.Rules
			}
		}
	case synth.EntrySyscall:
		for _, c := range p.Syscalls {
			if c.Name == e.Name && len(c.Facts) == 0 {
				return c.Rules
			}
		}
	}
	return nil
}

// inForce says whether the profile refuses what an entry lets through, once the entry
// is taken out of it.
func inForce(e synth.Entry, p prove.Profile, version int, groups systemd.Groups) (bool, error) {
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
	return out, nil
}

// entries are those of a profile, of some kinds, in order.
func entries(p prove.Profile, kinds []string, groups systemd.Groups) ([]synth.Entry, error) {
	var all []systemd.Assignment
	for _, f := range p.Unit {
		read, err := systemd.ReadAssignments(f.Name, f.Text)
		if err != nil {
			return nil, err
		}
		all = append(all, read...)
	}
	return slices.DeleteFunc(systemd.Entries(all, groups), func(e synth.Entry) bool { return !slices.Contains(kinds, e.Kind) }), nil
}
