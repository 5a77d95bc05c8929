package record

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"

	"github.com/osapi-io/osapi-profile/trace"
)

// start has the command executed with the probes in place.
func (r *recording) start(path string) error {
	own, tap, err := r.tapped()
	if err != nil {
		return err
	}
	r.tap = tap
	w, err := prepare(own)
	if err != nil {
		return err
	}
	r.worker = w
	header := trace.Header{Worker: trace.Path(path), UID: uint32(os.Getuid()), GID: uint32(os.Getgid())}
	if id := r.Identity; id != nil {
		header.User, header.UID, header.GID = id.Name, id.UID, id.GID
	} else if u, err := user.LookupId(strconv.Itoa(os.Getuid())); err == nil {
		header.User = u.Username
	}
	err = r.begin(header)
	if err == nil && r.Plan != nil {
		err = r.turn(verdict{}, trace.OperationStartup)
	}
	if err == nil {
		err = r.arm(w.process.Pid)
	}
	if err != nil {
		w.abort()
		return err
	}
	if err := w.release(r.Options); err != nil {
		return err
	}
	tap.pass()
	if err := r.opened(); err != nil {
		w.abort()
		return fmt.Errorf("%w: %w; it was ended again; osapi-profile doctor says whether anything can be recorded here", ErrUnsupported, err)
	}
	return nil
}

// exited tells of the end of the main process. Nothing ever comes from what was
// attached to, which is not this process's child.
func (r *recording) exited() <-chan *os.ProcessState {
	if r.worker == nil {
		return nil
	}
	exited := make(chan *os.ProcessState, 1)
	go func() {
		state, _ := r.worker.process.Wait()
		exited <- state
	}()
	return exited
}

// judge says how the main process ended. How one did that was attached to is
// for its own parent to know.
func (r *recording) judge(result *Result, end *trace.End) {
	if r.state == nil {
		return
	}
	if status, ok := r.state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		result.Signal, result.Exit = status.Signal(), -1
		end.Signal, end.Exit = signalName(status.Signal()), -1
		return
	}
	result.Exit = r.state.ExitCode()
	end.Exit = result.Exit
}
