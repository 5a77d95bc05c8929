package synth

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/osapi-io/osapi-profile/trace"
)

// String is one line: who, by which call, with which outcome, in which
// operation, how often and when.
func (f FactRef) String() string {
	s := "an unknown program"
	if f.Subject != "" {
		s = f.Subject.String()
	}
	if f.Syscall != "" {
		s += ": " + line(f.Syscall)
	}
	if f.Outcome != "" && f.Outcome != trace.OK {
		s += " = " + line(f.Outcome)
	}
	if f.Operation != "" {
		s += " in " + line(f.Operation)
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

// line makes a text of another's making one printable line.
func line(text string) string { return trace.Path(text).String() }

// String is what is granted, on one line.
func (g Grant) String() string {
	s := g.Kind + " " + line(g.Name)
	if g.What != "" {
		s += ": " + line(g.What)
	}
	return s
}

// Because is the evidence in short, on one line: the first fact and how many
// more there are, or the rules.
func (e Evidence) Because() string {
	if len(e.Facts) == 0 {
		return "rule " + line(strings.Join(e.Rules, ", "))
	}
	s := e.Facts[0].String()
	if more := len(e.Facts) - 1; more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}
