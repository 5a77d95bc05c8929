package prove

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"

	"github.com/osapi-io/osapi-profile/prove/unit"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/osapi-io/osapi-profile/trace/record"
)

// heed ends the run when a signal says so. Without a plan that is what ends the
// service, so the first one has it stopped, if it runs; a second one does not wait
// for that.
func (o Options) heed(ctx context.Context, cancel func(), started <-chan *unit.Service) {
	var service *unit.Service
	stopping := false
	for {
		select {
		case service = <-started:
		case <-o.Signals:
			if o.Plan != nil || service == nil || stopping {
				cancel()
				return
			}
			if running, err := service.Running(ctx); err != nil || !running {
				cancel()
				return
			}
			stopping = true
			go func() {
				if service.Stop(ctx) != nil {
					cancel()
				}
			}()
		case <-ctx.Done():
			return
		}
	}
}

// watch has the recorder start the service and follow it to its end.
func (r *run) watch(ctx context.Context) (*trace.Trace, error) {
	var file bytes.Buffer
	to := io.Writer(&file)
	if r.Trace != nil {
		to = io.MultiWriter(&file, r.Trace)
	}
	r.say("running " + r.Name)
	r.started <- r.service
	_, err := record.Run(ctx, record.Options{
		Attach: &record.Attach{Unit: r.Name}, Trace: to, Tool: r.Tool, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: r.Stderr,
		Status: r.Status, Warn: r.Warn, Plan: r.Plan, Output: r.Output, Progress: r.Progress,
	})
	if errors.Is(err, record.ErrUnitFailed) {
		r.unstarted, err = err, nil
	}
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		r.result.Broken = "it was interrupted"
	}
	return trace.Read(&file)
}
