package systemd

import "strings"

// callGroup is a set of calls that systemd has a name for.
type callGroup struct {
	name  string
	calls []string
	newer []string // that systemd 257 has in it and 252 has not
}

// callGroups are the groups of `systemd-analyze syscall-filter` (252 and 257)
// that a filter may hold as a whole. The others (@mount, @module, @setuid, …)
// give powers of their own, so that their calls are always listed one by one.
// Calls that the recorder has no name for are left out.
func callGroups() []callGroup {
	return []callGroup{
		{"@aio", strings.Fields(
			"io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit " +
				"io_uring_enter io_uring_register io_uring_setup"), nil},
		{"@basic-io", strings.Fields(
			"_llseek close close_range dup dup2 dup3 lseek pread64 preadv preadv2 pwrite64 pwritev pwritev2 read " +
				"readv write writev"), nil},
		{"@default", strings.Fields(
			"arch_prctl brk clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep " +
				"clock_nanosleep_time64 execve exit exit_group futex futex_time64 futex_waitv get_robust_list " +
				"get_thread_area getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getpgid " +
				"getpgrp getpid getppid getrandom getresgid getresgid32 getresuid getresuid32 getrlimit getsid gettid " +
				"gettimeofday getuid getuid32 membarrier mmap mmap2 mprotect munmap nanosleep pause prlimit64 " +
				"restart_syscall rseq rt_sigreturn sched_getaffinity sched_yield set_robust_list set_thread_area " +
				"set_tid_address sigreturn time ugetrlimit uretprobe"), strings.Fields("lsm_get_self_attr lsm_list_modules mseal")},
		{"@file-system", strings.Fields(
			"access chdir chmod close creat faccessat faccessat2 fallocate fchdir fchmod fchmodat fchmodat2 fcntl " +
				"fcntl64 fgetxattr flistxattr fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 " +
				"ftruncate ftruncate64 futimesat getcwd getdents getdents64 getxattr inotify_add_watch inotify_init " +
				"inotify_init1 inotify_rm_watch lgetxattr link linkat listxattr llistxattr lremovexattr lsetxattr " +
				"lstat lstat64 mkdir mkdirat mknod mknodat newfstatat oldfstat oldlstat oldstat open openat openat2 " +
				"readlink readlinkat removexattr rename renameat renameat2 rmdir setxattr stat stat64 statfs statfs64 " +
				"statx symlink symlinkat truncate truncate64 unlink unlinkat utime utimensat utimensat_time64 utimes"), strings.Fields("file_getattr file_setattr getxattrat listmount listxattrat removexattrat setxattrat statmount")},
		{"@io-event", strings.Fields(
			"_newselect epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait " +
				"epoll_wait_old eventfd eventfd2 poll ppoll ppoll_time64 pselect6 pselect6_time64 select"), nil},
		{"@ipc", strings.Fields(
			"ipc memfd_create mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend " +
				"mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd pipe pipe2 process_madvise " +
				"process_vm_readv process_vm_writev semctl semget semop semtimedop semtimedop_time64 shmat shmctl " +
				"shmdt shmget"), nil},
		{"@memlock", strings.Fields(
			"mlock mlock2 mlockall munlock munlockall"), nil},
		{"@network-io", strings.Fields(
			"accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg " +
				"recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socket socketcall " +
				"socketpair"), nil},
		{"@pkey", strings.Fields(
			"pkey_alloc pkey_free pkey_mprotect"), nil},
		{"@process", strings.Fields(
			"capget clone clone3 execveat fork getrusage kill pidfd_open pidfd_send_signal prctl rt_sigqueueinfo " +
				"rt_tgsigqueueinfo setns tgkill times tkill unshare vfork wait4 waitid waitpid"), nil},
		{"@signal", strings.Fields(
			"rt_sigaction rt_sigpending rt_sigprocmask rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 " +
				"sigaction sigaltstack signal signalfd signalfd4 sigpending sigprocmask sigsuspend"), nil},
		{"@sync", strings.Fields(
			"fdatasync fsync msync sync sync_file_range syncfs"), nil},
		{"@timer", strings.Fields(
			"alarm getitimer setitimer timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 " +
				"timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime " +
				"timerfd_settime64 times"), nil},
	}
}

// CallGroups lists what each group that a filter may hold has in a version of
// systemd.
func CallGroups(version int) map[string][]string {
	out := map[string][]string{}
	for _, g := range callGroups() {
		out[g.name] = g.in(version)
	}
	return out
}
