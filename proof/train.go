package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/osapi-io/osapi-profile/test/place"
	"github.com/osapi-io/osapi-profile/trace"
)

// run is what was seen of one.
type run struct {
	trace      *trace.Trace
	complaints []string // of the daemon, in the journal
	kernel     []string // AppArmor's, in the kernel's log
}

// failed lists the operations that did not do what the plan wants.
func (r run) failed() []string {
	var list []string
	for _, o := range r.trace.Runs[0].Operations {
		if o.Outcome != trace.OperationOK {
			list = append(list, fmt.Sprintf("%s %s: %s", o.Name, o.Outcome, o.Detail))
		}
	}
	return list
}

// tries is how often a run is made whose trace has a hole. In an emulated guest the
// recorder may come too late to a name in the mount namespace of a program that lives
// for a moment; that is nothing that a profile could be blamed for.
const tries = 3

// trainWhole trains until the trace has no hole.
func (d daemon) trainWhole(ctx context.Context, name string) (run, error) {
	var r run
	for range tries {
		var err error
		if r, err = d.train(ctx, name); err != nil || len(r.trace.Holes) == 0 {
			return r, err
		}
		fmt.Fprintf(os.Stderr, "%s: the trace has holes: %v\n", d.Name, r.trace.Holes)
	}
	return r, fmt.Errorf("the trace has holes, %d times over: %v", tries, r.trace.Holes)
}

// train puts the daemon through its plan, from fresh state.
func (d daemon) train(ctx context.Context, name string) (run, error) {
	var r run
	prepare := d.command(ctx, "./prepare")
	prepare.Dir = filepath.Join("daemons", d.Name)
	if err := errors.Join(d.unmask(ctx), d.stop(ctx)); err != nil {
		return r, err
	}
	if _, err := place.Output(prepare); err != nil {
		return r, err
	}
	_, err := place.Systemctl(ctx, "daemon-reload")
	cursor, cursorErr := place.Cursor(ctx)
	if err := errors.Join(err, cursorErr, clearKernelLog(ctx)); err != nil {
		return r, err
	}
	record := d.command(ctx, "./osapi-profile", "record", "--quiet", "--force", "-o", d.file(name),
		"--unit", d.Unit, "--plan", filepath.Join(prepare.Dir, "plan.yaml"))
	said, err := place.Output(record)
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != operationFailed) {
		return r, fmt.Errorf("%w\n%s\n%s", err, said, d.journal(ctx, cursor))
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n%s\n", d.Name, err, d.journal(ctx, cursor))
	}
	if r.trace, err = trace.ReadFile(d.file(name)); err != nil {
		return r, err
	}
	if r.complaints, err = place.Complaints(ctx, d.Unit, cursor); err != nil {
		return r, err
	}
	r.kernel, err = kernelDenials(ctx)
	return r, err
}

// command is one by which, or by whose children, scripts and plans are run. They know
// the unit by $UNIT, since its name is another one in each release of Debian.
func (d daemon) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, name, args...)
	c.Env = append(os.Environ(), "UNIT="+d.Unit)
	return c
}

// operationFailed is what record exits with when an operation of the plan did.
const operationFailed = 124

// journal is what the unit said since, for people to read.
func (d daemon) journal(ctx context.Context, cursor string) string {
	text, _ := place.Since(ctx, cursor, "--unit="+d.Unit)
	return text
}

// unmask undoes that the guest's image masks units of daemons.
func (d daemon) unmask(ctx context.Context) error {
	mask := filepath.Join("/etc/systemd/system", d.Unit)
	if to, err := os.Readlink(mask); err != nil || to != os.DevNull {
		return nil
	}
	if err := os.Remove(mask); err != nil {
		return err
	}
	_, err := place.Systemctl(ctx, "daemon-reload")
	return err
}

// stop stops the daemon and the sockets that would start it again, and leaves no failure behind that would keep it from being
// started.
func (d daemon) stop(ctx context.Context) error {
	if _, err := place.Systemctl(ctx, "cat", d.Unit); err != nil {
		return nil // there is no such unit before prepare makes it
	}
	sockets, err := place.Systemctl(ctx, "show", "--value", "--property=TriggeredBy", d.Unit)
	if err != nil {
		return err
	}
	_, err = place.Systemctl(ctx, append([]string{"stop", d.Unit}, strings.Fields(sockets)...)...)
	_, _ = place.Systemctl(ctx, "reset-failed", d.Unit) // fails where there is nothing to reset
	return err
}

func clearKernelLog(ctx context.Context) error {
	if !enforcing() {
		return nil
	}
	_, err := place.Output(exec.CommandContext(ctx, "dmesg", "--clear"))
	return err
}

// kernelDenials are the lines of the kernel's log in which AppArmor refused
// something.
func kernelDenials(ctx context.Context) ([]string, error) {
	if !enforcing() {
		return nil, nil
	}
	text, err := place.Output(exec.CommandContext(ctx, "dmesg", "--notime"))
	var lines []string
	for line := range strings.Lines(text) {
		if _, what, ok := strings.Cut(line, `apparmor="DENIED"`); ok {
			lines = append(lines, place.Alike(`apparmor="DENIED"`+what))
		}
	}
	return lines, err
}
