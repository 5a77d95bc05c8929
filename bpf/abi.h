/* SPDX-License-Identifier: MIT */
/* What crosses between kernel and recorder. bpf2go makes the Go structs from
 * these, so that the two cannot differ. */
#ifndef OSAPI_ABI_H
#define OSAPI_ABI_H

#include "kernel.h"

/* A system call: its number, with the ABI it was made by on top. */
#define CALL_ABI_SHIFT 12
#define CALL_NR_MASK 0xfff
#define CALL_OUTSIDE 0xffffffff /* not in a system call */
#define CALL_EXECED 0xfffffffe  /* one whose return says nothing: the execve that just succeeded, recorded
				 * already, or one that the task was in when it was attached to */
#define CALL_RING 0xfffffffd    /* no call, but an operation of io_uring */
enum abi { ABI_NATIVE, ABI_COMPAT, ABI_X32, ABI_COUNT };

/* Access bits: trace.Access, in the same order. */
enum access {
	ACCESS_READ = 1 << 0,
	ACCESS_WRITE = 1 << 1,
	ACCESS_APPEND = 1 << 2,
	ACCESS_CREATE = 1 << 3,
	ACCESS_TRUNCATE = 1 << 4,
	ACCESS_DELETE = 1 << 5,
	ACCESS_RENAME_FROM = 1 << 6,
	ACCESS_RENAME_TO = 1 << 7,
	ACCESS_LINK_FROM = 1 << 8,
	ACCESS_LINK_TO = 1 << 9,
	ACCESS_CHMOD = 1 << 10,
	ACCESS_CHOWN = 1 << 11,
	ACCESS_ATTR = 1 << 12,
	ACCESS_EXEC = 1 << 13,
	ACCESS_EXEC_MAP = 1 << 14,
	ACCESS_LOCK = 1 << 15,
	ACCESS_STAT = 1 << 16,
	ACCESS_CONNECT = 1 << 17,
	ACCESS_BIND = 1 << 18,
	ACCESS_MOUNT = 1 << 19,
	ACCESS_UMOUNT = 1 << 20,
};

/* How a system call is looked at when it returns; filled in by the recorder
 * from its table of names, so that no number stands in these programs. */
enum handler {
	HANDLE_NONE,
	HANDLE_OPEN,   /* returns a descriptor of a named file */
	HANDLE_PATH,   /* one name, or a descriptor when the name is empty */
	HANDLE_PATHS,  /* two names: rename, link */
	HANDLE_FD,     /* a descriptor */
	HANDLE_SOCKET, /* socket and what is done to one */
	HANDLE_PEER,   /* who is at the other end of one, and what files come from there */
	HANDLE_COUNT,
};

/* How the last component of a name is taken. */
enum follow {
	FOLLOW_NO,
	FOLLOW_YES,
	FOLLOW_UNLESS, /* AT_SYMLINK_NOFOLLOW or the like in the flags: follow_mask */
	FOLLOW_IF,     /* AT_SYMLINK_FOLLOW or the like */
};

/* Conditions on an fd call, beyond its success. */
enum when {
	WHEN_ALWAYS,
	WHEN_MAP_EXEC, /* mmap with PROT_EXEC of a file */
	WHEN_LOCK,     /* fcntl with a locking command */
	WHEN_FLOCK,    /* flock that does not unlock */
	WHEN_PWD,      /* chdir, chroot: on success what was named is where the */
	WHEN_ROOT,     /* task is now, and a relative name starts elsewhere already */
	WHEN_NAMED,    /* NULL in place of the name names nothing */
};

enum socket_call {
	SOCK_SOCKET = 1,
	SOCK_BIND,
	SOCK_CONNECT,
	SOCK_LISTEN,
	SOCK_SENDTO,
	SOCK_SENDMSG,
	SOCK_PAIR,
	SOCK_MULTI, /* socketcall(2): one of these, its arguments in memory */
	SOCK_ACCEPT,
	SOCK_RECVFROM,
	SOCK_RECVMSG,
};

/* How the arguments of a call say what it is aimed at. */
enum aim {
	AIM_NONE,
	AIM_TASK,   /* a process or thread id; 0 is the caller, -1 everybody */
	AIM_SIGNAL, /* as kill(2) has it: 0 is the caller's process group, below -1 another */
	AIM_PTRACE, /* as ptrace(2) has it: nobody for PTRACE_TRACEME, which is 0 in argument 0 */
	AIM_PIDFD,
	AIM_DEVICE, /* a descriptor of a character or block device, and nothing else counts */
};

