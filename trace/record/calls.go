package record

import "strings"

// Call says what a system call can touch and how it is treated.
type Call struct {
	Name    string
	Touches string // one of the words of Calls, in its order: "path", "process", …
	Looked  bool   // more than its name and its outcome is recorded
	Reason  string // what is recorded, or why the name is all there is to see
}

// callGroup are calls that are treated alike.
type callGroup struct {
	touches string
	looked  bool
	reason  string
	names   string
}

// Calls lists every system call that has a number on any architecture the
// recorder knows, sorted by what it touches.
func Calls() []Call {
	var calls []Call
	for _, g := range callGroups() {
		for name := range strings.FieldsSeq(g.names) {
			calls = append(calls, Call{name, g.touches, g.looked, g.reason})
		}
	}
	return calls
}

func callGroups() []callGroup {
	var groups []callGroup
	for _, some := range [][]callGroup{
		pathGroups(), socketGroups(), processGroups(), namespaceGroups(), interfaceGroups(), quietGroups(),
	} {
		groups = append(groups, some...)
	}
	return groups
}

func pathGroups() []callGroup {
	return []callGroup{
		{"path", true, "opened", "creat open openat openat2 open_by_handle_at mq_open uselib swapon swapoff acct"},
		{"path", true, "created", "mkdir mkdirat mknod mknodat symlink symlinkat"},
		{"path", true, "deleted", "unlink unlinkat rmdir mq_unlink"},
		{"path", true, "renamed", "rename renameat renameat2"},
		{"path", true, "linked", "link linkat"},
		{"path", true, "executed", "execve execveat"},
		{"path", true, "truncated", "truncate truncate64"},
		{"path", true, "mode", "chmod fchmodat fchmodat2"},
		{"path", true, "owner", "chown chown32 lchown lchown32 fchownat"},
		{"path", true, "times", "utime utimes futimesat utimensat utimensat_time64"},
		{"path", true, "attributes", "setxattr lsetxattr setxattrat removexattr lremovexattr removexattrat file_setattr"},
		{"path", true, "looked at", "stat stat64 lstat lstat64 newfstatat fstatat64 statx oldstat oldlstat access faccessat faccessat2 " +
			"readlink readlinkat statfs statfs64 getxattr lgetxattr getxattrat listxattr llistxattr listxattrat file_getattr " +
			"name_to_handle_at"},
		{"path", true, "where it is now", "chdir chroot"},
		{"path", true, "watched", "inotify_add_watch fanotify_mark"},
		{"descriptor", true, "mode", "fchmod"},
		{"descriptor", true, "owner", "fchown fchown32"},
		{"descriptor", true, "truncated", "ftruncate ftruncate64"},
		{"descriptor", true, "attributes", "fsetxattr fremovexattr"},
		{"descriptor", true, "locked", "flock fcntl fcntl64"},
		{"descriptor", true, "where it is now", "fchdir"},
		{"descriptor", true, "mapped executable", "mmap mmap2"},
		{"descriptor", false, "held: permission was asked when it was opened", "read readv pread64 preadv preadv2 write writev pwrite64 pwritev " +
			"pwritev2 lseek _llseek readahead sendfile sendfile64 copy_file_range splice tee vmsplice fallocate fsync fdatasync " +
			"sync_file_range arm_sync_file_range syncfs fadvise64 fadvise64_64 arm_fadvise64_64 getdents getdents64 readdir fstat " +
			"fstat64 oldfstat fstatfs fstatfs64 fgetxattr flistxattr cachestat remap_file_pages io_setup io_submit io_cancel io_destroy " +
			"io_getevents io_pgetevents io_pgetevents_time64 mq_timedsend mq_timedsend_time64 mq_timedreceive " +
			"mq_timedreceive_time64 mq_notify mq_getsetattr"},
		{"descriptor", false, "the process's own", "close close_range dup dup2 dup3 pipe pipe2 eventfd eventfd2 signalfd signalfd4 timerfd_create " +
			"timerfd_settime timerfd_settime64 timerfd_gettime timerfd_gettime64 inotify_init inotify_init1 inotify_rm_watch " +
			"epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_wait epoll_wait_old epoll_pwait epoll_pwait2 poll ppoll " +
			"ppoll_time64 select _newselect pselect6 pselect6_time64"},
	}
}

func socketGroups() []callGroup {
	return []callGroup{
		{"socket", true, "made", "socket socketpair"},
		{"socket", true, "address", "bind connect listen sendto"},
		{"socket", true, "address, ancillary messages", "sendmsg sendmmsg"},
		{"socket", true, "peer", "accept accept4 recvfrom"},
		{"socket", true, "peer, ancillary messages, files received", "recvmsg recvmmsg recvmmsg_time64"},
		{"socket", true, "as the call it stands for", "socketcall"},
		{"socket", true, "option, where a capability is asked for", "setsockopt"},
		{"socket", false, "connected: the address was told before", "send recv shutdown getsockname getpeername getsockopt"},
	}
}

