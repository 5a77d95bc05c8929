package systemd

import (
	"slices"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// entries are the paths of a list with the evidence for each.
type entries map[trace.Path]*entry

type entry struct {
	evidence []synth.Evidence
	rules    []string
	kinds    []string // of ExecGrant
}

func (e entries) add(p trace.Path, kind string, ev synth.Evidence, rules ...string) {
	if e[p] == nil {
		e[p] = &entry{}
	}
	if len(ev.Facts)+len(ev.Rules) > 0 {
		e[p].evidence = append(e[p].evidence, ev)
	}
	for _, r := range rules {
		if !slices.Contains(e[p].rules, r) {
			e[p].rules = append(e[p].rules, r)
		}
	}
	if kind != "" && !slices.Contains(e[p].kinds, kind) {
		e[p].kinds = append(e[p].kinds, kind)
	}
}

// sorted lists the paths in order.
func (e entries) sorted() []trace.Path {
	out := make([]trace.Path, 0, len(e))
	for p := range e {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}

// over is the deepest entry that a path lies in, "" if none. The search ends at
// the nearest of the bounds: mounts of their own, which entries above do not
// reach.
func (e entries) over(p trace.Path, bounds ...trace.Path) trace.Path {
	for {
		if e[p] != nil {
			return p
		}
		up := parent(p)
		if up == p || slices.Contains(bounds, p) {
			return ""
		}
		p = up
	}
}

// collapse drops entries that lie in another one.
func (e entries) collapse(bounds ...trace.Path) {
	for _, p := range e.sorted() {
		if p == "/" || slices.Contains(bounds, p) {
			continue
		}
		if up := e.over(parent(p), bounds...); up != "" {
			e[up].evidence = append(e[up].evidence, e[p].evidence...)
			for _, r := range e[p].rules {
				e.add(up, "", synth.Evidence{}, r)
			}
			for _, k := range e[p].kinds {
				e.add(up, k, synth.Evidence{})
			}
			delete(e, p)
		}
	}
}
