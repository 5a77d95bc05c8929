package record

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

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
		}, want: append(since(6, 13, "CAP_SYS_ADMIN ok noaudit"), "stat ok sub", "CAP_SYS_ADMIN ok"), facts: []string{"fanotify_init flags FAN_CLOEXEC  ok", "fanotify_mark flags FAN_MARK_ADD  ok"}},
		"name_to_handle_at": {do: func(d string) error {
			_, _, err := unix.NameToHandleAt(unix.AT_FDCWD, d+"/link", 0)
			return err
		}, want: []string{"stat ok link"}},
		"getxattrat": {do: func(d string) error {
			var args [16]byte
			return fails(call(unix.SYS_GETXATTRAT, unix.AT_FDCWD, d+"/link", unix.AT_SYMLINK_NOFOLLOW, "trusted.x", unsafe.Pointer(&args), 16), unix.ENODATA)
		}, want: []string{"stat ENODATA link", "CAP_SYS_ADMIN ok"}},
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
		}, want: []string{"read,write EINVAL file", "CAP_SYS_ADMIN ok"}},
		"acct": {do: func(d string) error {
			return errorsOf(unix.Acct(d+"/file"), call(unix.SYS_ACCT, 0))
		}, want: []string{"write,append ok file", "CAP_SYS_PACCT ok"}},
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
		}, want: []string{"read,write ok mqueue:/osapi-profile-test", "delete ok mqueue:/osapi-profile-test", "read ENOENT mqueue:/osapi-profile-test", "CAP_SYS_RESOURCE ok"}},
	}
}

func kernelActions() map[string]action {
	return map[string]action{
		"unshare": doing([]string{"unshare namespaces CLONE_NEWUTS|CLONE_NEWIPC  ok", "CAP_SYS_ADMIN ok"}, func() error {
			runtime.LockOSThread()
			return unix.Unshare(unix.CLONE_NEWUTS | unix.CLONE_NEWIPC)
		}),
		"ioctl": {do: func(string) error {
			random, err := unix.Open("/dev/urandom", unix.O_RDONLY, 0)
			null, err2 := unix.Open("/dev/null", unix.O_RDWR, 0)
			socket, err3 := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
			_, err4 := unix.IoctlGetInt(random, unix.RNDGETENTCNT)
			_, isatty := unix.IoctlGetTermios(null, unix.TCGETS)
			_, waiting := unix.IoctlGetInt(socket, unix.TIOCINQ)
			_ = waiting // a socket is no device
			return errorsOf(err, err2, err3, err4, fails(isatty, unix.ENOTTY))
		}, want: []string{"read ok ^/dev/urandom", "read,write ok ^/dev/null"}, facts: []string{"socket create AF_UNIX SOCK_STREAM ok", "ioctl ioctl RNDGETENTCNT char:1:9 ok"}},
		"memfd_create": does("memfd_create flags MFD_CLOEXEC|MFD_ALLOW_SEALING  ok", func() error {
			_, err := unix.MemfdCreate("x", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
			return err
		}),
		"memfd_secret": does("memfd_secret flags 0  ok", func() error { return call(unix.SYS_MEMFD_SECRET, 0) }),
		"userfaultfd":  does("userfaultfd flags UFFD_USER_MODE_ONLY|O_CLOEXEC  ok", func() error { return call(unix.SYS_USERFAULTFD, 1|unix.O_CLOEXEC) }),
		"io_uring_setup": doing([]string{"io_uring_setup flags IORING_SETUP_CLAMP  ok", "CAP_IPC_LOCK ok noaudit"}, func() error {
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
		"bpf": doing(append(until(6, 5, "CAP_BPF ok"), "bpf command BPF_PROG_GET_NEXT_ID  ok", "CAP_SYS_ADMIN ok"), func() error {
			var attr [16]uint32
			return call(unix.SYS_BPF, 11, unsafe.Pointer(&attr), 12)
		}),
		"seccomp": does("seccomp command SECCOMP_GET_ACTION_AVAIL  ok", func() error {
			allow := uint32(0x7fff0000)
			return call(unix.SYS_SECCOMP, 2, 0, unsafe.Pointer(&allow))
		}),
		"syslog": doing([]string{"syslog command SYSLOG_ACTION_SIZE_BUFFER  ok", "CAP_SYSLOG ok"}, func() error {
			_, err := unix.Klogctl(10, nil)
			return err
		}),
		"reboot": doing([]string{"reboot command LINUX_REBOOT_CMD_HALT  EINVAL", "CAP_SYS_BOOT ok"}, func() error { return fails(call(unix.SYS_REBOOT, 0, 0, 0xcdef0123), unix.EINVAL) }),
		"landlock": {do: func(string) error {
			return errorsOf(call(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION), fails(call(unix.SYS_LANDLOCK_ADD_RULE, 9999, 1, 0, 0), unix.EBADF), fails(call(unix.SYS_LANDLOCK_RESTRICT_SELF, 9999, 0), unix.EBADF))
		}, facts: []string{"landlock_create_ruleset flags LANDLOCK_CREATE_RULESET_VERSION  ok",
			"landlock_add_rule command LANDLOCK_RULE_PATH_BENEATH  EBADF", "landlock_restrict_self flags 0  EBADF", "CAP_SYS_ADMIN ok noaudit"}},
		"shared memory": {do: func(string) error {
			id, err := unix.SysvShmGet(unix.IPC_PRIVATE, 4096, 0o600)
			_, err2 := unix.SysvShmCtl(id, unix.IPC_RMID, nil)
			return errorsOf(err, err2)
		}, facts: []string{"shmget ipc IPC_PRIVATE  ok", "shmctl command IPC_RMID  ok"}},
		"semaphores": does("semget ipc 0x6f736170  ENOENT", func() error { return fails(call(unix.SYS_SEMGET, 0x6f736170, 1, 0), unix.ENOENT) }),
		"messages":   does("msgget ipc 0x6f736170  ENOENT", func() error { return fails(call(unix.SYS_MSGGET, 0x6f736170, 0), unix.ENOENT) }),
		"clock": doing([]string{"adjtimex flags ADJ_STATUS  ok", "CAP_SYS_TIME ok"}, func() error {
			var now unix.Timex
			_, err := unix.Adjtimex(&now)
			now.Modes = unix.ADJ_STATUS
			_, err2 := unix.Adjtimex(&now)
			return errorsOf(err, err2)
		}),
	}
}
