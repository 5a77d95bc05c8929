package html

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// timeline tells when needs were seen for the first time. Times are of the run
// that a fact was first seen in, from its start.
type timeline struct {
	Summary string
	End     string // of the time axis
	Total   string
	Curve   string // path of the number of needs so far, in the units of the drawing
	Area    string
	Bars    []bar // new ones in each part of the time
	Head    string
	Kinds   []kind
	Rows    []phase
}

type bar struct{ X, Y, Width, Height string }

// phase is what an operation, or a part of the time, brought.
type phase struct {
	Name  string
	When  string
	New   int
	Share string // of all, in units of the drawing
	By    []int  // new ones of each kind
	Link  bool   // the name is one that can be searched for
}

// Size of the drawing.
const (
	width  = 1000
	height = 200
	parts  = 50
	tenths = 10
)

// first is when a need was first seen.
type first struct {
	at        int64
	operation string
	kind      string
}

func timelineOf(p *synth.Profile) timeline {
	all, end := firsts(p)
	t := timeline{Kinds: kinds()[:7], End: clock(end), Total: thousands(len(all))}
	if len(all) == 0 || end == 0 {
		t.Summary = "No times are known."
		return t
	}
	t.draw(all, end)
	t.Summary = saturation(all, end)
	if len(p.Operations) > 0 {
		t.Head = "Operation"
		t.Rows = byOperation(p, all)
	} else {
		t.Head = "Time"
		t.Rows = byTime(all, end)
	}
	return t
}

// firsts lists when each granted need was first seen, sorted by time, and when
// anything was seen last.
func firsts(p *synth.Profile) ([]first, int64) {
	var all []first
	end := int64(0)
	add := func(kind string, e synth.Evidence) {
		if len(e.Facts) == 0 {
			return
		}
		f := slices.MinFunc(e.Facts, func(a, b synth.FactRef) int { return cmp.Compare(a.First, b.First) })
		all = append(all, first{f.First, f.Operation, kind})
		for _, f := range e.Facts {
			end = max(end, f.Last)
		}
	}
	for _, g := range p.Grants() {
		if g.Kind != "file" {
			add(g.Kind, g.Evidence)
		}
	}
	for _, g := range p.Files {
		kind := "read"
		if g.Access&trace.AccessModifies != 0 {
			kind = "change"
		}
		add(kind, g.Evidence)
	}
	slices.SortStableFunc(all, func(a, b first) int { return cmp.Compare(a.at, b.at) })
	return all, end
}

// draw makes the curve of needs so far and the bars of new ones.
func (t *timeline) draw(all []first, end int64) {
	var b strings.Builder
	b.WriteString("M0 200")
	counts := make([]int, parts)
	for i, f := range all {
		x := float64(f.at) * width / float64(end)
		if i+1 == len(all) || all[i+1].at != f.at {
			fmt.Fprintf(&b, "H%.1fV%.1f", x, height-float64(i+1)*height/float64(len(all)))
		}
		counts[min(parts-1, int(f.at*parts/end))]++
	}
	b.WriteString("H1000")
	t.Curve = b.String()
	t.Area = t.Curve + "V200Z"
	most := slices.Max(counts)
	for i, n := range counts {
		if n > 0 {
			h := max(2, float64(n)*height/float64(most))
			t.Bars = append(t.Bars, bar{fmt.Sprint(i * width / parts), fmt.Sprintf("%.1f", height-h), fmt.Sprint(width/parts - 2), fmt.Sprintf("%.1f", h)})
		}
	}
}

// saturation says whether new needs still came towards the end.
func saturation(all []first, end int64) string {
	late := 0
	for _, f := range all {
		if f.at > end*2/3 {
			late++
		}
	}
	last := all[len(all)-1]
	where := ""
	if last.operation != "" {
		where = " in " + shown(last.operation)
	}
	text := fmt.Sprintf("Half of the %s needs were known after %s of %s. ", thousands(len(all)), clock(all[len(all)/2].at), clock(end))
	switch share := float64(late) / float64(len(all)); {
	case late == 0:
		text += "The last third brought nothing new. "
	case share < 0.01:
		text += fmt.Sprintf("The last third brought %s new, less than one in a hundred. ", thousands(late))
	default:
		text += fmt.Sprintf("The last third still brought %s new (%.0f %%): the recording was not saturated. ", thousands(late), share*100)
	}
	return text + fmt.Sprintf("The last new one came after %s%s.", clock(last.at), where)
}

func byOperation(p *synth.Profile, all []first) []phase {
	var out []phase
	for _, o := range p.Operations {
		ph := phase{Name: shown(o.Name), Link: true, By: make([]int, 7)}
		for _, f := range all {
			if f.operation == o.Name {
				if ph.New == 0 {
					ph.When = clock(f.at)
				}
				ph.count(f)
			}
		}
		out = append(out, ph)
	}
	return scaled(out)
}

func byTime(all []first, end int64) []phase {
	out := make([]phase, tenths)
	for i := range out {
		out[i] = phase{Name: clock(end*int64(i)/tenths) + " – " + clock(end*int64(i+1)/tenths), By: make([]int, 7)}
	}
	for _, f := range all {
		out[min(tenths-1, int(f.at*tenths/end))].count(f)
	}
	return scaled(out)
}

func (ph *phase) count(f first) {
	ph.New++
	for i, k := range kinds()[:7] {
		if k.ID == f.kind {
			ph.By[i]++
		}
	}
}

// scaled gives each its share of the largest, for the bar beside the number.
func scaled(all []phase) []phase {
	most := 1
	for _, ph := range all {
		most = max(most, ph.New)
	}
	for i := range all {
		all[i].Share = fmt.Sprintf("%.1f", float64(all[i].New)*100/float64(most))
	}
	return all
}
