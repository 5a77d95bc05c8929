package record

import (
	"context"
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"

	"github.com/osapi-io/osapi-profile/trace"
	"github.com/osapi-io/osapi-profile/trace/record/plan"
)

// Play has systemd start a service and puts it through a plan, as a recording of the
// unit does, but without a probe: for who only asks whether all goes well.
type Play struct {
	Unit   string // one that does not run
	Plan   *plan.Plan
	Output *os.File                   // receives what the plan's commands say; may be nil
	Enough func(trace.Operation) bool // told of each operation that has ended; true ends the play there. May be nil
}

// player is a play under way.
type player struct {
	Play
	unit    *unit
	started time.Time
	running *trace.Operation
	done    []trace.Operation
	enough  bool
}

// Run gives the operations in the order they ended, those last that never ran. The
// service is left running where the play was ended early or the context is done.
func (o Play) Run(ctx context.Context) ([]trace.Operation, error) {
	conn, err := dialSystemd(patience)
	if err != nil {
		return nil, fmt.Errorf("systemd does not answer: %w", err)
	}
	u := &unit{conn: conn, name: o.Unit, how: trace.AttachedStarted, job: make(chan string, 1)}
	defer func() { u.conn.Close() }() // it may be another one by then
	_, tap, err := Options{Plan: o.Plan}.tapped()
	if err != nil {
		return nil, err
	}
	defer tap.close()
	p := &player{Play: o, unit: u, started: time.Now()}
	p.next(verdict{}, trace.OperationStartup)
	if err := u.run(ctx); err != nil {
		return nil, err
	}
	return p.follow(ctx, tap), ctx.Err()
}

// follow plays the plan until the unit is no more.
func (p *player) follow(ctx context.Context, t *tap) []trace.Operation {
	within, stop := context.WithCancel(context.Background())
	c := &conductor{plan: p.Plan, orders: make(chan func()), finished: make(chan struct{}), output: p.Output, stop: stop}
	if t != nil {
		c.ready = t.finder
	}
	c.mainPID = func() (pid int) {
		c.order(within, func() { pid = p.unit.mainPID() })
		return pid
	}
	check := time.NewTicker(checkEvery)
	defer check.Stop()
	go c.run(within, p)
	interrupted := false
	for running := true; running; {
		select {
		case order := <-c.orders:
			order()
			running = !p.enough
		case <-p.unit.job:
			p.unit.running = false
		case now := <-check.C:
			running = p.unit.going(now)
		case <-ctx.Done():
			interrupted, running = true, false
		}
	}
	stop()
	<-c.finished
	why := "the unit stopped in it"
	switch {
	case p.enough:
		why = "the play was ended before"
	case interrupted:
		why = "the play was interrupted"
	}
	p.conclude(c, why)
	return p.done
}

// conclude ends what is running, and says what never ran.
func (p *player) conclude(c *conductor, why string) {
	switch {
	case p.enough:
	case c.shutdown != nil:
		p.next(*c.shutdown, "")
	case c.unready != "":
		why = c.unready
		p.next(failed("%s", why), "")
	default:
		p.next(failed("%s", why), "")
	}
	for _, o := range p.Plan.Operations {
		if !slices.ContainsFunc(p.done, func(d trace.Operation) bool { return d.Name == o.Name }) {
			at := time.Since(p.started).Milliseconds()
			p.done = append(p.done, trace.Operation{Name: o.Name, First: at, Last: at, Outcome: trace.OperationSkipped, Detail: why})
		}
	}
}

func (p *player) next(v verdict, operation string) {
	at := time.Since(p.started).Milliseconds()
	if o := p.running; o != nil {
		o.Last, o.Outcome, o.Detail = max(at, o.First), v.outcome, v.detail
		p.done = append(p.done, *o)
		p.enough = p.enough || p.Enough != nil && p.Enough(*o)
	}
	p.running = nil
	if operation != "" && !p.enough {
		p.running = &trace.Operation{Name: operation, First: at}
	}
}

func (p *player) deliver(s syscall.Signal) {
	if pid := p.unit.mainPID(); pid != 0 {
		_ = syscall.Kill(pid, s)
	}
}

func (p *player) shutDown(syscall.Signal) verdict {
	if err := p.unit.stop(); err != nil {
		return failed("%v", err)
	}
	return verdict{outcome: trace.OperationOK}
}

func (p *player) kill() {
	_ = p.unit.stop() // lest systemd starts it again
	_ = p.unit.ask(patience, func(ctx context.Context) error {
		return p.unit.conn.KillUnitWithTarget(ctx, p.unit.name, dbus.All, int32(syscall.SIGKILL))
	})
}
