package check

import (
	"fmt"
	"io"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
)

// factsShown is how many of the facts behind a denial are told.
const factsShown = 3

// WriteText writes the report for an operator.
func (r Report) WriteText(w io.Writer) error {
	var b strings.Builder
	for _, d := range r.Denied {
		fmt.Fprintf(&b, "denied: %s %s", d.Kind, d.Name)
		if d.What != "" {
			fmt.Fprintf(&b, ": %s", synth.OneLine(d.What))
		}
		fmt.Fprintf(&b, "\n  by %s\n", synth.OneLine(d.By))
		for _, f := range d.Facts[:min(factsShown, len(d.Facts))] {
			fmt.Fprintf(&b, "  %s\n", f)
		}
		if more := len(d.Facts) - factsShown; more > 0 {
			fmt.Fprintf(&b, "  and %d more\n", more)
		}
	}
	for _, u := range r.Unjudged {
		fmt.Fprintf(&b, "not judged: %s: %s\n", synth.OneLine(u.Line.String()), synth.OneLine(u.Why))
	}
	b.WriteString(r.Summary() + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// Summary is one sentence.
func (r Report) Summary() string {
	s := fmt.Sprintf("none of %d facts would be denied", r.Facts)
	if r.Refused > 0 {
		s = fmt.Sprintf("%d of %d facts would be denied", r.Refused, r.Facts)
	}
	switch n := len(r.Unjudged); n {
	case 0:
		return s
	case 1:
		return s + ", as far as can be told: 1 line was not judged"
	default:
		return fmt.Sprintf("%s, as far as can be told: %d lines were not judged", s, n)
	}
}
