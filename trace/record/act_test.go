package record

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// interfaceActions touch processes, namespaces, devices and interfaces of the
// kernel. Their wants are as in actions; facts are "syscall name value target
// outcome" of arguments, and "action family type address" of peers.
func interfaceActions() map[string]action {
	all := map[string]action{}
	for _, some := range []map[string]action{
		signalActions(), traceActions(), watchActions(), kernelActions(), messageActions(),
	} {
		maps.Copy(all, some)
	}
	for name, a := range all {
		a.together = !slices.Contains(changing, name)
		all[name] = a
	}
	maps.Copy(all, mountActions())
	return all
}

// changing are those of them that change the process.
var changing = []string{"kill own", "ptrace", "traced", "unshare", "io_uring_setup"}

// does is an action that touches no file.
func does(fact string, do func() error) action {
	return action{do: func(string) error { return do() }, facts: []string{fact}}
}

// doing is one with several facts.
func doing(facts []string, do func() error) action {
	return action{do: func(string) error { return do() }, facts: facts}
}

// makesChild is what an action gives that calls child.
const makesChild = "execute ^/bin/cat as ^/usr/bin/cat"

// makesCorpse is what one gives that calls corpse.
const makesCorpse = "execute ^/bin/true as ^/usr/bin/true"

// call makes a system call that golang.org/x/sys has no function for. Strings
// are passed as the kernel takes them.
func call(number uintptr, args ...any) error {
	var a [6]uintptr
	for i, arg := range args {
		switch v := arg.(type) {
		case int:
			a[i] = uintptr(v)
		case string:
			p, err := unix.BytePtrFromString(v)
			if err != nil {
				return err
			}
			a[i], args[i] = uintptr(unsafe.Pointer(p)), p
		case unsafe.Pointer:
			a[i] = uintptr(v)
		}
	}
	_, _, errno := unix.Syscall6(number, a[0], a[1], a[2], a[3], a[4], a[5])
	runtime.KeepAlive(args)
	if errno != 0 {
		return errno
	}
	return nil
}

// fails turns the expected error of an action into none, and success into one.
func fails(err error, want syscall.Errno) error {
	if errors.Is(err, want) {
		return nil
	}
	if err == nil {
		return fmt.Errorf("no error where %w was expected", want)
	}
	return fmt.Errorf("%w where %w was expected", err, want)
}

// outside is a process that is not in scope: the tests.
func outside() int {
	pid, err := strconv.Atoi(os.Args[4])
	if err != nil {
		panic(err)
	}
	return pid
}

// child is another process of the worker, which lasts until released.
func child(attr syscall.SysProcAttr) int {
	var ends [2]int
	err := unix.Pipe2(ends[:], unix.O_CLOEXEC)
	if err == nil {
		var pid int
		pid, err = syscall.ForkExec("/bin/cat", []string{"cat"}, &syscall.ProcAttr{Files: []uintptr{uintptr(ends[0]), 1, 2}, Sys: &attr})
		children = append(children, ends[1])
		if err == nil {
			return pid
		}
	}
	panic(err)
}

// children are what the children of this process read from.
var children []int

// release has the children of this process end, and waits for them: the execve of one
// may not be through when the call that started it returns.
func release() {
	for _, fd := range children {
		_ = unix.Close(fd)
	}
	children = nil
	for {
		if _, err := unix.Wait4(-1, nil, 0, nil); err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// corpse is one that has ended and was not waited for.
func corpse() int {
	pid, err := syscall.ForkExec("/bin/true", []string{"true"}, nil)
	if err == nil {
		err = unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
	}
	if err != nil {
		panic(err)
	}
	return pid
}

func pidfd(pid int) int {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		panic(err)
	}
	return fd
}
