package coverage

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// Operation is what one operation needs beside the others.
type Operation struct {
	Name  string `json:"operation"`
	Needs int    `json:"needs"` // that it showed
	// Ruled is how many of them no other operation showed, and a rule grants all the
	// same: a sibling of a call, a folded name.
	Ruled int `json:"granted_by_rules"`
	// Added are those that the profile of all other operations would have refused.
	Added []Need `json:"added"`
}

// Half is what comes of training with some operations and then doing others.
type Half struct {
	Trained []string `json:"trained"`
	Tried   []string `json:"tried"`
	// The rest is as for an operation.
	Needs int    `json:"needs"`
	Ruled int    `json:"granted_by_rules"`
	Added []Need `json:"added"`
	// Lines are those of a unit that come out otherwise than when all were trained.
	Lines []Line `json:"lines"`
}

// HeldOut is how a profile would do in operations that its training left out.
type HeldOut struct {
	Operations []Operation `json:"operations"`
	// Halves are trained with every other operation and tried with the rest, both
	// ways around. The phases of any service's life (startup, idle, …) are in each
	// training. There are none of fewer than two other operations.
	Halves    []Half       `json:"halves"`
	Untrained []trace.Hole `json:"untrained"`
}

// ByOperation leaves one operation of a trace out at a time, and then half of them.
// What happened outside of all operations is in each training.
func ByOperation(t *trace.Trace, opt synth.Options) HeldOut {
	t = t.Confined()
	names := operations(t)
	report := HeldOut{Operations: []Operation{}, Halves: []Half{}, Untrained: append([]trace.Hole{}, t.Untrained()...)}
	needed := map[string][]Need{}
	shown := map[Need]int{} // in how many operations
	for _, name := range names {
		needed[name] = needs(t, slices.Collect(synth.Each(t.OfOperations(only(name)))))
		for _, n := range needed[name] {
			shown[n]++
		}
	}
	for _, n := range needs(t, slices.Collect(synth.Each(t.OfOperations(only(""))))) {
		shown[n]++
	}
	for _, name := range names {
		o := Operation{Name: name, Needs: len(needed[name]), Added: []Need{}}
		own := slices.DeleteFunc(slices.Clone(needed[name]), func(n Need) bool { return shown[n] > 1 })
		if len(own) > 0 {
			o.Added = refused(t, only(name), opt)
		}
		o.Ruled = ruled(own, o.Added)
		report.Operations = append(report.Operations, o)
	}
	tried := slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return slices.Contains(trace.StandardOperations(), name)
	})
	if len(tried) > 1 {
		report.Halves = []Half{half(t, tried, 1, opt), half(t, tried, 0, opt)}
	}
	return report
}

// operations are those that there are facts of, in the order in which they were begun.
func operations(t *trace.Trace) []string {
	var names []string
	for _, run := range t.Runs {
		for _, o := range run.Operations {
			names = append(names, o.Name)
		}
	}
	known := map[string]bool{}
	return slices.DeleteFunc(names, func(name string) bool {
		repeated := known[name]
		known[name] = true
		return repeated || !hasFacts(t, name)
	})
}

func hasFacts(t *trace.Trace, operation string) bool {
	for range synth.Each(t.OfOperations(only(operation))) {
		return true
	}
	return false
}

func only(name string) func(string) bool { return func(other string) bool { return other == name } }

// refused are the needs of some operations that the profile of all others does not grant.
func refused(t *trace.Trace, held func(string) bool, opt synth.Options) []Need {
	rest := t.OfOperations(func(name string) bool { return !held(name) })
	return needs(t, synth.Infer(rest, opt).Refuses(t.OfOperations(held)))
}

// ruled counts needs that were not trained, and yet not refused.
func ruled(own, added []Need) int {
	n := 0
	for _, need := range own {
		if !slices.Contains(added, need) {
			n++
		}
	}
	return n
}

// half is tried with the operations at even or at odd places.
func half(t *trace.Trace, all []string, odd int, opt synth.Options) Half {
	var h Half
	for i, name := range all {
		if i%2 == odd {
			h.Tried = append(h.Tried, name)
		} else {
			h.Trained = append(h.Trained, name)
		}
	}
	held := func(name string) bool { return slices.Contains(h.Tried, name) }
	trained := map[Need]bool{}
	for _, n := range needs(t, slices.Collect(synth.Each(t.OfOperations(func(name string) bool { return !held(name) })))) {
		trained[n] = true
	}
	own := needs(t, slices.Collect(synth.Each(t.OfOperations(held))))
	h.Needs = len(own)
	own = slices.DeleteFunc(own, func(n Need) bool { return trained[n] })
	h.Added = refused(t, held, opt)
	h.Ruled = ruled(own, h.Added)
	rest := t.OfOperations(func(name string) bool { return !held(name) })
	var err error
	if h.Lines, err = lines(rest, t, opt); err != nil {
		h.Lines = []Line{} // a name that no unit can spell: there is no unit to compare
	}
	return h
}

// WriteText writes the report for an operator, the operations that add most first.
func (r HeldOut) WriteText(w io.Writer) error {
	var b strings.Builder
	sorted := slices.Clone(r.Operations)
	slices.SortStableFunc(sorted, func(a, b Operation) int { return cmp.Compare(len(b.Added), len(a.Added)) })
	for _, o := range sorted {
		fmt.Fprintf(&b, "operation %s: %d needs, %d of them in no other operation and granted by a rule, %d refused without it", o.Name, o.Needs, o.Ruled, len(o.Added))
		if len(o.Added) > 0 {
			b.WriteString(" (" + perKind(o.Added) + ")")
		}
		b.WriteByte('\n')
		writeAdded(&b, o.Added)
	}
	for _, h := range r.Halves {
		fmt.Fprintf(&b, "Trained with %d of these operations and tried with %d others: of %d needs, %d were not trained and granted by a rule, and %d refused.\n",
			len(h.Trained), len(h.Tried), h.Needs, h.Ruled, len(h.Added))
		writeLines(&b, h.Lines)
	}
	if len(r.Operations) == 0 {
		b.WriteString("The trace has no operations: record it with --plan, or set marks.\n")
	}
	writeUntrained(&b, r.Untrained)
	_, err := io.WriteString(w, b.String())
	return err
}
