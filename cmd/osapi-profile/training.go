package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/osapi-io/osapi-profile/trace/record"
	"github.com/osapi-io/osapi-profile/trace/record/control"
	"github.com/osapi-io/osapi-profile/trace/record/plan"
)

// training is what begins operations while a worker is recorded: a plan, or
// marks from outside.
type training struct {
	plan   *plan.Plan
	output *os.File // of the plan's commands; nil for stderr
	marks  chan record.Mark
	over   chan struct{} // closed when nobody takes marks any more
	server *control.Server
}

// readTraining reads the plan, so that a fault in it is told before anything
// runs.
func readTraining(name string) (*training, error) {
	t := &training{marks: make(chan record.Mark), over: make(chan struct{})}
	if name == "" {
		return t, nil
	}
	var err error
	if t.plan, err = plan.ReadFile(name); err != nil || t.plan.Output == "" {
		return t, err
	}
	t.output, err = os.OpenFile(t.plan.Output, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return t, fmt.Errorf("%s: output: %w", name, err)
	}
	return t, nil
}

// listen takes marks for a recording.
func (t *training) listen(worker, traceName string) error {
	dir, err := control.Dir()
	if err != nil {
		return err
	}
	if traceName, err = filepath.Abs(traceName); err != nil {
		return err
	}
	t.server, err = control.Listen(dir, control.Recorder{PID: os.Getpid(), Worker: worker, Trace: traceName}, t.mark)
	return err
}

// mark hands a mark to the recording and waits for it to take effect.
func (t *training) mark(operation string) error {
	done := make(chan error, 1)
	ended := errors.New("the recording has ended")
	select {
	case t.marks <- record.Mark{Operation: operation, Done: done}:
	case <-t.over:
		return ended
	}
	select {
	case err := <-done:
		return err
	case <-t.over:
		return ended
	}
}

func (t *training) close() {
	close(t.over)
	t.server.Close()
	if t.output != nil {
		_ = t.output.Close()
	}
}
