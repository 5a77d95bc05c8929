package strace

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Null says whether the argument is a null pointer.
func (a Arg) Null() bool { return a == "NULL" }

// Text reads a string that the log shows in full: a path.
func (a Arg) Text() (string, error) {
	s := string(a)
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return "", fmt.Errorf("%s is not a complete string", a)
	}
	return unhex(s[1 : len(s)-1])
}

// unhex decodes a row of \xNN.
func unhex(s string) (string, error) {
	if len(s)%4 != 0 {
		return "", fmt.Errorf("%q is not a row of \\xNN", s)
	}
	b, err := hex.DecodeString(strings.ReplaceAll(s, `\x`, ""))
	if err == nil && len(b) != len(s)/4 {
		err = fmt.Errorf("%q is not a row of \\xNN", s)
	}
	return string(b), err
}

var descriptor = regexp.MustCompile(`^(AT_FDCWD|-?[0-9]+)(?:<((?:\\x[0-9a-f]{2})*)>(\(deleted\))?)?$`)

// AtFDCWD is the number that FD answers for AT_FDCWD.
const AtFDCWD = -100

// FD reads a descriptor. The file is nil when the log has none for it, as for
// one that is not open.
func (a Arg) FD() (int, *File, error) {
	m := descriptor.FindStringSubmatchIndex(string(a))
	if m == nil {
		return 0, nil, fmt.Errorf("%s is not a descriptor", a)
	}
	n := AtFDCWD
	if name := a[m[2]:m[3]]; name != "AT_FDCWD" {
		v, err := strconv.ParseInt(string(name), 10, 32)
		if err != nil {
			return 0, nil, err
		}
		n = int(v)
	}
	if m[4] < 0 {
		return n, nil, nil
	}
	path, err := unhex(string(a[m[4]:m[5]]))
	return n, &File{Path: path, Deleted: m[6] >= 0}, err
}

// Flags reads names and numbers joined by "|". A comment stands for a number
// that strace knows no name for and is left out.
func (a Arg) Flags() map[string]bool {
	s := string(a)
	if i := strings.Index(s, " /*"); i >= 0 {
		s = s[:i]
	}
	set := make(map[string]bool)
	for _, f := range strings.Split(s, "|") {
		set[f] = true
	}
	return set
}

// Field finds the value of a member of a structure, "" if there is none.
func (a Arg) Field(name string) Arg {
	s := string(a)
	if !strings.HasPrefix(s, "{") {
		return ""
	}
	members, _, err := scan(s[1:], '}')
	if err != nil {
		return ""
	}
	for _, m := range members {
		if v, ok := strings.CutPrefix(string(m), name+"="); ok {
			return Arg(v)
		}
	}
	return ""
}

// Inner reads what stands between the parentheses of a macro: of
// Arg("htons(80)").Inner("htons") the 80.
func (a Arg) Inner(macro string) (Arg, bool) {
	s, ok := strings.CutPrefix(string(a), macro+"(")
	if !ok || !strings.HasSuffix(s, ")") {
		return "", false
	}
	return Arg(s[:len(s)-1]), true
}

// Value reads an argument that the log names: "flags=SIGCHLD".
func (a Arg) Value(name string) (Arg, bool) {
	v, ok := strings.CutPrefix(string(a), name+"=")
	return Arg(v), ok
}
