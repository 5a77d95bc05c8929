package markdown

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/diff"
)

// Changes writes a comparison as a section of release notes.
func Changes(w io.Writer, c diff.Changes, opt Options) error {
	h := strings.Repeat("#", max(opt.Level, 1))
	var b strings.Builder
	fmt.Fprintf(&b, "%s Privileges\n\n", h)
	verdict := "This release needs less than the one before: its profiles can be tightened."
	switch {
	case c.Same():
		verdict = "This release needs what the one before did."
	case c.NeedsMore():
		verdict = "This release needs privileges that the one before did not: renew its profiles before it is rolled out."
	}
	if opt.Page {
		verdict = strings.TrimSuffix(paragraph(verdict), "\n")
	}
	b.WriteString(verdict + "\n")
	for _, d := range c.Doubts() {
		b.WriteString("\n" + paragraph(words(d)))
	}
	changesOf(&b, h+"# Needed now", c.Opened, c.More, opt)
	changesOf(&b, h+"# Needed no longer", c.Closed, c.Less, opt)
	_, err := io.WriteString(w, b.String())
	return err
}

func changesOf(b *strings.Builder, heading string, escapes []synth.Escape, grants []synth.Grant, opt Options) {
	if len(escapes)+len(grants) == 0 {
		return
	}
	b.WriteString("\n" + heading + "\n")
	list := func(title string, items []string) {
		fmt.Fprintf(b, "\n%s:\n\n", title)
		if opt.Page {
			b.WriteString(bullets(items))
			return
		}
		for _, item := range items {
			b.WriteString("- " + item + "\n")
		}
	}
	if len(escapes) > 0 {
		var items []string
		for _, e := range escapes {
			items = append(items, path(e.Name())+": "+words(e.Why))
		}
		list("Ways out of the sandbox", items)
	}
	for _, g := range diff.Groups(grants) {
		if opt.Page {
			list(g.Title, brief(g.Grants))
		} else {
			list(g.Title, each(g.Grants))
		}
	}
}

func each(grants []synth.Grant) []string {
	var items []string
	for _, g := range grants {
		item := code(g.Name)
		if g.What != "" {
			item += ": " + words(strings.ReplaceAll(g.What, ",", ", "))
		}
		items = append(items, item+by(g.Evidence))
	}
	return items
}

// Of more than so many, those that lie in one directory are told together.
const (
	manyGrants  = 30
	directories = 3 // how deep such a directory is
)

// brief is each, or one item a directory and use of what lies in it.
func brief(grants []synth.Grant) []string {
	if len(grants) <= manyGrants {
		return each(grants)
	}
	groups := map[string][]synth.Grant{}
	var order []string
	for _, g := range grants {
		key := g.Kind + g.Name
		if parts := strings.SplitAfter(g.Name, "/"); (g.Kind == "file" || g.Kind == "exec") && parts[0] == "/" && len(parts) > 2 {
			key = strings.Join(parts[:min(len(parts)-1, directories)], "")
		}
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], g)
	}
	var items []string
	for _, key := range order {
		in := groups[key]
		if len(in) == 1 {
			items = append(items, each(in)...)
			continue
		}
		var uses []string
		for _, g := range in {
			for _, use := range strings.Split(g.What, ",") {
				if !slices.Contains(uses, strings.TrimSpace(use)) {
					uses = append(uses, strings.TrimSpace(use))
				}
			}
		}
		items = append(items, fmt.Sprintf("%s: %s (%d names)", code(key), words(strings.Join(uses, ", ")), len(in)))
	}
	return items
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
