package synth

import (
	"fmt"

	"github.com/osapi-io/osapi-profile/trace"
)

// Refused lists, in words, the facts of a trace that the worker's outcome rests
// on and that the profile does not grant. For the trace that the profile was
// made of there are none.
func (p *Profile) Refused(t *trace.Trace) []string {
	t = t.Confined()
	by := subjectsOf(t)
	var out []string
	note := func(ok bool, format string, args ...any) {
		if !ok {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	for _, s := range t.Syscalls {
		note(s.Outcome == "ENOSYS" || p.grantsSyscall(s), "syscall %s %s", s.Name, s.ABI)
	}
	for _, c := range t.Capabilities {
		note(notNeeded(c) != "" || p.grantsCapability(c.Name), "capability %s", c.Name)
	}
	for _, e := range t.Execs {
		target := by[e.Target]
		for _, path := range []trace.Path{target.Exe, target.Script, target.Loader} {
			note(!restsOnPermission(e.Outcome) || path == "" || path[0] != '/' || p.grantsExec(path), "execution of %s", path)
		}
	}
	for _, f := range t.Files {
		if restsOnPermission(f.Outcome) && !f.Anon && f.Path != "" && f.Path[0] == '/' {
			note(p.GrantsFile(f.Path, f.Access), "%s of %s", f.Access, f.Path)
			note(f.Access&(trace.AccessExec|trace.AccessExecMap) == 0 || p.grantsExec(f.Path), "execution of %s", f.Path)
		}
	}
	for _, s := range t.Sockets {
		note(!restsOnPermission(s.Outcome) || p.grantsSocket(s), "socket %s %s %s", s.Action, s.Family, s.Path)
	}
	for _, a := range t.Arguments {
		note(!restsOnPermission(a.Outcome) || p.grantsArgument(a), "argument %s %s", a.Name, a.Value)
	}
	return out
}

func (p *Profile) grantsSyscall(s trace.Syscall) bool {
	for _, g := range p.Syscalls {
		if g.Name == s.Name && g.ABI == s.ABI {
			return true
		}
	}
	return false
}

func (p *Profile) grantsCapability(name string) bool {
	for _, g := range p.Capabilities {
		if g.Name == name && g.Need == Required {
			return true
		}
	}
	return false
}

func (p *Profile) grantsExec(path trace.Path) bool {
	for _, g := range p.Execs {
		if g.Name().Match(path) {
			return true
		}
	}
	return false
}

// GrantsFile says whether all of the accesses to a path are granted, by one
// grant or by several.
func (p *Profile) GrantsFile(path trace.Path, access trace.Access) bool {
	for _, g := range p.Files {
		if g.Name().Match(path) {
			access &^= g.Access
		}
	}
	return access == 0
}

func (p *Profile) grantsSocket(s trace.Socket) bool {
	for _, g := range p.Sockets {
		if g.Action == s.Action && g.Family == s.Family && g.Type == s.Type && g.Protocol == s.Protocol &&
			(g.Address == s.Address || fromPeer(s)) && g.Port == s.Port && g.Abstract == s.Abstract && nameOf(g.Path, g.Pattern).Match(s.Path) {
			return true
		}
	}
	return false
}

func (p *Profile) grantsArgument(a trace.Argument) bool {
	for _, g := range p.Arguments {
		if g.Syscall == a.Syscall && g.Name == a.Name && g.Value == a.Value && g.Target == a.Target {
			return true
		}
	}
	return false
}
