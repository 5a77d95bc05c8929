package acts

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// report judges what was tried.
func (r *run) report(ctx context.Context) (*Report, error) {
	out := &Report{Systemd: r.Systemd, Quick: r.Quick, NotTried: []string{}, NotInForce: []string{}, OK: true}
	for _, variants := range [][]*variant{r.without, r.alone} {
		for _, v := range variants {
			if v.failed != "" {
				out.NotTried = append(out.NotTried, v.what+": "+v.failed)
			}
		}
	}
	g, err := r.granting(ctx, out)
	if err != nil {
		return nil, err
	}
	byName := map[string]Tried{}
	for i := range r.acts {
		byName[r.acts[i].Name] = r.judge(i, g)
	}
	for _, t := range r.absent {
		byName[t.Act] = t
	}
	for _, a := range Acts() {
		t := byName[a.Name]
		out.Acts = append(out.Acts, t)
		out.OK = out.OK && (t.Outcome != Possible || t.Explained)
	}
	return out, nil
}

// judge says what became of an act, and by what.
func (r *run) judge(i int, g *granting) Tried {
	a := r.acts[i]
	t := Tried{Act: a.Name, Tries: a.Tries, On: r.args[i], By: []synth.Line{}}
	if t.On == "-" {
		t.On = ""
	}
	full, bare := r.full.results[i], r.bare.results[i]
	switch {
	case full.possible():
		t.Outcome, t.Why, t.Explained = g.why(a, r.args[i])
		return t
	case !bare.possible():
		t.Outcome, t.Why = NotHere, fmt.Sprintf("%s without any profile", bare)
		return t
	}
	t.Outcome, t.Error = Denied, full.String()
	var each []synth.Line
	for k, l := range r.lines {
		if v := r.without[k]; v.results != nil && v.results[i].possible() {
			t.By = append(t.By, l.at(t.On))
		}
		if v := r.alone[k]; v.results != nil && !v.results[i].possible() && (r.base.results[i].possible() || isException(l.name)) {
			each = append(each, l.at(t.On))
		}
	}
	if t.Only = len(t.By) > 0; !t.Only && each != nil {
		t.By = each
	}
	return t
}

// at is where the line stands: of a list of paths the one with the path nearest to
// what an act was done to, else the first of several.
func (l line) at(on string) synth.Line {
	out, near := synth.Line{Text: cmp.Or(l.text, l.name)}, 0
	for _, a := range l.all {
		if !strings.HasSuffix(l.name, "Paths") {
			break
		}
		for _, w := range strings.Fields(a.Value) {
			dir := strings.TrimLeft(w, "-+")
			if len(dir) > near && strings.HasSuffix(l.text, "…") && synth.Within(trace.Path(on), trace.Path(dir)) {
				out, near = synth.Line{File: a.File, Number: a.Number, Text: l.name + "=" + w}, len(dir)
			}
		}
	}
	if near > 0 {
		return out
	}
	for _, a := range l.all {
		if a.Value != "" || len(l.all) == 1 {
			out.File, out.Number = a.File, a.Number
			break
		}
	}
	return out
}
