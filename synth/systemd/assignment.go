package systemd

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/osapi-io/osapi-profile/synth"
)

// Assignment is one setting of a unit file and where it stands.
type Assignment struct {
	synth.Line
	Section string
	Setting

	last int // number of the line that it ends in
}

// ReadAssignments reads unit files and drop-ins as systemd does, with lines of
// any length: a backslash at the end of a line joins the next, comments between
// them are left out. Several files are read one after another.
func ReadAssignments(name string, text []byte) ([]Assignment, error) {
	var out []Assignment
	section, joined, start := "", "", 0
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSuffix(line, "\r")
		trimmed := strings.TrimLeft(line, " \t")
		if strings.HasPrefix(trimmed, "#") || strings.HasPrefix(trimmed, ";") {
			continue
		}
		if start == 0 {
			start = i + 1
		}
		if before, more := strings.CutSuffix(line, `\`); more {
			joined += before + " "
			continue
		}
		whole := strings.TrimSpace(joined + line)
		at := synth.Line{File: name, Number: start, Text: whole}
		joined, start = "", 0
		switch key, value, ok := strings.Cut(whole, "="); {
		case whole == "":
		case !utf8.ValidString(whole):
			return nil, fmt.Errorf("%s:%d: %w: not UTF-8, so that systemd drops the line", name, at.Number, ErrSyntax)
		case strings.HasPrefix(whole, "["):
			if !strings.HasSuffix(whole, "]") {
				return nil, fmt.Errorf("%s:%d: %w: a section has no ']'", name, at.Number, ErrSyntax)
			}
			section = whole[1 : len(whole)-1]
		case !ok:
			return nil, fmt.Errorf("%s:%d: %w: NAME=VALUE is expected", name, at.Number, ErrSyntax)
		case section == "":
			return nil, fmt.Errorf("%s:%d: %w: it stands in no section, such as [Service]", name, at.Number, ErrSyntax)
		default:
			out = append(out, Assignment{at, section, Setting{strings.TrimSpace(key), strings.TrimSpace(value)}, i + 1})
		}
	}
	if joined != "" {
		return nil, fmt.Errorf("%s:%d: %w: the file ends within a line", name, start, ErrSyntax)
	}
	return out, nil
}
