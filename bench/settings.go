package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
)

// setting is a way in which a program is watched, or not.
type setting struct {
	name   string
	slow   bool                                      // measured in every other round
	wrap   func(g ground, command []string) []string // nil: run as it is
	around func(g ground) (stop func() error, err error)
}

// The settings that others are compared with, and what is compared with them.
const (
	nothing  = "nothing attached"
	empty    = "empty programs on the same hooks"
	others   = "recording something else"
	recorded = "recording it"
)

func settings() []setting {
	return []setting{
		{name: nothing},
		{name: empty, around: attachEmpty},
		{name: others, around: recordSleep},
		{name: recorded, wrap: func(g ground, command []string) []string {
			return append([]string{g.recorder, "record", "--quiet", "--force", "-o", filepath.Join(g.dir, "trace"), "--"}, command...)
		}},
		{name: "strace -f --seccomp-bpf -e trace=%file", slow: true, wrap: func(g ground, command []string) []string {
			return append([]string{"strace", "-f", "--seccomp-bpf", "-e", "trace=%file", "-o", filepath.Join(g.dir, "log"), "--"}, command...)
		}},
		{name: "strace -f", slow: true, wrap: func(g ground, command []string) []string {
			return append([]string{"strace", "-f", "-o", filepath.Join(g.dir, "log"), "--"}, command...)
		}},
		{name: "strace -f -y", slow: true, wrap: func(g ground, command []string) []string {
			return append([]string{"strace", "-f", "-y", "-o", filepath.Join(g.dir, "log"), "--"}, command...)
		}},
	}
}

// attachEmpty puts programs that do nothing on the two hooks that every system
// call passes: the floor of what any recorder on these hooks can cost.
func attachEmpty(ground) (func() error, error) {
	var links []link.Link
	stop := func() error {
		var err error
		for _, l := range links {
			err = errors.Join(err, l.Close())
		}
		return err
	}
	for _, hook := range []string{"sys_enter", "sys_exit"} {
		program, err := ebpf.NewProgram(&ebpf.ProgramSpec{
			Type: ebpf.Tracing, AttachType: ebpf.AttachTraceRawTp, AttachTo: hook, License: "Dual MIT/GPL",
			Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
		})
		if err != nil {
			return nil, errors.Join(fmt.Errorf("loading an empty program for %s: %w", hook, err), stop())
		}
		l, err := link.AttachTracing(link.TracingOptions{Program: program})
		if err = errors.Join(err, program.Close()); err != nil {
			return nil, errors.Join(fmt.Errorf("attaching to %s: %w", hook, err), stop())
		}
		links = append(links, l)
	}
	return stop, nil
}

// recordSleep has the recorder watch a program that does nothing, so that what
// is measured is out of its scope.
func recordSleep(g ground) (func() error, error) {
	command := exec.Command(g.recorder, "record", "--quiet", "--force", "-o", filepath.Join(g.dir, "sleep.trace"),
		"--", "sh", "-c", "echo ready; exec sleep 1000")
	command.Stderr = os.Stderr
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	stop := func() error {
		if err := command.Process.Signal(syscall.SIGTERM); err != nil {
			return err
		}
		var exit *exec.ExitError
		if err := command.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 128+int(syscall.SIGTERM) {
			return fmt.Errorf("the recorder did not end by the signal it was sent: %w", err)
		}
		return nil
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); strings.TrimSpace(line) != "ready" {
		return nil, errors.Join(fmt.Errorf("the recorder says %q", line), err, stop())
	}
	return stop, nil
}
