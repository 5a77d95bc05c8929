package record

import (
	"context"
	"errors"
	"fmt"

	"github.com/osapi-io/osapi-profile/trace"
)

// What a plan wants of a worker that is a unit: systemd starts and stops it.

// plan says why the plan cannot be run around what is attached to, and begins to
// listen for the line that the plan waits for.
func (r *recording) plan(a *attachment) error {
	ready := r.Plan.Ready
	switch {
	case a.unit == nil:
		return errors.New("a plan is for a command or a unit: it begins with the start and ends with the shutdown")
	case a.unit.how == trace.AttachedUnit:
		return fmt.Errorf("%s runs already, and a plan begins with the start: add --restart, or stop it first", a.unit.name)
	case ready.Line != nil && ready.File == "":
		return fmt.Errorf("the plan waits for a line, and what %s writes goes to systemd: name its file: in the plan, or wait with "+
			"shell: journalctl --unit %[1]s --since -1min | grep -q …", a.unit.name)
	}
	var err error
	_, r.tap, err = r.tapped()
	return err
}

// mainPID is what systemd takes for the main process, 0 if there is none.
func (u *unit) mainPID() int {
	var pid uint32
	err := u.ask(patience, func(ctx context.Context) error {
		got, err := u.conn.GetUnitTypePropertyContext(ctx, u.name, "Service", "MainPID")
		if err == nil {
			pid, _ = got.Value.Value().(uint32)
		}
		return err
	})
	if err != nil {
		return 0
	}
	return int(pid)
}

// stop begins to stop the unit.
func (u *unit) stop() error {
	err := u.ask(patience, func(ctx context.Context) error {
		_, err := u.conn.StopUnitContext(ctx, u.name, "replace", nil)
		return err
	})
	if err != nil {
		return fmt.Errorf("stopping %s: %w", u.name, err)
	}
	return nil
}

// again starts a unit that ran before the plan shut it down.
func (u *unit) again(warn func(string)) {
	err := u.ask(patience, func(ctx context.Context) error {
		_, err := u.conn.StartUnitContext(ctx, u.name, "replace", nil)
		return err
	})
	if err != nil && warn != nil {
		warn(fmt.Sprintf("%s ran before and could not be started again: %v", u.name, err))
	}
}
