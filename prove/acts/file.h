// file.h: acts on files. What they open they only open: nothing is read from it or
// written to it. What they make is empty but for a copy of this program, has a name
// that nobody else uses, and is removed at once.
#pragma once
#include "call.h"

static long open_at(const char *path, int flags, int mode)
{
	return CALL(__NR_openat, AT_FDCWD, path, flags | O_NONBLOCK | O_CLOEXEC, mode);
}

// act_read and act_write take a path.
static int act_read(const char *path) { return failed(open_at(path, O_RDONLY, 0)); }

static int act_write(const char *path) { return failed(open_at(path, O_WRONLY, 0)); }

// identity takes the front off "DEVICE:INODE:PATH", as a file is told by outside of
// the sandbox: what a sandbox hides it hides behind another one.
static const char *identity(const char *what, ulong wanted[2])
{
	for (int i = 0; i < 2; i++) {
		wanted[i] = number(what);
		while (*what++ != ':')
			;
	}
	return what;
}

// differs is ENOENT for another file than the one that was meant.
static int differs(long fd, const ulong wanted[2])
{
	ulong stat[64]; // struct stat begins with device and inode

	if (CALL(__NR_fstat, fd, stat) < 0)
		return ENOSYS;
	return stat[0] == wanted[0] && stat[1] == wanted[1] ? 0 : ENOENT;
}

static int the_same(const char *what, int flags)
{
	ulong wanted[2];
	long fd = open_at(identity(what, wanted), flags, 0);

	return fd < 0 ? failed(fd) : differs(fd, wanted);
}

static int act_read_same(const char *what) { return the_same(what, O_RDONLY); }

static int act_write_same(const char *what) { return the_same(what, O_WRONLY); }

// act_create_same makes a file in the directory that "DEVICE:INODE:" is of.
static int act_create_same(const char *what)
{
	ulong wanted[2];
	const char *path = identity(what, wanted), *name = path;
	char directory[4096];
	long dir, fd;
	int error;

	for (const char *at = path; *at; at++)
		if (*at == '/')
			name = at + 1;
	if (name - path > (long)sizeof(directory))
		return EINVAL;
	memcpy(directory, path, name - path);
	directory[name - path - 1] = 0;
	dir = open_at(directory, O_PATH, 0);
	error = dir < 0 ? failed(dir) : differs(dir, wanted);
	if (error)
		return error;
	fd = CALL(__NR_openat, dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		CALL(__NR_unlinkat, dir, name, 0);
	return failed(fd);
}

// act_setuid_bit makes a file of its own that carries the bit.
static int act_setuid_bit(const char *path)
{
	long fd = open_at(path, O_WRONLY | O_CREAT | O_EXCL, 04700);

	if (fd >= 0)
		CALL(__NR_unlinkat, AT_FDCWD, path, 0);
	return failed(fd);
}

// act_give_away makes a file of its own another user's.
static int act_give_away(const char *path)
{
	long fd = open_at(path, O_WRONLY | O_CREAT | O_EXCL, 0600), result;

	if (fd < 0)
		return failed(fd);
	result = CALL(__NR_fchown, fd, 65533, -1);
	CALL(__NR_unlinkat, AT_FDCWD, path, 0);
	return failed(result);
}

// act_make_device makes a node for the device that /dev/null is.
static int act_make_device(const char *path)
{
	enum { S_IFCHR = 020000, NULL_DEVICE = 1 << 8 | 3 };
	long result = CALL(__NR_mknodat, AT_FDCWD, path, S_IFCHR | 0600, NULL_DEVICE);

	if (result == 0)
		CALL(__NR_unlinkat, AT_FDCWD, path, 0);
	return failed(result);
}

// act_open_by_handle asks for a file by a handle that no file has.
static int act_open_by_handle(const char *unused)
{
	struct {
		unsigned bytes;
		int type;
		char handle[8];
	} handle = {.bytes = sizeof(handle.handle), .type = 0x7f};
	int error = failed(CALL(__NR_open_by_handle_at, AT_FDCWD, &handle, O_RDONLY));

	return error == ESTALE || error == EOPNOTSUPP || error == EINVAL ? 0 : error;
}
