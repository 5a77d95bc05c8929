// process.h: acts on other processes and on what a process may become. The process
// aimed at is one that only waits, started for this; what a process does to itself
// ends with it.
#pragma once
#include "call.h"

static int act_signal(const char *pid) { return failed(CALL(__NR_kill, number(pid), 0)); }

// act_trace attaches and stops nothing; it ends with this process.
static int act_trace(const char *pid)
{
	enum { PTRACE_SEIZE = 0x4206 };

	return failed(CALL(__NR_ptrace, PTRACE_SEIZE, number(pid), 0, 0));
}

// act_read_memory reads from where no memory is.
static int act_read_memory(const char *pid)
{
	char byte;
	struct {
		void *base;
		ulong length;
	} here = {&byte, 1}, there = {0, 1};

	return reached(CALL(__NR_process_vm_readv, number(pid), &here, 1, &there, 1, 0), EFAULT);
}

static int act_become(const char *id)
{
	return failed(CALL(__NR_setresuid, number(id), number(id), number(id)));
}

static int act_become_group(const char *id)
{
	return failed(CALL(__NR_setresgid, number(id), number(id), number(id)));
}

static int act_realtime(const char *unused)
{
	enum { SCHED_FIFO = 1 };
	int priority = 1;

	return failed(CALL(__NR_sched_setscheduler, 0, SCHED_FIFO, &priority));
}

static int act_priority(const char *unused)
{
	enum { PRIO_PROCESS = 0 };

	return failed(CALL(__NR_setpriority, PRIO_PROCESS, 0, -20));
}

static int act_personality(const char *unused)
{
	enum { ADDR_NO_RANDOMIZE = 0x0040000 };

	return failed(CALL(__NR_personality, ADDR_NO_RANDOMIZE));
}

static int act_unshare(const char *flags) { return failed(CALL(__NR_unshare, number(flags))); }

// act_clone has a child that is gone at once.
static int act_clone(const char *flags)
{
	enum { SIGCHLD = 17 };
	long pid = CALL(__NR_clone, number(flags) | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		leave(0);
	return failed(pid);
}

// act_enter goes where another process is.
static int act_enter(const char *path)
{
	long fd = CALL(__NR_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);

	return fd < 0 ? failed(fd) : failed(CALL(__NR_setns, fd, 0));
}

// act_chroot makes the root directory the root directory.
static int act_chroot(const char *unused) { return failed(CALL(__NR_chroot, "/")); }
