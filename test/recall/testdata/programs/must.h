/* What every workload begins with. */
#ifndef MUST_H
#define MUST_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A workload that does not do all it is meant to is no workload. */
#define must(what) must_not_fail((long)(what), #what, __LINE__)

static inline long must_not_fail(long result, const char *what, int line)
{
	if (result == -1) {
		dprintf(2, "line %d: %s: %s\n", line, what, strerror(errno));
		_exit(99);
	}
	return result;
}

/* Wait for a child and take nothing but success. */
static inline void reap(pid_t child)
{
	int status;

	must(waitpid(child, &status, 0));
	if (status) {
		dprintf(2, "child ended with status %#x\n", status);
		_exit(98);
	}
}

/* Make a file of a few bytes, or write over one that is there. */
static inline void put(const char *name)
{
	int fd = must(open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644));

	must(write(fd, "text\n", 5));
	must(close(fd));
}

static inline void get(const char *name)
{
	int fd = must(open(name, O_RDONLY));
	char text[8];

	must(read(fd, text, sizeof(text)));
	must(close(fd));
}

#endif
