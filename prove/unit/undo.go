package unit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"
	"golang.org/x/sys/unix"

	"github.com/osapi-io/osapi-profile/prove/ledger"
)

// patience is how long a service may take to stop before it is killed. It is not
// the operator's any more, or will be started anew.
const patience = 10 * time.Second

// Close takes everything away again that was made, also when ctx has been
// cancelled, and starts what ran before.
func (h *Host) Close(ctx context.Context) error {
	defer h.conn.Close()
	return h.undo(context.WithoutCancel(ctx), h.ledger)
}

// ErrLeft says that what was made is still there, or that what ran before does not run
// again, whatever else failed.
var ErrLeft = errors.New("this machine is not as it was before")

// undo takes away what stands in a ledger, last things first. What could not be
// is left to the next run.
func (h *Host) undo(ctx context.Context, l *ledger.Ledger) error {
	ctx, cancel := context.WithTimeout(ctx, 10*patience)
	defer cancel()
	var failed []error
	note := func(e ledger.Entry, err error) {
		if err != nil {
			failed = append(failed, fmt.Errorf("%s %s: %w", e.Kind, e.Name, err))
		}
	}
	files := false
	for _, e := range slices.Backward(l.Entries) {
		switch e.Kind {
		case ledger.Unit:
			note(e, h.end(ctx, e.Name))
		case ledger.File:
			files = true
			note(e, gone(os.Remove(e.Name)))
		case ledger.Directory:
			if err := gone(os.Remove(e.Name)); !errors.Is(err, syscall.ENOTEMPTY) {
				note(e, err)
			}
		case ledger.Mount:
			if err := unix.Unmount(e.Name, unix.MNT_DETACH); !errors.Is(err, unix.EINVAL) { // EINVAL: it is not mounted
				note(e, gone(err))
			}
		case ledger.Profile:
			note(e, unload(e.Name))
		}
	}
	if files {
		note(ledger.Entry{Kind: "reload"}, h.conn.ReloadContext(ctx))
	}
	put := l.Close
	if len(failed) > 0 {
		put = l.Keep
	}
	if err := errors.Join(append(failed, h.again(ctx, l), put())...); err != nil {
		return fmt.Errorf("%w: %w", ErrLeft, err)
	}
	return nil
}

// again starts what ran before, and waits until it does: whoever asks next whether it
// runs is to hear so. One that cannot be started is not left to the next run, which
// could not either; one that takes long is left to systemd.
func (h *Host) again(ctx context.Context, l *ledger.Ledger) error {
	var failed []error
	for _, e := range l.Entries {
		if e.Kind != ledger.Again {
			continue
		}
		s := Service{Name: e.Name, host: h}
		result, err := s.Start(ctx)
		switch {
		case errors.Is(err, context.DeadlineExceeded):
		case err != nil:
			failed = append(failed, fmt.Errorf("it ran before, and does not now: %w", err))
		case result != "done":
			failed = append(failed, fmt.Errorf("it ran before, and does not now: starting %s: %s", e.Name, result))
		}
	}
	return errors.Join(failed...)
}

// gone passes over what is not there any more.
func gone(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// end stops a service, and kills it when it does not.
func (h *Host) end(ctx context.Context, name string) error {
	soon, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := h.stop(soon, name)
	if errors.Is(err, context.DeadlineExceeded) {
		if err = h.conn.KillUnitWithTarget(ctx, name, dbus.All, int32(syscall.SIGKILL)); err == nil {
			err = h.stop(ctx, name)
		}
	}
	_ = h.conn.ResetFailedUnitContext(ctx, name) // so that systemd forgets it; it says so when there is nothing to forget
	return err
}

// stop waits until a service has stopped. One that is not there has.
func (h *Host) stop(ctx context.Context, name string) error {
	if running, err := h.running(ctx, name); err != nil || !running {
		return err
	}
	job := make(chan string, 1)
	if _, err := h.conn.StopUnitContext(ctx, name, "replace", job); err != nil {
		return fmt.Errorf("stopping %s: %w", name, err)
	}
	_, err := await(ctx, job)
	return err
}

func (h *Host) running(ctx context.Context, name string) (bool, error) {
	state, err := h.conn.GetUnitPropertyContext(ctx, name, "ActiveState")
	if err != nil {
		return false, fmt.Errorf("asking systemd about %s: %w", name, err)
	}
	s := state.Value.Value()
	return s != "inactive" && s != "failed", nil
}
