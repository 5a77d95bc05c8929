package synth

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/osapi-io/osapi-profile/trace"
)

// Vary names what a wildcard of a Pattern may stand for. None matches a slash.
type Vary string

// The wildcards, each as narrow as what it stands for.
const (
	VaryDigits  Vary = "digits"  // one or more of 0-9: pids, counters
	VaryHex     Vary = "hex"     // one or more of 0-9 a-f A-F
	VaryUUID    Vary = "uuid"    // 8-4-4-4-12 hexadecimal digits
	VaryAlnum   Vary = "alnum"   // one or more of 0-9 a-z A-Z _: mkstemp(3) and its like
	VaryVersion Vary = "version" // digits, and dots between them
	VaryName    Vary = "name"    // a whole name, whatever is in it
)

// Piece is a part of a Pattern: text that stands for itself, whatever
// characters are in it, or a wildcard.
type Piece struct {
	Text trace.Path `json:"text,omitempty"`
	Vary Vary       `json:"vary,omitempty"`
	Len  int        `json:"len,omitempty"` // so many characters exactly; 0 for any number
}

// Pattern is a set of paths. Wildcards are pieces of their own and never
// characters of the text, so that a file named "*" is only that file.
type Pattern []Piece

// Literal is the pattern of one path.
func Literal(p trace.Path) Pattern { return Pattern{{Text: p}} }

func nameOf(p trace.Path, pattern Pattern) Pattern {
	if len(pattern) > 0 {
		return pattern
	}
	return Literal(p)
}

// IsLiteral says whether the pattern stands for one path only.
func (p Pattern) IsLiteral() bool {
	for _, piece := range p {
		if piece.Vary != "" {
			return false
		}
	}
	return true
}

// Dir is the deepest directory that no wildcard has a part in: what a format
// without wildcards grants instead. Of a literal path it is the parent.
func (p Pattern) Dir() trace.Path {
	if len(p) == 0 {
		return "/"
	}
	first := string(p[0].Text)
	if i := strings.LastIndexByte(first, '/'); i > 0 {
		return trace.Path(first[:i])
	}
	return "/"
}

// Match says whether a path is in the set.
func (p Pattern) Match(path trace.Path) bool { return match(p, string(path)) }

// MayLieIn says whether a path of the set is dir or lies below it.
func (p Pattern) MayLieIn(dir trace.Path) bool {
	return dir == "/" || p.Match(dir) || begins(p, string(dir)+"/")
}

// begins says whether a path of the set begins with s.
func begins(p Pattern, s string) bool {
	if s == "" || len(p) == 0 {
		return s == ""
	}
	if p[0].Vary == "" {
		text := string(p[0].Text)
		if len(text) >= len(s) {
			return strings.HasPrefix(text, s)
		}
		return strings.HasPrefix(s, text) && begins(p[1:], s[len(text):])
	}
	for n := 1; n <= len(s) && p[0].Vary.admits(s[:n]); n++ {
		if n == len(s) || p[0].fits(s[:n]) && begins(p[1:], s[n:]) {
			return true
		}
	}
	return false
}

func match(p Pattern, s string) bool {
	if len(p) == 0 {
		return s == ""
	}
	if p[0].Vary == "" {
		rest, ok := strings.CutPrefix(s, string(p[0].Text))
		return ok && match(p[1:], rest)
	}
	for n := 1; n <= len(s) && p[0].Vary.admits(s[:n]); n++ {
		if p[0].fits(s[:n]) && match(p[1:], s[n:]) {
			return true
		}
	}
	return false
}

// admits says whether s may begin what the wildcard stands for.
func (v Vary) admits(s string) bool {
	for i := range len(s) {
		if !v.class(s[i], i) {
			return false
		}
	}
	return true
}

func (v Vary) class(c byte, i int) bool {
	digit := '0' <= c && c <= '9'
	hex := digit || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
	switch v {
	case VaryDigits:
		return digit
	case VaryHex:
		return hex
	case VaryAlnum:
		return digit || c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
	case VaryVersion:
		return digit || c == '.' && i > 0
	case VaryName:
		return c != '/' && c != 0
	case VaryUUID:
		if i == 8 || i == 13 || i == 18 || i == 23 {
			return c == '-'
		}
		return hex && i < uuidLen
	}
	return false
}

const uuidLen = 36

// fits says whether s, which admits let through, is complete.
func (p Piece) fits(s string) bool {
	switch {
	case p.Vary == VaryUUID:
		return len(s) == uuidLen
	case p.Vary == VaryVersion:
		return !strings.HasSuffix(s, ".") && !strings.Contains(s, "..")
	}
	return p.Len == 0 || p.Len == len(s)
}

// String is for talk: a wildcard shows as <digits>, and text that holds such
// brackets is quoted.
func (p Pattern) String() string {
	var b strings.Builder
	for _, piece := range p {
		if piece.Vary != "" {
			fmt.Fprintf(&b, "<%s>", piece.Vary)
			continue
		}
		text := piece.Text.String()
		if strings.ContainsAny(text, "<>") {
			q, _ := json.Marshal(text)
			text = string(q)
		}
		b.WriteString(text)
	}
	return b.String()
}

// normal joins neighbouring texts and drops empty pieces, so that one set has
// one spelling.
func (p Pattern) normal() Pattern {
	var out Pattern
	for _, piece := range p {
		switch n := len(out); {
		case piece.Vary == "" && piece.Text == "":
		case piece.Vary == "" && n > 0 && out[n-1].Vary == "":
			out[n-1].Text += piece.Text
		default:
			out = append(out, piece)
		}
	}
	return out
}

// key orders and identifies patterns; no path holds a NUL.
func (p Pattern) key() string {
	var b strings.Builder
	for _, piece := range p {
		if piece.Vary == "" {
			b.WriteString(string(piece.Text))
			continue
		}
		fmt.Fprintf(&b, "\x00%s %d\x00", piece.Vary, piece.Len)
	}
	return b.String()
}

// Samples are a few paths of the set, the path itself when it is one.
func (p Pattern) Samples() []trace.Path {
	short, long := trace.Path(""), trace.Path("")
	for _, piece := range p {
		if piece.Vary == "" {
			short, long = short+piece.Text, long+piece.Text
			continue
		}
		short, long = short+piece.sample(1), long+piece.sample(3)
	}
	return []trace.Path{short, long}
}

// sample is something that the wildcard stands for, of n characters where it may
// have any number.
func (p Piece) sample(n int) trace.Path {
	switch {
	case p.Vary == VaryUUID:
		return "01234567-89ab-cdef-0123-456789abcdef"
	case p.Len > 0:
		n = p.Len
	}
	return trace.Path(strings.Repeat("1", n))
}
