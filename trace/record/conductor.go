package record

import (
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/osapi-io/osapi-profile/trace"
	"github.com/osapi-io/osapi-profile/trace/record/plan"
)

// scene is where a plan is played: a recording, or a unit that nobody watches. Its
// methods are called by the goroutine that follows the worker.
type scene interface {
	next(verdict, string)            // ends the operation that is running, and begins another
	deliver(syscall.Signal)          // to the worker's main process
	shutDown(syscall.Signal) verdict // as the plan's last operation does by a signal
	kill()                           // ends every process of the worker
}

// conductor runs a plan beside the worker, in a goroutine of its own and
// outside of the scope. What it wants of the scene it orders from who follows the
// worker.
type conductor struct {
	plan     *plan.Plan
	orders   chan func()
	finished chan struct{}
	stop     context.CancelFunc // when the worker is no more
	output   *os.File           // receives what commands say
	ready    *finder            // of the line that says so; nil unless the plan names one
	mainPID  func() int         // of the worker's main process, 0 if there is none

	// Written by the conductor, read once it has finished.
	shutdown *verdict // of shutdown, as far as it got; nil before
	unready  string   // why startup failed
}

// conduct starts the plan, if there is one.
func (r *recording) conduct() *conductor {
	if r.Plan == nil {
		return nil
	}
	c := &conductor{plan: r.Plan, orders: make(chan func()), finished: make(chan struct{}), output: r.Stderr}
	if r.tap != nil {
		c.ready = r.tap.finder
	}
	if r.Output != nil {
		c.output = r.Output
	}
	// The worker's end stops the plan, not what stops the recorder: that is
	// passed on to the worker.
	ctx, stop := context.WithCancel(context.Background())
	c.stop = stop
	if r.worker != nil {
		pid := r.worker.process.Pid
		c.mainPID = func() int { return pid }
	} else {
		c.mainPID = func() (pid int) { // changes when systemd restarts the unit
			c.order(ctx, func() { pid = r.attached.unit.mainPID() })
			return pid
		}
	}
	go c.run(ctx, r)
	return c
}

// wants is where the orders for follow come from; nil without a plan.
func (c *conductor) wants() <-chan func() {
	if c == nil {
		return nil
	}
	return c.orders
}

// order has follow do something, and waits for that. It says false when the
// worker is no more.
func (c *conductor) order(ctx context.Context, f func()) bool {
	done := make(chan struct{})
	select {
	case c.orders <- func() { f(); close(done) }:
		<-done
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

func (c *conductor) run(ctx context.Context, on scene) {
	defer close(c.finished)
	v := c.startup(ctx)
	last := len(c.plan.Operations) - 1
	for _, o := range c.plan.Operations[:last] {
		for range o.Repeat {
			if c.unready != "" || ctx.Err() != nil {
				break
			}
			before := v
			c.order(ctx, func() { on.next(before, o.Name) })
			v = c.perform(ctx, on, o)
		}
	}
	if ctx.Err() != nil {
		return
	}
	c.end(ctx, on, v, c.plan.Operations[last])
}

// startup waits until the worker is ready.
func (c *conductor) startup(ctx context.Context) verdict {
	ready := c.plan.Ready
	deadline := time.Now().Add(ready.Timeout)
	is := func() bool { return true }
	switch {
	case ready.Wait > 0:
		sleep(ctx, ready.Wait)
	case ready.Line != nil:
		is = c.ready.found
	case ready.Port != "":
		is = func() bool {
			conn, err := net.DialTimeout("tcp", ready.Port, time.Until(deadline))
			if err == nil {
				_ = conn.Close()
			}
			return err == nil
		}
	case ready.Command != nil:
		is = func() bool { return c.execute(ctx, ready.Command, nil, time.Until(deadline)) == nil }
	}
	for !is() {
		if !sleep(ctx, readyEvery) {
			return verdict{}
		}
		if time.Now().After(deadline) {
			c.unready = fmt.Sprintf("the worker was not ready within %s", ready.Timeout)
			return failed("%s", c.unready)
		}
	}
	sleep(ctx, ready.Settle)
	return verdict{outcome: trace.OperationOK}
}

// readyEvery is how often it is looked whether the worker is ready.
const readyEvery = 200 * time.Millisecond

// perform does what an operation says, and waits for what comes late.
func (c *conductor) perform(ctx context.Context, on scene, o plan.Operation) verdict {
	v := verdict{outcome: trace.OperationOK}
	switch {
	case o.Wait > 0:
		sleep(ctx, o.Wait)
	case o.Signal != 0:
		c.order(ctx, func() { on.deliver(o.Signal) })
	default:
		v = judge(o, c.execute(ctx, o.Command, c.output, o.Timeout))
	}
	sleep(ctx, o.Settle)
	return v
}

// judge says whether a command did what the plan wants of it.
func judge(o plan.Operation, err error) verdict {
	_, exited := err.(*statusError)
	switch {
	case o.Fails && err == nil:
		return failed("exit status 0, and it was meant to fail")
	case o.Fails && exited:
		return verdict{outcome: trace.OperationOK}
	case err != nil:
		return failed("%v", err)
	}
	return verdict{outcome: trace.OperationOK}
}

// end performs shutdown, which lasts until the worker is no more.
func (c *conductor) end(ctx context.Context, on scene, before verdict, o plan.Operation) {
	v := verdict{outcome: trace.OperationOK}
	if !c.order(ctx, func() { on.next(before, o.Name); c.shutdown = &v }) {
		return
	}
	deadline := time.Now().Add(o.Timeout)
	if o.Signal != 0 {
		c.order(ctx, func() { v = on.shutDown(o.Signal) })
	} else {
		v = judge(o, c.execute(context.Background(), o.Command, c.output, o.Timeout))
	}
	if sleep(ctx, time.Until(deadline)) {
		v = failed("the worker still ran after %s and was killed", o.Timeout)
		for c.order(ctx, on.kill) && sleep(ctx, readyEvery) {
		}
	}
}

// conclude says how the operation went that the worker ended in.
func (c *conductor) conclude(r *recording) verdict {
	c.stop()
	<-c.finished
	switch {
	case c.shutdown != nil:
		return *c.shutdown
	case r.left:
		return failed("the recording was ended in it")
	case r.attached != nil:
		return failed("the unit stopped in it")
	}
	return failed("the worker ended in it: %s", inWords(r.state))
}

// whyNot says why operations of the plan never ran.
func (c *conductor) whyNot(r *recording) string {
	switch {
	case c.unready != "":
		return c.unready
	case r.left:
		return "the recording had been ended"
	}
	return "the worker had ended"
}

// stopped says whether the worker ended as shutdown has it.
func (c *conductor) stopped(state *os.ProcessState) bool {
	if c == nil || c.shutdown == nil || state == nil {
		return false
	}
	status, ok := state.Sys().(syscall.WaitStatus)
	asked := c.plan.Operations[len(c.plan.Operations)-1].Signal
	return ok && (status.Signaled() && status.Signal() == asked || status.Exited() && status.ExitStatus() == 0)
}

// failures counts the operations that did not go as planned.
func (c *conductor) failures(done []trace.Operation) (n int) {
	if c == nil {
		return 0
	}
	for _, o := range done {
		if o.Outcome == trace.OperationFailed || o.Outcome == trace.OperationSkipped && !slices.Contains(c.plan.Missing, o.Name) {
			n++
		}
	}
	return n
}

// sleep says false when the worker is no more before the time is over.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(max(d, 0))
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
