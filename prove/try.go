package prove

import (
	"context"
	"errors"
	"fmt"

	"github.com/osapi-io/osapi-profile/prove/unit"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/osapi-io/osapi-profile/trace/record"
)

// Trial is what became of a worker in a run that nobody watched.
type Trial struct {
	Operations []trace.Operation // in the order they ended, those last that never ran
	// Broken is how the worker ended, when that was otherwise than in training, and ""
	// else, as when the trial was over before the worker was.
	Broken string
	// Unstarted: systemd could not make the sandbox, or execute the command in it. That
	// is so whenever it is tried.
	Unstarted bool
}

// Try runs a worker under a profile and through its plan as [Run] does, and asks only
// whether all goes well: nothing is recorded, and the text is not read back, which is
// quicker. It ends after an operation of which enough says so. Everything that it
// makes on this machine is gone when it returns.
func Try(ctx context.Context, o Options, enough func(trace.Operation) bool) (t Trial, err error) {
	if o.Plan == nil {
		return t, errors.New("a trial needs a plan")
	}
	host, err := unit.Open(ctx)
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, host.Close(ctx)) }()
	o.tellSwept(host)
	r := &run{Options: o, host: host}
	if _, err := r.put(ctx); err != nil {
		return t, err
	}
	if err := record.Reset(ctx, o.Plan, o.output()); err != nil {
		return t, err
	}
	play := record.Play{Unit: o.Name, Plan: o.Plan, Output: o.output(), Enough: enough}
	t.Operations, err = play.Run(ctx)
	if err == nil {
		err = r.tried(ctx, &t)
	}
	if endErr := r.service.End(context.WithoutCancel(ctx)); err == nil { // it may still run, and use what is reset
		err = endErr
	}
	if resetErr := record.Reset(context.WithoutCancel(ctx), o.Plan, o.output()); err == nil {
		err = resetErr
	}
	return t, err
}

// tried asks how the worker ended.
func (r *run) tried(ctx context.Context, t *Trial) error {
	o, err := r.service.Outcome(ctx)
	if err != nil {
		return fmt.Errorf("after a trial: %w", err)
	}
	t.Unstarted = noSandbox(o)
	if !endedAsTrained(o, r.Training) {
		t.Broken = o.String()
	}
	return nil
}
