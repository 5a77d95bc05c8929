package record

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// interfaceActions touch processes, namespaces, devices and interfaces of the
// kernel. Their wants are as in actions; facts are "syscall name value target
// outcome" of arguments, and "action family type address" of peers.
func interfaceActions() map[string]action {
	all := map[string]action{}
	for _, some := range []map[string]action{
		signalActions(), traceActions(), mountActions(), watchActions(), kernelActions(), messageActions(),
	} {
		maps.Copy(all, some)
	}
	return all
}

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

// child is another process of the worker.
func child(attr syscall.SysProcAttr) int {
	pid, err := syscall.ForkExec("/bin/sleep", []string{"sleep", "0.3"}, &syscall.ProcAttr{Sys: &attr})
	if err != nil {
		panic(err)
	}
	return pid
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

func signalActions() map[string]action {
	// 0, 0, -1: number, errno and SI_QUEUE
	info := unsafe.Pointer(&[32]int32{int32(unix.SIGCONT), 0, -1})
	signal := int(unix.SIGCONT)
	return map[string]action{
		"kill itself":   does("kill signal 0 self ok", func() error { return unix.Kill(os.Getpid(), 0) }),
		"kill thread":   does("kill signal 0 self ok", func() error { return unix.Kill(unix.Gettid(), 0) }),
		"kill child":    does("kill signal SIGTERM worker ok", func() error { return unix.Kill(child(syscall.SysProcAttr{}), unix.SIGTERM) }),
		"kill corpse":   does("kill signal SIGKILL worker ok", func() error { return unix.Kill(corpse(), unix.SIGKILL) }),
		"kill parent":   does("kill signal 0 outside ok", func() error { return unix.Kill(os.Getppid(), 0) }),
		"kill nobody":   does("kill signal 0  ESRCH", func() error { return fails(unix.Kill(1<<30, 0), unix.ESRCH) }),
		"kill group":    does("kill signal 0 worker ok", func() error { return unix.Kill(-child(syscall.SysProcAttr{Setpgid: true}), 0) }),
		"kill own":      does("kill signal 0 self ok", func() error { return errorsOf(unix.Setpgid(0, 0), unix.Kill(0, 0)) }),
		"kill everyone": does("kill signal 0 all ok", func() error { return unix.Kill(-1, 0) }),
		"kill real-time": does("kill signal SIGRTMIN+2 worker ok", func() error {
			return unix.Kill(child(syscall.SysProcAttr{}), 34)
		}),
		"tkill":           does("tkill signal 0 self ok", func() error { return call(unix.SYS_TKILL, unix.Gettid(), 0) }),
		"tgkill":          does("tgkill signal 0 worker ok", func() error { p := child(syscall.SysProcAttr{}); return unix.Tgkill(p, p, 0) }),
		"rt_sigqueueinfo": does("rt_sigqueueinfo signal SIGCONT worker ok", func() error { return call(unix.SYS_RT_SIGQUEUEINFO, child(syscall.SysProcAttr{}), signal, info) }),
		"rt_tgsigqueueinfo": does("rt_tgsigqueueinfo signal SIGCONT worker ok", func() error {
			p := child(syscall.SysProcAttr{})
			return call(unix.SYS_RT_TGSIGQUEUEINFO, p, p, signal, info)
		}),
		"pidfd":          does("pidfd_send_signal signal 0 outside ok", func() error { return unix.PidfdSendSignal(pidfd(os.Getppid()), 0, nil, 0) }),
		"pidfd of child": does("pidfd_send_signal signal SIGTERM worker ok", func() error { return unix.PidfdSendSignal(pidfd(child(syscall.SysProcAttr{})), unix.SIGTERM, nil, 0) }),
		"no pidfd":       does("pidfd_send_signal signal 0  EBADF", func() error { return fails(unix.PidfdSendSignal(0, 0, nil, 0), unix.EBADF) }),
	}
}

// does is an action that touches no file.
func does(fact string, do func() error) action {
	return action{do: func(string) error { return do() }, facts: []string{fact}}
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
		}, facts: []string{"ptrace ptrace PTRACE_ATTACH worker ok", "kill signal SIGKILL worker ok"}},
		"traced": {do: func(string) error {
			runtime.LockOSThread()
			return unix.Kill(child(syscall.SysProcAttr{Ptrace: true}), unix.SIGKILL)
		}, facts: []string{"ptrace ptrace PTRACE_TRACEME  ok", "kill signal SIGKILL worker ok"}},
		"process_vm_readv": does("process_vm_readv ptrace PTRACE_MODE_ATTACH_REALCREDS self ok", func() error {
			_, err := unix.ProcessVMReadv(os.Getpid(), local, remote, 0)
			return err
		}),
		"process_vm_writev": does("process_vm_writev ptrace PTRACE_MODE_ATTACH_REALCREDS worker EFAULT", func() error {
			_, err := unix.ProcessVMWritev(child(syscall.SysProcAttr{}), local, []unix.RemoteIovec{{Len: 1}}, 0)
			return fails(err, unix.EFAULT)
		}),
		"pidfd_getfd": does("pidfd_getfd ptrace PTRACE_MODE_ATTACH_REALCREDS outside ok", func() error {
			_, err := unix.PidfdGetfd(pidfd(os.Getppid()), 0, 0)
			return err
		}),
		"kcmp": does("kcmp ptrace PTRACE_MODE_READ_REALCREDS outside ok", func() error {
			return call(unix.SYS_KCMP, os.Getpid(), os.Getppid(), 1 /* KCMP_VM */)
		}),
		"get_robust_list": does("get_robust_list ptrace PTRACE_MODE_READ_REALCREDS worker ok", func() error {
			var head, length uintptr
			return call(unix.SYS_GET_ROBUST_LIST, child(syscall.SysProcAttr{}), unsafe.Pointer(&head), unsafe.Pointer(&length))
		}),
		"move_pages": does("move_pages ptrace PTRACE_MODE_READ_REALCREDS outside ok", func() error {
			return call(unix.SYS_MOVE_PAGES, os.Getppid())
		}),
		"process_mrelease": does("process_mrelease process  worker EINVAL", func() error {
			return fails(call(unix.SYS_PROCESS_MRELEASE, pidfd(child(syscall.SysProcAttr{}))), unix.EINVAL)
		}),
		"prlimit64": {do: func(string) error {
			var old unix.Rlimit
			return errorsOf(unix.Prlimit(0, unix.RLIMIT_CORE, nil, &old), unix.Prlimit(os.Getppid(), unix.RLIMIT_NOFILE, nil, &old))
		}, facts: []string{"prlimit64 process RLIMIT_NOFILE outside ok"}},
		"sched_setaffinity": does("sched_setaffinity process  worker ok", func() error {
			var set unix.CPUSet
			return errorsOf(unix.SchedGetaffinity(0, &set), unix.SchedSetaffinity(0, &set), unix.SchedSetaffinity(child(syscall.SysProcAttr{}), &set))
		}),
		"sched_setparam": does("sched_setparam process  worker ok", func() error {
			var priority int32
			return call(unix.SYS_SCHED_SETPARAM, child(syscall.SysProcAttr{}), unsafe.Pointer(&priority))
		}),
		"perf_event_open": does("perf_event_open command PERF_TYPE_SOFTWARE self ok", func() error {
			_, err := unix.PerfEventOpen(&unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Size: unix.PERF_ATTR_SIZE_VER0}, 0, -1, -1, 0)
			return err
		}),
	}
}

