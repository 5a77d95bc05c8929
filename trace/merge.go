package trace

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
)

// Merge is the union of traces. It does not depend on their order or grouping.
// Counts of different runs are added; a run that is there more than once, as
// after merging a merged trace with one of its parts, counts once. Where two
// copies of a run differ, as when one was cut off, the facts of both are kept.
// First and Last stay relative to the run each was seen in.
func Merge(traces ...*Trace) *Trace {
	copies := map[string][]*Trace{}
	for _, t := range traces {
		if t == nil {
			continue
		}
		for _, part := range t.split() {
			id := part.Runs[0].Run
			copies[id] = append(copies[id], part)
		}
	}
	var parts []*Trace
	for _, id := range slices.Sorted(maps.Keys(copies)) {
		parts = append(parts, sameRun(copies[id]))
	}
	if len(parts) == 1 {
		return parts[0]
	}
	merged := union(parts, sum)
	for _, p := range parts {
		merged.Runs = append(merged.Runs, p.Runs[0])
	}
	merged.parts = parts
	return merged
}

// ByRun gives each run as a trace of its own, in the order of their ids.
func (t *Trace) ByRun() []*Trace { return Merge(t).split() }

// split gives the runs of a trace, each with its own facts. A trace that was
// put together by hand from several runs does not tell whose its facts are:
// they go to the first.
func (t *Trace) split() []*Trace {
	if t.parts != nil {
		return t.parts
	}
	runs := slices.Clone(t.Runs)
	if len(runs) == 0 {
		runs = []Run{{Header: Header{Version: Version}}}
	}
	slices.SortFunc(runs, func(a, b Run) int { return cmp.Compare(a.Run, b.Run) })
	first := *t
	first.Runs = runs[:1:1]
	parts := []*Trace{&first}
	for _, r := range runs[1:] {
		parts = append(parts, &Trace{Runs: []Run{r}})
	}
	return parts
}

// sameRun joins copies of one run.
func sameRun(copies []*Trace) *Trace {
	t := union(copies, greatest)
	run := copies[0].Runs[0]
	run.Operations = joinOperations(run.Operations)
	for _, c := range copies[1:] {
		run = joinRuns(run, c.Runs[0])
	}
	t.Runs = []Run{run}
	if run.End != nil {
		t.Holes = without(t.Holes, func(h Hole) bool { return h.Kind == HoleTruncated })
	}
	return t
}

// joinRuns picks of two copies of a run the header and the closing record to
// keep, and what both know of its operations. They only differ if somebody edited one, but even then the choice must
// not depend on the order.
func joinRuns(a, b Run) Run {
	if compareJSON(b.Header, a.Header) < 0 {
		a.Header = b.Header
	}
	if a.End == nil || b.End != nil && compareJSON(*b.End, *a.End) < 0 {
		a.End = b.End
	}
	a.Operations = joinOperations(a.Operations, b.Operations)
	return a
}

func compareJSON(a, b any) int {
	x, _ := json.Marshal(a) // plain data: cannot fail
	y, _ := json.Marshal(b)
	return slices.Compare(x, y)
}
