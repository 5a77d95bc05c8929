package systemd

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// readerLine is the longest line that go-systemd's reader takes (systemd's own
// takes a megabyte).
const readerLine = 2048

// longestWord leaves room for the name of the directive before a path.
const longestWord = readerLine - 64

// spellable says whether a unit file can name a path. A line ends at a newline
// or carriage return whatever stands around it, and systemd drops a line that
// is not UTF-8.
func spellable(p trace.Path) bool {
	s := string(p)
	return strings.HasPrefix(s, "/") && utf8.ValidString(s) && !strings.ContainsAny(s, "\n\r\x00") &&
		!strings.Contains(s, "\ufeff") && len(word("-", p)) <= longestWord && path.Clean(s) == s
}

// spellableDir is the path itself or the nearest directory above it that a unit
// file can name.
func spellableDir(p trace.Path) trace.Path {
	for !spellable(p) {
		p = synth.Literal(p).Dir()
	}
	return p
}

// safeByte are the characters that need no quotes in a path list. A colon does,
// for BindReadOnlyPaths=.
func safeByte(c rune) bool {
	return c < utf8.RuneSelf && (unicode.IsLetter(c) || unicode.IsDigit(c)) || strings.ContainsRune("/._-+,@=~%", c)
}

// word spells a path as one word of a list. systemd takes the word apart
// (quotes, backslashes), then the prefix off, then expands the specifiers.
func word(prefix string, p trace.Path) string {
	s := prefix + percent(string(p))
	if strings.IndexFunc(s, func(r rune) bool { return !safeByte(r) }) < 0 {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// percent keeps systemd from expanding specifiers.
func percent(s string) string { return strings.ReplaceAll(s, "%", "%%") }

// command spells the worker's path for ExecStart=, which refuses more
// characters than path lists do, quoted or not.
func command(exe trace.Path) (string, error) {
	for _, c := range string(exe) {
		if c < ' ' || strings.ContainsRune("\"'\\\x7f", c) {
			return "", fmt.Errorf("the worker's path %s %w: run it by a link with a plain name", quoted(exe), ErrName)
		}
	}
	if !spellable(exe) {
		return "", fmt.Errorf("the worker's path %s %w: run it by a link with a plain name", quoted(exe), ErrName)
	}
	return word("", exe), nil
}

// plainWord says whether a name that an operator chose can stand in a unit
// without quotes and cannot be taken for anything else.
func plainWord(s string) bool {
	for _, c := range s {
		if c > unicode.MaxASCII || !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune("._-@:+/", c) {
			return false
		}
	}
	return !strings.HasPrefix(s, "-")
}

// plainArguments says whether what an operator wants behind the worker's path
// is one line, and of one command. Specifiers and variables are the operator's.
func plainArguments(s string) bool {
	for _, c := range s {
		if unicode.IsControl(c) || strings.ContainsRune("\"'\\\u2028\u2029", c) {
			return false
		}
	}
	return !slices.Contains(strings.Fields(s), ";")
}

// longestName is how much of a name a comment shows.
const longestName = 256

// quoted spells a path for a comment: in quotes, on one line, so that it can
// neither end the comment nor, by a backslash at its end, join the next line.
func quoted(p trace.Path) string {
	if len(p) > longestName {
		return quoted(p[:longestName]) + "..."
	}
	return strings.ReplaceAll(strconv.QuoteToASCII(string(p)), " ", `\x20`)
}

// plainText makes words of another's making fit for a comment.
func plainText(s string) string {
	if len(s) > longestName {
		s = s[:longestName] + "..."
	}
	return strings.TrimRight(strings.Map(func(r rune) rune {
		if r == '\\' || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?")), " ")
}
