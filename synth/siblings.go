package synth

// syscallRule grants calls beside the ones that were seen.
type syscallRule struct {
	Rule
	calls []string
	// runtime restricts the rule to workers that run a program of this
	// language runtime; "" for any. When sibling is set the rule applies as
	// soon as one of its calls was seen.
	runtime string
	sibling bool
	always  bool // kept even when only what was seen shall be granted
}

func siblings(name, grants, why string, calls ...string) syscallRule {
	return syscallRule{Rule: Rule{Name: name, Grants: grants, Why: why}, calls: calls, sibling: true}
}

const (
	whyLibc   = "the libc chooses among them by its version and by what the kernel offers"
	whyAt     = "the *at form does the same relative to a directory; newer libcs call nothing else"
	whyTiming = "which one is called depends on timing and on the libc's version"
	whyFlags  = "the newer call is the older one with flags; libcs switch between them"
)

// siblingRules are families of calls with the same power: who may make one may
// reach the same by another. A family never adds a privilege to a worker that
// made none of its calls, because it applies only when one was seen.
func siblingRules() []syscallRule { return append(fileSiblings(), otherSiblings()...) }

func fileSiblings() []syscallRule {
	return []syscallRule{
		siblings("open-siblings", "every way to open a file", whyAt, "open", "openat", "openat2", "creat"),
		siblings("stat-siblings", "every way to look at a file's status", whyLibc,
			"stat", "lstat", "fstat", "newfstatat", "statx", "stat64", "lstat64", "fstat64", "fstatat64"),
		siblings("statfs-siblings", "every way to look at a file system's status", whyLibc,
			"statfs", "fstatfs", "statfs64", "fstatfs64"),
		siblings("access-siblings", "every way to ask for permissions", whyAt, "access", "faccessat", "faccessat2"),
		siblings("chmod-siblings", "every way to set permissions", whyAt, "chmod", "fchmod", "fchmodat", "fchmodat2"),
		siblings("chown-siblings", "every way to set owners, if one was used", whyAt,
			"chown", "lchown", "fchown", "fchownat", "chown32", "lchown32", "fchown32"),
		siblings("mkdir-siblings", "mkdir and its *at form", whyAt, "mkdir", "mkdirat"),
		siblings("mknod-siblings", "mknod and its *at form", whyAt, "mknod", "mknodat"),
		siblings("link-siblings", "link and its *at form", whyAt, "link", "linkat"),
		siblings("symlink-siblings", "symlink and its *at form", whyAt, "symlink", "symlinkat"),
		siblings("readlink-siblings", "readlink and its *at form", whyAt, "readlink", "readlinkat"),
		siblings("remove-siblings", "every way to remove a name", whyAt, "unlink", "unlinkat", "rmdir"),
		siblings("rename-siblings", "every way to rename", whyAt, "rename", "renameat", "renameat2"),
		siblings("utime-siblings", "every way to set a file's times", whyLibc,
			"utime", "utimes", "futimesat", "utimensat", "utimensat_time64"),
		siblings("truncate-siblings", "truncate for large files", whyLibc, "truncate", "truncate64"),
		siblings("ftruncate-siblings", "ftruncate for large files", whyLibc, "ftruncate", "ftruncate64"),
		siblings("getdents-siblings", "both ways to list a directory", whyLibc, "getdents", "getdents64"),
		siblings("getxattr-siblings", "every way to read an extended attribute", whyLibc, "getxattr", "lgetxattr", "fgetxattr"),
		siblings("listxattr-siblings", "every way to list extended attributes", whyLibc, "listxattr", "llistxattr", "flistxattr"),
		siblings("setxattr-siblings", "every way to set an extended attribute", whyLibc, "setxattr", "lsetxattr", "fsetxattr"),
		siblings("read-siblings", "every way to read from a descriptor", "buffer sizes and the libc decide between them",
			"read", "readv", "pread64", "preadv", "preadv2"),
		siblings("write-siblings", "every way to write to a descriptor", "buffer sizes and the libc decide between them",
			"write", "writev", "pwrite64", "pwritev", "pwritev2"),
		siblings("copy-siblings", "every way to copy between descriptors in the kernel",
			"programs try one after another and fall back by the kind of descriptor",
			"sendfile", "sendfile64", "splice", "copy_file_range"),
		siblings("lseek-siblings", "lseek for large files", whyLibc, "lseek", "_llseek"),
		siblings("fcntl-siblings", "fcntl for large files", whyLibc, "fcntl", "fcntl64"),
		siblings("fadvise-siblings", "every spelling of posix_fadvise", whyLibc, "fadvise64", "fadvise64_64", "arm_fadvise64_64"),
		siblings("mmap-siblings", "both spellings of mmap", whyLibc, "mmap", "mmap2"),
		siblings("dup-siblings", "every way to duplicate a descriptor", whyFlags, "dup", "dup2", "dup3"),
		siblings("pipe-siblings", "both ways to make a pipe", whyFlags, "pipe", "pipe2"),
		siblings("eventfd-siblings", "both ways to make an event counter", whyFlags, "eventfd", "eventfd2"),
		siblings("signalfd-siblings", "both ways to read signals", whyFlags, "signalfd", "signalfd4"),
		siblings("inotify-siblings", "both ways to start watching files", whyFlags, "inotify_init", "inotify_init1"),
	}
}

