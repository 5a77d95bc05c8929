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
	out := make([]Escape, 0, len(found))
	for _, e := range found {
		e.normalise()
		out = append(out, *e)
	}
	slices.SortFunc(out, func(a, b Escape) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Why, b.Why)) })
	return out
}

// executes says whether a file that may be written may be executed too.
func (p *Profile) executes(name Pattern) bool {
	return slices.ContainsFunc(p.Execs, func(x ExecGrant) bool { return x.Name().key() == name.key() })
}
