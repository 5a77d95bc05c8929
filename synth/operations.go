package synth

import (
	"cmp"
	"slices"

	"github.com/osapi-io/osapi-profile/trace"
)

// Operation is a step of the training plan, over all runs.
type Operation struct {
	Name      string          `json:"name"`
	Ran       int             `json:"ran"`              // how often, attempts included
	Failed    int             `json:"failed,omitempty"` // of these, how often not as planned
	Detail    string          `json:"detail,omitempty"` // why it failed, or never ran
	Resources trace.Resources `json:"resources,omitzero"`
	Elsewhere *Elsewhere      `json:"elsewhere,omitempty"` // no capability would make it work for a user
}

// Use is what was done to a file in one operation.
type Use struct {
	Operation string       `json:"op"`
	Access    trace.Access `json:"access"`
}

// inferOperations lists operations in the order they began in, those of the
// first run first. What facts name without a record of it comes last.
func inferOperations(t *trace.Trace) []Operation {
	operations := []Operation{}
	at := map[string]int{}
	get := func(name string) *Operation {
		if _, ok := at[name]; !ok {
			at[name] = len(operations)
			operations = append(operations, Operation{Name: name})
		}
		return &operations[at[name]]
	}
	for _, r := range t.Runs {
		for _, seen := range r.Operations {
			o := get(seen.Name)
			if seen.Outcome != trace.OperationSkipped {
				o.Ran++
			}
			if seen.Outcome == trace.OperationFailed {
				o.Failed++
			}
			o.Detail = cmp.Or(o.Detail, seen.Detail)
			o.Resources = most(o.Resources, seen.Resources)
		}
	}
	for _, name := range namedByFacts(t) {
		get(name)
	}
	decidedElsewhere(t, operations)
	return operations
}

// namedByFacts lists the operations that facts belong to, sorted.
func namedByFacts(t *trace.Trace) []string {
	var names []string
	note := func(s trace.Seen) {
		if s.Operation != "" {
			names = append(names, s.Operation)
		}
	}
	for _, f := range t.Syscalls {
		note(f.Seen)
	}
	for _, f := range t.Execs {
		note(f.Seen)
	}
	for _, f := range t.Files {
		note(f.Seen)
	}
	for _, f := range t.Capabilities {
		note(f.Seen)
	}
	for _, f := range t.Sockets {
		note(f.Seen)
	}
	for _, f := range t.Arguments {
		note(f.Seen)
	}
	return sortedSet(names)
}

// most is the larger of each measure.
func most(a, b trace.Resources) trace.Resources {
	return trace.Resources{
		MemoryPeak: max(a.MemoryPeak, b.MemoryPeak), CPUPeak: max(a.CPUPeak, b.CPUPeak), CPUTime: max(a.CPUTime, b.CPUTime),
		TasksPeak: max(a.TasksPeak, b.TasksPeak), FilesPeak: max(a.FilesPeak, b.FilesPeak),
	}
}

// attributed gives the trace with facts of asynchronous work in the operation
// they belong to. Heartbeats and timers fall into whatever operation is running.
// A fact that is also there while nobody asks for anything needs no operation
// to bring it about: it is of idle. What is granted does not change by that.
func attributed(t *trace.Trace, folds *folder) *trace.Trace {
	out := *t
	out.Syscalls = settle(t.Syscalls, func(f *trace.Syscall) *trace.Seen { return &f.Seen }, nil)
	out.Execs = settle(t.Execs, func(f *trace.Exec) *trace.Seen { return &f.Seen }, nil)
	out.Capabilities = settle(t.Capabilities, func(f *trace.Capability) *trace.Seen { return &f.Seen }, nil)
	out.Sockets = settle(t.Sockets, func(f *trace.Socket) *trace.Seen { return &f.Seen }, nil)
	out.Arguments = settle(t.Arguments, func(f *trace.Argument) *trace.Seen { return &f.Seen }, nil)
	out.Files = settle(t.Files, func(f *trace.File) *trace.Seen { return &f.Seen }, func(f trace.File) trace.File {
		// Process ids and temporary names differ each time, owner and mode may.
		name := func(p trace.Path) trace.Path {
			pattern, _ := folds.fold(p)
			return trace.Path(nameOf(p, pattern).key())
		}
		alike := trace.File{Seen: f.Seen, Path: name(f.Path), Access: f.Access, Syscall: f.Syscall, Anon: f.Anon}
		if f.Target != "" {
			alike.Target = name(f.Target)
		}
		return alike
	})
	return &out
}

// settle moves the facts that recur in idle there. alike, unless nil, gives
// what two facts must have in common to be the same.
func settle[F comparable](facts []F, seen func(*F) *trace.Seen, alike func(F) F) []F {
	key := func(f F) F {
		if alike != nil {
			f = alike(f)
		}
		s := seen(&f)
		*s = trace.Seen{Subject: s.Subject, Outcome: s.Outcome}
		return f
	}
	idle := map[F]bool{}
	for i := range facts {
		if seen(&facts[i]).Operation == trace.OperationIdle {
			idle[key(facts[i])] = true
		}
	}
	if len(idle) == 0 {
		return facts
	}
	out := slices.Clone(facts)
	for i := range out {
		if s := seen(&out[i]); s.Operation != "" && idle[key(facts[i])] {
			s.Operation = trace.OperationIdle
		}
	}
	return out
}

// use notes what was done to a file in an operation.
func use(uses []Use, operation string, access trace.Access) []Use {
	if operation == "" {
		return uses
	}
	for i := range uses {
		if uses[i].Operation == operation {
			uses[i].Access |= access
			return uses
		}
	}
	return append(uses, Use{operation, access})
}
