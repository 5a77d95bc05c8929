package synth

import (
	"cmp"
	"slices"

	"github.com/osapi-io/osapi-profile/trace"
)

// inferArguments keeps the arguments of calls that were not refused: those
// decide which directives the worker can live with.
func inferArguments(t *trace.Trace, by subjects) []ArgumentGrant {
	type key struct{ syscall, name, value, target string }
	grants := map[key]*ArgumentGrant{}
	for _, a := range t.Arguments {
		if !restsOnPermission(a.Outcome) {
			continue
		}
		k := key{a.Syscall, a.Name, a.Value, a.Target}
		if grants[k] == nil {
			grants[k] = &ArgumentGrant{Syscall: a.Syscall, Name: a.Name, Value: a.Value, Target: a.Target}
		}
		grants[k].Facts = append(grants[k].Facts, by.ref(a.Seen, a.Syscall))
	}
	out := make([]ArgumentGrant, 0, len(grants))
	for _, g := range grants {
		g.normalise()
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b ArgumentGrant) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Syscall, b.Syscall), cmp.Compare(a.Value, b.Value),
			cmp.Compare(a.Target, b.Target))
	})
	return out
}
