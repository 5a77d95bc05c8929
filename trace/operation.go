package trace

import (
	"cmp"
	"fmt"
	"slices"
)

// Operation is one run of a step of the training plan, or the time from one
// mark to the next. The facts seen in it have its name. A step that ran several
// times is there as often.
type Operation struct {
	Name      string    `json:"name"`
	First     int64     `json:"first"`             // when it began, milliseconds after Header.Started
	Last      int64     `json:"last,omitempty"`    // when it had ended, likewise; 0 while it lasts
	Outcome   string    `json:"outcome,omitempty"` // OperationOK, …; "" when nobody judged it
	Detail    string    `json:"detail,omitempty"`  // of a failure, in words
	Resources Resources `json:"resources,omitzero"`
}

// Outcomes of an operation.
const (
	OperationOK      = "ok"
	OperationFailed  = "failed"  // it did not do what the plan wants; its facts are of the attempt
	OperationSkipped = "skipped" // it never ran, so there are no facts of it
)

// Names of operations that mean something to the tool: each stands for a phase
// in the life of any service.
const (
	OperationStartup   = "startup"      // from the first instruction until the worker is ready
	OperationIdle      = "idle"         // nobody asks for anything: timers, heartbeats
	OperationReload    = "reload"       // reading the configuration again
	OperationRotation  = "log-rotation" // the log was moved away
	OperationReconnect = "reconnect"    // the other end of a connection went away and came back
	OperationShutdown  = "shutdown"     // until the last process has ended
)

// StandardOperations lists these names in the order they are best run in.
func StandardOperations() []string {
	return []string{
		OperationStartup, OperationIdle, OperationReload, OperationRotation, OperationReconnect, OperationShutdown,
	}
}

const maxOperationName = 64

// CheckOperation says what is wrong with a name of an operation. One that
// passes needs no escapes in any file that is written.
func CheckOperation(name string) error {
	if name == "" || len(name) > maxOperationName {
		return fmt.Errorf("the name %.80q of an operation has not 1 to %d characters", name, maxOperationName)
	}
	for i := range len(name) {
		c := name[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && (i == 0 || c != '.' && c != '_' && c != '-') {
			return fmt.Errorf("%q is no name for an operation: letters, digits and, after the first, . _ - only", name)
		}
	}
	return nil
}

func (o Operation) check() error {
	if o.First < 0 || o.Last < 0 {
		return fmt.Errorf("operation %.80q lies before the recording", o.Name)
	}
	return cmp.Or(CheckOperation(o.Name), names(o.Outcome), words(o.Detail))
}

func compareOperations(a, b Operation) int {
	return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Name, b.Name), compareJSON(a, b))
}

// operationID is what tells the operations of one run apart: the record that
// says that one began is replaced by the record that says how it ended.
type operationID struct {
	name  string
	first int64
}

// joinOperations is the union of what copies of one run say. Of two records of
// one operation, that of its end is kept.
func joinOperations(copies ...[]Operation) []Operation {
	known := map[operationID]Operation{}
	for _, operations := range copies {
		for _, o := range operations {
			id := operationID{o.Name, o.First}
			if old, ok := known[id]; !ok || laterRecord(old, o) {
				known[id] = o
			}
		}
	}
	if len(known) == 0 {
		return nil
	}
	joined := make([]Operation, 0, len(known))
	for _, o := range known {
		joined = append(joined, o)
	}
	slices.SortFunc(joined, compareOperations)
	return joined
}

// laterRecord says whether b was written after a. Two that end differently were
// edited by somebody; even then the choice must not depend on the order.
func laterRecord(a, b Operation) bool {
	return cmp.Or(cmp.Compare(a.Last, b.Last), compareJSON(b, a)) < 0
}

// interrupted is the operation that a run was in when its trace was cut off.
func (r Run) interrupted() string {
	for _, o := range slices.Backward(r.Operations) {
		if o.Last == 0 && o.Outcome != OperationSkipped {
			return o.Name
		}
	}
	return ""
}

// Untrained lists, as holes, the operations that no run has done with success:
// what the worker needs for them is not, or not wholly, in the trace. One that
// failed in a run and went well in another is trained.
func (t *Trace) Untrained() []Hole {
	done := map[string]bool{}
	worst := map[string]Operation{}
	for _, r := range t.Runs {
		for _, o := range r.Operations {
			switch o.Outcome {
			case OperationFailed, OperationSkipped:
				// What was tried and failed tells more than what was not tried.
				old, ok := worst[o.Name]
				if !ok || cmp.Or(cmp.Compare(o.Outcome, old.Outcome), cmp.Compare(o.Detail, old.Detail)) < 0 {
					worst[o.Name] = o
				}
			default:
				done[o.Name] = done[o.Name] || o.Last != 0
			}
		}
	}
	var holes []Hole
	for name, o := range worst {
		if done[name] {
			continue
		}
		detail := "operation " + name + " failed, so that only the attempt was seen"
		if o.Outcome == OperationSkipped {
			detail = "operation " + name + " never ran"
		}
		if o.Detail != "" {
			detail += ": " + o.Detail
		}
		holes = append(holes, Hole{Kind: HoleUntrained, Detail: detail})
	}
	slices.SortFunc(holes, func(a, b Hole) int { return cmp.Compare(a.Detail, b.Detail) })
	return holes
}
