package apparmor

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// glob is a path expression in the language of apparmor.d(5), as it stands in
// a rule but for the quotes around it.
type glob string

// Bytes that mean nothing to the parser: bare ones everywhere, spare ones
// inside quotes only. All others are written as octal escapes, which the parser
// turns into the byte itself before and without reading it as an operator; what
// the compiled policy then matches is held to it byte by byte in the tests.
const (
	bare  = "/._+:@%~-"
	spare = " =()&';!#$<>"
)

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// literal is text that stands for exactly itself.
func literal(text trace.Path) glob {
	var b strings.Builder
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(string(text[i:]))
		switch c := text[i]; {
		case n > 1 && unicode.IsPrint(r), isAlnum(c), strings.IndexByte(bare+spare, c) >= 0:
			b.WriteString(string(text[i : i+n]))
		default:
			for _, c := range []byte(text[i : i+n]) {
				fmt.Fprintf(&b, `\%03o`, c)
			}
		}
		i += n
	}
	return glob(b.String())
}

// String is the expression as a rule has it.
func (g glob) String() string {
	for i := range len(g) {
		if c := g[i]; !isAlnum(c) && strings.IndexByte(bare+"@{}[],", c) < 0 {
			return `"` + string(g) + `"`
		}
	}
	return string(g)
}

// trailing says how the expression ends: AppArmor sees a directory's name with
// a slash behind it.
type trailing string

const (
	asFile   trailing = ""
	asDir    trailing = "/"
	asEither trailing = "{,/}" // what it is was not seen, or differed
)

// globOf writes a set of paths down. The error says why the grammar cannot: only
// absolute names can be written, in the form that the kernel gives them.
func globOf(p synth.Pattern, end trailing) (glob, error) {
	if len(p) == 0 || !strings.HasPrefix(string(p[0].Text), "/") {
		return "", fmt.Errorf("%q is not an absolute path", p.String())
	}
	if len(p) == 1 && p[0].Text == "/" {
		return "/", nil
	}
	var b strings.Builder
	for i, piece := range p {
		if piece.Vary != "" {
			b.WriteString(string(wildcard(p, i)))
			continue
		}
		text := literal(piece.Text)
		if strings.Contains(string(text), "//") || strings.ContainsRune(string(piece.Text), 0) {
			return "", fmt.Errorf("%q is not a name that the kernel gives", p.String())
		}
		if i == 0 {
			text = tunable(text)
		}
		b.WriteString(string(text))
	}
	if strings.HasSuffix(b.String(), "/") {
		return "", fmt.Errorf("%q ends with a slash", p.String())
	}
	return glob(b.String()) + glob(end), nil
}

// tunable puts a variable of <tunables/global> where a path begins with its value.
// Their values end in a slash of their own; several slashes are one.
func tunable(text glob) glob {
	for _, v := range []struct{ top, variable string }{{"/proc/", "@{PROC}/"}, {"/run/", "@{run}/"}, {"/home/", "@{HOMEDIRS}"}} {
		if rest, ok := strings.CutPrefix(string(text), v.top); ok && (v.top != "/home/" || rest == "") {
			return glob(v.variable + rest)
		}
	}
	return text
}

// remark makes text fit for a comment: a comment ends where the line does, so
// that nothing but printable characters may be in it.
func remark(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if unicode.IsPrint(r) && (r != utf8.RuneError || n > 1) {
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

// CheckName says why a text cannot name a profile. A name that begins with a
// slash would attach the profile to a program, and the name is also that of a
// file and a word in the unit, so only plain characters are taken.
func CheckName(name string) error {
	for i := range len(name) {
		if !isAlnum(name[i]) && name[i] != '_' && (i == 0 || name[i] != '.' && name[i] != '-') {
			return fmt.Errorf("apparmor: profile name %q: use letters, digits, '.', '_' and '-', the first neither '.' nor '-'", name)
		}
	}
	if name == "" || len(name) > nameMax {
		return fmt.Errorf("apparmor: a profile name has 1 to %d characters, %q has %d", nameMax, name, len(name))
	}
	return nil
}

// nameMax keeps local/NAME a file name on every filesystem.
const nameMax = 200
