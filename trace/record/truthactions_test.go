package record

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// need is an action that root does in the directory of stageOfNeeds, with the
// capabilities without which it fails, and those that the kernel asks for all the
// same and that it can do without.
type claim struct {
	do           func(dir string) error
	capabilities []string
	asks         []string
}

const someone = 65534 // nobody, by name

// askedBelow are checks that do not pass security_capable and are no needs, so that
// only the tracepoint is sure to see them: "CAPABILITY action". That of capset(2) calls
// cap_capable, which Debian's 6.1 does not show there.
var askedBelow = []string{"CAP_SYS_ADMIN memory", "CAP_SYS_ADMIN fork", "CAP_SETPCAP capset"}

func claims() map[string]claim {
	all := map[string]claim{}
	for _, some := range []map[string]claim{fileClaims(), identityClaims(), networkClaims(), systemClaims()} {
		maps.Copy(all, some)
	}
	return all
}

func opening(name string, flags int) func(string) error {
	return func(dir string) error {
		fd, err := unix.Open(filepath.Join(dir, name), flags, 0)
		if err == nil {
			err = unix.Close(fd)
		}
		return err
	}
}

// keeps says whether a file has a mode bit.
func keeps(path string, bit os.FileMode) error {
	info, err := os.Stat(path)
	if err == nil && info.Mode()&bit == 0 {
		err = fmt.Errorf("%s has mode %s", path, info.Mode())
	}
	return err
}

func fileClaims() map[string]claim {
	return map[string]claim{
		"nothing":       {do: opening("mine", unix.O_RDWR)},
		"chown":         {do: func(d string) error { return os.Chown(d+"/mine", someone, 0) }, capabilities: []string{"CAP_CHOWN"}},
		"chown_to_self": {do: func(d string) error { return os.Chown(d+"/mine", 0, 0) }},
		"read":          {do: opening("theirs", unix.O_RDONLY), capabilities: []string{"CAP_DAC_READ_SEARCH"}},
		"access":        {do: func(d string) error { return unix.Access(d+"/theirs", unix.R_OK) }, capabilities: []string{"CAP_DAC_READ_SEARCH"}},
		"access_by_real_user": {do: func(d string) error {
			runtime.LockOSThread()
			return errorsOf(call(unix.SYS_SETRESUID, -1, someone, -1), unix.Access(d+"/theirs", unix.W_OK))
		}, capabilities: []string{"CAP_SETUID", "CAP_DAC_OVERRIDE"}},
		"write": {do: opening("theirs", unix.O_WRONLY), capabilities: []string{"CAP_DAC_OVERRIDE"}},
		"read_and_write": {do: func(d string) error {
			return errors.Join(opening("theirs", unix.O_RDONLY)(d), opening("theirs", unix.O_WRONLY)(d))
		},
			capabilities: []string{"CAP_DAC_OVERRIDE"}, asks: []string{"CAP_DAC_READ_SEARCH"}},
		"create_among_theirs": {do: func(d string) error {
			if err := os.Chmod(d, 0o700); err != nil {
				return err
			}
			return os.WriteFile(d+"/sticky/new", nil, 0o600)
		}},
		"chmod": {do: func(d string) error { return os.Chmod(d+"/theirs", 0o640) }, capabilities: []string{"CAP_FOWNER"}, asks: []string{"CAP_FSETID"}},
		"chmod_public": {do: func(d string) error {
			return os.Chmod(d+"/public", 0o640)
		}, capabilities: []string{"CAP_FOWNER"}, asks: []string{"CAP_FSETID"}},
		"setgid_bit": {do: func(d string) error {
			return errors.Join(os.Chmod(d+"/theirs", 0o750|os.ModeSetgid), keeps(d+"/theirs", os.ModeSetgid))
		}, capabilities: []string{"CAP_FOWNER", "CAP_FSETID"}},
		"write_setuid": {do: func(d string) error {
			f, err := os.OpenFile(d+"/setuid", os.O_WRONLY, 0)
			if err == nil {
				_, err = f.WriteString("more")
			}
			return errors.Join(err, keeps(d+"/setuid", os.ModeSetuid))
		}, capabilities: []string{"CAP_FSETID"}},
		"noatime": {do: opening("public", unix.O_RDONLY|unix.O_NOATIME), capabilities: []string{"CAP_FOWNER"}},
		"times":   {do: func(d string) error { return os.Chtimes(d+"/public", time.Unix(1, 0), time.Unix(1, 0)) }, capabilities: []string{"CAP_FOWNER"}},
		"unlink":  {do: func(d string) error { return os.Remove(d + "/sticky/theirs") }, capabilities: []string{"CAP_FOWNER"}},
		"mknod":   {do: func(d string) error { return unix.Mknod(d+"/null", unix.S_IFCHR|0o600, 1<<8|3) }, capabilities: []string{"CAP_MKNOD"}},
		"fifo":    {do: func(d string) error { return unix.Mkfifo(d+"/fifo", 0o600) }},
		"trusted": {do: func(d string) error { return unix.Setxattr(d+"/mine", "trusted.x", []byte("y"), 0) }, capabilities: []string{"CAP_SYS_ADMIN"}},
		"user_xattr": {do: func(d string) error {
			return ignoring(unix.EOPNOTSUPP, unix.Setxattr(d+"/mine", "user.x", []byte("y"), 0))
		}},
		"file_caps":  {do: func(d string) error { return unix.Setxattr(d+"/mine", "security.capability", fileCapability(), 0) }, capabilities: []string{"CAP_SETFCAP"}},
		"lease":      {do: func(d string) error { return lease(d + "/public") }, capabilities: []string{"CAP_LEASE"}},
		"lease_mine": {do: func(d string) error { return lease(d + "/mine") }},
		"chroot":     {do: unix.Chroot, capabilities: []string{"CAP_SYS_CHROOT"}},
		"mount":      {do: mountSomething, capabilities: []string{"CAP_SYS_ADMIN"}},
		"open_by_handle": {do: func(d string) error {
			handle, _, err := unix.NameToHandleAt(unix.AT_FDCWD, d+"/mine", 0)
			fd, err2 := unix.Open(d, unix.O_RDONLY|unix.O_DIRECTORY, 0)
			if err := errorsOf(err, err2); err != nil {
				return err
			}
			_, err = unix.OpenByHandleAt(fd, handle, unix.O_RDONLY)
			return err
		}, capabilities: []string{"CAP_DAC_READ_SEARCH"}},
	}
}

