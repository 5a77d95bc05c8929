package synth

import (
	"fmt"
	"slices"

	"github.com/osapi-io/osapi-profile/trace"
)

// Refuses lists the facts of a trace that the worker's outcome rests on and that
// the profile does not grant, as [Each] gives them. For the trace that the
// profile was made of there are none.
func (p *Profile) Refuses(t *trace.Trace) []any {
	t = t.Confined()
	by := subjectsOf(t)
	type asked struct {
		path   trace.Path
		access trace.Access
	}
	known := map[asked]bool{} // most files are met in many operations
	file := func(path trace.Path, access trace.Access) bool {
		ask := asked{path, access}
		granted, ok := known[ask]
		if !ok {
			granted = p.GrantsFile(path, access)
			known[ask] = granted
		}
		return granted
	}
	var out []any
	for f := range Each(t) {
		if !p.grants(f, by, file) {
			out = append(out, f)
		}
	}
	return out
}

// Refused is Refuses in words.
func (p *Profile) Refused(t *trace.Trace) []string {
	w := NewTeller(t)
	var out []string
	for _, of := range p.Refuses(t) {
		f := w.Fact(of)
		out = append(out, fmt.Sprintf("%s %s %s", f.Kind, f.Name, f.What))
	}
	return out
}

// grants says whether one fact is granted, or needs no grant; file is GrantsFile.
func (p *Profile) grants(of any, by subjects, file func(trace.Path, trace.Access) bool) bool {
	switch f := of.(type) {
	case trace.Syscall:
		return f.Outcome == "ENOSYS" || p.grantsSyscall(f)
	case trace.Capability:
		return Suffices(f, p.grantsCapability)
	case trace.Exec:
		target := by[f.Target]
		return !restsOnPermission(f.Outcome) || !slices.ContainsFunc([]trace.Path{target.Exe, target.Script, target.Loader},
			func(path trace.Path) bool { return path != "" && path[0] == '/' && !p.grantsExec(path) })
	case trace.File:
		return !restsOnPermission(f.Outcome) || f.Anon || f.Path == "" || f.Path[0] != '/' || file(f.Path, f.Access) &&
			(f.Access&(trace.AccessExec|trace.AccessExecMap) == 0 || p.grantsExec(f.Path))
	case trace.Socket:
		return !SocketRestsOnPermission(f) || p.grantsSocket(f)
	case trace.Argument:
		return !restsOnPermission(f.Outcome) || p.grantsArgument(f)
	}
	return true
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
