//go:build ignore

/* act KIND ARGUMENT [KIND ARGUMENT]...: does things that a profile may forbid, one
 * after another, each in a process of its own, so that what ends or changes one
 * process does not touch the next act. For each a line "PLACE ERRNO SIGNAL" goes to
 * standard error, since what is executed may write to the other: its place, counted
 * from 0, the error that came of it, 0 if it was possible, and the signal that ended
 * it, 0 if none did.
 *
 * Run inside a unit's sandbox in place of its worker. None of the acts changes
 * anything: each says why. Built without a C library by go generate.
 */
#include "call.h"
#include "file.h"
#include "kernel.h"
#include "process.h"
#include "program.h"
#include "socket.h"

static const struct {
	const char *name;
	int (*act)(const char *argument);
} kinds[] = {
	{"read", act_read}, {"write", act_write}, {"read-same", act_read_same}, {"write-same", act_write_same},
	{"create-same", act_create_same}, {"setuid-bit", act_setuid_bit},
	{"give-away", act_give_away}, {"make-device", act_make_device}, {"open-by-handle", act_open_by_handle},
	{"exec-shell", act_exec_shell}, {"exec", act_exec}, {"exec-privileged", act_exec_privileged},
	{"exec-written", act_exec_written}, {"exec-memory", act_exec_memory}, {"write-execute", act_write_execute},
	{"make-executable", act_make_executable}, {"signal", act_signal}, {"trace", act_trace},
	{"read-memory", act_read_memory}, {"become", act_become}, {"become-group", act_become_group},
	{"realtime", act_realtime}, {"priority", act_priority}, {"personality", act_personality},
	{"unshare", act_unshare}, {"clone", act_clone}, {"enter", act_enter}, {"chroot", act_chroot}, {"raw", act_raw},
	{"packet", act_packet}, {"listen", act_listen}, {"reach", act_reach}, {"connect", act_connect},
	{"mount", act_mount}, {"module", act_module}, {"clock", act_clock}, {"wake", act_wake},
	{"hostname", act_hostname}, {"kexec", act_kexec}, {"reboot", act_reboot}, {"keyctl", act_keyctl},
	{"bpf", act_bpf}, {"perf", act_perf}, {"io_uring", act_io_uring}, {"userfaultfd", act_userfaultfd},
	{"log", act_log}, {"ports", act_ports},
};

enum { USAGE = 64, SIGCHLD_FLAG = 17, RESULTS = 2 };

// digits writes a number and what stands behind it.
static char *digits(char *to, ulong n, char end)
{
	char backwards[20];
	int count = 0;

	do
		backwards[count++] = '0' + n % 10;
	while (n /= 10);
	while (count)
		*to++ = backwards[--count];
	*to++ = end;
	return to;
}

static void tell(ulong place, ulong error, ulong signal)
{
	char line[64], *end = digits(digits(digits(line, place, ' '), error, ' '), signal, '\n');

	CALL(__NR_write, RESULTS, line, end - line);
}

static void try(ulong place, int (*act)(const char *), const char *argument)
{
	int status = 0;
	long pid = CALL(__NR_clone, SIGCHLD_FLAG, 0, 0, 0, 0), waited;

	if (pid == 0)
		leave(act(argument));
	if (pid < 0)
		leave(USAGE + 1);
	do
		waited = CALL(__NR_wait4, pid, &status, 0, 0);
	while (waited >= 0 && waited != pid);
	if (waited < 0)
		leave(USAGE + 2);
	tell(place, status >> 8 & 0xff, status & 0x7f);
}

// gained says whether this program has a group, or user, that whoever executed it
// had not (getauxval(3)).
static int gained(const ulong *auxiliary)
{
	enum { AT_UID = 11, AT_EUID = 12, AT_GID = 13, AT_EGID = 14 };
	ulong ids[4] = {0};

	for (; auxiliary[0]; auxiliary += 2)
		if (auxiliary[0] >= AT_UID && auxiliary[0] <= AT_EGID)
			ids[auxiliary[0] - AT_UID] = auxiliary[1];
	return ids[0] != ids[1] || ids[2] != ids[3] ? 0 : EPERM;
}

// begin is called with the stack as execve(2) leaves it: the number of arguments,
// they, 0, the environment, 0, and the auxiliary vector.
__attribute__((used)) void begin(ulong *stack)
{
	ulong count = stack[0];
	char **argv = (char **)stack + 1;
	ulong *at = stack + count + 2;

	while (*at)
		at++;
	if (count == 2 && same(argv[1], "nothing"))
		leave(0);
	if (count == 2 && same(argv[1], "gained"))
		leave(gained(at + 1));
	if (count == 2 && same(argv[1], "wait"))
		for (;;)
			CALL(__NR_ppoll, 0, 0, 0, 0, 0);
	if (count < 3 || count % 2 == 0)
		leave(USAGE);
	for (ulong i = 1; i < count; i += 2) {
		ulong kind = 0, all = sizeof(kinds) / sizeof(kinds[0]);

		while (kind < all && !same(kinds[kind].name, argv[i]))
			kind++;
		if (kind == all)
			leave(USAGE);
		try(i / 2, kinds[kind].act, argv[i + 1]);
	}
	leave(0);
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call begin\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n mov x29, #0\n mov x0, sp\n bl begin\n");
#endif
