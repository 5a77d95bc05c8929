package explain

import (
	"fmt"
	"io"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
)

// How much is shown of a line among many; of a line by itself all grants are.
const (
	grantsShown = 8
	factsShown  = 3
)

// WriteText writes explanations for an operator, one block a line.
func WriteText(w io.Writer, all []synth.Explanation) error {
	var b strings.Builder
	limit := grantsShown
	if len(all) == 1 {
		limit = len(all[0].Grants)
	}
	format := ""
	for i, e := range all {
		if len(all) > 1 && e.Format != format {
			format = e.Format
			fmt.Fprintf(&b, "=== %s ===\n", format)
		} else if i > 0 {
			b.WriteByte('\n')
		}
		explanation(&b, e, limit)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func explanation(b *strings.Builder, e synth.Explanation, limit int) {
	b.WriteString(synth.OneLine(e.Line.String()) + "\n")
	if e.Means != "" {
		fmt.Fprintf(b, "  %s\n", synth.OneLine(e.Means))
	}
	for _, r := range e.Rules {
		fmt.Fprintf(b, "  rule %s: %s\n", r.Name, r.Why)
	}
	grants(b, "  ", e.Grants, limit)
	if !e.Explained() {
		b.WriteString("  no fact of the trace and no rule asks for this line\n")
	}
}

func grants(b *strings.Builder, indent string, all []synth.Grant, limit int) {
	for i, g := range all {
		if i == limit {
			fmt.Fprintf(b, "%sand %d more\n", indent, len(all)-i)
			return
		}
		fmt.Fprintf(b, "%s%s\n", indent, g)
		if len(g.Facts) == 0 {
			fmt.Fprintf(b, "%s  %s\n", indent, g.Because())
		}
		for _, f := range g.Facts[:min(factsShown, len(g.Facts))] {
			fmt.Fprintf(b, "%s  %s\n", indent, f)
		}
		if more := len(g.Facts) - factsShown; more > 0 {
			fmt.Fprintf(b, "%s  and %d more\n", indent, more)
		}
	}
}

// WriteText writes what is known of a fact.
func (a Answer) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", synth.OneLine(a.What))
	for _, f := range a.Facts {
		fmt.Fprintf(&b, "  %s %s", f.Kind, f.Name)
		if f.What != "" {
			fmt.Fprintf(&b, ": %s", synth.OneLine(f.What))
		}
		fmt.Fprintf(&b, "\n    %s\n", f.FactRef)
		if f.Idle != "" {
			fmt.Fprintf(&b, "    no grant is made of it: %s\n", f.Idle)
		}
	}
	for _, g := range a.Grants {
		if len(g.Facts) == 0 {
			fmt.Fprintf(&b, "  %s\n    %s\n", g, g.Because())
		}
	}
	if len(a.Lines) == 0 {
		b.WriteString("It causes no line.\n")
	}
	for i, e := range a.Lines {
		if i == 0 {
			b.WriteString("Lines that it causes:\n")
		}
		fmt.Fprintf(&b, "  %s: %s\n", e.Format, synth.OneLine(e.Text))
		if e.Means != "" {
			fmt.Fprintf(&b, "    %s\n", synth.OneLine(e.Means))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
