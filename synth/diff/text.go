package diff

import (
	"fmt"
	"io"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

func accesses(what string) []string { return strings.Split(what, ",") }

// WriteText writes the changes for a terminal, a line each: + for what is needed
// now, - for what is needed no longer.
func (c Changes) WriteText(w io.Writer) error {
	var b strings.Builder
	for _, e := range c.Opened {
		fmt.Fprintf(&b, "+ way out %s: %s\n", e.Name(), synth.OneLine(e.Why))
	}
	for _, e := range c.Closed {
		fmt.Fprintf(&b, "- way out %s: %s\n", e.Name(), synth.OneLine(e.Why))
	}
	for _, side := range []struct {
		sign   string
		grants []synth.Grant
	}{{"+", c.More}, {"-", c.Less}} {
		for _, g := range Groups(side.grants) {
			fmt.Fprintf(&b, "%s %s\n", side.sign, g.Title)
			for _, grant := range g.Grants {
				fmt.Fprintf(&b, "%s   %s\n", side.sign, grant)
				fmt.Fprintf(&b, "%s     %s\n", side.sign, grant.Because())
			}
		}
	}
	if c.Same() {
		b.WriteString("no difference in what is needed\n")
	}
	for _, d := range c.Doubts() {
		b.WriteString(d + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Doubts say, in words, which side of the changes is uncertain because of holes.
func (c Changes) Doubts() []string {
	var out []string
	if len(c.NewHoles) > 0 && len(c.Less)+len(c.Closed) > 0 {
		out = append(out, fmt.Sprintf("The new profile has holes (%s): what seems to be needed no longer may only not have been seen.", kinds(c.NewHoles)))
	}
	if len(c.OldHoles) > 0 && len(c.More)+len(c.Opened) > 0 {
		out = append(out, fmt.Sprintf("The old profile has holes (%s): what seems to be new may have been needed before.", kinds(c.OldHoles)))
	}
	return out
}

func kinds(holes []trace.Hole) string {
	var out []string
	seen := map[string]bool{}
	for _, h := range holes {
		if !seen[h.Kind] {
			seen[h.Kind] = true
			out = append(out, synth.OneLine(h.Kind))
		}
	}
	return strings.Join(out, ", ")
}