// apart runs an action in a process with a mount namespace of its own, which
// lasts long enough for the names there to be looked at.
func apart(do func(dir string) error) func(dir string) error {
	return func(dir string) error {
		if len(os.Args) > 4 {
			defer time.Sleep(300 * time.Millisecond)
			return do(dir)
		}
		cmd := exec.Command(os.Args[0], append(os.Args[1:], "apart")...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}
		cmd.Stderr = os.Stderr
		return cmd.Run()
	}
}

// apartFacts are those of Go giving a child its namespace: it keeps mounts from
// spreading out of it, and asks whether pidfds can be used.
var apartFacts = []string{
	"unshare namespaces CLONE_NEWNS  ok", "mount mount MS_REC|MS_PRIVATE  ok", "pidfd_send_signal signal 0 self ok",
}

func mountActions() map[string]action {
	in := func(facts ...string) []string { return append(facts, apartFacts...) }
	return map[string]action{
		"mount": {do: apart(func(d string) error {
			return errorsOf(unix.Mount("tmpfs", d+"/link", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, ""), unix.Unmount(d+"/sub", unix.MNT_DETACH))
		}), want: []string{"mount ok sub", "mount ok ^/", "unmount ok sub"},
			facts: in("mount mount MS_NOSUID|MS_NODEV tmpfs ok", "umount2 mount MNT_DETACH  ok")},
		"bind mount": {do: apart(func(d string) error {
			return unix.Mount(d+"/link", d+"/empty", "", unix.MS_BIND, "")
		}), want: []string{"mount ok empty <- sub", "mount ok ^/"}, facts: in("mount mount MS_BIND  ok")},
		"new mount": {do: apart(newMount), want: []string{"mount ok sub", "mount ok ^/", "stat ok sub"}, facts: in(
			"fsopen mount FSOPEN_CLOEXEC tmpfs ok", "fsconfig command FSCONFIG_CMD_CREATE  ok", "fsmount mount MOUNT_ATTR_NODEV  ok",
			"move_mount mount MOVE_MOUNT_F_EMPTY_PATH  ok", "open_tree mount OPEN_TREE_CLONE  ok",
			"mount_setattr mount MOUNT_ATTR_RDONLY  ok")},
		"pivot_root": {do: apart(func(d string) error {
			if err := errorsOf(unix.Mount(d+"/sub", d+"/sub", "", unix.MS_BIND, ""), os.Chdir(d+"/sub")); err != nil {
				return err
			}
			time.Sleep(time.Second) // names from before lead nowhere in the new root
			return unix.PivotRoot(".", ".")
		}), want: []string{"mount ok sub <- sub", "mount ok ^/", "stat ok sub"}, facts: in("mount mount MS_BIND  ok")},
		"not mounted": {do: func(d string) error {
			return errorsOf(fails(unix.Unmount(d+"/link", unix.UMOUNT_NOFOLLOW), unix.EINVAL), fails(unix.Unmount(d+"/link", 0), unix.EINVAL))
		}, want: []string{"unmount EINVAL link", "unmount EINVAL sub"},
			facts: []string{"umount2 mount UMOUNT_NOFOLLOW  EINVAL", "umount2 mount 0  EINVAL"}},
	}
}

