package trace

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Path is a file name as the kernel has it: absolute, symlinks resolved, any
// byte but NUL. A Go string holds it raw; only the JSON form escapes.
type Path string

// MarshalText writes the path as UTF-8: a backslash as `\\`, a byte that is
// not part of valid UTF-8 as `\xNN`. JSON's own escapes come on top of it.
func (p Path) MarshalText() ([]byte, error) {
	if !strings.Contains(string(p), `\`) && utf8.ValidString(string(p)) {
		return []byte(p), nil
	}
	var b strings.Builder
	for i := 0; i < len(p); {
		r, n := utf8.DecodeRuneInString(string(p[i:]))
		switch {
		case r == '\\':
			b.WriteString(`\\`)
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, p[i])
		default:
			b.WriteString(string(p[i : i+n]))
		}
		i += n
	}
	return []byte(b.String()), nil
}

// UnmarshalText reads what MarshalText wrote and refuses anything else, so
// that one path has one spelling.
func (p *Path) UnmarshalText(text []byte) error {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			b.WriteByte(text[i])
			continue
		}
		rest := text[i+1:]
		switch {
		case len(rest) > 0 && rest[0] == '\\':
			b.WriteByte('\\')
			i++
		case len(rest) > 2 && rest[0] == 'x' && unhex(rest[1]) >= 0 && unhex(rest[2]) >= 0:
			b.WriteByte(byte(unhex(rest[1])<<4 | unhex(rest[2])))
			i += 3
		default:
			return fmt.Errorf(`trace: bad escape in path %q: only \\ and \xNN are known`, text)
		}
	}
	path := Path(b.String())
	if strings.ContainsRune(b.String(), 0) {
		return fmt.Errorf("trace: NUL in path %q", text)
	}
	if again, _ := path.MarshalText(); string(again) != string(text) {
		return fmt.Errorf("trace: path %q is spelt %q", text, again)
	}
	*p = path
	return nil
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}

// String is one printable line: the spelling in the trace file, in quotation
// marks when it holds control characters. It is for talk, never for a profile,
// whose grammars have escapes of their own.
func (p Path) String() string {
	text, _ := p.MarshalText()
	for _, r := range string(text) {
		if !strconv.IsPrint(r) {
			return strconv.Quote(string(text))
		}
	}
	return string(text)
}
