// Package tracegen makes up traces for the property tests of the synthesis and
// of the formats: every kind of fact, names that every grammar gives a meaning.
package tracegen

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/trace"
)

// Probes has a hook for each kind of fact.
func Probes() []trace.Probe {
	var out []trace.Probe
	for _, kind := range []string{"syscall", "exec", "file", "capability", "socket", "argument"} {
		out = append(out, trace.Probe{Fact: kind, Hook: "test/" + kind})
	}
	return out
}

// dirs are where directives draw their lines.
var dirs = []trace.Path{
	"/etc", "/etc/app", "/etc/cron.d", "/usr/bin", "/usr/lib/x86_64-linux-gnu", "/usr/lib/modules/6.1.0", "/opt/app/lib", "/opt/app",
	"/var/lib/app", "/var/lib/app/sub", "/var/log", "/run", "/run/app", "/run/dbus", "/run/systemd", "/tmp", "/tmp/app", "/var/tmp",
	"/home/op", "/root", "/run/user/1000", "/dev", "/dev/shm", "/dev/pts", "/dev/input", "/proc", "/proc/1", "/proc/4711",
	"/proc/4711/task/4712", "/proc/4711/fd", "/proc/sys/kernel", "/sys/fs/cgroup", "/sys/kernel", "/boot", "/", "/srv/a b",
}

// names are what a file may be called.
var names = []trace.Path{
	"a", "b", "app.conf", "libz.so.1.2.13", "libfoo-2.36.so", "passwd.1234", "state.tmpA1b2C3", "tmpab12cd34", "x.0123456789abcdef",
	"6ba7b810-9dad-11d1-80b4-00c04fd430c8", "null", "urandom", "rtc0", "kmsg", "hostname", "cmdline", "status", "system_bus_socket",
	"private", "docker.sock", "*", "**", "{a,b}", "[a-z]", "?", "sp ace", `quo"te`, `back\slash`, `end\`, "%n", "per%cent",
	"new\nline", "inv\xffalid", "\n[Service]\nReadWritePaths=/", "#", ";", ",", "|", "`", "$x", "-", "+x", "col:on", "<digits>",
	"trailing ", " leading", "tab\t", "\r", "ünï", "@{PROC}", "crontab", "bash", "python3",
}

var syscalls = []string{
	"read", "write", "openat", "openat2", "stat", "poll", "connect", "clone", "clone3", "rename", "sethostname", "clock_settime",
	"init_module", "syslog", "iopl", "mount", "chown", "execve", "epoll_wait", "setns", "unshare", "personality",
}

var capabilities = []string{
	"CAP_NET_RAW", "CAP_SYS_ADMIN", "CAP_SYS_TIME", "CAP_MKNOD", "CAP_SYSLOG", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_PTRACE",
	"CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH",
}