func newMount(d string) error {
	context, err := unix.Fsopen("tmpfs", unix.FSOPEN_CLOEXEC)
	err2 := unix.FsconfigCreate(context)
	mount, err3 := unix.Fsmount(context, 0, unix.MOUNT_ATTR_NODEV)
	if err := errorsOf(err, err2, err3, unix.MoveMount(mount, "", unix.AT_FDCWD, d+"/sub", unix.MOVE_MOUNT_F_EMPTY_PATH)); err != nil {
		return err
	}
	_, err = unix.OpenTree(unix.AT_FDCWD, d+"/link", unix.OPEN_TREE_CLONE)
	return errorsOf(err, unix.MountSetattr(unix.AT_FDCWD, d+"/sub", 0, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}))
}

func watchActions() map[string]action {
	return map[string]action{
		"inotify": {do: func(d string) error {
			fd, err := unix.InotifyInit1(0)
			_, err2 := unix.InotifyAddWatch(fd, d+"/link", unix.IN_MODIFY|unix.IN_DONT_FOLLOW)
			_, err3 := unix.InotifyAddWatch(fd, d+"/file", unix.IN_MODIFY)
			return errorsOf(err, err2, err3)
		}, want: []string{"stat ok link", "stat ok file"}},
		"fanotify": {do: func(d string) error {
			fd, err := unix.FanotifyInit(unix.FAN_CLOEXEC, 0)
			return errorsOf(err, unix.FanotifyMark(fd, unix.FAN_MARK_ADD, unix.FAN_OPEN, unix.AT_FDCWD, d+"/link"))
		}, want: []string{"stat ok sub"}, facts: []string{"fanotify_init flags FAN_CLOEXEC  ok", "fanotify_mark flags FAN_MARK_ADD  ok"}},
		"name_to_handle_at": {do: func(d string) error {
			_, _, err := unix.NameToHandleAt(unix.AT_FDCWD, d+"/link", 0)
			return err
		}, want: []string{"stat ok link"}},
		"getxattrat": {do: func(d string) error {
			var args [16]byte
			return fails(call(unix.SYS_GETXATTRAT, unix.AT_FDCWD, d+"/link", unix.AT_SYMLINK_NOFOLLOW, "trusted.x", unsafe.Pointer(&args), 16), unix.ENODATA)
		}, want: []string{"stat ENODATA link"}},
		"listxattrat": {do: func(d string) error { return call(unix.SYS_LISTXATTRAT, unix.AT_FDCWD, d+"/file", 0, 0, 0) }, want: []string{"stat ok file"}},
		"file_getattr": {do: func(d string) error {
			var attr [64]byte
			return call(unix.SYS_FILE_GETATTR, unix.AT_FDCWD, d+"/file", unsafe.Pointer(&attr), 24, 0)
		}, want: []string{"stat ok file"}},
		"file_setattr": {do: func(d string) error {
			var attr [64]byte
			return call(unix.SYS_FILE_SETATTR, unix.AT_FDCWD, d+"/file", unsafe.Pointer(&attr), 24, 0)
		}, want: []string{"attr ok file"}},
		"swap": {do: func(d string) error {
			return errorsOf(fails(call(unix.SYS_SWAPON, d+"/file", 0), unix.EINVAL), fails(call(unix.SYS_SWAPOFF, d+"/file"), unix.EINVAL))
		}, want: []string{"read,write EINVAL file"}},
		"acct": {do: func(d string) error {
			return errorsOf(unix.Acct(d+"/file"), call(unix.SYS_ACCT, 0))
		}, want: []string{"write,append ok file"}},
		"quotactl": {do: func(d string) error {
			return fails(call(unix.SYS_QUOTACTL, 0x80000700, d+"/file", 0, 0), unix.ENOTBLK)
		}, want: []string{"stat ENOTBLK file"}, facts: []string{"quotactl command Q_GETQUOTA  ENOTBLK"}},
		"fexecve": {do: func(d string) error {
			fd, err := unix.Open(d+"/file", unix.O_RDONLY, 0)
			return errorsOf(err, fails(call(unix.SYS_EXECVEAT, fd, "", 0, 0, unix.AT_EMPTY_PATH), unix.ENOEXEC))
		}, want: []string{"read ok file", "exec ENOEXEC file"}},
		"queue": {do: func(string) error {
			return errorsOf(call(unix.SYS_MQ_OPEN, "osapi-profile-test", unix.O_CREAT|unix.O_RDWR, 0o600, 0), call(unix.SYS_MQ_UNLINK, "osapi-profile-test"),
				fails(call(unix.SYS_MQ_OPEN, "osapi-profile-test", 0), unix.ENOENT))
		}, want: []string{"read,write ok mqueue:/osapi-profile-test", "delete ok mqueue:/osapi-profile-test", "read ENOENT mqueue:/osapi-profile-test"}},
	}
}