/* Whom a call was aimed at, from the least to the most. */
enum target {
	TARGET_UNTOLD,
	TARGET_SELF,    /* the calling process */
	TARGET_WORKER,  /* another process in scope */
	TARGET_OUTSIDE, /* a process that is not */
	TARGET_ALL,     /* whomever the caller may */
};

/* What is done about a call before it has happened. */
enum at_enter {
	ENTER_NOTHING,
	ENTER_RECORD, /* does not return as other calls do: record it on the way in */
	ENTER_AIM,    /* may end the one it is aimed at: tell now whom */
	ENTER_READ,   /* another task may write over the argument in memory: read it now */
};

struct treatment {
	u8 handler;     /* enum handler */
	u8 follow;      /* enum follow, also of the first of two names */
	u8 when;        /* enum when */
	u8 socket;      /* enum socket_call */
	s8 dirfd;       /* indices of arguments, -1: none */
	s8 path;
	s8 dirfd2;
	s8 path2;       /* second name, or what a symlink says */
	s8 flags;       /* AT_* or O_* */
	s8 flags_deref; /* flags is a pointer, and they stand at this offset */
	s8 fd;
	u8 at_enter;    /* enum at_enter */
	u32 open_flags; /* O_* that the call implies */
	u32 access;     /* of the first, or only, name */
	u32 access2;
	/* the argument that decides a directive */
	s8 arg;
	s8 arg_deref;   /* arg is a pointer, and the value stands at this offset */
	u8 arg_all;     /* all bits of the mask must be set, else any of them */
	u8 arg_always;  /* even when no bit of the mask is set */
	u8 arg_create;  /* only when O_CREAT is among the flags */
	u8 arg_short;   /* arg_deref reads 4 bytes, not 8 */
	u8 check_arg; /* the argument, plus 1, that tells what a capability was asked for, or CHECK_* */
	u8 others;      /* only when the call is aimed at another process */
	u64 arg_mask;   /* bits that are kept; 0: no argument */
	u32 follow_mask;
	u8 aim;         /* enum aim */
	s8 target;      /* arguments that it is aimed at */
	s8 target2;
	s8 text;        /* a short string that goes with the argument */
	u8 ring;        /* does the work of io_uring */
	u8 pad[7];
};

/* The sets. One key is one fact. */
struct call_key {
	u32 subject;
	u32 operation;
	u32 call;
	u32 outcome; /* errno, OUTCOME_NONE, or 0 */
};
#define OUTCOME_NONE 0xffff            /* did not return */
#define OUTCOME_SECCOMP 0x10000        /* did not go in: a seccomp filter answered with the errno in the low half */
#define OUTCOME_SECCOMP_SIGNAL 0x20000 /* likewise, with the signal in the low half */

struct tally {
	u64 count;
	u64 first; /* CLOCK_MONOTONIC, ns */
	u64 last;
};

#define STACK_DEPTH 12
struct capability_key {
	u32 subject;
	u32 operation;
	u32 call;
	u8 capability;
	u8 denied;
	u8 flags;
	u8 pad;
	u32 argument; /* of the call, where the treatment says so */
	u32 level;    /* of setsockopt */
	u64 stack; /* hash of the call chain */
};
enum capability_flag { CAP_USERNS = 1, CAP_NOAUDIT = 2, CAP_OVERRIDE = 4, CAP_SAME_ID = 8, CAP_BELOW = 16 };
#define CHECK_OPTION 4 /* in check_arg: argument 2, the option, with its level in argument 1 */
#define CHECK_ID 5 /* argument 0 is an id that the task may have already */
struct capability_value {
	struct tally tally;
	u64 stack[STACK_DEPTH];
};

struct argument_key {
	u32 subject;
	u32 operation;
	u32 call;
	u32 outcome;
	u64 value;
	u32 device; /* AIM_DEVICE: the number in the kernel's packing */
	u16 mode;   /* its type: S_IFCHR or S_IFBLK */
	u16 target; /* enum target */
	char text[16]; /* as much as fits, with a NUL */
};

#define ADDRESS_MAX 132 /* a family and 128 bytes, more than sun_path has: the verifier wants a power of two */
struct socket_key {
	u32 subject;
	u32 operation;
	u32 call;
	u32 outcome;
	u16 family;
	u16 type;
	u16 protocol;
	u8 action;  /* enum socket_call */
	u8 length;  /* of the address */
	u8 address[ADDRESS_MAX]; /* a sockaddr without its padding, or a raw sun_path after the family */
};