// fileCapability is cap_net_raw=p, linux/capability.h.
func fileCapability() []byte {
	return []byte{0, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
}

func ignoring(errno syscall.Errno, err error) error {
	if errors.Is(err, errno) {
		return nil
	}
	return err
}

func lease(path string) error {
	fd, err := unix.Open(path, unix.O_RDONLY, 0)
	if err != nil {
		return err
	}
	_, err = unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_RDLCK)
	return err
}

func mountSomething(dir string) error {
	runtime.LockOSThread()
	return errorsOf(unix.Unshare(unix.CLONE_NEWNS), unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""), unix.Mount("tmpfs", dir, "tmpfs", 0, ""))
}

// theirProcess is one of nobody's.
func theirProcess(do func(pid int) error) func(string) error {
	return func(string) error {
		pid, err := strconv.Atoi(os.Getenv(victim))
		if err != nil {
			return err
		}
		return do(pid)
	}
}

// victim is the variable with the process id of one of nobody's.
const victim = "NEEDS_VICTIM"

func identityClaims() map[string]claim {
	return map[string]claim{
		"setuid":       {do: func(string) error { return unix.Setuid(someone) }, capabilities: []string{"CAP_SETUID"}},
		"setuid_same":  {do: func(string) error { return unix.Setuid(0) }, asks: []string{"CAP_SETUID"}},
		"setresuid":    {do: func(string) error { return unix.Setresuid(-1, someone, -1) }, capabilities: []string{"CAP_SETUID"}},
		"setgid":       {do: func(string) error { return unix.Setgid(someone) }, capabilities: []string{"CAP_SETGID"}},
		"setgid_same":  {do: func(string) error { return unix.Setgid(0) }, asks: []string{"CAP_SETGID"}},
		"setgroups":    {do: func(string) error { return unix.Setgroups(nil) }, capabilities: []string{"CAP_SETGID"}},
		"bounding_set": {do: func(string) error { return unix.Prctl(unix.PR_CAPBSET_DROP, unix.CAP_SYS_BOOT, 0, 0, 0) }, capabilities: []string{"CAP_SETPCAP"}},
		"capset": {do: func(string) error {
			runtime.LockOSThread()
			header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
			var data [2]unix.CapUserData
			return errorsOf(unix.Capget(&header, &data[0]), unix.Capset(&header, &data[0]))
		}, asks: []string{"CAP_SETPCAP"}},
		"drop_and_fail": {do: func(d string) error {
			fd, err := unix.Open(d+"/public", unix.O_RDONLY, 0)
			return errorsOf(err, unix.Setuid(someone), fails(unix.Fchown(fd, 0, 0), unix.EPERM))
		}, capabilities: []string{"CAP_SETUID"}, asks: []string{"CAP_CHOWN"}},
		"kill":      {do: theirProcess(func(pid int) error { return unix.Kill(pid, unix.SIGURG) }), capabilities: []string{"CAP_KILL"}},
		"kill_mine": {do: func(string) error { return unix.Kill(os.Getpid(), 0) }},
		"priority": {do: theirProcess(func(pid int) error { return unix.Setpriority(unix.PRIO_PROCESS, pid, 5) }),
			capabilities: []string{"CAP_SYS_NICE"}},
		"be_nice":  {do: func(string) error { return unix.Setpriority(unix.PRIO_PROCESS, 0, 5) }},
		"be_rude":  {do: func(string) error { return unix.Setpriority(unix.PRIO_PROCESS, 0, -5) }, capabilities: []string{"CAP_SYS_NICE"}},
		"realtime": {do: func(string) error { return realtime() }, capabilities: []string{"CAP_SYS_NICE"}},
		"their_memory": {do: theirProcess(func(pid int) error {
			_, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
			return err
		}), capabilities: []string{"CAP_DAC_READ_SEARCH", "CAP_SYS_PTRACE"}},
		"their_state": {do: theirProcess(func(pid int) error {
			_, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			return err
		}), asks: []string{"CAP_SYS_PTRACE"}},
	}
}

