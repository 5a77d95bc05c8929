package systemd

import (
	"fmt"
	"io"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// width is where comments and lists are wrapped.
const width = 100

// text collects lines. Only line writes what systemd acts upon; every other
// method writes comments.
type text struct{ strings.Builder }

func (t *text) line(s string) { t.WriteString(s + "\n") }
func (t *text) blank()        { t.WriteString("\n") }
func (t *text) comment()      { t.WriteString("#\n") }

// say writes a comment, wrapped.
func (t *text) say(format string, args ...any) { t.wrap("# ", "# ", fmt.Sprintf(format, args...)) }

// item writes an indented comment.
func (t *text) item(format string, args ...any) {
	t.wrap("#   ", "#     ", fmt.Sprintf(format, args...))
}

func (t *text) wrap(first, next, s string) {
	out := first
	empty := true
	for _, w := range strings.Fields(s) {
		if !empty && len(out)+1+len(w) > width {
			t.line(out)
			out, empty = next, true
		}
		if !empty {
			out += " "
		}
		out += w
		empty = false
	}
	t.line(out)
}

// list writes a list directive, split over as many assignments as needed:
// systemd joins them.
func (t *text) list(name string, words []string) { t.lines(name+"=", words) }

// lines writes words in lines that all begin with the head.
func (t *text) lines(head string, words []string) {
	out := ""
	for _, w := range words {
		if out != "" && len(head)+len(out)+1+len(w) > width {
			t.line(head + out)
			out = ""
		}
		if out != "" {
			out += " "
		}
		out += w
	}
	if out != "" {
		t.line(head + out)
	}
}

func (t *text) to(w io.Writer) error {
	_, err := io.WriteString(w, t.String())
	return err
}

// because words the evidence of a grant: who, by which call, in which
// operation.
func because(e synth.Evidence) string {
	if len(e.Facts) == 0 {
		return "rule " + strings.Join(e.Rules, ", ")
	}
	f := e.Facts[0]
	s := who(f)
	if f.Syscall != "" {
		s += ": " + plainText(f.Syscall)
	}
	if f.Outcome != "" && f.Outcome != trace.OK {
		s += " = " + plainText(f.Outcome)
	}
	if f.Operation != "" {
		s += " in " + plainText(f.Operation)
	}
	if more := len(e.Facts) - 1; more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}

func who(f synth.FactRef) string {
	if f.Subject == "" {
		return f.Who()
	}
	return quoted(f.Subject)
}

// needers words who needs a line and in which operations, a few of each.
func needers(evidence ...synth.Evidence) string {
	var subjects, operations []string
	for _, e := range evidence {
		for _, f := range e.Facts {
			subjects = append(subjects, who(f))
			operations = append(operations, plainText(f.Operation))
		}
	}
	s := few(subjects)
	if in := few(operations); in != "" {
		s += " in " + in
	}
	return s
}

// few joins the first of the distinct names.
func few(names []string) string {
	const shown = 4
	var out []string
	have := map[string]bool{"": true}
	for _, n := range names {
		if !have[n] {
			have[n] = true
			out = append(out, n)
		}
	}
	if more := len(out) - shown; more > 0 {
		return strings.Join(out[:shown], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(out, ", ")
}
