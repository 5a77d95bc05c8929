package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/trace"
)

// What goes where:
//
//   - stdout carries what was asked for, such as a unit, a diff or a report,
//     and nothing else, so that it can be piped. With -o it stays empty.
//     record leaves stdin, stdout and stderr to the worker.
//   - stderr carries talk: "osapi-profile: " and one line for each thing that
//     the user should know. Errors come last, and say what to do.
//   - Only record draws on a terminal, one line that it rewrites, and only when
//     stderr is one. In a pipe it says nothing before the closing summary but
//     warnings.
//   - Files are replaced as a whole or not at all. A trace is never replaced
//     unless --force says so.

// note says one line on stderr.
func note(stderr io.Writer, format string, args ...any) {
	fmt.Fprintf(stderr, "osapi-profile: "+format+"\n", args...)
}

// tell writes an answer to stdout, as text or as JSON.
func tell(asJSON bool, stdout io.Writer, answer any, text func(io.Writer) error) error {
	return writeTo("", 0, stdout, func(w io.Writer) error {
		if asJSON {
			return indented(w, answer)
		}
		return text(w)
	})
}

// indented writes JSON for people and scripts.
func indented(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// inWords lists holes for people.
func inWords(holes []trace.Hole) string {
	var words []string
	for _, h := range holes {
		w := h.Kind
		if h.Detail != "" {
			w += ": " + h.Detail
		}
		if h.Count > 0 {
			w += fmt.Sprintf(" (%d)", h.Count)
		}
		words = append(words, w)
	}
	return strings.Join(words, "; ")
}

// kinds is the order in which kinds of facts are told.
var kinds = [...]string{"syscall", "exec", "file", "capability", "socket", "argument"}

// perKind tells how many facts there are of each kind, unknown kinds last.
func perKind(facts map[string]int) string {
	rest := maps.Clone(facts)
	var words []string
	for _, kind := range kinds {
		words = append(words, fmt.Sprintf("%s %d", kind, facts[kind]))
		delete(rest, kind)
	}
	for _, kind := range slices.Sorted(maps.Keys(rest)) {
		words = append(words, fmt.Sprintf("%s %d", kind, rest[kind]))
	}
	return strings.Join(words, ", ")
}
