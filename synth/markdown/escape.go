package markdown

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// code puts untrusted text into a code span, in which neither Markdown nor MDX
// nor HTML gives anything a meaning. What could end the span (a backtick), the
// cell of a table around it (a bar, and a backslash before one) or the line is
// written as \xNN, and so is what an editor or a formatter might change or not
// show: other spaces than single ones between words, control characters, bytes
// that are not UTF-8, and characters whose width formatters disagree on. So is
// "<", which stands for a wildcard. Nothing else of the text is changed, and a
// backslash in the outcome always begins such an escape.
func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + escape(text) + "`"
}

func escape(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if r == ' ' && i > 0 && i+1 < len(text) && text[i-1] != ' ' || r > ' ' && isPlain(r) {
			b.WriteString(text[i : i+n])
		} else {
			for _, c := range []byte(text[i : i+n]) {
				fmt.Fprintf(&b, `\x%02x`, c)
			}
		}
		i += n
	}
	return b.String()
}

// isPlain says whether a visible character is one column wide and means nothing
// here. Beyond ASCII these are the letters of Latin scripts.
func isPlain(r rune) bool {
	if r < 0x7f {
		return !strings.ContainsRune("`|\\<", r)
	}
	return 0xc0 <= r && r <= 0x24f
}

// name is a path or a pattern of paths; a wildcard shows as <digits>.
func name(p synth.Pattern) string {
	var b strings.Builder
	for _, piece := range p {
		switch {
		case piece.Vary == "":
			b.WriteString(escape(string(piece.Text)))
		case piece.Len > 0:
			fmt.Fprintf(&b, "<%d %s>", piece.Len, piece.Vary)
		default:
			fmt.Fprintf(&b, "<%s>", piece.Vary)
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return "`" + b.String() + "`"
}

func path(p trace.Path) string { return code(string(p)) }

// Fence makes a fenced code block of a text, whatever is in it.
func Fence(language, text string) string {
	longest, run := 0, 0
	for _, c := range text {
		if c != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	fence := strings.Repeat("`", max(3, longest+1))
	return fence + language + "\n" + strings.TrimRight(text, "\n") + "\n" + fence + "\n"
}
