// Package markdown writes tables and a report of a profile as Markdown, and
// keeps generated regions within pages. All of it is stable under Prettier with
// 80 columns and wrapped prose, and safe in .md and .mdx, whatever the names of
// files are.
package markdown

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/osapi-io/osapi-profile/synth"
)

// Options steer a report.
type Options struct {
	// Level of the report's own heading, 1 to 5; 0 stands for 1.
	Level int
	// Page makes changes fit for a page: lines filled, and what lies in one
	// directory told together where there is much of it.
	Page bool
}

// Report writes the whole profile for people to read.
func Report(w io.Writer, p *synth.Profile, opt Options) error {
	level := max(opt.Level, 1)
	if level > 5 {
		return fmt.Errorf("markdown: heading level %d: 1 to 5 leave room for the sections", level)
	}
	var b strings.Builder
	heading := func(level int, text string) { fmt.Fprintf(&b, "%s %s\n\n", strings.Repeat("#", level), text) }
	heading(level, "What "+code(p.Worker.Name)+" needs")
	b.WriteString(paragraph(origin(p.Worker)) + "\n")
	heading(level+1, "What this cannot vouch for")
	b.WriteString(holes(p) + "\n")
	heading(level+1, "Ways out")
	b.WriteString(waysOut(p))
	for _, k := range tableKinds() {
		if (k.empty == noOperations || k.empty == noProviders) && len(k.rows(p).rows) == 0 {
			continue
		}
		b.WriteString("\n")
		heading(level+1, k.title)
		b.WriteString(k.of(p))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func origin(w synth.Worker) string {
	text := fmt.Sprintf("Recorded from %s in %s", code(string(w.Exe)), counted(len(w.Runs), "run"))
	if users := spans(w.Users); users != "" {
		text += " as " + users
	}
	if kernels := spans(w.Kernels); kernels != "" {
		text += " on Linux " + kernels
	}
	return text + "."
}

func holes(p *synth.Profile) string {
	if len(p.Holes) == 0 {
		return paragraph("The recordings are complete as far as their probes can see. What the worker did not do while " +
			"it was recorded is not in here.")
	}
	var items []string
	for _, h := range p.Holes {
		item := code(h.Kind)
		if h.Detail != "" {
			item += ": " + code(h.Detail)
		}
		if h.Count > 0 {
			item += fmt.Sprintf(" (%d)", h.Count)
		}
		items = append(items, item)
	}
	return bullets(items)
}

func waysOut(p *synth.Profile) string {
	if len(p.Escapes) == 0 {
		return paragraph("None of the known ways out of a sandbox is needed.")
	}
	var items []string
	for _, e := range p.Escapes {
		items = append(items, path(e.Name())+": "+plainWords(e.Why))
	}
	return bullets(items)
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func spans(names []string) string {
	var out []string
	for _, n := range names {
		if n != "" {
			out = append(out, code(n))
		}
	}
	return strings.Join(out, ", ")
}

// plainWords passes prose of the synthesis on as it is, when it is prose; with
// anything in it that could be markup it becomes a code span.
func plainWords(text string) string {
	if text != "" && !prose.MatchString(text) {
		return code(text)
	}
	return text
}

// prose is words with single spaces between them. None of them could begin a
// list or a rule if it came to stand at the beginning of a line.
var prose = regexp.MustCompile(`^` + word + `(?: ` + word + `)*$`)

const word = `(?:\(?/?[A-Za-z][A-Za-z0-9'/=-]*(?:_[A-Za-z0-9]+)*(?:\([0-9]\))?\)?[.,;:]?|[0-9]+[,;:]?)`

const columns = 80

func paragraph(text string) string { return wrap(text, "", "") }

func bullets(items []string) string {
	var b strings.Builder
	for _, item := range items {
		b.WriteString(wrap(item, "- ", "  "))
	}
	return b.String()
}

// wrap fills lines as far as they go. A code span is never broken.
func wrap(text, first, rest string) string {
	var b strings.Builder
	line := first
	empty := true
	for _, w := range atoms(text) {
		if !empty && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(w) > columns {
			b.WriteString(line + "\n")
			line, empty = rest, true
		}
		if !empty {
			line += " "
		}
		line += w
		empty = false
	}
	b.WriteString(line + "\n")
	return b.String()
}

// atoms splits at spaces outside of code spans.
func atoms(text string) []string {
	var out []string
	inside, start := false, 0
	for i := range len(text) {
		switch text[i] {
		case '`':
			inside = !inside
		case ' ':
			if !inside {
				out = append(out, text[start:i])
				start = i + 1
			}
		}
	}
	return append(out, text[start:])
}
