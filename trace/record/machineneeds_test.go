package record

import (
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

func machineNeeds() map[string]need {
	loopback := unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: 999}
	audits := []string{"socket create AF_NETLINK SOCK_RAW ok", "socket send AF_NETLINK SOCK_RAW ok"}
	return map[string]need{
		"CAP_NET_BIND_SERVICE": {do: func(string) error {
			fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
			return errorsOf(err, unix.Bind(fd, &loopback))
		}, errno: unix.EACCES, also: []string{"socket bind AF_INET SOCK_DGRAM 127.0.0.1 ok"}, made: []string{"socket create AF_INET SOCK_DGRAM ok"}},
		"CAP_NET_BROADCAST": {do: func(string) error {
			fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE)
			return errorsOf(err, unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_LISTEN_ALL_NSID, 1))
		}, errno: unix.EPERM, made: []string{"socket create AF_NETLINK SOCK_RAW ok"}},
		"CAP_NET_ADMIN": {do: func(string) error {
			fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
			return errorsOf(err, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 4096))
		}, errno: unix.EPERM, made: []string{"socket create AF_UNIX SOCK_DGRAM ok"}},
		"CAP_NET_RAW": {do: func(string) error { _, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP); return err },
			errno: unix.EPERM, also: []string{"socket create AF_INET SOCK_RAW ok"}},
		"CAP_SYS_MODULE": {do: func(string) error { return unix.DeleteModule("osapi_profile_test", unix.O_NONBLOCK) },
			errno: unix.EPERM, ends: unix.ENOENT},
		"CAP_SYS_RAWIO": {do: func(d string) error {
			fd, err := unix.Open(d+"/file", unix.O_RDONLY, 0)
			_, err2 := unix.IoctlGetInt(fd, 1 /* FIBMAP */)
			return errorsOf(err, err2)
		}, errno: unix.EPERM, made: []string{"read ok file"}},
		// Any kernel asks for this one when an interface is named that there is not.
		"CAP_SYS_MODULE of a device": {do: func(string) error {
			fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
			name, err2 := unix.NewIfreq("no-such-device")
			return errorsOf(err, err2, failsAs(unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, name), unix.ENODEV))
		}, made: []string{"socket create AF_UNIX SOCK_DGRAM ok", "CAP_NET_ADMIN EPERM"}},
		"CAP_SYS_PACCT": {do: func(string) error { return call(unix.SYS_ACCT, 0) }, errno: unix.EPERM},
		"CAP_SYS_ADMIN": {do: func(string) error { return unix.Unshare(unix.CLONE_NEWUTS) }, errno: unix.EPERM,
			also: []string{"unshare namespaces CLONE_NEWUTS  ok"}},
		"CAP_SYS_BOOT": {do: func(string) error { return call(unix.SYS_REBOOT, 0, 0, 0xcdef0123) }, errno: unix.EPERM, ends: unix.EINVAL,
			also: []string{"reboot command LINUX_REBOOT_CMD_HALT  ok"}},
		"CAP_SYS_TIME": {do: func(string) error {
			now := unix.Timex{}
			_, err := unix.Adjtimex(&now)
			now.Modes = unix.ADJ_STATUS
			_, err2 := unix.Adjtimex(&now)
			return errorsOf(err, err2)
		}, errno: unix.EPERM, also: []string{"adjtimex flags ADJ_STATUS  ok"}},
		"CAP_SYS_TTY_CONFIG": {do: func(string) error { _, _ = unix.Setsid(); return call(unix.SYS_VHANGUP) }, errno: unix.EPERM},
		"CAP_SYSLOG": {do: func(string) error { _, err := unix.Klogctl(9, nil); return err }, errno: unix.EPERM,
			also: []string{"syslog command SYSLOG_ACTION_SIZE_UNREAD  ok"}, refused: until(6, 12, "CAP_SYS_ADMIN EPERM")},
		"CAP_AUDIT_WRITE":   {do: func(string) error { return auditMessage(unix.AUDIT_USER, 0) }, errno: unix.EPERM, made: audits},
		"CAP_AUDIT_CONTROL": {do: func(string) error { return auditMessage(unix.AUDIT_GET, 0) }, errno: unix.EPERM, made: audits},
		"CAP_AUDIT_READ": {do: func(string) error { return auditMessage(0, 1) }, errno: unix.EPERM,
			also: []string{"socket bind AF_NETLINK SOCK_RAW ok"}, made: audits[:1]},
		"CAP_MAC_ADMIN": {do: func(string) error {
			fd, err := unix.Open("/sys/kernel/security/apparmor/.load", unix.O_WRONLY, 0)
			if errors.Is(err, unix.ENOENT) {
				return absent("AppArmor, or its file system")
			}
			if err != nil {
				return err
			}
			_, err = unix.Write(fd, []byte("no policy"))
			return err
		}, errno: unix.EACCES, ends: unix.EACCES, // it is root's alone, too
			made: []string{"write ok ^/sys/kernel/security/apparmor/.load"}},
		"CAP_WAKE_ALARM": {do: func(string) error { _, err := unix.TimerfdCreate(unix.CLOCK_REALTIME_ALARM, 0); return err }, errno: unix.EPERM},
		"CAP_BLOCK_SUSPEND": {do: func(string) error {
			if _, err := os.Stat("/sys/power/wakeup_count"); err != nil {
				return absent("CONFIG_PM_SLEEP")
			}
			poll, err := unix.EpollCreate1(0)
			var pipe [2]int
			err2 := unix.Pipe(pipe[:])
			return errorsOf(err, err2, unix.EpollCtl(poll, unix.EPOLL_CTL_ADD, pipe[0], &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLWAKEUP}))
		}, made: []string{"stat ok ^/sys/power/wakeup_count"}},
		"CAP_PERFMON": {do: measure, errno: unix.EACCES, also: []string{"perf_event_open command PERF_TYPE_SOFTWARE self ok"},
			made: []string{"read ok ^/proc/sys/kernel/perf_event_paranoid"}, refused: []string{"CAP_SYS_ADMIN EPERM"}},
		"CAP_BPF": {do: func(string) error {
			attr := [16]uint32{0: 11 /* BPF_MAP_TYPE_LPM_TRIE */, 1: 8, 2: 4, 3: 1, 4: 1 /* BPF_F_NO_PREALLOC */}
			return call(unix.SYS_BPF, 0, unsafe.Pointer(&attr), 48)
		}, errno: unix.EPERM, also: []string{"bpf command BPF_MAP_CREATE  ok"}, refused: []string{"CAP_SYS_ADMIN EPERM"}},
	}
}

// measure asks for events of the kernel.
func measure(string) error {
	if text, err := os.ReadFile("/proc/sys/kernel/perf_event_paranoid"); err == nil && string(text) > "2\n" {
		return absent("perf_event_open(2) for CAP_PERFMON where kernel.perf_event_paranoid is above 2, which is Debian's own")
	}
	_, err := unix.PerfEventOpen(&unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Size: unix.PERF_ATTR_SIZE_VER0}, 0, -1, -1, 0)
	return err
}