func processGroups() []callGroup {
	return []callGroup{
		{"process", true, "signal and target", "kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal"},
		{"process", true, "request and target", "ptrace"},
		{"process", true, "target", "process_vm_readv process_vm_writev pidfd_getfd process_madvise kcmp get_robust_list move_pages migrate_pages"},
		{"process", true, "target, when it is another", "process_mrelease prlimit64 sched_setparam sched_setaffinity"},
		{"process", true, "policy", "sched_setscheduler sched_setattr"},
		{"process", true, "option", "prctl"},
		{"process", true, "identity, where a capability is asked for", "setuid setgid"},
		{"process", true, "execution domain", "personality"},
		{"process", true, "does not return: recorded on the way in", "exit exit_group rt_sigreturn sigreturn"},
		{"process", true, "protection", "mprotect pkey_mprotect shmat"},
		{"process", false, "followed as part of the worker", "fork vfork"},
		{"process", false, "needs no permission: what is done by it is looked at", "pidfd_open"},
		{"process", false, "a capability, when one is asked for, is a fact", "setpriority ioprio_set nice setrlimit set_mempolicy mbind " +
			"set_mempolicy_home_node mlock mlock2 mlockall " +
			"setuid32 setgid32 setreuid setreuid32 setregid setregid32 setresuid setresuid32 setresgid setresgid32 " +
			"setfsuid setfsuid32 setfsgid setfsgid32 setgroups setgroups32 capset"},
		{"process", false, "only its own session and children", "setpgid setsid wait4 waitid waitpid set_tid_address vhangup"},
		{"process", false, "anybody may ask", "getpgid getpgrp getsid getpriority ioprio_get sched_getaffinity sched_getattr sched_getparam " +
			"sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 sched_get_priority_max " +
			"sched_get_priority_min getrlimit ugetrlimit getrusage capget"},
	}
}

func namespaceGroups() []callGroup {
	return []callGroup{
		{"namespace", true, "kinds of namespaces", "clone clone3 unshare setns"},
		{"namespace", true, "where, from what, flags", "mount"},
		{"namespace", true, "where, flags", "umount2 move_mount mount_setattr"},
		{"namespace", true, "where", "umount pivot_root fspick"},
		{"namespace", true, "what, whether copied", "open_tree open_tree_attr"},
		{"namespace", true, "type of the file system", "fsopen"},
		{"namespace", true, "command", "fsconfig"},
		{"namespace", true, "flags", "fsmount"},
		{"namespace", false, "by number, of what is in sight", "statmount listmount listns"},
		{"namespace", false, "the name says all", "sethostname setdomainname"},
	}
}

func interfaceGroups() []callGroup {
	return []callGroup{
		{"device", true, "request and device", "ioctl"},
		{"device", false, "a capability is asked for, and is a fact", "iopl ioperm pciconfig_iobase pciconfig_read pciconfig_write"},
		{"kernel interface", true, "command", "bpf keyctl seccomp syslog reboot quotactl_fd landlock_add_rule lsm_set_self_attr shmctl semctl msgctl"},
		{"kernel interface", true, "command, device", "quotactl"},
		{"kernel interface", true, "keyring and type of key", "add_key request_key"},
		{"kernel interface", true, "key", "shmget semget msgget"},
		{"kernel interface", true, "type and target", "perf_event_open"},
		{"kernel interface", true, "flags", "memfd_create memfd_secret userfaultfd io_uring_setup fanotify_init landlock_create_ruleset " +
			"landlock_restrict_self"},
		{"kernel interface", true, "flags, when it changes the clock", "adjtimex clock_adjtime clock_adjtime64"},
		{"kernel interface", true, "what a ring does, by function probes; a hole without them", "io_uring_enter"},
		{"kernel interface", false, "what a ring may use: told when it is used", "io_uring_register"},
		{"kernel interface", false, "arguments in memory: a hole, and said to be one", "ipc"},
		{"kernel interface", false, "held: the key was told when it was got", "semop semtimedop semtimedop_time64 msgsnd msgrcv shmdt"},
		{"kernel interface", false, "the name says all", "init_module finit_module delete_module kexec_load kexec_file_load clock_settime " +
			"clock_settime64 settimeofday stime sync lsm_get_self_attr lsm_list_modules nfsservctl lookup_dcookie sysfs ustat " +
			"_sysctl create_module get_kernel_syms query_module bdflush vm86 vm86old modify_ldt"},
	}
}

func quietGroups() []callGroup {
	const own = "nothing"
	return []callGroup{
		{own, false, "memory of its own", "brk munmap mremap madvise mincore msync munlock munlockall mseal membarrier pkey_alloc pkey_free " +
			"map_shadow_stack get_mempolicy getcpu set_thread_area get_thread_area arch_prctl rseq rseq_slice_yield"},
		{own, false, "time", "alarm clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep clock_nanosleep_time64 ftime " +
			"getitimer setitimer gettimeofday nanosleep time times timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 " +
			"timer_settime timer_settime64"},
		{own, false, "waiting", "futex futex_time64 futex_wait futex_wake futex_waitv futex_requeue set_robust_list pause sched_yield " +
			"restart_syscall"},
		{own, false, "its own signals", "rt_sigaction rt_sigpending rt_sigprocmask rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 " +
			"sigaction sigaltstack signal sigpending sigprocmask sigsuspend sgetmask ssetmask"},
		{own, false, "about itself", "getpid getppid gettid getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getresuid " +
			"getresuid32 getresgid getresgid32 getgroups getgroups32 getcwd umask"},
		{own, false, "about the machine", "uname olduname oldolduname sysinfo getrandom"},
		{own, false, "no kernel has it any more", "afs_syscall arch_specific_syscall break getpmsg gtty idle lock mpx prof profil putpmsg security " +
			"stty tuxcall ulimit vserver"},
		{own, false, "the kernel's own trampolines", "uprobe uretprobe"},
	}
}
