package strace

import (
	"fmt"
	"regexp"
	"strings"
)

// plain are the bytes that occur outside of strings, comments and paths.
const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_ |&*+-=>~@.:!?'#%$;"

const closers = ")]}"

// resuming is all that is known of the arguments of restart_syscall(2).
var resuming = regexp.MustCompile(`^<\.\.\. resuming interrupted [a-z0-9_]+ \.\.\.>`)

// scan reads s up to end, the bracket that closes what was open before s,
// checking that brackets match and strings end. It answers the arguments that
// stood there, split at the commas of the outermost level, and what follows
// the bracket.
func scan(s string, end byte) (args []Arg, rest string, err error) {
	var open []byte
	start := 0
	cut := func(end int) { args = append(args, Arg(strings.TrimSpace(s[start:end]))) }
	for i := 0; i < len(s); {
		n, err := token(s[i:])
		if err != nil {
			return nil, "", fmt.Errorf("column %d: %w", i+1, err)
		}
		switch c := s[i]; {
		case strings.IndexByte("([{", c) >= 0:
			open = append(open, closers[strings.IndexByte("([{", c)])
		case strings.IndexByte(closers, c) >= 0 && len(open) > 0:
			if open[len(open)-1] != c {
				return nil, "", fmt.Errorf("column %d: %q where %q was due", i+1, c, open[len(open)-1])
			}
			open = open[:len(open)-1]
		case c == end:
			if len(args) > 0 || strings.TrimSpace(s[:i]) != "" {
				cut(i)
			}
			return args, s[i+1:], checkArgs(args)
		case strings.IndexByte(closers, c) >= 0:
			return nil, "", fmt.Errorf("column %d: %q closes nothing", i+1, c)
		case c == ',' && len(open) == 0:
			cut(i)
			start = i + 1
		}
		i += n
	}
	return nil, "", fmt.Errorf("the arguments do not end")
}

func checkArgs(args []Arg) error {
	for i, a := range args {
		if a == "" {
			return fmt.Errorf("argument %d is empty", i+1)
		}
	}
	return nil
}

// token says how long the token is that s begins with.
func token(s string) (int, error) {
	switch {
	case s[0] == '"':
		n, err := hexEnd(s[1:], '"')
		return n + 2, err
	case strings.HasPrefix(s, "/*"):
		n := strings.Index(s, "*/")
		if n < 0 {
			return 0, fmt.Errorf("a comment does not end")
		}
		return n + 2, nil
	case strings.HasPrefix(s, "<<"):
		return 2, nil
	case resuming.MatchString(s):
		return len(resuming.FindString(s)), nil
	case s[0] == '<':
		n, err := hexEnd(s[1:], '>')
		return n + 2, err
	case s[0] == ',', strings.IndexByte("([{)]}", s[0]) >= 0, strings.IndexByte(plain, s[0]) >= 0:
		return 1, nil
	}
	return 0, fmt.Errorf("unexpected byte %q", s[0])
}

// hexEnd finds end after nothing but \xNN.
func hexEnd(s string, end byte) (int, error) {
	for i := 0; i < len(s); i += 4 {
		if s[i] == end {
			return i, nil
		}
		if len(s) < i+4 || s[i] != '\\' || s[i+1] != 'x' || !isHex(s[i+2]) || !isHex(s[i+3]) {
			return 0, fmt.Errorf("not a \\xNN in a string or path")
		}
	}
	return 0, fmt.Errorf("a string or path does not end")
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' }
