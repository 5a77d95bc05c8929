// program.h: acts that execute something, or make memory executable.
#pragma once
#include "file.h"

// Arguments with which whatever is executed ends well and does nothing.
static int become(const char *path, const char *first, const char *second)
{
	const char *argv[] = {path, first, second, 0}, *env[] = {0};

	return failed(CALL(__NR_execve, path, argv, env));
}

static int act_exec_shell(const char *path) { return become(path, "-c", ":"); }

static int act_exec(const char *path) { return become(path, "--version", 0); }

// act_exec_privileged executes a copy of this program that has a group of its own
// by its setgid bit; the copy looks whether it got it.
static int act_exec_privileged(const char *path) { return become(path, "gained", 0); }

// The program as it is in memory: one segment that begins with the file's header.
extern const char __ehdr_start[], etext[];

// image writes this program to a file.
static int image(long fd)
{
	long size = etext - __ehdr_start, n = CALL(__NR_write, fd, __ehdr_start, size);

	return n < 0 ? failed(n) : n == size ? 0 : ENOEXEC;
}

// act_exec_written executes a file that it has just written. Whoever started this
// one removes it.
static int act_exec_written(const char *path)
{
	long fd = open_at(path, O_WRONLY | O_CREAT | O_EXCL, 0700);
	int error = fd < 0 ? failed(fd) : image(fd);

	if (error)
		return error;
	CALL(__NR_close, fd);
	return become(path, "nothing", 0);
}

// act_exec_memory executes a file that has no name.
static int act_exec_memory(const char *unused)
{
	enum { MFD_CLOEXEC = 1, AT_EMPTY_PATH = 0x1000 };
	const char *argv[] = {"act", "nothing", 0}, *env[] = {0};
	long fd = CALL(__NR_memfd_create, "osapi-profile-act", MFD_CLOEXEC);
	int error = fd < 0 ? failed(fd) : image(fd);

	return error ? error : failed(CALL(__NR_execveat, fd, "", argv, env, AT_EMPTY_PATH));
}

enum { PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4, MAP_PRIVATE_ANONYMOUS = 0x22, PAGE = 4096 };

static long map(int protection)
{
	return CALL(__NR_mmap, 0, PAGE, protection, MAP_PRIVATE_ANONYMOUS, -1, 0);
}

static int act_write_execute(const char *unused)
{
	long at = map(PROT_READ | PROT_WRITE | PROT_EXEC);

	return at < 0 && at > -PAGE ? failed(at) : 0;
}

static int act_make_executable(const char *unused)
{
	long at = map(PROT_READ | PROT_WRITE);

	return at < 0 && at > -PAGE ? failed(at) : failed(CALL(__NR_mprotect, at, PAGE, PROT_READ | PROT_EXEC));
}
