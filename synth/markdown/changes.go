package markdown

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/diff"
)

// Changes writes a comparison as a section of release notes.
func Changes(w io.Writer, c diff.Changes, opt Options) error {
	h := strings.Repeat("#", max(opt.Level, 1))
	var b strings.Builder
	fmt.Fprintf(&b, "%s Privileges\n\n", h)
	switch {
	case c.Same():
		b.WriteString("This release needs what the one before did.\n")
	case c.NeedsMore():
		b.WriteString("This release needs privileges that the one before did not: renew its profiles before it is rolled out.\n")
	default:
		b.WriteString("This release needs less than the one before: its profiles can be tightened.\n")
	}
	for _, d := range c.Doubts() {
		b.WriteString("\n" + paragraph(words(d)))
	}
	changesOf(&b, h+"# Needed now", c.Opened, c.More)
	changesOf(&b, h+"# Needed no longer", c.Closed, c.Less)
	_, err := io.WriteString(w, b.String())
	return err
}

func changesOf(b *strings.Builder, heading string, escapes []synth.Escape, grants []synth.Grant) {
	if len(escapes)+len(grants) == 0 {
		return
	}
	b.WriteString("\n" + heading + "\n")
	if len(escapes) > 0 {
		b.WriteString("\nWays out of the sandbox:\n\n")
		for _, e := range escapes {
			fmt.Fprintf(b, "- %s: %s\n", path(e.Name()), words(e.Why))
		}
	}
	for _, g := range diff.Groups(grants) {
		fmt.Fprintf(b, "\n%s:\n\n", g.Title)
		for _, grant := range g.Grants {
			fmt.Fprintf(b, "- %s", code(grant.Name))
			if grant.What != "" {
				b.WriteString(": " + words(strings.ReplaceAll(grant.What, ",", ", ")))
			}
			b.WriteString(by(grant.Evidence) + "\n")
		}
	}
}

// harmless text means nothing to Markdown.
var harmless = regexp.MustCompile(`^[A-Za-z0-9_ ,.:;()'/-]*$`)

// words are a text as it is, or a code span where anything in it might mean
// something.
func words(text string) string {
	if harmless.MatchString(text) {
		return text
	}
	return code(text)
}

// by says which programs needed it in which operations, or which rules add it.
func by(e synth.Evidence) string {
	var programs, operations, rules []string
	for _, f := range e.Facts {
		programs = append(programs, path(f.Subject))
		operations = append(operations, code(f.Operation))
	}
	for _, r := range e.Rules {
		rules = append(rules, code(r))
	}
	var words []string
	for _, part := range []string{distinct("by ", programs), distinct("in ", operations), distinct("rule ", rules)} {
		if part != "" {
			words = append(words, part)
		}
	}
	if len(words) == 0 {
		return ""
	}
	return " (" + strings.Join(words, ", ") + ")"
}

// distinct joins the first of the names that are not empty.
func distinct(word string, names []string) string {
	const shown = 3
	var out []string
	have := map[string]bool{"": true}
	for _, n := range names {
		if !have[n] {
			have[n] = true
			out = append(out, n)
		}
	}
	switch {
	case len(out) == 0:
		return ""
	case len(out) > shown:
		return word + strings.Join(out[:shown], ", ") + fmt.Sprintf(" and %d more", len(out)-shown)
	}
	return word + strings.Join(out, ", ")
}
