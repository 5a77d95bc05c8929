package systemd

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/coreos/go-systemd/v22/unit"
	"github.com/osapi-io/osapi-profile/trace"
)

// Settings are the assignments of a unit's [Service] section, in their order.
type Settings []Setting

// Setting is one assignment, its value as it stands in the file.
type Setting struct{ Name, Value string }

// ErrSyntax is returned for text that systemd would not take as it is meant.
var ErrSyntax = errors.New("systemd: bad syntax")

// ReadSettings reads a unit or drop-in.
func ReadSettings(r io.Reader) (Settings, error) {
	options, err := unit.DeserializeOptions(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSyntax, err)
	}
	var out Settings
	for _, o := range options {
		if !utf8.ValidString(o.Value) {
			return nil, fmt.Errorf("%w: %s= is not UTF-8, so systemd drops the line", ErrSyntax, o.Name)
		}
		if o.Section == "Service" {
			out = append(out, Setting{o.Name, o.Value})
		}
	}
	return out, nil
}

// words joins the words of every assignment of a list; an empty one resets it.
// There is no list at all when the name is not assigned.
func (s Settings) words(name string) (list []string, assigned bool, err error) {
	for _, o := range s {
		if o.Name != name {
			continue
		}
		assigned = true
		if o.Value == "" {
			list = nil
			continue
		}
		words, err := splitWords(o.Value)
		if err != nil {
			return nil, true, fmt.Errorf("%s=: %w", name, err)
		}
		list = append(list, words...)
	}
	return list, assigned, nil
}

// Words gives the words of a list with their specifiers expanded, prefixes left on.
func (s Settings) Words(name string) ([]string, error) {
	list, _, err := s.words(name)
	if err != nil {
		return nil, err
	}
	for i, w := range list {
		if list[i], err = expand(w); err != nil {
			return nil, fmt.Errorf("%s=: %w", name, err)
		}
	}
	return list, nil
}

// value is the last assignment of a scalar.
func (s Settings) value(name string) string {
	v := ""
	for _, o := range s {
		if o.Name == name {
			v = o.Value
		}
	}
	return v
}

func (s Settings) yes(name string) bool {
	return slices.Contains([]string{"yes", "true", "1", "on"}, s.value(name))
}

// Paths reads a list of paths as the path directives do: take the word apart,
// the prefixes off, then expand the specifiers.
func (s Settings) Paths(name string) ([]trace.Path, error) {
	list, _, err := s.words(name)
	if err != nil {
		return nil, err
	}
	var out []trace.Path
	for _, w := range list {
		w = strings.TrimPrefix(strings.TrimPrefix(w, "-"), "+")
		p, err := expand(w)
		if err != nil {
			return nil, fmt.Errorf("%s=: %w", name, err)
		}
		if !strings.HasPrefix(p, "/") {
			return nil, fmt.Errorf("%w: %s= has %q, which is no absolute path", ErrSyntax, name, p)
		}
		out = append(out, trace.Path(p))
	}
	return out, nil
}

// splitWords takes a value apart at blanks. Quotes of both kinds may stand
// anywhere and are removed; a backslash makes the next character plain, in and
// outside of quotes.
func splitWords(value string) ([]string, error) {
	var out []string
	var b strings.Builder
	inWord, quote := false, byte(0)
	for i := 0; i < len(value); i++ {
		c := value[i]
		switch {
		case c == '\\':
			if i++; i == len(value) {
				return nil, fmt.Errorf("%w: %q ends in a backslash", ErrSyntax, value)
			}
			b.WriteByte(value[i])
			inWord = true
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			b.WriteByte(c)
		case c == '"' || c == '\'':
			quote, inWord = c, true
		case strings.IndexByte(" \t\n\r", c) >= 0:
			if inWord {
				out = append(out, b.String())
				b.Reset()
			}
			inWord = false
		default:
			b.WriteByte(c)
			inWord = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("%w: %q has an open quote", ErrSyntax, value)
	}
	if inWord {
		out = append(out, b.String())
	}
	return out, nil
}

// expand replaces "%%". Every other specifier stands for something that depends
// on the machine, which an emitted text never means.
func expand(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' {
			if i++; i == len(s) || s[i] != '%' {
				return "", fmt.Errorf("%w: %q has a specifier", ErrSyntax, s)
			}
		}
		b.WriteByte(s[i])
	}
	return b.String(), nil
}
