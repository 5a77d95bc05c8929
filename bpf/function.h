/* SPDX-License-Identifier: MIT */
/* What no system call tells: files and sockets that io_uring works on, in the
 * task that submits or in threads that the kernel makes for it, and files that
 * the kernel opens on its own within an execve, a core dump or a call that has
 * no handler. Functions that only system calls reach (kill, ptrace, mount,
 * chmod) are left out: their handlers see them.
 *
 * security_path_* has a name with its mount before the act, vfs_* has what came
 * of it: both together make a fact, since permission of the directory is asked
 * in between. Opening, connecting and the like are taken from the functions that
 * io_uring shares with the system calls, for the same reason.
 *
 * Each function has an fexit program in hooks.h; where trampolines are missing,
 * one pair of kprobes serves all. Both lead to the same code (ringfile.h,
 * ringsocket.h), so that a fact does not depend on the way it was seen. */
#ifndef OSAPI_FUNCTION_H
#define OSAPI_FUNCTION_H

#include "handlers.h"
#include "ring.h"
#include "socket.h"

enum hook {
	HOOK_OPEN,
	HOOK_FILE_OPEN,
	HOOK_FILE_TRUNCATE,
	HOOK_PATH_MKDIR,
	HOOK_PATH_SYMLINK,
	HOOK_PATH_UNLINK,
	HOOK_PATH_RMDIR,
	HOOK_PATH_RENAME,
	HOOK_PATH_LINK,
	HOOK_VFS_MKDIR,
	HOOK_VFS_SYMLINK,
	HOOK_VFS_UNLINK,
	HOOK_VFS_RMDIR,
	HOOK_VFS_RENAME,
	HOOK_VFS_LINK,
	HOOK_SOCK_CREATE,
	HOOK_SOCK_CONNECT,
	HOOK_SOCK_BIND,
	HOOK_SOCK_LISTEN,
	HOOK_SOCK_SEND,
	HOOK_ROOM = 32, /* a power of two, so that a mask tells the verifier the bound */
};

/* A name that is about to be made, removed or changed. */
struct place {
	u64 directory; /* struct dentry * */
	u64 inode;     /* of the directory */
	u32 hash;
	u32 pad;
	char name[NAME_ROOM];
};

/* Between the two ends of a function. sp is the stack pointer at its entry: what
 * a function calls stands below it, and what stood above it is gone. */
struct entered {
	u64 sp;
	u64 argument[6];
};

struct begun {
	struct entered entered[HOOK_ROOM]; /* kprobes only */
	u64 dentry;                         /* that the act changes; 0: none is begun */
	u64 mnt;
	u32 access;
	u32 access2;
	u32 mode; /* with the type; 0 while there is no such file */
	u32 uid;
	u32 gid;
	u32 pad;
	struct place first, second;
	struct socket_key socket;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct begun);
} beginnings SEC(".maps");

/* fexit programs may be put aside for others on the same CPU, which tracepoints
 * may not: whoever comes second finds the buffer taken, and the loss is counted. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} taken SEC(".maps");

static __always_inline struct scratch *take(void)
{
	u32 zero = 0, which = SCRATCH_FUNCTION, *busy = bpf_map_lookup_elem(&taken, &zero);

	if (!busy)
		return NULL;
	if (__sync_lock_test_and_set(busy, 1)) {
		lose(LOST_EVENT_FILE);
		return NULL;
	}
	return bpf_map_lookup_elem(&scratches, &which);
}

static __always_inline void give_back(void)
{
	u32 zero = 0, *busy = bpf_map_lookup_elem(&taken, &zero);

	if (busy)
		*busy = 0;
}

static __always_inline bool is_execve(u32 call)
{
	struct treatment *t = treatment_of(call);

	return t && t->at_enter && t->access == ACCESS_EXEC;
}

/* Whether the task is in scope and does the work of a ring. */
static __always_inline struct task_state *in_ring(struct task_struct *task)
{
	struct task_state *state = rings ? scope_of(task) : NULL;

	return state && call_of(state, task) == CALL_RING ? state : NULL;
}

/* Whether the task is in scope and in what no handler looks at, a ring's work
 * aside. */
static __always_inline struct task_state *unseen(struct task_struct *task, u32 *call)
{
	struct task_state *state = scope_of(task);
	struct treatment *t;

	if (!state)
		return NULL;
	*call = call_of(state, task);
	if (*call == CALL_OUTSIDE)
		return state;
	t = treatment_of(*call);
	return *call != CALL_RING && *call != CALL_EXECED && (!t || t->handler == HANDLE_NONE) ? state : NULL;
}

/* Whether the kernel may open files on its own in what the task does. */
static __always_inline bool may_open(struct task_struct *task)
{
	struct task_state *state = scope_of(task);
	u32 call;

	return state && (is_execve(state->call) || unseen(task, &call));
}

static __always_inline struct begun *begin(struct task_struct *task)
{
	struct begun *b = bpf_task_storage_get(&beginnings, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!b)
		lose(LOST_EVENT_FILE);
	return b;
}

static __always_inline void key_of(struct seen_key *key, struct task_state *state, struct task_struct *task, u32 call,
				   u32 access, u32 outcome)
{
	key->subject = state->subject;
	key->operation = operation;
	key->call = call;
	key->access = access;
	key->outcome = outcome;
	key->fsuid = BPF_CORE_READ(task, cred, fsuid.val);
}

#endif
