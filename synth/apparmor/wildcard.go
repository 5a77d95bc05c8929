package apparmor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
)

// The language has no "one or more of these", and its * would let anything
// follow, so a wildcard of open length is spelled out up to a length that names
// do not reach, as a variable at the top of the file. The prefix keeps clear of
// variables that an operator's tunables may define.
const (
	digitsMax = 32
	hexMax    = 64
	alnumMax  = 64
	numberMax = 20 // digits of one number within a version
	versionOf = 8  // numbers in a version
)

const (
	digit = "[0-9]"
	hex   = "[0-9a-fA-F]"
	alnum = "[0-9A-Za-z_]"
)

type variable struct{ name, value, comment string }

// variables are those that wildcard refers to; an earlier one does not refer to
// a later one.
func variables() []variable {
	return []variable{
		{"osapi_digits", upTo(digit, digitsMax), fmt.Sprintf("1 to %d digits", digitsMax)},
		{"osapi_hex", upTo(hex, hexMax), fmt.Sprintf("1 to %d hexadecimal digits", hexMax)},
		{"osapi_alnum", upTo(alnum, alnumMax), fmt.Sprintf("1 to %d letters, digits and underscores", alnumMax)},
		{"osapi_number", upTo(digit, numberMax), "a number in a version"},
		{"osapi_version", "@{osapi_number}" + strings.Repeat("{,.@{osapi_number}}", versionOf-1), "numbers with dots between them"},
		{"osapi_uuid", uuidGlob(), "a UUID"},
	}
}

// upTo is one to n of a class: the first, and each further one or nothing.
func upTo(class string, n int) string { return class + strings.Repeat("{,"+class+"}", n-1) }

func uuidGlob() string {
	parts := make([]string, 0, 5)
	for _, n := range []int{8, 4, 4, 4, 12} {
		parts = append(parts, strings.Repeat(hex, n))
	}
	return strings.Join(parts, "-")
}

// wildcard is what stands for the i-th piece of a pattern.
func wildcard(p synth.Pattern, i int) glob {
	piece := p[i]
	class := map[synth.Vary]string{synth.VaryDigits: digit, synth.VaryHex: hex, synth.VaryAlnum: alnum}[piece.Vary]
	if piece.Len > 0 && class != "" {
		return glob(strings.Repeat(class, piece.Len))
	}
	if piece.Vary == synth.VaryName {
		return "*"
	}
	if piece.Vary == synth.VaryDigits && isProcess(p, i) {
		if i == 1 {
			return "@{pid}"
		}
		return "@{tid}"
	}
	return glob("@{osapi_" + string(piece.Vary) + "}")
}

// isProcess says whether the piece is the PID of /proc/PID or the TID of
// /proc/PID/task/TID.
func isProcess(p synth.Pattern, i int) bool {
	component := i+1 == len(p) || strings.HasPrefix(string(p[i+1].Text), "/")
	return component && p[i].Vary == synth.VaryDigits && (i == 1 && p[0].Text == "/proc/" ||
		i == 3 && p[2].Text == "/task/" && isProcess(p, 1))
}

// used are the variables that a text refers to, with those that these need.
func used(text string) []variable {
	var out []variable
	for _, v := range slices.Backward(variables()) {
		if strings.Contains(text, "@{"+v.name+"}") {
			text += v.value
			out = append(out, v)
		}
	}
	slices.Reverse(out)
	return out
}