func otherSiblings() []syscallRule {
	return []syscallRule{
		siblings("clone-siblings", "every way to make a process or thread", whyLibc, "clone", "clone3", "fork", "vfork"),
		siblings("wait-siblings", "every way to wait for a child", whyLibc, "wait4", "waitid", "waitpid"),
		siblings("poll-siblings", "both ways to poll", whyTiming, "poll", "ppoll", "ppoll_time64"),
		siblings("select-siblings", "every way to select", whyTiming, "select", "_newselect", "pselect6", "pselect6_time64"),
		siblings("epoll-wait-siblings", "every way to wait for epoll events", whyTiming, "epoll_wait", "epoll_pwait", "epoll_pwait2"),
		siblings("epoll-create-siblings", "both ways to make an epoll instance", whyFlags, "epoll_create", "epoll_create1"),
		siblings("accept-siblings", "both ways to accept", whyFlags, "accept", "accept4"),
		siblings("send-siblings", "every way to send on a socket", whyTiming, "send", "sendto", "sendmsg", "sendmmsg"),
		siblings("recv-siblings", "every way to receive on a socket", whyTiming,
			"recv", "recvfrom", "recvmsg", "recvmmsg", "recvmmsg_time64"),
		siblings("futex-siblings", "futex with 64-bit time", whyLibc, "futex", "futex_time64"),
		siblings("sleep-siblings", "every way to sleep", whyLibc, "nanosleep", "clock_nanosleep", "clock_nanosleep_time64"),
		siblings("clock-siblings", "every way to read a clock", "the vDSO falls back to the call when the clock source changes",
			"clock_gettime", "clock_gettime64", "gettimeofday", "time"),
		siblings("clock-getres-siblings", "clock_getres with 64-bit time", whyLibc, "clock_getres", "clock_getres_time64"),
		siblings("timer-siblings", "timer_settime and timer_gettime with 64-bit time", whyLibc,
			"timer_settime", "timer_settime64", "timer_gettime", "timer_gettime64"),
		siblings("timerfd-siblings", "timerfd calls with 64-bit time", whyLibc,
			"timerfd_settime", "timerfd_settime64", "timerfd_gettime", "timerfd_gettime64"),
		siblings("sigtimedwait-siblings", "sigtimedwait with 64-bit time", whyLibc, "rt_sigtimedwait", "rt_sigtimedwait_time64"),
		siblings("rlimit-siblings", "every way to read and set the process's limits", whyLibc,
			"getrlimit", "ugetrlimit", "setrlimit", "prlimit64"),
		siblings("sync-file-range-siblings", "both spellings of sync_file_range", whyLibc, "sync_file_range", "sync_file_range2"),
	}
}
