// Package written tells profiles in files apart, whoever wrote them.
package written

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
)

// Format of a file.
type Format string

// The formats that are told apart.
const (
	Trace    Format = "trace"
	JSON     Format = "json" // a profile with its evidence
	Systemd  Format = "systemd"
	AppArmor Format = "apparmor"
	Seccomp  Format = "seccomp" // the filter of a container
)

// String is what a file of the format is, in words.
func (f Format) String() string {
	return map[Format]string{Trace: "a trace", JSON: "a profile in JSON", Systemd: "a unit file", AppArmor: "an AppArmor profile", Seccomp: "a seccomp filter"}[f]
}

// Reasons for which a file is nothing that can be read.
var (
	ErrEmpty   = errors.New("empty; name a unit, a drop-in, an AppArmor profile, a seccomp filter, a profile in JSON or a trace")
	ErrUnknown = errors.New("neither a unit, an AppArmor profile, a seccomp filter, a profile in JSON nor a trace")
)

// File is one that was read.
type File struct {
	Name   string
	Text   []byte
	Format Format
}

// Read reads a file and tells its format. Errors name the file.
func Read(name string) (File, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return File{}, err
	}
	format, err := FormatOf(text)
	if err != nil {
		return File{}, fmt.Errorf("%s: %w", name, err)
	}
	return File{name, text, format}, nil
}

var (
	section = regexp.MustCompile(`(?m)^[ \t]*\[[A-Za-z][A-Za-z0-9 _-]*\][ \t\r]*$`)
	block   = regexp.MustCompile(`(?m)^[^#\n]*\{[ \t\r]*(#.*)?$`)
)

// FormatOf tells a text's format by what is in it.
func FormatOf(text []byte) (Format, error) {
	trimmed := bytes.TrimSpace(text)
	switch {
	case len(trimmed) == 0:
		return "", ErrEmpty
	case bytes.HasPrefix(text, []byte{0x1f, 0x8b}):
		return Trace, nil // traces alone are packed
	case trimmed[0] == '{':
		return object(trimmed)
	case section.Match(text):
		return Systemd, nil
	case block.Match(text):
		return AppArmor, nil
	}
	return "", ErrUnknown
}

// object tells JSON by its first value's keys. A trace that was cut off within
// its first line is one all the same.
func object(text []byte) (Format, error) {
	var keys map[string]json.RawMessage
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&keys); err != nil {
		if bytes.HasPrefix(text, []byte(`{"type":`)) {
			return Trace, nil
		}
		return "", fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	for _, k := range []struct {
		key    string
		format Format
	}{{"type", Trace}, {"worker", JSON}, {"defaultAction", Seccomp}} {
		if keys[k.key] != nil {
			return k.format, nil
		}
	}
	return "", ErrUnknown
}
