package record

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/osapi-io/osapi-profile/trace/record/plan"
)

// statusError says that a command of a plan ended otherwise than with status 0.
type statusError struct{ text string }

func (e *statusError) Error() string { return e.text }

// grace is how long a command has to end after SIGTERM.
const grace = 5 * time.Second

// Reset has the plan take back what its operations changed on this machine. It is
// for who runs a plan more than once: a recording does not. output may be nil.
func Reset(ctx context.Context, p *plan.Plan, output *os.File) error {
	if p == nil || p.Reset == nil {
		return nil
	}
	c := &conductor{plan: p, mainPID: func() int { return 0 }}
	err := c.execute(ctx, p.Reset.Command, output, p.Reset.Timeout)
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("the plan's reset: %w", err)
	}
	return nil
}

// execute runs a command of the plan: a child of the recorder, so outside of the
// scope, in a process group of its own, of which nothing is left afterwards. It
// is ended when limit is over or the worker is no more. output may be nil.
func (c *conductor) execute(ctx context.Context, command []string, output *os.File, limit time.Duration) error {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir = c.plan.Dir
	if output != nil {
		cmd.Stdout, cmd.Stderr = output, output
	}
	cmd.Env = os.Environ()
	if pid := c.mainPID(); pid != 0 { // 0 would be the command's own process group for kill(1)
		cmd.Env = append(cmd.Env, fmt.Sprintf("MAINPID=%d", pid)) // as in systemd's ExecReload=
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cannot execute %q: %w", command[0], errors.Unwrap(err))
	}
	group := cmd.Process.Pid
	over := make(chan struct{})
	go func() {
		defer close(over)
		leftBy(group)
	}()
	var stopped error
	timer := time.NewTimer(max(limit, 0))
	defer timer.Stop()
	select {
	case <-over:
	case <-timer.C:
		stopped = fmt.Errorf("took longer than %s", limit)
	case <-ctx.Done():
		stopped = errors.New("the worker ended")
	}
	if stopped != nil {
		_ = syscall.Kill(-group, syscall.SIGTERM)
		select {
		case <-over:
		case <-time.After(grace):
		}
	}
	// Nothing was reaped yet, so that the group's number is still its own.
	_ = syscall.Kill(-group, syscall.SIGKILL)
	<-over
	err := cmd.Wait()
	if stopped != nil {
		return stopped
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return &statusError{inWords(exit.ProcessState)}
	}
	return err
}

// leftBy waits until a child has ended, and leaves it to be reaped.
func leftBy(pid int) {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err != unix.EINTR {
			return
		}
	}
}