/* Files seen already. A file that was opened is told by what the kernel
 * resolved, one that was only named by the name and where it starts. */
struct seen_key {
	u32 subject;
	u32 operation;
	u32 call;
	u32 outcome;
	u32 access;
	u32 fsuid;
	u64 mount;
	u64 inode;  /* of the file, or of where the name starts */
	u64 parent; /* inode of the directory, or hash of the name */
	u32 device;
	u32 name;   /* hash of the last two components */
};

/* What of its unit's sandbox a command runs without, by the prefix of its line
 * (systemd.service(5)); so does all that it starts. */
enum lifted {
	LIFTED_NOTHING,
	LIFTED_USER, /* "!": user, group and capabilities */
	LIFTED_ALL,  /* "+" */
	LIFTED_BY_LINE, /* in the map of commands: its lines have different prefixes */
};

/* How the commands of a unit are told: as systemd hands them to execve(2). */
#define COMMAND_MAX 256

/* One of several lines with the same command: by its words, each ended by NUL, as
 * execve(2) is handed them, where these are shorter than the field. */
struct unit_line {
	char command[COMMAND_MAX];
	char words[COMMAND_MAX];
};

/* Subjects are numbered as they appear. A program with several names is several,
 * and so is one whose inode another had before it. */
struct subject_key {
	u64 inode;
	u64 parent; /* inode of the directory it is in */
	u64 script; /* hash of the name it was called by, 0 unless a script */
	u64 base;   /* inode of the directory that name starts in */
	u32 device;
	u32 lifted; /* enum lifted */
	u32 name;   /* hash of its own name there */
	u32 pad;
};

/* Events: a header and up to five strings behind it. A walk is the names from
 * the file up to the root, each ended by NUL. */
enum event_kind { EVENT_FILE = 1, EVENT_PATH, EVENT_PATHS, EVENT_EXEC };
enum event_flag {
	EVENT_CREATED = 1 << 0,  /* this call made the file */
	EVENT_UNLINKED = 1 << 1, /* it has no name any more */
	EVENT_FOLLOW = 1 << 2,   /* the last component is followed */
	EVENT_CUT = 1 << 3,      /* a name or walk did not fit */
	EVENT_UID = 1 << 4,      /* exec changed the effective uid */
	EVENT_GID = 1 << 5,
	EVENT_CAPS = 1 << 6,     /* exec gained permitted capabilities */
	EVENT_FIRST = 1 << 7,    /* the exec that opened the scope */
	EVENT_SCRIPT = 1 << 8,
	EVENT_DETACHED = 1 << 9, /* in no mount that has a place */
	EVENT_TMPFILE = 1 << 10, /* O_TMPFILE: a file that never had a name, in this directory */
	EVENT_FAULT = 1 << 11,   /* the name could not be read */
	EVENT_ATTACHED = 1 << 12, /* EXEC: it ran already, who executed it was not seen */
	EVENT_LIFTED = 1 << 13,  /* EXEC: enum lifted stands from this bit on */
};
/* In this order behind the header. NAME is as the program wrote it; it starts
 * at WALK unless it begins with a slash, and then at ROOT. */
enum event_text { TEXT_NAME, TEXT_NAME2, TEXT_WALK, TEXT_WALK2, TEXT_ROOT, TEXT_COUNT };

#define TEXT_MAX 16384 /* of all strings of one event */
struct event {
	u32 kind;
	u32 flags;
	u32 subject;
	u32 target; /* EXEC: what it became */
	u32 operation;
	u32 call;
	u32 outcome;
	u32 access;
	u32 access2;
	u32 tgid; /* in the recorder's pid namespace */
	u32 fsuid;
	u32 fsgid;
	u32 uid; /* owner of the file, FILE and EXEC only */
	u32 gid;
	u32 mode; /* with type */
	u32 device;
	u32 rdev;
	u32 mntns;
	u64 inode;
	u64 time;
	char fs[16];
	u16 length[TEXT_COUNT];
	u16 pad[3];
};

/* What was not recorded, by reason. */
enum loss {
	LOST_EVENT_FILE,  /* ring buffer full; the file comes again at its next use */
	LOST_EVENT_EXEC,
	LOST_CALL,        /* a set was full */
	LOST_CAPABILITY,
	LOST_SOCKET,
	LOST_ARGUMENT,
	LOST_SCOPE,       /* a child could not be put in scope */
	LOST_SUBJECT,
	LOST_STRANGER,    /* executed in the unit's cgroup, but none of its commands */
	LOST_LINE,        /* a command of which no line has these words */
	LOST_COUNT,
};

#endif
