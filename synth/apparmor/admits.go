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
	Kind    string // "file", "exec", "capability", "socket", "signal", "ptrace", "mount"
	Name    string // path, capability or socket
	Asks    string // what AppArmor asks for, in its own words
	Profile string // whose rules lack it
	Of      any    // the fact, as synth.Each gives it
}

// String is for talk.
func (d Denial) String() string {
	return fmt.Sprintf("%s %q asks %s for %s", d.Kind, d.Name, d.Profile, d.Asks)
}

// Denied lists the facts of a trace that the worker's outcome rests on and that
// the profile would refuse. Each is held against the profiles that its program
// would run under, along the transitions that the trace shows.
func (p *Policy) Denied(t *trace.Trace) []Denial {
	to, out := p.follow(t)
	types, made := fileTypes(t), madeBy(t)
	by := programsOf(t)
	known := permsKnown{}
	ask := func(s trace.Seen, admits func(*Policy) (Denial, bool)) {
		for _, profile := range to.under[by[s.Subject]] {
			if d, ok := admits(profile); !ok {
				d.Profile = profile.Name
				out = append(out, d)
			}
		}
	}
	for _, f := range t.Files {
		if f.Anon || !strings.HasPrefix(string(f.Path), "/") || !synth.RestsOnPermission(f.Seen) {
			continue
		}
		asked := flockAsks(needs(f.Access), f.Syscall)
		if opensInterpreter(f.Syscall, f.Outcome) {
			asked &^= permExec
		}
		owner := f.UID == f.FSUID
		if f.Type == "" { // nobody could look whose it is, because it had gone
			owner = made[maker{f.Path, f.FSUID}]
		}
		ask(f.Seen, func(p *Policy) (Denial, bool) {
			return Denial{Kind: "file", Name: string(f.Path), Asks: asked.String(), Of: f},
				p.admitsName(f.Path, cmp.Or(f.Type, types[f.Path]), owner, asked, known)
		})
		if f.Access&trace.AccessLinkTo != 0 && strings.HasPrefix(string(f.Target), "/") {
			ask(f.Seen, func(p *Policy) (Denial, bool) {
				return Denial{Kind: "file", Name: string(f.Path), Asks: "link -> " + string(f.Target), Of: f}, p.admitsLink(f.Path, f.Target)
			})
		}
	}
	for _, f := range t.Files {
		if f.Access&(trace.AccessMount|trace.AccessUnmount) != 0 && !f.Anon && !p.partial && synth.RestsOnPermission(f.Seen) {
			ask(f.Seen, func(p *Policy) (Denial, bool) {
				return Denial{Kind: "mount", Name: string(f.Path), Asks: f.Access.String(), Of: f}, p.admitsMount(f.Path, f.Access)
			})
		}
	}
	for _, c := range t.Capabilities {
		if c.Outcome == trace.OK && (synth.Needs(c) || c.UserNS && c.Optional == trace.Needed) {
			ask(c.Seen, func(p *Policy) (Denial, bool) {
				return Denial{Kind: "capability", Name: c.Name, Asks: "capability " + capabilityName(c.Name), Of: c}, p.admitsCapability(c.Name)
			})
		}
	}
	for _, s := range t.Sockets {
		if synth.RestsOnPermission(s.Seen) || synth.SocketIsMissing(s) {
			ask(s.Seen, func(p *Policy) (Denial, bool) {
				return Denial{Kind: "socket", Name: s.Family + " " + s.Type, Asks: "network " + familyWord(s.Family) + " " + socketTypeWord(s.Type), Of: s}, p.admitsSocket(s)
			})
		}
	}
	others := aims{to.labels, map[aimAsked]bool{}}
	for _, a := range t.Arguments {
		ask(a.Seen, func(p *Policy) (Denial, bool) { return others.admits(p, a) })
	}
	return out
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
		case known == "" && f.Access&ofSocket != 0:
			known = "socket"
		}
		types[f.Path] = cmp.Or(types[f.Path], known)
	}
	return types
}

// maker is a user who created a file, by fsuid.
type maker struct {
	path trace.Path
	uid  uint32
}

// madeBy are those whose files were their own when they were made: the kernel takes
// who creates one for its owner (common_perm_create of security/apparmor/lsm.c).
func madeBy(t *trace.Trace) map[maker]bool {
	made := map[maker]bool{}
	for _, f := range t.Files {
		if f.Access&trace.AccessCreate != 0 && f.Succeeded() {
			made[maker{f.Path, f.FSUID}] = true
		}
	}
	return made
}

// permsKnown is what permsOf said: most names are met in many operations.
type permsKnown map[permsAsked]perms

type permsAsked struct {
	profile *Policy
	name    string
	owner   bool
}

func (k permsKnown) of(p *Policy, name string, owner bool) perms {
	ask := permsAsked{p, name, owner}
	have, ok := k[ask]
	if !ok {
		have = p.permsOf(name, owner)
		k[ask] = have
	}
	return have
}

// admitsName asks with the spelling that the kernel uses for what the file is,
// with each when no fact about it says that.
func (p *Policy) admitsName(path trace.Path, fileType string, owner bool, asked perms, known permsKnown) bool {
	names := []string{string(path)}
	switch {
	case path == "/":
	case fileType == "dir":
		names[0] += "/"
	case fileType == "":
		names = append(names, string(path)+"/")
	}
	for _, name := range names {
		if asked&^known.of(p, name, owner) != 0 {
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
	if family == "unix" && slices.ContainsFunc(p.unix, func(u unixRule) bool {
		return (u.typ == "" || u.typ == typ) && (len(u.actions) == 0 || slices.Contains(u.actions, s.Action))
	}) {
		return true
	}
	return slices.ContainsFunc(p.Networks, func(n Network) bool {
		return n.Family == "" || n.Family == family && (n.Type == "" || n.Type == typ)
	})
}

// admitsMount says whether something may be mounted on a name, or taken away.
func (p *Policy) admitsMount(name trace.Path, access trace.Access) bool {
	for does, bit := range map[string]trace.Access{"mount": trace.AccessMount, "umount": trace.AccessUnmount} {
		if access&bit != 0 && !slices.ContainsFunc(p.mounts, func(r mountRule) bool {
			return r.does == does && (r.at == nil || r.at.match(string(name)) || r.at.match(string(name)+"/"))
		}) {
			return false
		}
	}
	return true
}