func realtime() error {
	runtime.LockOSThread()
	priority := int32(1)
	return call(unix.SYS_SCHED_SETSCHEDULER, 0, unix.SCHED_FIFO, unsafe.Pointer(&priority))
}

func networkClaims() map[string]claim {
	return map[string]claim{
		"socket":     {do: with(unix.AF_INET, unix.SOCK_STREAM, func(int) error { return nil })},
		"raw_socket": {do: with(unix.AF_INET, unix.SOCK_RAW, func(int) error { return nil }), capabilities: []string{"CAP_NET_RAW"}},
		"packet":     {do: with(unix.AF_PACKET, unix.SOCK_DGRAM, func(int) error { return nil }), capabilities: []string{"CAP_NET_RAW"}},
		"low_port":   {do: with(unix.AF_INET, unix.SOCK_STREAM, func(s int) error { return bound(s, 1) }), capabilities: []string{"CAP_NET_BIND_SERVICE"}},
		"high_port":  {do: with(unix.AF_INET, unix.SOCK_STREAM, func(s int) error { return bound(s, 0) })},
		"interface":  {do: with(unix.AF_INET, unix.SOCK_DGRAM, setLink), capabilities: []string{"CAP_NET_ADMIN"}},
		"mark":       {do: with(unix.AF_INET, unix.SOCK_STREAM, option(unix.SO_MARK)), capabilities: []string{"CAP_NET_RAW"}},
		"priority_7": {do: with(unix.AF_INET, unix.SOCK_STREAM, option(unix.SO_PRIORITY)), capabilities: []string{"CAP_NET_RAW"}},
		"administration": {do: func(d string) error {
			return errorsOf(with(unix.AF_INET, unix.SOCK_DGRAM, setLink)(d), with(unix.AF_INET, unix.SOCK_STREAM, option(unix.SO_MARK))(d),
				with(unix.AF_INET, unix.SOCK_STREAM, option(unix.SO_PRIORITY))(d))
		}, capabilities: []string{"CAP_NET_ADMIN"}, asks: []string{"CAP_NET_RAW"}},
		"transparent": {do: with(unix.AF_INET, unix.SOCK_STREAM, func(s int) error { return unix.SetsockoptInt(s, unix.IPPROTO_IP, unix.IP_TRANSPARENT, 1) }), capabilities: []string{"CAP_NET_RAW"}},
		"buffer": {do: with(unix.AF_UNIX, unix.SOCK_STREAM, func(s int) error {
			if unix.SetsockoptInt(s, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 1<<20) == nil {
				return nil
			}
			return unix.SetsockoptInt(s, unix.SOL_SOCKET, unix.SO_SNDBUF, 1<<20)
		}), asks: []string{"CAP_NET_ADMIN"}},
		"no_such_interface": {do: with(unix.AF_INET, unix.SOCK_DGRAM, func(s int) error {
			request, err := unix.NewIfreq("nosuch0")
			return errors.Join(err, fails(unix.IoctlIfreq(s, unix.SIOCGIFMTU, request), unix.ENODEV))
		}), asks: []string{"CAP_NET_ADMIN", "CAP_SYS_MODULE"}},
	}
}

