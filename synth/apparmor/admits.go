package apparmor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// Denial is a fact that a profile would have refused.
type Denial struct {
	Kind string // "file", "exec", "capability", "socket"
	Name string // path, capability or socket
	Asks string // what AppArmor asks for, in its own words
	Of   any    // the fact, as synth.Each gives it
}

// String is for talk.
func (d Denial) String() string { return fmt.Sprintf("%s %q asks for %s", d.Kind, d.Name, d.Asks) }

// Denied lists the facts of a trace that the worker's outcome rests on and that
// the profile would refuse. Mounts are not looked at.
func (p *Policy) Denied(t *trace.Trace) []Denial {
	var out []Denial
	types := fileTypes(t)
	for _, f := range t.Files {
		if f.Anon || !strings.HasPrefix(string(f.Path), "/") || !synth.RestsOnPermission(f.Seen) {
			continue
		}
		asked := flockAsks(needs(f.Access), f.Syscall)
		if opensInterpreter(f.Syscall, f.Outcome) {
			asked &^= permExec
		}
		if !p.admitsName(f, cmp.Or(f.Type, types[f.Path]), asked) {
			out = append(out, Denial{"file", string(f.Path), asked.String(), f})
		}
		if f.Access&trace.AccessLinkTo != 0 && f.Target != "" && !p.admitsLink(f.Path, f.Target) {
			out = append(out, Denial{"file", string(f.Path), "link -> " + string(f.Target), f})
		}
	}
	byID := map[int]trace.Subject{}
	for _, s := range t.Subjects {
		byID[s.ID] = s
	}
	for _, e := range t.Execs {
		name := byID[e.Target].Exe
		if script := byID[e.Target].Script; script != "" {
			name = script
		}
		started := e.Subject == 0 && slices.ContainsFunc(t.Runs, func(r trace.Run) bool { return r.Worker == name })
		if strings.HasPrefix(string(name), "/") && !started && synth.RestsOnPermission(e.Seen) && p.permsOf(string(name), false)&permExec == 0 {
			out = append(out, Denial{"exec", string(name), "ix", e})
		}
	}
	for _, c := range t.Capabilities {
		if c.Outcome == trace.OK && (synth.Needs(c) || c.UserNS && c.Optional == trace.Needed) && !p.admitsCapability(c.Name) {
			out = append(out, Denial{"capability", c.Name, "capability " + capabilityName(c.Name), c})
		}
	}
	for _, s := range t.Sockets {
		if synth.RestsOnPermission(s.Seen) && !p.admitsSocket(s) {
			out = append(out, Denial{"socket", s.Family + " " + s.Type, "network " + familyWord(s.Family) + " " + socketTypeWord(s.Type), s})
		}
	}
	return append(out, p.deniedAims(t)...)
}

// fileTypes is what each name was, as far as any fact or call says so.
func fileTypes(t *trace.Trace) map[trace.Path]string {
	types := map[trace.Path]string{}
	for _, f := range t.Files {
		known := f.Type
		switch {
		case known == "" && slices.Contains(dirCalls, f.Syscall) && f.Outcome != notDir:
			known = "dir"
		case known == "" && f.Outcome == notDir && slices.Contains(dirCalls, f.Syscall):
			known = "file"
		case known == "" && slices.Contains(fileCalls, f.Syscall):
			known = "file"
		}
		types[f.Path] = cmp.Or(types[f.Path], known)
	}
	return types
}

// admitsName asks with the spelling that the kernel uses for what the file is,
// with each when no fact about it says that.
func (p *Policy) admitsName(f trace.File, fileType string, asked perms) bool {
	owner := f.Type != "" && f.UID == f.FSUID
	names := []string{string(f.Path)}
	switch {
	case f.Path == "/":
	case fileType == "dir":
		names[0] += "/"
	case fileType == "":
		names = append(names, string(f.Path)+"/")
	}
	for _, name := range names {
		if asked&^p.permsOf(name, owner) != 0 {
			return false
		}
	}
	return true
}

// permsOf is the union over all rules that match, without what deny rules take
// away.
func (p *Policy) permsOf(name string, owner bool) perms {
	var have, never perms
	for _, r := range p.files {
		switch {
		case r.owner && !owner:
		case r.deny && never|r.perms != never && r.name.match(name):
			never |= r.perms
		case !r.deny && have|r.perms != have && r.name.match(name):
			have |= r.perms
		}
	}
	return have &^ never
}

func (p *Policy) admitsLink(name, target trace.Path) bool {
	return slices.ContainsFunc(p.links, func(l linkRule) bool {
		return l.name.match(string(name)) && l.target.match(string(target))
	})
}

func (p *Policy) admitsCapability(name string) bool {
	if slices.Contains(p.denied, "capability") || slices.Contains(p.denied, "capability "+capabilityName(name)) {
		return false
	}
	return slices.Contains(p.Capabilities, "") || slices.Contains(p.Capabilities, capabilityName(name))
}

func (p *Policy) admitsSocket(s trace.Socket) bool {
	family, typ := familyWord(s.Family), socketTypeWord(s.Type)
	for _, all := range []string{"network", "network " + family, "network " + family + " " + typ} {
		if slices.Contains(p.denied, all) {
			return false
		}
	}
	return slices.ContainsFunc(p.Networks, func(n Network) bool {
		return n.Family == "" || n.Family == family && (n.Type == "" || n.Type == typ)
	})
}