func kernelActions() map[string]action {
	return map[string]action{
		"unshare": does("unshare namespaces CLONE_NEWUTS|CLONE_NEWIPC  ok", func() error {
			runtime.LockOSThread()
			return unix.Unshare(unix.CLONE_NEWUTS | unix.CLONE_NEWIPC)
		}),
		"ioctl": does("ioctl ioctl TIOCGPTN char:5:2 ok", func() error {
			ptmx, err := unix.Open("/dev/ptmx", unix.O_RDWR, 0)
			null, err2 := unix.Open("/dev/null", unix.O_RDWR, 0)
			socket, err3 := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
			_, err4 := unix.IoctlGetInt(ptmx, unix.TIOCGPTN)
			_, isatty := unix.IoctlGetTermios(null, unix.TCGETS)
			_, waiting := unix.IoctlGetInt(socket, unix.TIOCINQ)
			_ = waiting // a socket is no device
			return errorsOf(err, err2, err3, err4, fails(isatty, unix.ENOTTY))
		}),
		"memfd_create": does("memfd_create flags MFD_CLOEXEC|MFD_ALLOW_SEALING  ok", func() error {
			_, err := unix.MemfdCreate("x", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
			return err
		}),
		"memfd_secret": does("memfd_secret flags 0  ok", func() error { return call(unix.SYS_MEMFD_SECRET, 0) }),
		"userfaultfd":  does("userfaultfd flags UFFD_USER_MODE_ONLY|O_CLOEXEC  ok", func() error { return call(unix.SYS_USERFAULTFD, 1|unix.O_CLOEXEC) }),
		"io_uring_setup": does("io_uring_setup flags IORING_SETUP_CLAMP  ok", func() error {
			params := [30]uint32{2: 16}
			return call(unix.SYS_IO_URING_SETUP, 1, unsafe.Pointer(&params))
		}),
		"keyctl": does("keyctl command KEYCTL_GET_KEYRING_ID  ok", func() error {
			_, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_THREAD_KEYRING, true)
			return err
		}),
		"add_key": does("add_key keyring KEY_SPEC_THREAD_KEYRING user ok", func() error {
			_, err := unix.AddKey("user", "x", []byte("y"), unix.KEY_SPEC_THREAD_KEYRING)
			return err
		}),
		"request_key": does("request_key keyring 0 user ENOKEY", func() error {
			return fails(call(unix.SYS_REQUEST_KEY, "user", "osapi-profile-test", 0, 0), unix.ENOKEY)
		}),
		"bpf": does("bpf command BPF_PROG_GET_NEXT_ID  ok", func() error {
			var attr [16]uint32
			return call(unix.SYS_BPF, 11, unsafe.Pointer(&attr), 12)
		}),
		"seccomp": does("seccomp command SECCOMP_GET_ACTION_AVAIL  ok", func() error {
			allow := uint32(0x7fff0000)
			return call(unix.SYS_SECCOMP, 2, 0, unsafe.Pointer(&allow))
		}),
		"syslog": does("syslog command SYSLOG_ACTION_SIZE_BUFFER  ok", func() error {
			_, err := unix.Klogctl(10, nil)
			return err
		}),
		"reboot": does("reboot command LINUX_REBOOT_CMD_HALT  EINVAL", func() error { return fails(call(unix.SYS_REBOOT, 0, 0, 0xcdef0123), unix.EINVAL) }),
		"landlock": {do: func(string) error {
			return errorsOf(call(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION), fails(call(unix.SYS_LANDLOCK_ADD_RULE, 9999, 1, 0, 0), unix.EBADF), fails(call(unix.SYS_LANDLOCK_RESTRICT_SELF, 9999, 0), unix.EBADF))
		}, facts: []string{"landlock_create_ruleset flags LANDLOCK_CREATE_RULESET_VERSION  ok",
			"landlock_add_rule command LANDLOCK_RULE_PATH_BENEATH  EBADF", "landlock_restrict_self flags 0  EBADF"}},
		"shared memory": {do: func(string) error {
			id, err := unix.SysvShmGet(unix.IPC_PRIVATE, 4096, 0o600)
			_, err2 := unix.SysvShmCtl(id, unix.IPC_RMID, nil)
			return errorsOf(err, err2)
		}, facts: []string{"shmget ipc IPC_PRIVATE  ok", "shmctl command IPC_RMID  ok"}},
		"semaphores": does("semget ipc 0x6f736170  ENOENT", func() error { return fails(call(unix.SYS_SEMGET, 0x6f736170, 1, 0), unix.ENOENT) }),
		"messages":   does("msgget ipc 0x6f736170  ENOENT", func() error { return fails(call(unix.SYS_MSGGET, 0x6f736170, 0), unix.ENOENT) }),
		"clock": does("adjtimex flags ADJ_STATUS  ok", func() error {
			var now unix.Timex
			_, err := unix.Adjtimex(&now)
			now.Modes = unix.ADJ_STATUS
			_, err2 := unix.Adjtimex(&now)
			return errorsOf(err, err2)
		}),
	}
}

