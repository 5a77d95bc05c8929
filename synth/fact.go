package synth

import (
	"cmp"
	"iter"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/osapi-io/osapi-profile/trace"
)

// Fact is a fact of any kind, in the form that commands show it in.
type Fact struct {
	Kind string     `json:"kind"`           // "syscall", "exec", "file", "capability", "socket", "argument" or "resource"
	Name trace.Path `json:"name"`           // what it is about: a call, a path, a capability, an address
	What string     `json:"what,omitempty"` // what was done to it
	// Idle says why no profile has to admit it, "" when one has to.
	Idle string `json:"not_needed,omitempty"`
	FactRef
}

// Reasons why the worker's outcome does not rest on a fact.
const (
	idleMissing  = "it failed before any permission was asked for"
	idleNoCall   = "the kernel had no such call"
	idleAnon     = "it has no name that a profile could give"
	idleRelative = "its name was not resolved to an absolute one"
)

// Teller puts facts of one trace into words.
type Teller struct {
	by      subjects
	starter string
}

// NewTeller is for the facts of t.
func NewTeller(t *trace.Trace) Teller { return Teller{subjectsOf(t), starterOf(t)} }

// Peak is how much of something the worker had at most in a run.
type Peak struct {
	Run   string
	Name  string // "tasks"
	Value uint64
}

// Fact is one of the fact types of package trace, or a peak, in words. It panics
// when given anything else.
func (w Teller) Fact(of any) Fact {
	switch f := of.(type) {
	case trace.Syscall:
		return w.syscall(f)
	case trace.Exec:
		return w.exec(f)
	case trace.File:
		return w.file(f)
	case trace.Capability:
		return w.capability(f)
	case trace.Socket:
		return w.socket(f)
	case trace.Argument:
		return w.argument(f)
	case Peak:
		return Fact{Kind: "resource", Name: trace.Path(f.Name), What: strconv.FormatUint(f.Value, 10) + " at most"}
	}
	panic("synth: not a fact")
}

func (w Teller) syscall(f trace.Syscall) Fact {
	out := Fact{Kind: "syscall", Name: trace.Path(f.Name), What: f.ABI, FactRef: w.by.ref(f.Seen, "")}
	if f.Outcome == "ENOSYS" {
		out.Idle = idleNoCall
	}
	return out
}

func (w Teller) exec(f trace.Exec) Fact {
	target := w.by[f.Target]
	out := Fact{Kind: "exec", Name: cmp.Or(target.Script, target.Exe), What: "execute", FactRef: w.by.executed(f, w.starter)}
	out.Idle = idle(f.Outcome)
	return out
}

func (w Teller) file(f trace.File) Fact {
	out := Fact{Kind: "file", Name: f.Path, What: f.Access.String(), FactRef: w.by.ref(f.Seen, f.Syscall)}
	switch {
	case f.Anon:
		out.Idle = idleAnon
	case f.Path == "" || f.Path[0] != '/':
		out.Idle = idleRelative
	default:
		out.Idle = idle(f.Outcome)
	}
	return out
}

func (w Teller) capability(f trace.Capability) Fact {
	what := f.Caller
	if f.Argument != "" {
		what = strings.TrimSpace(f.Argument + " " + what)
	}
	return Fact{Kind: "capability", Name: trace.Path(f.Name), What: what, Idle: notNeeded(f), FactRef: w.by.ref(f.Seen, f.Syscall)}
}

func (w Teller) socket(f trace.Socket) Fact {
	return Fact{
		Kind: "socket", Name: socketName(f.Family, f.Address, f.Port, f.Path, f.Abstract), What: socketUse(f.Action, f.Family, f.Type),
		Idle: idle(f.Outcome), FactRef: w.by.ref(f.Seen, socketCall(f.Action)),
	}
}

func (w Teller) argument(f trace.Argument) Fact {
	return Fact{
		Kind: "argument", Name: trace.Path(f.Value), What: argumentUse(f.Syscall, f.Name, f.Target),
		Idle: idle(f.Outcome), FactRef: w.by.ref(f.Seen, f.Syscall),
	}
}

func idle(outcome string) string {
	if restsOnPermission(outcome) {
		return ""
	}
	return idleMissing
}

// socketName is what a socket is about: where it leads, or else its family.
func socketName(family, address string, port int, path, abstract trace.Path) trace.Path {
	switch ip, err := netip.ParseAddr(address); {
	case path != "":
		return path
	case abstract != "":
		return "@" + abstract
	case err == nil:
		return trace.Path(netip.AddrPortFrom(ip, uint16(port)).String())
	case port != 0:
		return trace.Path(family + " port " + strconv.Itoa(port))
	}
	return trace.Path(family)
}

func socketUse(action, family, typ string) string {
	return strings.TrimSpace(action + " " + family + " " + typ)
}

func argumentUse(syscall, name, target string) string {
	what := name + " of " + syscall
	if target != "" {
		what += " at " + target
	}
	return what
}

// Each goes through the facts of a trace, whatever their kind, as values of the
// types that [Teller.Fact] takes.
func Each(t *trace.Trace) iter.Seq[any] {
	return func(yield func(any) bool) {
		_ = every(t.Syscalls, yield) && every(t.Capabilities, yield) && every(t.Execs, yield) &&
			every(t.Files, yield) && every(t.Sockets, yield) && every(t.Arguments, yield)
	}
}

func every[T any](facts []T, yield func(any) bool) bool {
	return !slices.ContainsFunc(facts, func(f T) bool { return !yield(f) })
}

// Facts puts every fact of a trace into words.
func Facts(t *trace.Trace) []Fact {
	w := NewTeller(t)
	var out []Fact
	for f := range Each(t) {
		out = append(out, w.Fact(f))
	}
	return out
}
