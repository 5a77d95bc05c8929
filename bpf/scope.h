/* SPDX-License-Identifier: MIT */
/* Who is watched: every task that descends from the one that was armed, from
 * one that was attached to, or from a program executed in a cgroup. The state of a task lives in its own storage, so that a task outside of the
 * scope costs one read of a bit, and no pid is ever compared with another's. */
#ifndef OSAPI_SCOPE_H
#define OSAPI_SCOPE_H

#include "abi.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* A pointer that was read as a number, with its type again: what it leads to is
 * then read by loads, at a tenth of the price of a call for each member. Since
 * Linux 6.2; where it is missing the verifier drops the branch that asks for it. */
extern void *bpf_rdonly_cast(const void *pointer, u32 type) __ksym __weak;
#define typed(type, pointer) ((struct type *)bpf_rdonly_cast(pointer, bpf_core_type_id_kernel(struct type)))

/* Eight bytes of the kernel's, which are no pointer to the verifier, so that it lets
 * any other be made of them: by a structure that begins with a number. */
#define number_at(address) ((u64)typed(timespec64, (void *)(address))->tv_sec)

/* A member of what a pointer leads to: a number, and any eight bytes. */
#define member_of(type, pointer, member)                                                                               \
	({                                                                                                             \
		struct type *p_ = (void *)(pointer);                                                                   \
		bpf_rdonly_cast ? typed(type, p_)->member : BPF_CORE_READ(p_, member);                                 \
	})
#define word_of(type, pointer, member)                                                                                 \
	({                                                                                                             \
		struct type *p_ = (void *)(pointer);                                                                   \
		bpf_rdonly_cast ? number_at(&typed(type, p_)->member) : (u64)BPF_CORE_READ(p_, member);                \
	})

/* The last calls of this thread and how often each was made since its tally in
 * the set was brought up to date. A call seen already costs no shared write. */
#define RECENT 32
struct recent {
	u32 call;
	u32 outcome;
	u64 count;
};

/* Keys of files that this thread has used and that were sent. */
#define KEPT_FILES 4

struct task_state {
	u32 subject;
	u32 operation; /* of what `recent` counts */
	u32 call;      /* being made now, or CALL_OUTSIDE */
	u32 returned;  /* the call whose return is being handled */
	u32 euid;      /* as of the last execve that was tried */
	u32 egid;
	u32 target;    /* whom the call in progress is aimed at: enum target */
	u32 killed;    /* by a seccomp filter, and recorded */
	u32 opens;     /* files opened in this execve */
	u32 lifted; /* enum lifted */
	u64 permitted;
	u64 arguments[8]; /* six of the call whose return is being handled; see EARLY and UNPACKED */
	struct recent recent[RECENT];
	struct seen_key files[KEPT_FILES];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_state);
} tasks SEC(".maps");

/* Processes in scope by pid, for signals and for knowing when all have ended. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u32);
	__type(value, u64);
} processes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LOST_COUNT);
	__type(key, u32);
	__type(value, u64);
} losses SEC(".maps");

/* The launcher: its process id in the recorder's pid namespace. Its first
 * successful exec opens the scope and clears this. */
u32 armed;
u32 armed_namespace; /* inode of that pid namespace */
u32 pid_level;       /* depth of that pid namespace, found when the scope opens */
u32 operation;       /* the step of the plan that is running */
u32 task_count;      /* threads in scope */
u32 task_peak;

/* A bit for each thread in scope, by its number in the initial pid namespace: the two
 * programs that every system call of the machine passes read it first, since a look
 * into a task's storage costs ten times as much. It decides nothing else. A bit that
 * is left behind (an execve of a thread that is not the first takes over the number of
 * that one) costs the look that it would have saved. */
#define PIDS (1 << 22) /* PID_MAX_LIMIT of a 64-bit kernel */
u64 marks[PIDS / 64];

static __always_inline bool is_marked(struct task_struct *task)
{
	u32 pid = task->pid & (PIDS - 1);

	return marks[pid / 64] >> (pid & 63) & 1;
}

static __always_inline void mark(u32 pid)
{
	pid &= PIDS - 1;
	__sync_fetch_and_or(&marks[pid / 64], 1ull << (pid & 63));
}

static __always_inline void unmark(u32 pid)
{
	pid &= PIDS - 1;
	__sync_fetch_and_and(&marks[pid / 64], ~(1ull << (pid & 63)));
}

static __always_inline void lose(u32 reason)
{
	u64 *n = bpf_map_lookup_elem(&losses, &reason);

	if (n)
		(*n)++;
}

static __always_inline struct task_state *current_state(void)
{
	return bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), 0, 0);
}

/* The state of the task that makes a system call, if it is in scope. */
static __always_inline struct task_state *state_of_caller(struct task_struct *task)
{
	return is_marked(task) ? bpf_task_storage_get(&tasks, task, 0, 0) : NULL;
}

/* The process id that the recorder sees: a worker may live in pid namespaces
 * below, or both in one that is not the initial one. */
static __always_inline u32 pid_at(struct task_struct *leader, u32 level)
{
	u64 pid = word_of(task_struct, leader, thread_pid);
	u64 number = pid + bpf_core_field_offset(struct pid, numbers) + (level & 31) * bpf_core_type_size(struct upid);

	return member_of(upid, number, nr);
}

static __always_inline bool is_armed(struct task_struct *leader)
{
	struct pid *pid = BPF_CORE_READ(leader, thread_pid);
	u32 level = BPF_CORE_READ(pid, level), inum;
	void *number = (void *)pid + bpf_core_field_offset(struct pid, numbers) +
		       (level & 31) * bpf_core_type_size(struct upid);
	struct pid_namespace *ns = NULL;

	if (pid_at(leader, level) != armed)
		return false;
	bpf_probe_read_kernel(&ns, sizeof(ns), number + bpf_core_field_offset(struct upid, ns));
	inum = BPF_CORE_READ(ns, ns.inum);
	if (inum != armed_namespace)
		return false;
	pid_level = level;
	return true;
}

static __always_inline void count_task(void)
{
	u32 n = __sync_add_and_fetch(&task_count, 1);

	if (n > task_peak)
		task_peak = n;
}

static __always_inline void enlist(struct task_struct *leader)
{
	u32 pid = pid_at(leader, pid_level);
	u64 now = bpf_ktime_get_ns();

	if (bpf_map_update_elem(&processes, &pid, &now, BPF_ANY))
		lose(LOST_SCOPE);
}

#endif
