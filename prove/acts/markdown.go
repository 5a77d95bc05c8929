package acts

import (
	"fmt"
	"io"
	"strings"
)

// WriteMarkdown writes the acts as a table for a page.
func (r *Report) WriteMarkdown(w io.Writer) error {
	b := &strings.Builder{}
	b.WriteString("| Act | Tries to | Outcome | By |\n| --- | --- | --- | --- |\n")
	for _, t := range r.Acts {
		outcome, by := t.Outcome, t.Why
		switch {
		case t.Outcome == Denied:
			outcome, by = fmt.Sprintf("denied, `%s`", t.Error), r.denial(t)
		case t.Outcome == Possible && t.Explained:
			outcome = "possible, granted"
		case t.Outcome == Possible:
			outcome = "possible, **not granted**"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", t.Act, cell(t.Tries), outcome, cell(by))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "{", `\{`, "\n", " ").Replace(text)
}