var arguments = []trace.Argument{
	{Syscall: "unshare", Name: trace.ArgNamespaces, Value: "CLONE_NEWNS|CLONE_NEWPID"},
	{Syscall: "clone3", Name: trace.ArgNamespaces, Value: "CLONE_NEWUSER"},
	{Syscall: "unshare", Name: trace.ArgNamespaces, Value: "CLONE_NEWTIME"},
	{Syscall: "mprotect", Name: trace.ArgProtection, Value: "PROT_EXEC"},
	{Syscall: "personality", Name: trace.ArgPersonality, Value: "0x0"},
	{Syscall: "personality", Name: trace.ArgPersonality, Value: "0xffffffff"},
	{Syscall: "sched_setscheduler", Name: trace.ArgScheduler, Value: "SCHED_FIFO"},
	{Syscall: "sched_setscheduler", Name: trace.ArgScheduler, Value: "SCHED_BATCH"},
	{Syscall: "chmod", Name: trace.ArgModeBits, Value: "S_ISUID"},
	{Syscall: "kill", Name: trace.ArgSignal, Value: "SIGTERM", Target: trace.TargetOutside},
	{Syscall: "kill", Name: trace.ArgSignal, Value: "0"},
	{Syscall: "ptrace", Name: trace.ArgPtrace, Value: "PTRACE_ATTACH", Target: trace.TargetWorker},
	{Syscall: "process_vm_readv", Name: trace.ArgPtrace, Value: "PTRACE_MODE_ATTACH_REALCREDS", Target: trace.TargetOutside},
	{Syscall: "shmget", Name: trace.ArgIPC, Value: "0x4d2"},
	{Syscall: "shmget", Name: trace.ArgIPC, Value: "IPC_PRIVATE"},
	{Syscall: "ioctl", Name: trace.ArgIoctl, Value: "TCGETS", Target: "char:136:2"},
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// Path makes up an absolute path.
func Path(r *rand.Rand) trace.Path {
	dir := pick(r, dirs)
	if r.IntN(12) == 0 {
		return dir
	}
	if dir == "/" {
		dir = ""
	}
	if r.IntN(4) == 0 {
		dir += "/" + pick(r, names)
	}
	return dir + "/" + pick(r, names)
}

func seen(r *rand.Rand, subjects int, outcomes ...string) trace.Seen {
	return trace.Seen{
		Subject: 1 + r.IntN(subjects), Operation: pick(r, []string{"", "startup", "idle"}), Outcome: pick(r, outcomes),
		Count: uint64(1 + r.IntN(3)), First: int64(r.IntN(100)),
	}
}

// Trace makes up a complete run with about n facts of each kind.
func Trace(r *rand.Rand, n int) *trace.Trace {
	worker := Path(r)
	t := &trace.Trace{
		Runs: []trace.Run{{
			Header: trace.Header{
				Version: trace.Version, Run: fmt.Sprint("run-", r.Uint64()), Worker: worker, User: pick(r, []string{"root", "osapi"}),
				Arch: "amd64", Probes: Probes(),
			},
			End: &trace.End{},
		}},
		Subjects: []trace.Subject{{ID: 1, Exe: worker, Runtime: "go"}},
	}
	for i := range 1 + r.IntN(4) {
		s := trace.Subject{ID: i + 2, Exe: Path(r), Runtime: pick(r, []string{"", "glibc", "musl"})}
		if r.IntN(2) == 0 {
			s.Loader = "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
		}
		if r.IntN(3) == 0 {
			s.Script = Path(r)
		}
		t.Subjects = append(t.Subjects, s)
	}
	for range r.IntN(n + 1) {
		addFacts(r, t)
	}
	for range r.IntN(2 * (n + 1)) {
		addFiles(r, t)
	}
	return t
}

// addFacts adds one fact of each kind but files.
func addFacts(r *rand.Rand, t *trace.Trace) {
	n := len(t.Subjects)
	t.Syscalls = append(t.Syscalls, trace.Syscall{
		Seen: seen(r, n, trace.OK, "ENOSYS", "EPERM", "EINPROGRESS", ""), Name: pick(r, syscalls), ABI: pick(r, []string{"", "", "", "i386"}),
	})
	if r.IntN(2) == 0 {
		t.Execs = append(t.Execs, trace.Exec{Seen: seen(r, n, trace.OK), Target: 1 + r.IntN(n), UID: r.IntN(8) == 0})
	}
	if r.IntN(3) == 0 {
		t.Capabilities = append(t.Capabilities, trace.Capability{
			Seen: seen(r, n, trace.OK, "EPERM"), Name: pick(r, capabilities), UserNS: r.IntN(5) == 0,
			Optional: pick(r, []trace.Optional{trace.Needed, trace.Needed, trace.NoAudit, trace.Memory, trace.Override, trace.Same}),
		})
	}
	s := trace.Socket{
		Seen: seen(r, n, trace.OK, "ENOENT", "ECONNREFUSED"), Type: "SOCK_STREAM",
		Action: pick(r, []string{"create", "bind", "connect", "listen"}), Family: pick(r, []string{"AF_UNIX", "AF_INET", "AF_NETLINK", "AF_45"}),
	}
	if s.Family == "AF_UNIX" && s.Action != "create" {
		s.Path = Path(r)
	}
	t.Sockets = append(t.Sockets, s)
	if r.IntN(6) == 0 {
		s = trace.Socket{Seen: s.Seen, Action: "accept", Family: "AF_INET", Type: "SOCK_STREAM", Address: fmt.Sprint("192.0.2.", r.IntN(9)), Port: 80}
		t.Sockets = append(t.Sockets, s)
	}
	if r.IntN(4) == 0 {
		a := pick(r, arguments)
		a.Seen = seen(r, n, trace.OK, "EPERM")
		t.Arguments = append(t.Arguments, a)
	}
}

// addFiles adds one access to a file, or the two of a rename or link.
func addFiles(r *rand.Rand, t *trace.Trace) {
	f := trace.File{
		Seen: seen(r, len(t.Subjects), trace.OK, trace.OK, trace.OK, "ENOENT", "EACCES", "EEXIST", "ENXIO", "EROFS"),
		Path: Path(r), Type: pick(r, []string{"file", "file", "dir", "char", "socket", "fifo", ""}), Mode: uint32(r.IntN(0o1000)),
		UID: uint32(r.IntN(2)), Syscall: "openat", Anon: r.IntN(20) == 0,
	}
	if len(t.Files) > 0 && r.IntN(6) == 0 { // one that something was done to before
		before := pick(r, t.Files)
		f.Path, f.Type, f.Mode, f.UID, f.Anon = before.Path, before.Type, before.Mode, before.UID, before.Anon
	}
	if f.Type == "char" {
		f.Device = pick(r, []string{"1:3", "1:9", "8:0", "136:2", "10:200"})
	}
	switch r.IntN(8) {
	case 0:
		old := f
		old.Access, old.Path = trace.AccessRenameFrom, Path(r)
		f.Access, f.Target = trace.AccessRenameTo, old.Path
		keepPossible(&old, &f)
		t.Files = append(t.Files, old)
	case 1:
		old := f
		old.Access, old.Path = trace.AccessLinkFrom, Path(r)
		f.Access, f.Target = trace.AccessLinkTo, old.Path
		keepPossible(&old, &f)
		t.Files = append(t.Files, old)
	default:
		f.Access = 1 << r.IntN(21)
		if f.Access&(trace.AccessRenameFrom|trace.AccessRenameTo|trace.AccessLinkFrom|trace.AccessLinkTo) != 0 {
			f.Access = trace.AccessWrite | trace.AccessCreate
		}
		if f.Access&trace.AccessEntry != 0 && (f.Path == "/" || slices.Contains(mounted, string(f.Path))) {
			f.Outcome = "EINVAL"
		}
	}
	t.Files = append(t.Files, f)
}

// mounted are the mounts that every system has.
var mounted = []string{"/dev/shm", "/dev/pts", "/dev", "/proc", "/sys/fs/cgroup", "/sys", "/run/user/1000", "/run"}

// keepPossible lets a move between two of them fail, as it does.
func keepPossible(from, to *trace.File) {
	on := func(p trace.Path) string {
		for _, m := range mounted {
			if strings.HasPrefix(string(p)+"/", m+"/") {
				return m
			}
		}
		return ""
	}
	top := func(p trace.Path) bool { return p == "/" || slices.Contains(mounted, string(p)) }
	if on(from.Path) != on(to.Path) || top(from.Path) || top(to.Path) {
		from.Outcome, to.Outcome = "EXDEV", "EXDEV"
	}
}
