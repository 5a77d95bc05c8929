package synth

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/osapi-io/osapi-profile/trace"
)

// Who is the program that did it, or what started the worker.
func (f FactRef) Who() string { return cmp.Or(f.Subject.String(), f.Starter, "an unknown program") }

// String is one line: who, by which call, with which outcome, in which
// operation, how often and when.
func (f FactRef) String() string {
	s := f.Who()
	if f.Syscall != "" {
		s += ": " + OneLine(f.Syscall)
	}
	if f.Outcome != "" && f.Outcome != trace.OK {
		s += " = " + OneLine(f.Outcome)
	}
	if f.Operation != "" {
		s += " in " + OneLine(f.Operation)
	}
	times := "once"
	if f.Count > 1 {
		times = strconv.FormatUint(f.Count, 10) + " times"
	}
	if f.First == f.Last {
		return fmt.Sprintf("%s, %s, at %s", s, times, since(f.First))
	}
	return fmt.Sprintf("%s, %s, from %s to %s", s, times, since(f.First), since(f.Last))
}

// since words milliseconds after the recording's start.
func since(ms int64) string { return (time.Duration(ms) * time.Millisecond).String() }

// OneLine is a text of anybody's making as one printable line: as it is, or
// quoted where it would not be.
func OneLine(text string) string {
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return strconv.Quote(text)
	}
	return text
}

// Printable spells a text of anybody's making for a comment: in ASCII and on one
// line, what cannot be printed as Go's quoted strings have it.
func Printable(text string) string { return strings.Trim(fmt.Sprintf("%+q", text), `"`) }

// String is what is granted, on one line.
func (g Grant) String() string {
	s := g.Kind + " " + OneLine(g.Name)
	if g.What != "" {
		s += ": " + OneLine(g.What)
	}
	return s
}

// Because is the evidence in short, on one line: the first fact and how many
// more there are, or the rules.
func (e Evidence) Because() string {
	if len(e.Facts) == 0 {
		return "rule " + OneLine(strings.Join(e.Rules, ", "))
	}
	s := e.Facts[0].String()
	if more := len(e.Facts) - 1; more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}
