// kernel.h: acts on the kernel. Each has an argument that no kernel takes, or asks
// for what is there already, so that nothing changes; permission is asked for first.
#pragma once
#include "call.h"

// act_mount names an option that no tmpfs has: EINVAL.
static int act_mount(const char *unused)
{
	return reached(CALL(__NR_mount, "osapi-profile-act", "/", "tmpfs", 0, "osapi-profile-act"), EINVAL);
}

// act_module gives no image: ENOEXEC.
static int act_module(const char *unused) { return reached(CALL(__NR_init_module, "", 0, ""), ENOEXEC); }

// act_clock sets neither time nor time zone.
static int act_clock(const char *unused) { return failed(CALL(__NR_settimeofday, 0, 0)); }

// act_wake makes a timer that would wake the machine, and sets it to no time.
static int act_wake(const char *unused)
{
	enum { CLOCK_BOOTTIME_ALARM = 9 };

	return failed(CALL(__NR_timerfd_create, CLOCK_BOOTTIME_ALARM, O_CLOEXEC));
}

// act_hostname gives one that is too long: EINVAL.
static int act_hostname(const char *unused) { return reached(CALL(__NR_sethostname, "", 1000), EINVAL); }

// act_kexec has more segments than there can be: EINVAL.
static int act_kexec(const char *unused) { return reached(CALL(__NR_kexec_load, 0, 1000, 0, 0), EINVAL); }

// act_reboot lacks the magic numbers without which nothing is done: EINVAL.
static int act_reboot(const char *unused) { return reached(CALL(__NR_reboot, 0, 0, 0, 0), EINVAL); }

// act_keyctl asks for the number of the user's keyring. ENOKEY: it has none yet.
static int act_keyctl(const char *unused)
{
	enum { KEYCTL_GET_KEYRING_ID = 0, KEY_SPEC_USER_KEYRING = -4 };

	return reached(CALL(__NR_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 0), ENOKEY);
}

// act_bpf loads a socket filter that returns 0 and is gone with this process.
static int act_bpf(const char *unused)
{
	enum { BPF_PROG_LOAD = 5, BPF_PROG_TYPE_SOCKET_FILTER = 1 };
	static const ulong program[] = {0xb7, 0x95}; // r0 = 0; exit
	struct {
		unsigned type, count;
		const void *instructions;
		const char *license;
		unsigned level, size;
		void *buffer;
		unsigned version, flags;
	} attr = {.type = BPF_PROG_TYPE_SOCKET_FILTER, .count = 2, .instructions = program, .license = "GPL"};

	return failed(CALL(__NR_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)));
}

// act_perf makes a counter of everything on the first processor, which does not count.
static int act_perf(const char *unused)
{
	enum { PERF_TYPE_SOFTWARE = 1, PERF_FLAG_FD_CLOEXEC = 8, DISABLED = 1 };
	struct {
		unsigned type, size;
		ulong config, period, sample, read, flags;
		char rest[64];
	} attr = {.type = PERF_TYPE_SOFTWARE, .size = 64, .flags = DISABLED};

	return failed(CALL(__NR_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC));
}

static int act_io_uring(const char *unused)
{
	char parameters[120] = {0};

	return failed(CALL(__NR_io_uring_setup, 1, parameters));
}

static int act_userfaultfd(const char *unused) { return failed(CALL(__NR_userfaultfd, O_CLOEXEC)); }

// act_log reads no byte of the kernel's log.
static int act_log(const char *unused)
{
	enum { SYSLOG_ACTION_READ_ALL = 3 };
	char buffer;

	return failed(CALL(__NR_syslog, SYSLOG_ACTION_READ_ALL, &buffer, 0));
}

// act_ports asks for the port of no device (0x80, of a machine's start).
static int act_ports(const char *unused)
{
#if defined(__x86_64__)
	return failed(CALL(__NR_ioperm, 0x80, 1, 1));
#else
	return ENOSYS;
#endif
}
