package apparmor

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// matcher says which names a path expression of apparmor.d(5) matches: * and ?
// stop at a slash, ** does not, {a,b}, [a-c], [^a]. A * that is a whole
// component matches at least one character. The tests hold it to the tables
// that apparmor_parser compiles.
type matcher struct {
	exact string // the one name, when there is no operator in the expression
	re    *regexp.Regexp
}

// compile understands the expression of one rule, without its quotes.
func compile(text string, vars map[string][]string) (*matcher, error) {
	return compiledFrom(text, vars, collapse)
}

// compileLabel does the same for names of profiles, in which "//" means something.
func compileLabel(text string, vars map[string][]string) (*matcher, error) {
	return compiledFrom(text, vars, func(text string) string { return text })
}

func compiledFrom(text string, vars map[string][]string, spelt func(string) string) (*matcher, error) {
	texts, err := expand(text, vars, 0)
	if err != nil {
		return nil, err
	}
	var alternatives []string
	m := &matcher{}
	for _, t := range texts {
		c := globReader{in: spelt(t)}
		re, err := c.alternation(false)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", text, err)
		}
		alternatives = append(alternatives, re)
		m.exact = string(c.plain)
		if c.operators {
			m.exact = ""
		}
	}
	if len(texts) == 1 && m.exact != "" {
		return m, nil
	}
	m.re, err = regexp.Compile("^(?:" + strings.Join(alternatives, "|") + ")$")
	return m, err
}

func (m *matcher) match(name string) bool {
	if m.re == nil {
		return name == m.exact
	}
	return m.re.MatchString(asRunes(name))
}

// asRunes makes a character of each byte, since regexp sees characters and
// names are bytes.
func asRunes(s string) string {
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}

const varDepth = 16 // variables within variables; a guard against cycles

// expand puts every value of every variable in its place.
func expand(text string, vars map[string][]string, depth int) ([]string, error) {
	for i := 0; i+1 < len(text); i++ {
		if text[i] == '\\' {
			i++
			continue
		}
		if text[i] != '@' || text[i+1] != '{' {
			continue
		}
		name, rest, ok := strings.Cut(text[i+2:], "}")
		values := vars[name]
		if !ok || len(values) == 0 || depth > varDepth {
			return nil, fmt.Errorf("variable @{%s} has no value; known are %s", name, slices.Sorted(maps.Keys(vars)))
		}
		rests, err := expand(rest, vars, depth)
		if err != nil {
			return nil, err
		}
		var out []string
		for _, v := range values {
			expanded, err := expand(v, vars, depth+1)
			if err != nil {
				return nil, err
			}
			for _, e := range expanded {
				for _, r := range rests {
					out = append(out, text[:i]+e+r)
				}
			}
		}
		return out, nil
	}
	return []string{text}, nil
}

var slashes = regexp.MustCompile(`//+`)

// collapse makes one slash of several, as variables that end in one bring about.
// Exactly two at the very beginning stay two, as POSIX has it.
func collapse(text string) string {
	if strings.HasPrefix(text, "//") && !strings.HasPrefix(text, "///") {
		return "/" + slashes.ReplaceAllString(text[1:], "/")
	}
	return slashes.ReplaceAllString(text, "/")
}

// globReader turns an expression into one of package regexp.
type globReader struct {
	in        string
	at        int
	plain     []byte // what was read as long as no operator was
	operators bool
}

// alternation reads up to the end, or within braces to the closing one.
func (r *globReader) alternation(inside bool) (string, error) {
	var b strings.Builder
	for r.at < len(r.in) {
		c := r.in[r.at]
		r.at++
		switch {
		case c == '\\':
			b.WriteString(r.literal(r.escape()))
		case c == '*':
			r.operators = true
			b.WriteString(r.star(b.String()))
		case c == '?':
			r.operators = true
			b.WriteString(`[^/\x00]`)
		case c == '[':
			r.operators = true
			class, err := r.class()
			if err != nil {
				return "", err
			}
			b.WriteString(class)
		case c == '{':
			r.operators = true
			inner, err := r.alternation(true)
			if err != nil {
				return "", err
			}
			b.WriteString("(?:" + inner + ")")
		case c == '}' && inside:
			return b.String(), nil
		case c == '}' || c == ']':
			return "", fmt.Errorf("%q without its opening one", c)
		case c == ',' && inside:
			b.WriteByte('|')
		default:
			b.WriteString(r.literal(c))
		}
	}
	if inside {
		return "", fmt.Errorf("'{' without its closing one")
	}
	return b.String(), nil
}

func (r *globReader) literal(c byte) string {
	r.plain = append(r.plain, c)
	return regexp.QuoteMeta(string(rune(c)))
}

// star is * or **; as a whole component it does not match nothing.
func (r *globReader) star(before string) string {
	deep := r.at < len(r.in) && r.in[r.at] == '*'
	for r.at < len(r.in) && r.in[r.at] == '*' {
		r.at++
	}
	some := ""
	if strings.HasSuffix(before, "/") && (r.at == len(r.in) || r.in[r.at] == '/') {
		some = `[^/\x00]`
	}
	if deep {
		return some + `[^\x00]*`
	}
	return some + `[^/\x00]*`
}

// class reads [a-c] and [^a-c], the bracket being read.
func (r *globReader) class() (string, error) {
	var b strings.Builder
	b.WriteByte('[')
	if r.at < len(r.in) && r.in[r.at] == '^' {
		r.at++
		b.WriteString(`^`)
	}
	for first := true; r.at < len(r.in); first = false {
		c := r.in[r.at]
		r.at++
		switch {
		case c == ']':
			if first {
				return "", fmt.Errorf("empty []")
			}
			return b.String() + "]", nil
		case c == '-' && !first && r.at < len(r.in) && r.in[r.at] != ']':
			b.WriteByte('-')
		case c == '\\':
			fmt.Fprintf(&b, `\x{%02x}`, r.escape())
		default:
			fmt.Fprintf(&b, `\x{%02x}`, c)
		}
	}
	return "", fmt.Errorf("'[' without its closing one")
}

// escape reads what follows a backslash: up to three octal digits, or any other
// character for itself. (The language has more; nothing here writes them.)
func (r *globReader) escape() byte {
	value, digits := 0, 0
	for ; digits < 3 && r.at < len(r.in) && '0' <= r.in[r.at] && r.in[r.at] <= '7'; digits++ {
		value = value*8 + int(r.in[r.at]-'0')
		r.at++
	}
	if digits > 0 {
		return byte(value)
	}
	if r.at == len(r.in) {
		return '\\'
	}
	r.at++
	return r.in[r.at-1]
}