func messageActions() map[string]action {
	loopback := unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	return map[string]action{
		"descriptor": {do: func(d string) error {
			ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
			file, err2 := unix.Open(d+"/file", unix.O_RDWR, 0)
			control := make([]byte, 64)
			err3 := unix.Sendmsg(ends[0], []byte("x"), unix.UnixRights(ends[0], file), nil, 0)
			_, _, _, _, err4 := unix.Recvmsg(ends[1], make([]byte, 1), control, 0)
			return errorsOf(err, err2, err3, err4)
		}, want: []string{"read,write ok file", "received read,write ok file"},
			facts: []string{"sendmsg ancillary SCM_RIGHTS  ok", "recvmsg ancillary SCM_RIGHTS  ok"}},
		"credentials": does("sendmsg ancillary SCM_CREDENTIALS  ok", func() error {
			ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
			return errorsOf(err, unix.Sendmsg(ends[0], []byte("x"), unix.UnixCredentials(&unix.Ucred{Pid: int32(os.Getpid())}), nil, 0))
		}),
		"accept": does("accept AF_INET SOCK_STREAM 127.0.0.1", func() error {
			server, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
			client, err2 := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
			err3 := errorsOf(unix.Bind(server, &loopback), unix.Listen(server, 1))
			name, err4 := unix.Getsockname(server)
			if err := errorsOf(err, err2, err3, err4, unix.Connect(client, name)); err != nil {
				return err
			}
			_, _, err = unix.Accept4(server, 0)
			return err
		}),
		"accept UNIX": {do: func(d string) error {
			server, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
			client, err2 := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
			name := &unix.SockaddrUnix{Name: d + "/s"}
			if err := errorsOf(err, err2, unix.Bind(server, name), unix.Listen(server, 1), unix.Connect(client, name)); err != nil {
				return err
			}
			_, _, err = unix.Accept(server)
			return err
		}, want: []string{"create,bind ok s", "connect ok s"}, facts: []string{"accept AF_UNIX SOCK_STREAM "}},
		"datagram": does("receive AF_INET SOCK_DGRAM 127.0.0.1", func() error { return datagrams(&loopback, false) }),
		"message":  does("receive AF_INET SOCK_DGRAM 127.0.0.1", func() error { return datagrams(&loopback, true) }),
	}
}

// datagrams sends one and takes it in by either of the two calls.
func datagrams(to *unix.SockaddrInet4, message bool) error {
	server, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	client, err2 := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	err3 := unix.Bind(server, to)
	name, err4 := unix.Getsockname(server)
	if err := errorsOf(err, err2, err3, err4, unix.Sendto(client, []byte("x"), 0, name)); err != nil {
		return err
	}
	if message {
		_, _, _, _, err = unix.Recvmsg(server, make([]byte, 1), nil, 0)
	} else {
		_, _, err = unix.Recvfrom(server, make([]byte, 1), 0)
	}
	return err
}
