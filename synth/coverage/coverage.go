// Package coverage tells how much each of several runs added to the profile, by
// leaving one out at a time, and from that how much a further run would add; and
// the same of the operations of a plan, which shows what rules make up for.
package coverage

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// Need is one thing that a run needed, whoever did it and how often.
type Need struct {
	Kind string     `json:"kind"`
	Name trace.Path `json:"name"`
	What string     `json:"what,omitempty"`
}

// Run is what one run adds to the others.
type Run struct {
	ID      string `json:"run"`
	Started string `json:"started"`
	Needs   int    `json:"needs"` // that it showed
	// Added are those that the profile of all other runs would have refused.
	Added []Need `json:"added"`
}

// Report is about several runs.
type Report struct {
	Runs []Run `json:"runs"`
	// Expected is how many needs a further run of the same kind is expected to
	// add: the number that were seen in one run only, per run. It is the estimate
	// of Good and Turing for what has not been seen, with runs as the samples. It
	// is -1 for a single run, of which nothing can be said.
	Expected float64 `json:"expected"`
	// Untrained are operations that no run has done with success; no estimate
	// knows of what they need.
	Untrained []trace.Hole `json:"untrained"`
}

// Of leaves one run of a trace out at a time.
func Of(t *trace.Trace, opt synth.Options) Report {
	t = t.Confined()
	parts := t.ByRun()
	r := Report{Expected: -1, Untrained: append([]trace.Hole{}, t.Untrained()...)}
	once := 0
	for i, part := range parts {
		run := Run{ID: part.Runs[0].Run, Started: part.Runs[0].Started.UTC().Format("2006-01-02 15:04:05"), Added: []Need{}}
		run.Needs = len(needs(part, slices.Collect(synth.Each(part))))
		if len(parts) > 1 {
			others := trace.Merge(slices.Concat(parts[:i], parts[i+1:])...)
			run.Added = needs(part, synth.Infer(others, opt).Refuses(part))
		}
		once += len(run.Added)
		r.Runs = append(r.Runs, run)
	}
	if len(parts) > 1 {
		r.Expected = float64(once) / float64(len(parts))
	}
	return r
}

// needs are the distinct needs behind facts of a trace, sorted.
func needs(t *trace.Trace, facts []any) []Need {
	w := synth.NewTeller(t)
	set := map[Need]bool{}
	for _, of := range facts {
		if f := w.Fact(of); f.Idle == "" {
			set[needOf(f)] = true
		}
	}
	out := slices.Collect(maps.Keys(set))
	slices.SortFunc(out, func(a, b Need) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.What, b.What))
	})
	return append([]Need{}, out...)
}

// needOf leaves out what makes no difference to a profile.
func needOf(f synth.Fact) Need {
	n := Need{f.Kind, f.Name, f.What}
	if f.Kind == "capability" {
		n.What = "" // which kernel function asked
	}
	return n
}

// addedShown is how many needs are listed for a run or an operation.
const addedShown = 10

func writeAdded(b *strings.Builder, added []Need) {
	for _, n := range added[:min(addedShown, len(added))] {
		fmt.Fprintf(b, "  %s\n", n)
	}
	if more := len(added) - addedShown; more > 0 {
		fmt.Fprintf(b, "  and %d more; --json lists them\n", more)
	}
}

func writeUntrained(b *strings.Builder, holes []trace.Hole) {
	for _, h := range holes {
		fmt.Fprintf(b, "Not counted in: %s.\n", synth.OneLine(h.Detail))
	}
}

// WriteText writes the report for an operator.
func (r Report) WriteText(w io.Writer) error {
	var b strings.Builder
	for _, run := range r.Runs {
		fmt.Fprintf(&b, "run %s of %s: %d needs", synth.OneLine(run.ID), run.Started, run.Needs)
		if len(r.Runs) > 1 {
			fmt.Fprintf(&b, ", %d of them in no other run", len(run.Added))
			if len(run.Added) > 0 {
				b.WriteString(" (" + perKind(run.Added) + ")")
			}
		}
		b.WriteByte('\n')
		writeAdded(&b, run.Added)
	}
	b.WriteString(r.Outlook() + "\n")
	writeUntrained(&b, r.Untrained)
	_, err := io.WriteString(w, b.String())
	return err
}

// String is one line.
func (n Need) String() string {
	s := n.Kind + " " + n.Name.String()
	if n.What != "" {
		s += ": " + synth.OneLine(n.What)
	}
	return s
}

func perKind(all []Need) string {
	count := map[string]int{}
	for _, n := range all {
		count[n.Kind]++
	}
	var words []string
	for _, kind := range slices.Sorted(maps.Keys(count)) {
		words = append(words, fmt.Sprintf("%s %d", kind, count[kind]))
	}
	return strings.Join(words, ", ")
}

// enough is how few needs a further run may be expected to add before training
// may end.
const enough = 0.5

func counted(n float64) string {
	if n = math.Round(n*10) / 10; n == 1 {
		return "1 need"
	}
	return fmt.Sprintf("%v needs", n)
}

// Outlook says what a further run would add, in words.
func (r Report) Outlook() string {
	const same = "A run that does what none of these did may add any number."
	switch n := len(r.Runs); {
	case n < 2:
		return "One run says nothing about what another would add: record the same work again, or other work, and name both traces."
	case r.Expected == 0:
		return fmt.Sprintf("Each of the %d runs could have been left out: a further one of the same kind is not expected to add anything. %s", n, same)
	case r.Expected <= enough:
		return fmt.Sprintf("A further run of the same kind is expected to add next to nothing (%.1f needs, by what single runs of these %d added). %s", r.Expected, n, same)
	default:
		return fmt.Sprintf("A further run of the same kind is expected to add about %s, as each of these %d did on average: "+
			"a profile made now would refuse that much of it. Go on recording. %s", counted(r.Expected), n, same)
	}
}
