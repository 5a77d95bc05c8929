package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/osapi-io/osapi-profile/test/place"
	"github.com/osapi-io/osapi-profile/trace"
)

// daemon is one that is swept, in this directory and under this systemd.
type daemon struct {
	ctx      context.Context
	name     string
	unit     string
	patience string
}

func newDaemon(ctx context.Context, name string, patience int) (*daemon, error) {
	d := &daemon{ctx: ctx, name: name, patience: strconv.Itoa(patience)}
	unit, err := d.script("unit")
	d.unit = strings.TrimSpace(unit)
	return d, err
}

// script has the daemon's script do something.
func (d *daemon) script(verb string) (string, error) {
	c := exec.CommandContext(d.ctx, filepath.Join("daemons", d.name+".sh"), verb)
	c.Env = append(os.Environ(), "SWEEP_PATIENCE="+d.patience)
	return place.Output(c)
}

func (d *daemon) systemctl(args ...string) (string, error) {
	return place.Systemctl(d.ctx, args...)
}

// run starts the daemon with these capabilities in its bounding set, has it do its
// work and stops it, and gives what was observed: lines, sorted. With a file to
// write a trace to, it is recorded meanwhile.
func (d *daemon) run(capabilities []string, file string) (seen []string, err error) {
	if err := d.stop(); err != nil {
		return nil, err
	}
	if _, err := d.script("prepare"); err != nil {
		return nil, err
	}
	defer func() {
		_, failed := d.script("clean")
		err = errors.Join(err, failed)
	}()
	cursor, err := place.Cursor(d.ctx)
	if err := errors.Join(err, d.confine(capabilities)); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	if file == "" {
		_, err := d.systemctl("start", d.unit)
		seen = append(seen, "starts: "+yes(err == nil))
		ended <- nil
	} else {
		seen = append(seen, "starts: yes") // or there is no trace
		recorder := exec.CommandContext(d.ctx, "./osapi-profile", "record", "--quiet", "-o", file, "--unit", d.unit)
		go func() {
			_, err := place.Output(recorder)
			ended <- err
		}()
		if err := d.active(); err != nil {
			return nil, err
		}
	}
	work, err := d.script("work")
	if err := errors.Join(err, d.confined(capabilities)); err != nil {
		return nil, err
	}
	seen = append(seen, strings.Split(strings.TrimSpace(work), "\n")...)
	if err := d.stop(); err != nil {
		return nil, err
	}
	if err := <-ended; err != nil {
		return nil, err
	}
	result, err := d.systemctl("show", "--value", "--property=Result", d.unit)
	if err != nil {
		return nil, err
	}
	seen = append(seen, "result: "+strings.TrimSpace(result))
	complaints, err := place.Complaints(d.ctx, d.unit, cursor)
	for _, c := range complaints {
		seen = append(seen, "complains: "+c)
	}
	slices.Sort(seen)
	return slices.Compact(seen), err
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

// stop stops the daemon, and the sockets that would start it again.
func (d *daemon) stop() error {
	if _, err := d.systemctl("cat", d.unit); err != nil {
		return nil // there is no such unit before prepare makes it
	}
	sockets, err := d.systemctl("show", "--value", "--property=TriggeredBy", d.unit)
	if err != nil {
		return err
	}
	_, err = d.systemctl(append([]string{"stop", d.unit}, strings.Fields(sockets)...)...)
	return err
}

// confined checks that a daemon which runs has no more than these capabilities in
// its bounding set.
func (d *daemon) confined(capabilities []string) error {
	pid, err := d.systemctl("show", "--value", "--property=MainPID", d.unit)
	if err != nil || strings.TrimSpace(pid) == "0" {
		return err
	}
	has, err := boundingSet(strings.TrimSpace(pid))
	if errors.Is(err, os.ErrNotExist) {
		return nil // it has ended
	}
	for _, c := range has {
		if !slices.Contains(capabilities, c) {
			return fmt.Errorf("%s has %s, which was taken away", d.unit, c)
		}
	}
	return err
}

// active waits for the unit to have started under the recorder.
func (d *daemon) active() error {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if state, _ := d.systemctl("is-active", d.unit); strings.TrimSpace(state) == "active" {
			return nil
		}
	}
	return fmt.Errorf("%s does not start under the recorder", d.unit)
}

// confine gives the unit a bounding set. One that fails is not started again.
func (d *daemon) confine(capabilities []string) error {
	dir := filepath.Join("/run/systemd/system", d.unit+".d")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	text := "[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestart=no\nTimeoutStartSec=" + d.patience +
		"\nCapabilityBoundingSet=\nCapabilityBoundingSet=" + strings.Join(capabilities, " ") + "\n"
	if err := os.WriteFile(filepath.Join(dir, "90-sweep.conf"), []byte(text), 0o644); err != nil {
		return err
	}
	_, err := d.systemctl("daemon-reload")
	return err
}

// readTrace reads a recording without a hole.
func readTrace(file string) (*trace.Trace, error) {
	t, err := trace.ReadFile(file)
	if err == nil && len(t.Holes) > 0 {
		err = fmt.Errorf("the trace has holes: %v", t.Holes)
	}
	return t, err
}
