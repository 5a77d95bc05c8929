package synth

import "slices"

// runtimeRules are sets of calls that come with a program whatever it was
// doing while it was watched.
func runtimeRules() []syscallRule {
	set := func(name, runtime, grants, why string, calls ...string) syscallRule {
		return syscallRule{Rule: Rule{Name: name, Grants: grants, Why: why}, runtime: runtime, calls: calls}
	}
	systemd := set("systemd-exec", "", "what PID 1's child still calls under the filter it has just installed",
		"the filter is loaded last before the worker is executed: a Type=exec service reports readiness by write, "+
			"some builds execute by execveat, and a failure is logged and ends in exit_group",
		"execve", "execveat", "write", "close", "exit_group", "rt_sigreturn", "brk", "mmap", "munmap")
	systemd.always = true
	return []syscallRule{
		systemd,
		set("process-life-cycle", "", "starting, being interrupted and ending",
			"a signal or an abort during training is a matter of chance",
			"execve", "exit", "exit_group", "rt_sigreturn", "sigreturn", "restart_syscall", "arch_prctl",
			"set_tid_address", "set_robust_list", "rseq", "brk", "mmap", "munmap", "mprotect"),
		set("service-environment", "", "asking for the working directory",
			"a shell has it in PWD, which programs believe; a service has no PWD, and they ask the kernel", "getcwd"),
		set("time-limit", "", "setting itself an alarm",
			"a program gives what it waits for so much time; in training, on an idle machine, it may not have had to wait",
			"alarm", "getitimer", "setitimer"),
		set("runtime-go", "go", "what the Go runtime calls by itself",
			"the scheduler, the garbage collector and the network poller choose their calls by load and timing",
			"futex", "nanosleep", "sched_yield", "sched_getaffinity", "clone", "tgkill", "getpid", "gettid",
			"rt_sigaction", "rt_sigprocmask", "sigaltstack", "mmap", "munmap", "madvise", "mincore",
			"epoll_create1", "epoll_ctl", "epoll_pwait", "eventfd2", "pipe2", "openat", "read", "write", "close",
			"fcntl", "getrandom", "clock_gettime", "prlimit64", "uname", "exit", "prctl"),
		set("runtime-glibc", "glibc", "what the GNU C library calls by itself",
			"malloc, threads, the dynamic loader, name services and abort(3) choose their calls by load, size and timing",
			"brk", "mmap", "munmap", "mprotect", "mremap", "madvise", "futex", "set_robust_list", "rseq",
			"getrandom", "prlimit64", "rt_sigaction", "rt_sigprocmask", "tgkill", "gettid", "getpid",
			"clock_gettime", "gettimeofday", "clock_nanosleep", "sched_yield", "openat", "read", "pread64",
			"newfstatat", "close", "lseek", "write", "writev", "access", "readlink", "fcntl", "uname"),
		set("runtime-musl", "musl", "what the musl C library calls by itself",
			"malloc, threads, the dynamic loader and abort(3) choose their calls by load, size and timing",
			"brk", "mmap", "munmap", "mprotect", "mremap", "madvise", "futex", "set_tid_address",
			"rt_sigaction", "rt_sigprocmask", "tkill", "gettid", "getpid", "clock_gettime", "nanosleep", "sched_yield",
			"open", "openat", "read", "readv", "writev", "fstat", "newfstatat", "close", "lseek", "fcntl", "getrandom"),
	}
}

// RuntimeCalls are the calls that the rule for a language runtime grants: those
// that a program written in it makes whatever it does. None for an unknown one.
func RuntimeCalls(runtime string) []string {
	for _, r := range runtimeRules() {
		if r.runtime == runtime && runtime != "" {
			return slices.Clone(r.calls)
		}
	}
	return nil
}

// only32 are calls that exist on 32-bit ABIs only.
var only32 = set(
	"stat64", "lstat64", "fstat64", "fstatat64", "statfs64", "fstatfs64", "chown32", "lchown32", "fchown32",
	"utimensat_time64", "truncate64", "ftruncate64", "sendfile64", "_llseek", "fcntl64", "fadvise64_64",
	"arm_fadvise64_64", "mmap2", "waitpid", "ppoll_time64", "_newselect", "pselect6_time64", "send", "recv",
	"recvmmsg_time64", "futex_time64", "clock_nanosleep_time64", "clock_gettime64", "clock_getres_time64",
	"timer_settime64", "timer_gettime64", "timerfd_settime64", "timerfd_gettime64", "rt_sigtimedwait_time64",
	"ugetrlimit", "sigreturn", "sync_file_range2",
)

// legacy are calls that architectures newer than x86 do without.
var legacy = set(
	"open", "creat", "stat", "lstat", "access", "chmod", "chown", "lchown", "mkdir", "mknod", "link", "symlink",
	"readlink", "unlink", "rmdir", "rename", "utime", "utimes", "futimesat", "getdents", "dup2", "pipe", "eventfd",
	"signalfd", "inotify_init", "fork", "vfork", "poll", "select", "epoll_wait", "epoll_create", "time", "arch_prctl", "alarm",
)

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// exists says whether a call that a rule names is there on any of the
// architectures. What was seen needs no such question.
func exists(name string, arch []string) bool {
	for _, a := range arch {
		switch a {
		case "386", "arm":
			return true
		case "amd64":
			if !only32[name] {
				return true
			}
		default:
			if !only32[name] && !legacy[name] {
				return true
			}
		}
	}
	return len(arch) == 0
}
