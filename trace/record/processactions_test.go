package record

import (
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

func signalActions() map[string]action {
	// 0, 0, -1: number, errno and SI_QUEUE
	info := unsafe.Pointer(&[32]int32{int32(unix.SIGCONT), 0, -1})
	signal := int(unix.SIGCONT)
	return map[string]action{
		"kill itself": does("kill signal 0 self ok", func() error { return unix.Kill(os.Getpid(), 0) }),
		"kill thread": does("kill signal 0 self ok", func() error { return unix.Kill(unix.Gettid(), 0) }),
		"kill child":  doing([]string{"kill signal SIGTERM worker ok", makesChild}, func() error { return unix.Kill(child(syscall.SysProcAttr{}), unix.SIGTERM) }),
		"kill corpse": doing([]string{"kill signal SIGKILL worker ok", makesCorpse}, func() error { return unix.Kill(corpse(), unix.SIGKILL) }),
		"kill parent": does("kill signal 0 outside ok", func() error { return unix.Kill(outside(), 0) }),
		"kill nobody": does("kill signal 0  ESRCH", func() error { return fails(unix.Kill(1<<30, 0), unix.ESRCH) }),
		"kill group":  doing([]string{"kill signal 0 worker ok", makesChild}, func() error { return unix.Kill(-child(syscall.SysProcAttr{Setpgid: true}), 0) }),
		"kill own":    does("kill signal 0 self ok", func() error { return errorsOf(unix.Setpgid(0, 0), unix.Kill(0, 0)) }),
		"kill everyone": {do: func(string) error { return unix.Kill(-1, 0) }, facts: []string{"kill signal 0 all ok"},
			perhaps: []string{"CAP_KILL ok"}}, // when there are processes of others
		"kill real-time": doing([]string{"kill signal SIGRTMIN+2 worker ok", makesChild}, func() error {
			return unix.Kill(child(syscall.SysProcAttr{}), 34)
		}),
		"tkill":           does("tkill signal 0 self ok", func() error { return call(unix.SYS_TKILL, unix.Gettid(), 0) }),
		"tgkill":          doing([]string{"tgkill signal 0 worker ok", makesChild}, func() error { p := child(syscall.SysProcAttr{}); return unix.Tgkill(p, p, 0) }),
		"rt_sigqueueinfo": doing([]string{"rt_sigqueueinfo signal SIGCONT worker ok", makesChild}, func() error { return call(unix.SYS_RT_SIGQUEUEINFO, child(syscall.SysProcAttr{}), signal, info) }),
		"rt_tgsigqueueinfo": doing([]string{"rt_tgsigqueueinfo signal SIGCONT worker ok", makesChild}, func() error {
			p := child(syscall.SysProcAttr{})
			return call(unix.SYS_RT_TGSIGQUEUEINFO, p, p, signal, info)
		}),
		"pidfd":          does("pidfd_send_signal signal 0 outside ok", func() error { return unix.PidfdSendSignal(pidfd(outside()), 0, nil, 0) }),
		"pidfd of child": doing([]string{"pidfd_send_signal signal SIGTERM worker ok", makesChild}, func() error { return unix.PidfdSendSignal(pidfd(child(syscall.SysProcAttr{})), unix.SIGTERM, nil, 0) }),
		"no pidfd":       does("pidfd_send_signal signal 0  EBADF", func() error { return fails(unix.PidfdSendSignal(0, 0, nil, 0), unix.EBADF) }),
	}
}

func traceActions() map[string]action {
	var byte1 [1]byte
	local := []unix.Iovec{{Base: &byte1[0], Len: 1}}
	remote := []unix.RemoteIovec{{Base: uintptr(unsafe.Pointer(&byte1[0])), Len: 1}}
	return map[string]action{
		"ptrace": {do: func(string) error {
			runtime.LockOSThread()
			pid := child(syscall.SysProcAttr{})
			return errorsOf(unix.PtraceAttach(pid), unix.Kill(pid, unix.SIGKILL))
		}, facts: []string{makesChild, "ptrace ptrace PTRACE_ATTACH worker ok", "kill signal SIGKILL worker ok"}},
		"traced": {do: func(string) error {
			runtime.LockOSThread()
			return unix.Kill(child(syscall.SysProcAttr{Ptrace: true}), unix.SIGKILL)
		}, facts: []string{makesChild, "ptrace ptrace PTRACE_TRACEME  ok", "kill signal SIGKILL worker ok"}},
		"process_vm_readv": does("process_vm_readv ptrace PTRACE_MODE_ATTACH_REALCREDS self ok", func() error {
			_, err := unix.ProcessVMReadv(os.Getpid(), local, remote, 0)
			return err
		}),
		"process_vm_writev": doing([]string{"process_vm_writev ptrace PTRACE_MODE_ATTACH_REALCREDS worker EFAULT", makesChild}, func() error {
			_, err := unix.ProcessVMWritev(child(syscall.SysProcAttr{}), local, []unix.RemoteIovec{{Len: 1}}, 0)
			return fails(err, unix.EFAULT)
		}),
		"pidfd_getfd": does("pidfd_getfd ptrace PTRACE_MODE_ATTACH_REALCREDS outside ok", func() error {
			_, err := unix.PidfdGetfd(pidfd(outside()), 0, 0)
			return err
		}),
		"kcmp": does("kcmp ptrace PTRACE_MODE_READ_REALCREDS outside ok", func() error {
			return call(unix.SYS_KCMP, os.Getpid(), outside(), 1 /* KCMP_VM */)
		}),
		"get_robust_list": doing([]string{"get_robust_list ptrace PTRACE_MODE_READ_REALCREDS worker ok", makesChild}, func() error {
			var head, length uintptr
			return call(unix.SYS_GET_ROBUST_LIST, child(syscall.SysProcAttr{}), unsafe.Pointer(&head), unsafe.Pointer(&length))
		}),
		"move_pages": does("move_pages ptrace PTRACE_MODE_READ_REALCREDS outside ok", func() error {
			return call(unix.SYS_MOVE_PAGES, outside())
		}),
		"process_mrelease": doing([]string{"process_mrelease process  worker EINVAL", makesChild}, func() error {
			return fails(call(unix.SYS_PROCESS_MRELEASE, pidfd(child(syscall.SysProcAttr{}))), unix.EINVAL)
		}),
		"prlimit64": {do: func(string) error {
			var old unix.Rlimit
			return errorsOf(unix.Prlimit(0, unix.RLIMIT_CORE, nil, &old), unix.Prlimit(outside(), unix.RLIMIT_NOFILE, nil, &old))
		}, facts: []string{"prlimit64 process RLIMIT_NOFILE outside ok"}},
		"sched_setaffinity": doing([]string{"sched_setaffinity process  worker ok", makesChild}, func() error {
			var set unix.CPUSet
			return errorsOf(unix.SchedGetaffinity(0, &set), unix.SchedSetaffinity(0, &set), unix.SchedSetaffinity(child(syscall.SysProcAttr{}), &set))
		}),
		"sched_setparam": doing([]string{"sched_setparam process  worker ok", makesChild}, func() error {
			var priority int32
			return call(unix.SYS_SCHED_SETPARAM, child(syscall.SysProcAttr{}), unsafe.Pointer(&priority))
		}),
		"perf_event_open": {do: measure, facts: []string{"perf_event_open command PERF_TYPE_SOFTWARE self ok", "CAP_PERFMON ok"},
			want: []string{"read ok ^/proc/sys/kernel/perf_event_paranoid"}},
	}
}
