package record

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/osapi-io/osapi-profile/bpf"
	"github.com/osapi-io/osapi-profile/trace/record/launch"
)

// errNoStorage says that the kernel has no memory for what is known of a task, so
// that nobody would be in scope.
var errNoStorage = errors.New("the kernel gives no memory for the state of a task (BPF task storage)")

// storageRemedy is of the one known cause: since Linux 6.19 task storage is allocated
// by kmalloc_nolock, which x86 without cmpxchg16b has for debugged caches alone.
const storageRemedy = "since Linux 6.19 that needs a processor with cx16 (cmpxchg16b): see flags in /proc/cpuinfo; a virtual machine " +
	"must be given it, or be booted with slab_debug=F,kmalloc-*"

// store tries task storage on this process, before any program is attached that
// would take it for the worker.
func (p *probes) store() error {
	self, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		return fmt.Errorf("trying task storage: %w", err)
	}
	defer func() { _ = unix.Close(self) }()
	tasks := p.maps.Tasks
	if err := tasks.Update(uint32(self), bpf.RecorderTaskState{}, ebpf.UpdateNoExist); errors.Is(err, unix.ENOMEM) {
		return fmt.Errorf("%w; %s: %w", errNoStorage, storageRemedy, err)
	} else if err != nil {
		return fmt.Errorf("trying task storage: %w", err)
	}
	return tasks.Delete(uint32(self))
}

// openWithin is how long an execve may take to be seen, on a machine that is busy or
// emulated.
const openWithin = 10 * time.Second

// errClosed says that a worker was executed and nothing was seen of it.
var errClosed = errors.New("the probes are attached, but did not see the execve of the process that was to be recorded")

// opened waits until the worker's execve has opened the scope.
func (p *probes) opened() error {
	for deadline := time.Now().Add(openWithin); ; time.Sleep(time.Millisecond) {
		var tasks uint32
		if err := p.variables.TaskPeak.Get(&tasks); err != nil {
			return fmt.Errorf("looking whether the scope is open: %w", err)
		}
		if tasks > 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return errClosed
		}
	}
}

// rehearse records a copy of this program that ends at once. These probes are of no
// use afterwards: the scope is open.
func (p *probes) rehearse() error {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { _ = null.Close() }()
	o := Options{Command: []string{os.Args[0], launch.Name}, Stdin: null, Stdout: null, Stderr: null}
	w, err := prepare(o)
	if err != nil {
		return err
	}
	if err := p.arm(w.process.Pid); err != nil {
		w.abort()
		return err
	}
	w.path = "/proc/self/exe"
	if err := w.release(o); err != nil {
		return err
	}
	err = p.opened()
	if err != nil {
		_ = w.process.Signal(syscall.SIGKILL)
	}
	_, _ = w.process.Wait()
	return err
}
