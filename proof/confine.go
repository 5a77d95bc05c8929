package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/osapi-io/osapi-profile/test/place"
)

// dropIn is what the emitted drop-in is called.
const dropIn = "50-osapi-profile.conf"

// confine puts the daemon under the profiles that its first run gives.
func (d daemon) confine(ctx context.Context) error {
	emit := func(format, file string, more ...string) error {
		_, err := place.Output(exec.CommandContext(ctx, "./osapi-profile",
			append([]string{"emit", "--format", format, "-o", file, d.file(".jsonl")}, more...)...))
		return err
	}
	var more []string
	if enforcing() {
		more = []string{"--apparmor-profile", d.profile()}
	}
	if err := emit("systemd", d.file(".conf"), append(more, "--name", strings.TrimSuffix(d.Unit, ".service"))...); err != nil {
		return err
	}
	children := "none"
	if d.Apart {
		children = "auto"
	}
	if err := emit("apparmor", d.file(".apparmor"), "--name", d.profile(), "--children", children); err != nil {
		return err
	}
	if enforcing() {
		if _, err := place.Output(exec.CommandContext(ctx, "apparmor_parser", "--replace", "--skip-cache", d.file(".apparmor"))); err != nil {
			return err
		}
	}
	text, err := os.ReadFile(d.file(".conf"))
	if err != nil {
		return err
	}
	dir := filepath.Join("/run/systemd/system", d.Unit+".d")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, dropIn), text, 0o644); err != nil {
		return err
	}
	cursor, err := place.Cursor(ctx)
	if err != nil {
		return err
	}
	if _, err := place.Systemctl(ctx, "daemon-reload"); err != nil {
		return err
	}
	if _, err := place.Systemctl(ctx, "cat", d.Unit); err != nil { // it is read now
		return err
	}
	return ignored(ctx, cursor)
}

// ignored is an error that has the lines of a drop-in which systemd did not take.
func ignored(ctx context.Context, cursor string) error {
	if _, err := place.Cursor(ctx); err != nil {
		return err
	}
	said, _ := place.Since(ctx, cursor, "_PID=1")
	for line := range strings.Lines(said) {
		if strings.Contains(line, dropIn+":") {
			return fmt.Errorf("systemd says: %s", line)
		}
	}
	return nil
}

// process is the main one of the daemon. Where systemd knows none, as of a unit with
// GuessMainPID=no, it is the first in its control group; "0" where there is none.
func (d daemon) process(ctx context.Context) (string, error) {
	text, err := place.Systemctl(ctx, "show", "--property=MainPID", "--property=ControlGroup", d.Unit)
	if err != nil {
		return "", err
	}
	properties := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		properties[name] = value
	}
	if pid := properties["MainPID"]; pid != "0" {
		return pid, nil
	}
	all, err := os.ReadFile(filepath.Join("/sys/fs/cgroup", properties["ControlGroup"], "cgroup.procs"))
	if first, _, ok := strings.Cut(string(all), "\n"); ok {
		return first, nil
	}
	return "0", err
}

// confined starts the daemon once more and sees that it runs in the sandbox. It does
// once systemd has executed it: the filter is there a moment before.
func (d daemon) confined(ctx context.Context) error {
	if _, err := place.Systemctl(ctx, "start", d.Unit); err != nil {
		return err
	}
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		pid, err := d.process(ctx)
		if err != nil {
			return err
		}
		if err = d.sandboxed(pid); err == nil || time.Now().After(end) {
			return err
		}
	}
}

// sandboxed is an error that has what a process runs without.
func (d daemon) sandboxed(pid string) error {
	status, _ := os.ReadFile(filepath.Join("/proc", pid, "status"))
	if !strings.Contains(string(status), "\nSeccomp:\t2\n") {
		return fmt.Errorf("%s runs without a filter of system calls", d.Unit)
	}
	if !enforcing() {
		return nil
	}
	label, err := os.ReadFile(filepath.Join("/proc", pid, "attr/current"))
	if got := strings.TrimRight(string(label), "\x00\n"); err != nil || got != d.profile()+" (enforce)" {
		return fmt.Errorf("%s runs under the AppArmor profile %q", d.Unit, got)
	}
	return nil
}
