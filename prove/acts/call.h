// call.h: system calls without a C library, so that the program is small, asks
// for nothing at its start, and lives in the sandbox of any other program.
#pragma once

#if defined(__x86_64__)
#include <asm/unistd_64.h>
#elif defined(__aarch64__)
#define __BITS_PER_LONG 64
#define __ASM_X86_BITSPERLONG_H // the headers at hand are those of the machine that builds
#define __ARCH_WANT_NEW_STAT // as its own header says (asm/unistd.h)
#include <asm-generic/unistd.h>
#endif

typedef unsigned long ulong;

// The numbers of errno(3) that acts tell apart, and those that the kernel's two
// machines have in common (asm-generic/errno-base.h, asm-generic/errno.h).
enum {
	EPERM = 1, ENOENT = 2, ENOEXEC = 8, EFAULT = 14, EINVAL = 22,
	ENOSYS = 38, ENONET = 64, EOPNOTSUPP = 95, EADDRINUSE = 98, ESTALE = 116, ENOKEY = 126,
};

// Flags of open(2) that are the same on both machines.
enum {
	O_RDONLY = 0, O_WRONLY = 1, O_CREAT = 0100, O_EXCL = 0200, O_NONBLOCK = 04000, O_CLOEXEC = 02000000, O_PATH = 010000000,
	AT_FDCWD = -100,
};

static long call(long number, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__)
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
#endif
}

#define PICK(_0, _1, _2, _3, _4, _5, _6, chosen, ...) chosen
#define CALL0(n) call(n, 0, 0, 0, 0, 0, 0)
#define CALL1(n, a) call(n, (long)(a), 0, 0, 0, 0, 0)
#define CALL2(n, a, b) call(n, (long)(a), (long)(b), 0, 0, 0, 0)
#define CALL3(n, a, b, c) call(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define CALL4(n, a, b, c, d) call(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define CALL5(n, a, b, c, d, e) call(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define CALL6(n, a, b, c, d, e, f) call(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
// CALL(number, arguments...) gives what the kernel does: a result or -errno.
#define CALL(n, ...) PICK(0, ##__VA_ARGS__, CALL6, CALL5, CALL4, CALL3, CALL2, CALL1, CALL0)(n, ##__VA_ARGS__)

static void leave(int status)
{
	for (;;)
		CALL(__NR_exit_group, status);
}

// failed is the errno of a result, 0 for a success.
static int failed(long result) { return result < 0 ? (int)-result : 0; }

// reached is for calls with an argument that no kernel takes: what asks for
// permission comes first, so this errno says that it was given.
static int reached(long result, int errno) { return -result == errno ? 0 : failed(result); }

static ulong length(const char *s)
{
	ulong n = 0;

	while (s[n])
		n++;
	return n;
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

// number reads decimal digits.
static ulong number(const char *s)
{
	ulong n = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + *s - '0';
	return n;
}

// Compilers call these for what is set at once.
void *memset(void *to, int byte, ulong n)
{
	for (volatile char *at = to; n; n--)
		*at++ = byte;
	return to;
}

void *memcpy(void *to, const void *from, ulong n)
{
	const char *source = from;

	for (volatile char *at = to; n; n--)
		*at++ = *source++;
	return to;
}
