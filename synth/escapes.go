package synth

import (
	"cmp"
	"slices"

	"github.com/osapi-io/osapi-profile/trace"
)

// inferEscapes names the ways out that facts need open, and files that the
// worker both writes and executes.
func inferEscapes(p *Profile) []Escape {
	found := map[string]*Escape{}
	note := func(path trace.Path, why string, e Evidence) {
		key := string(path) + "\x00" + why
		if found[key] == nil {
			found[key] = &Escape{Path: path, Why: why}
		}
		found[key].Facts = append(found[key].Facts, e.Facts...)
	}
	for _, g := range p.Files {
		where := g.Path
		if where == "" {
			where = g.Name().Dir()
		}
		for _, r := range Routes() {
			takes := g.Access&trace.AccessModifies != 0
			if r.Socket {
				takes = g.Access&trace.AccessConnect != 0
			}
			if takes && r.Covers(where) {
				note(where, r.Why, g.Evidence)
			}
		}
		if g.Access&trace.AccessModifies != 0 && p.executes(g.Name()) {
			note(where, "the worker can write what it executes, so any program is within its reach", g.Evidence)
		}
	}
	for _, s := range p.Sockets {
		for _, r := range Routes() {
			if r.Socket && s.Path != "" && (s.Action == "connect" || s.Action == "send") && r.Covers(s.Path) {
				note(s.Path, r.Why, s.Evidence)
			}
		}
	}
	for _, c := range p.Capabilities {
		if why := rootCapabilities[c.Name]; c.Need == Required && why != "" {
			found[c.Name] = &Escape{Capability: c.Name, Why: why, Evidence: Evidence{Facts: slices.Clone(c.Facts)}}
		}
	}
	out := make([]Escape, 0, len(found))
	for _, e := range found {
		e.normalise()
		out = append(out, *e)
	}
	slices.SortFunc(out, func(a, b Escape) int { return cmp.Or(cmp.Compare(a.Name(), b.Name()), cmp.Compare(a.Why, b.Why)) })
	return out
}

// rootCapabilities are those that by themselves lead to all others: who has one
// is root, or one step from it.
var rootCapabilities = map[string]string{
	"CAP_SYS_ADMIN":       "it mounts and unmounts, and so takes the sandbox apart",
	"CAP_SYS_MODULE":      "it loads code into the kernel",
	"CAP_SYS_RAWIO":       "it reads and writes memory and disks below the kernel's checks",
	"CAP_SYS_PTRACE":      "it takes over any process, those of root among them",
	"CAP_DAC_OVERRIDE":    "it reads and writes any file that the mounts leave writable, whoever owns it",
	"CAP_DAC_READ_SEARCH": "it reads any file, password hashes and keys among them, by open_by_handle_at(2) also around mounts",
	"CAP_CHOWN":           "it makes itself the owner of any file",
	"CAP_FOWNER":          "it changes the mode of any file",
	"CAP_SETUID":          "it becomes any user, root among them",
	"CAP_SETGID":          "it becomes a member of any group, those that equal root among them",
	"CAP_SETFCAP":         "it gives any file any capability",
	"CAP_MKNOD":           "it makes a node for any device",
	"CAP_BPF":             "it loads BPF programs",
	"CAP_SYS_BOOT":        "it starts another kernel",
	"CAP_MAC_ADMIN":       "it changes AppArmor's and SELinux's rules",
}

// executes says whether a file that may be written may be executed too.
func (p *Profile) executes(name Pattern) bool {
	return slices.ContainsFunc(p.Execs, func(x ExecGrant) bool { return x.Name().key() == name.key() })
}
