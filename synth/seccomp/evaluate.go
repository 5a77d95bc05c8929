package seccomp

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// Read reads a filter, hand-written ones too. What the specification does not
// know is passed over, as runtimes do.
func Read(r io.Reader) (*Filter, error) {
	var f Filter
	if err := json.NewDecoder(r).Decode(&f); err != nil {
		return nil, fmt.Errorf("seccomp filter: %w", err)
	}
	if f.DefaultAction == "" {
		return nil, fmt.Errorf("seccomp filter: no defaultAction")
	}
	return &f, nil
}

// Refusal is a fact that a filter would not let happen again.
type Refusal struct {
	Fact string // in words
	Of   any    // the fact, as synth.Each gives it
}

// Refuses lists the facts of a trace that the worker's outcome rests on and that
// the filter would refuse. It knows the text of the filter alone.
func (f *Filter) Refuses(t *trace.Trace) []Refusal {
	var out []Refusal
	note := func(of any, ok bool, format string, args ...any) {
		if !ok {
			out = append(out, Refusal{fmt.Sprintf(format, args...), of})
		}
	}
	for _, s := range t.Syscalls {
		note(s, s.Outcome == "ENOSYS" || f.knows(s), "%s %s", s.Name, s.ABI)
	}
	for _, s := range t.Sockets {
		if value, ok := number(s.Family, families, "AF_"); ok && s.Action == "create" && synth.RestsOnPermission(s.Seen) && (f.names("socket") || f.names("socketpair")) {
			note(s, f.allows("socket", 0, value) || f.allows("socketpair", 0, value), "socket of %s", s.Family)
		}
	}
	for _, a := range t.Arguments {
		if synth.RestsOnPermission(a.Seen) {
			note(a, f.allowsArgument(a), "%s with %s", a.Syscall, a.Value)
		}
	}
	return out
}

// knows says whether a call is let through with some arguments at least. clone3
// may be missing where clone is not: every libc goes on with that one.
func (f *Filter) knows(s trace.Syscall) bool {
	arch := map[string][]specs.Arch{
		"i386": {specs.ArchX86}, "x32": {specs.ArchX32}, "arm": {specs.ArchARM},
	}[s.ABI]
	if arch != nil && !slices.Contains(f.Architectures, arch[0]) {
		return false
	}
	return f.names(s.Name) || s.Name == "clone3" && f.names("clone")
}

// passes says whether a call goes on: one that is only logged does.
func passes(action specs.LinuxSeccompAction) bool {
	return action == specs.ActAllow || action == specs.ActLog
}

// entries are what a filter has about a call. Runtimes pass over those that say what the
// default does, and of the rest libseccomp keeps the first without conditions alone.
func (f *Filter) entries(call string) []Entry {
	var out []Entry
	for _, e := range f.Syscalls {
		switch {
		case !slices.Contains(e.Names, call) || e.Action == f.DefaultAction:
		case len(e.Args) == 0:
			return []Entry{e}
		default:
			out = append(out, e)
		}
	}
	return out
}

// names says whether a call is let through with some arguments at least.
func (f *Filter) names(call string) bool {
	entries := f.entries(call)
	if len(entries) == 1 && len(entries[0].Args) == 0 {
		return passes(entries[0].Action)
	}
	return passes(f.DefaultAction) || slices.ContainsFunc(entries, func(e Entry) bool { return passes(e.Action) })
}

// allows says whether a call is let through with a value of one argument,
// whatever the others are.
func (f *Filter) allows(call string, index uint, value uint64) bool {
	action := f.DefaultAction
	for _, e := range f.entries(call) {
		if e.matches(index, value) {
			action = e.Action
			if !passes(action) {
				break // of two that match, which one libseccomp asks first is not known
			}
		}
	}
	return passes(action)
}

// matches says whether all conditions hold that are on the argument. One on
// another argument is not known to hold.
func (e Entry) matches(index uint, value uint64) bool {
	for _, a := range e.Args {
		if a.Index != index || !holds(a, value) {
			return false
		}
	}
	return true
}

func holds(a specs.LinuxSeccompArg, value uint64) bool {
	switch a.Op {
	case specs.OpEqualTo:
		return value == a.Value
	case specs.OpNotEqual:
		return value != a.Value
	case specs.OpMaskedEqual:
		return value&a.Value == a.ValueTwo
	case specs.OpLessThan:
		return value < a.Value
	case specs.OpLessEqual:
		return value <= a.Value
	case specs.OpGreaterThan:
		return value > a.Value
	case specs.OpGreaterEqual:
		return value >= a.Value
	}
	return false
}

// allowsArgument judges the arguments that a filter can see, and lets pass those
// that it cannot, and those of calls that are not let through at all.
func (f *Filter) allowsArgument(a trace.Argument) bool {
	switch {
	case !f.names(a.Syscall) && a.Syscall != "clone3":
		return true
	case a.Name == trace.ArgNamespaces && a.Syscall == "clone3":
		return f.names("clone3") || !f.names("clone")
	case a.Name == trace.ArgNamespaces && a.Syscall == "setns":
		value, ok := flags(a.Value, namespaceFlags)
		return a.Value != "any" && !ok || f.allows("setns", 1, value)
	case a.Name == trace.ArgNamespaces:
		value, ok := flags(a.Value, namespaceFlags)
		return !ok || f.allows(a.Syscall, 0, value)
	case a.Name == trace.ArgPersonality:
		value, ok := number(a.Value, nil, "")
		return !ok || f.allows(a.Syscall, 0, value)
	case a.Name == trace.ArgPrctl && a.Syscall == "prctl":
		value, ok := number(a.Value, prctls, "")
		return !ok || f.allows(a.Syscall, 0, value)
	}
	return true
}
