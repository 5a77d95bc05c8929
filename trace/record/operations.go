package record

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/osapi-io/osapi-profile/trace"
)

// Mark asks a recording that follows no plan to begin an operation.
type Mark struct {
	Operation string
	Done      chan<- error // told once when facts are tagged with it, or why they are not
}

// verdict is how an operation went. The zero value: nobody judged it.
type verdict struct {
	outcome string // one of trace.OperationOK and its kin
	detail  string
}

func failed(format string, args ...any) verdict {
	return verdict{trace.OperationFailed, fmt.Sprintf(format, args...)}
}

// turn ends the operation that is running and begins the next, "" for none.
// From its return on the probes tag what they see with the next one. It belongs
// to the goroutine of follow, as all in this file does.
func (r *recording) turn(v verdict, next string) error {
	number := 0
	if next != "" {
		number = slices.Index(r.observer.operations, next)
		if number < 0 {
			number = len(r.observer.operations)
			r.observer.operations = append(r.observer.operations, next)
		}
	}
	tasks := r.tasks()
	at := r.milliseconds(monotonic())
	if err := r.variables.Operation.Set(uint32(number)); err != nil {
		return fmt.Errorf("telling the probes the operation: %w", err)
	}
	used := r.meter.turn(r.pids(), r.state, tasks, time.Now())
	if o := r.running; o != nil {
		o.Last, o.Outcome, o.Detail, o.Resources = max(at, o.First, 1), v.outcome, v.detail, used
		r.ended(*o)
	}
	r.running = nil
	if next != "" {
		r.running = &trace.Operation{Name: next, First: at}
		r.write(*r.running)
	}
	return nil
}

// next is turn for who plays a plan.
func (r *recording) next(v verdict, operation string) { r.fail(r.turn(v, operation)) }

// tasks is the most processes and threads there were since the last call.
func (r *recording) tasks() uint32 {
	var peak, count uint32
	if r.variables.TaskPeak.Get(&peak) != nil || r.variables.TaskCount.Get(&count) != nil {
		return 0
	}
	_ = r.variables.TaskPeak.Set(count)
	return peak
}

// skip notes an operation that will not run.
func (r *recording) skip(name, why string) {
	at := r.milliseconds(monotonic())
	r.ended(trace.Operation{Name: name, First: at, Last: at, Outcome: trace.OperationSkipped, Detail: why})
}

func (r *recording) ended(o trace.Operation) {
	r.done = append(r.done, o)
	r.write(o)
	if r.Progress != nil {
		r.Progress(o)
	}
}

// write writes an operation, unless writing has failed already.
func (r *recording) write(o trace.Operation) {
	if r.failed == nil {
		r.fail(errors.Join(r.out.Operation(o), r.pending.flush()))
	}
}

// mark begins an operation by hand.
func (r *recording) mark(m Mark) {
	err := trace.CheckOperation(m.Operation)
	if r.Plan != nil {
		err = fmt.Errorf("the recorder follows a plan, which begins the operations; leave out mark, or --plan")
	}
	if err == nil {
		err = r.turn(verdict{}, m.Operation)
	}
	m.Done <- err
}

// operation is the name of what is running, "" if nothing has one.
func (r *recording) operation() string {
	if r.running == nil {
		return ""
	}
	return r.running.Name
}

// concludeOperations ends what is running when the worker has, and says what
// of the plan never ran.
func (r *recording) concludeOperations(c *conductor) {
	v := verdict{}
	if c != nil {
		v = c.conclude(r)
	}
	if r.running != nil {
		r.fail(r.turn(v, ""))
	}
	if c == nil {
		return
	}
	for _, o := range c.plan.Operations {
		if !slices.ContainsFunc(r.done, func(d trace.Operation) bool { return d.Name == o.Name }) {
			r.skip(o.Name, c.whyNot(r))
		}
	}
	for _, name := range c.plan.Missing {
		r.skip(name, "the plan has none")
	}
}

// deliver sends a signal to the main process, or to all it left behind.
func (r *recording) deliver(number syscall.Signal) {
	if r.worker != nil && r.state == nil {
		_ = r.worker.process.Signal(number)
		return
	}
	if a := r.attached; a != nil && a.unit != nil {
		if pid := a.unit.mainPID(); pid != 0 {
			_ = syscall.Kill(pid, number)
			return
		}
	}
	for _, pid := range r.pids() {
		_ = syscall.Kill(int(pid), number)
	}
}

// shutDown ends the worker as the plan's shutdown does: a command by a signal, a
// unit as systemd stops it, which sends what KillSignal= says.
func (r *recording) shutDown(number syscall.Signal) verdict {
	v := verdict{outcome: trace.OperationOK}
	if r.attached == nil {
		r.pass(number)
	} else if err := r.attached.unit.stop(); err != nil {
		v = failed("%v", err)
	}
	return v
}

// kill ends every process of the worker.
func (r *recording) kill() {
	if r.attached != nil {
		_ = r.attached.unit.stop() // lest systemd starts it again
	}
	for _, pid := range r.pids() {
		_ = syscall.Kill(int(pid), syscall.SIGKILL)
	}
}

// inWords says how a process ended.
func inWords(state *os.ProcessState) string {
	if state == nil {
		return "it is still there"
	}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return signalName(status.Signal())
	}
	return fmt.Sprintf("exit status %d", state.ExitCode())
}
