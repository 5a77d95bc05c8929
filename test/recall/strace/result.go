package strace

import (
	"fmt"
	"regexp"
	"strconv"
)

var result = regexp.MustCompile(`^ *= (?:(\?)|(-?[0-9]+|0x[0-9a-f]+)(<(?:\\x[0-9a-f]{2})*>(?:\(deleted\))?)?)(?: (E[A-Z0-9_]+) \([^()]*(?:\([^()]*\))?[^()]*\))?( \(.*\))?$`)

// parseResult reads what follows the closing parenthesis of a call.
func parseResult(s string) (Result, error) {
	m := result.FindStringSubmatch(s)
	if m == nil {
		return Result{}, fmt.Errorf("not a result: %q", s)
	}
	r := Result{Errno: m[4]}
	if m[5] != "" { // what the call wrote back
		if _, rest, err := scan(m[5][2:], ')'); err != nil || rest != "" {
			return r, fmt.Errorf("not a remark: %q", m[5])
		}
	}
	if m[1] == "?" {
		r.None = true
		return r, nil
	}
	var err error
	if r.Value, err = parseValue(m[2]); err != nil {
		return r, err
	}
	if (r.Value == -1) != (r.Errno != "") && m[2] == "-1" {
		return r, fmt.Errorf("-1 without an errno: %q", s)
	}
	if m[3] != "" {
		_, r.File, err = Arg(m[2] + m[3]).FD()
	}
	return r, err
}

// parseValue reads a decimal, or a hexadecimal that may use all 64 bits.
func parseValue(s string) (int64, error) {
	if len(s) > 2 && s[:2] == "0x" {
		v, err := strconv.ParseUint(s[2:], 16, 64)
		return int64(v), err
	}
	return strconv.ParseInt(s, 10, 64)
}