func with(family, kind int, do func(int) error) func(string) error {
	return func(string) error {
		protocol := 0
		if kind == unix.SOCK_RAW {
			protocol = unix.IPPROTO_ICMP
		}
		s, err := unix.Socket(family, kind, protocol)
		if err != nil {
			return err
		}
		return do(s)
	}
}

func option(name int) func(int) error {
	return func(s int) error { return unix.SetsockoptInt(s, unix.SOL_SOCKET, name, 7) }
}

// bound binds to a port of the loopback interface, to a low one that is free if not
// to any.
func bound(s, port int) error {
	for ; ; port++ {
		err := unix.Bind(s, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
		if port == 0 || !errors.Is(err, unix.EADDRINUSE) {
			return err
		}
	}
}

// setLink sets the flags of the loopback interface to what they are.
func setLink(s int) error {
	request, err := unix.NewIfreq("lo")
	return errorsOf(err, unix.IoctlIfreq(s, unix.SIOCGIFFLAGS, request), unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, request))
}

func systemClaims() map[string]claim {
	return map[string]claim{
		"memory": {do: func(string) error {
			_, err := unix.Mmap(-1, 0, 1<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
			return err
		}, asks: []string{"CAP_SYS_ADMIN"}},
		"fork": {do: func(string) error { return exec.Command("/bin/true").Run() }, asks: []string{"CAP_SYS_ADMIN"}},
		"lock": {do: func(string) error { return lockMemory(1 << 12) }, capabilities: []string{"CAP_IPC_LOCK"}},
		"user_namespace": {do: func(string) error {
			c := exec.Command("/bin/true")
			c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWUTS}
			return c.Run()
		}, asks: []string{"CAP_SYS_ADMIN"}},
		"hostname": {do: func(string) error {
			runtime.LockOSThread()
			return errorsOf(unix.Unshare(unix.CLONE_NEWUTS), unix.Sethostname([]byte("needs")))
		}, capabilities: []string{"CAP_SYS_ADMIN"}},
		"reboot":        {do: func(string) error { return fails(call(unix.SYS_REBOOT, 0, 0, 0), unix.EINVAL) }, capabilities: []string{"CAP_SYS_BOOT"}},
		"kernel_log":    {do: func(string) error { return call(unix.SYS_SYSLOG, 10, 0, 0) }, capabilities: []string{"CAP_SYSLOG"}},
		"limit_lowered": {do: func(string) error { return setLimit(100) }},
		"limit_raised":  {do: func(string) error { return setLimit(unix.RLIM_INFINITY) }, capabilities: []string{"CAP_SYS_RESOURCE"}},
	}
}

// lockMemory locks more than the limit that it sets.
func lockMemory(size int) error {
	none := unix.Rlimit{}
	page, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	return errorsOf(err, unix.Setrlimit(unix.RLIMIT_MEMLOCK, &none), unix.Mlock(page))
}

// setLimit sets both limits of the number of pending signals, which someone minds.
func setLimit(to uint64) error {
	return errorsOf(unix.Setrlimit(unix.RLIMIT_SIGPENDING, &unix.Rlimit{Cur: 50, Max: to}))
}
