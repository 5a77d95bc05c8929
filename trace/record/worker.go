package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/osapi-io/osapi-profile/trace/record/launch"
)

// worker is the main process of what is recorded.
type worker struct {
	process  *os.Process
	path     string   // what it becomes, if that is not found by the command's name
	order    *os.File // what to become goes in here
	failure  *os.File // why it did not
	terminal *os.File // given to the worker's process group; nil if there is none
}

// prepare starts the stopped copy of this program that will be the worker.
func prepare(o Options) (*worker, error) {
	orderRead, orderWrite, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	failureRead, failureWrite, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { _ = orderRead.Close(); _ = failureWrite.Close() }()
	w := &worker{order: orderWrite, failure: failureRead}
	// A process group of its own: the terminal's Ctrl-C reaches the worker once,
	// from the terminal, and every other signal once, from the recorder.
	attr := &syscall.SysProcAttr{Setpgid: true}
	if ownsTerminal(o.Stdin) {
		w.terminal = o.Stdin
		attr.Foreground, attr.Ctty = true, int(o.Stdin.Fd())
	}
	w.process, err = os.StartProcess("/proc/self/exe", []string{os.Args[0], launch.Name}, &os.ProcAttr{
		Files: []*os.File{o.Stdin, o.Stdout, o.Stderr, orderRead, failureWrite},
		Env:   os.Environ(),
		Sys:   attr,
	})
	if err != nil {
		return nil, fmt.Errorf("starting the worker's process: %w", err)
	}
	return w, nil
}

// ownsTerminal says whether f is the terminal that this process is in front of.
func ownsTerminal(f *os.File) bool {
	if f == nil {
		return false
	}
	group, err := unix.IoctlGetInt(int(f.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// release lets the copy become the worker and waits until it has.
func (w *worker) release(o Options) error {
	order := launch.Order{Path: w.path, Command: o.Command, Env: os.Environ()}
	if id := o.Identity; id != nil {
		order.Switch, order.UID, order.GID, order.Groups, order.Ambient = true, id.UID, id.GID, id.Groups, id.Ambient
		order.Env = environment(id, order.Env)
	}
	err := json.NewEncoder(w.order).Encode(order)
	_ = w.order.Close()
	if err != nil {
		return fmt.Errorf("telling the worker's process what to execute: %w", err)
	}
	said, err := io.ReadAll(w.failure)
	_ = w.failure.Close()
	if err != nil || len(said) == 0 {
		return err
	}
	var failure launch.Failure
	if err := json.Unmarshal(said, &failure); err != nil {
		return fmt.Errorf("the worker's process said %q: %w", said, err)
	}
	_, _ = w.process.Wait()
	w.reclaim()
	if failure.Errno != 0 {
		return &NotExecutedError{Name: o.Command[0], Err: failure.Errno}
	}
	return errors.New(failure.Detail)
}

// environment is what systemd would set for User= (systemd.exec(5)).
func environment(id *Identity, env []string) []string {
	kept := make([]string, 0, len(env)+3)
	for _, v := range env {
		name, _, _ := strings.Cut(v, "=")
		if name != "HOME" && name != "USER" && name != "LOGNAME" {
			kept = append(kept, v)
		}
	}
	kept = append(kept, "USER="+id.Name, "LOGNAME="+id.Name)
	if u, err := user.LookupId(strconv.FormatUint(uint64(id.UID), 10)); err == nil {
		kept = append(kept, "HOME="+u.HomeDir)
	}
	return kept
}

// abort ends a copy that was never released.
func (w *worker) abort() {
	_ = w.order.Close()
	_ = w.process.Kill()
	_, _ = w.process.Wait()
	w.reclaim()
}

// reclaim takes the terminal back, so that the shell finds it as it was.
func (w *worker) reclaim() { w.giveTerminal(unix.Getpgrp()) }

func (w *worker) giveTerminal(group int) {
	if w.terminal == nil {
		return
	}
	// Set from the background, which would stop this process with SIGTTOU.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	blocked := unix.Sigset_t{}
	blocked.Val[0] = 1 << (unix.SIGTTOU - 1)
	var old unix.Sigset_t
	if unix.PthreadSigmask(unix.SIG_BLOCK, &blocked, &old) == nil {
		_ = unix.IoctlSetPointerInt(int(w.terminal.Fd()), unix.TIOCSPGRP, group)
		_ = unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil)
	}
}

// suspendTogether notices that the worker was stopped from the terminal
// (Ctrl-Z) and stops this process too, so that the shell takes over. When the
// shell resumes it, the worker goes on, in the foreground if this process is.
func (w *worker) suspendTogether() {
	if w.terminal == nil || !stopped(w.process.Pid) {
		return
	}
	w.reclaim()
	_ = unix.Kill(unix.Getpid(), unix.SIGSTOP)
	if ownsTerminal(w.terminal) {
		w.giveTerminal(w.process.Pid)
	}
	_ = unix.Kill(-w.process.Pid, unix.SIGCONT)
}

// stopped reads the state of a process from proc_pid_stat(5).
func stopped(pid int) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	at := bytes.LastIndexByte(data, ')') + 2
	return err == nil && at < len(data) && data[at] == 'T'
}

// locate finds the executable as execvp(3) will, symlinks resolved, for the
// header of the trace.
func locate(command string) (string, error) {
	found, err := exec.LookPath(command)
	if errors.Is(err, exec.ErrDot) {
		err = nil
	}
	if err != nil {
		reason := error(syscall.ENOENT)
		if errors.Is(err, os.ErrPermission) {
			reason = syscall.EACCES
		}
		return "", &NotExecutedError{Name: command, Err: reason}
	}
	if found, err = filepath.Abs(found); err != nil {
		return "", err
	}
	if real, err := filepath.EvalSymlinks(found); err == nil {
		return real, nil
	}
	return found, nil
}
