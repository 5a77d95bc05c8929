package minimize

import (
	"fmt"
	"io"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
)

// WriteText writes what is known of each grant, for people.
func (s *State) WriteText(w io.Writer) error {
	b := &strings.Builder{}
	for _, mark := range []synth.Mark{synth.MarkRequired, synth.MarkTolerated, synth.MarkUnproven} {
		for _, g := range s.Grants {
			if g.Mark == mark {
				fmt.Fprintf(b, "%s: %s: %s\n", mark, g.Entry, synth.OneLine(g.Why))
			}
		}
	}
	for _, o := range s.Operations {
		if o.Flaky != "" {
			fmt.Fprintf(b, "flaky: operation %s: %s\n", o.Name, synth.OneLine(o.Flaky))
		}
	}
	b.WriteString(s.Summary() + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// Summary is one sentence.
func (s *State) Summary() string {
	count := map[synth.Mark]int{}
	for _, g := range s.Grants {
		count[g.Mark]++
	}
	text := fmt.Sprintf("of %d grants %d are required, %d tolerated and %d unproven, as %d runs have shown",
		len(s.Grants), count[synth.MarkRequired], count[synth.MarkTolerated], count[synth.MarkUnproven], len(s.Runs))
	if !s.Finished {
		text += fmt.Sprintf("; %d are still open", count[""])
	}
	return text
}
