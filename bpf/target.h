/* SPDX-License-Identifier: MIT */
/* Whom a call is aimed at: the calling process, another one in scope, or one
 * outside. Told when the call begins, since it may end its target. A number is
 * looked up in the caller's own pid namespace, the way the kernel does it. */
#ifndef OSAPI_TARGET_H
#define OSAPI_TARGET_H

#include "name.h"

#define XA_LEVELS 6     /* of six bits each: more than a pid has */
#define XA_NODES 4096   /* internal entries up to here are no nodes (xa_is_node) */
#define GROUP_MAX 4096  /* processes of a group that are looked at */

/* idr_find() for the process ids of a namespace. */
static __always_inline struct pid *find_pid(struct task_struct *task, u32 nr)
{
	struct pid *own = BPF_CORE_READ(task, thread_pid);
	u32 level = BPF_CORE_READ(own, level), slots = bpf_core_field_size(((struct xa_node *)0)->slots) / sizeof(void *);
	void *number = (void *)own + bpf_core_field_offset(struct pid, numbers) + (level & 31) * bpf_core_type_size(struct upid);
	struct pid_namespace *ns = NULL;
	void *entry;

	bpf_probe_read_kernel(&ns, sizeof(ns), number + bpf_core_field_offset(struct upid, ns));
	entry = BPF_CORE_READ(ns, idr.idr_rt.xa_head);
	for (int i = 0; i < XA_LEVELS; i++) {
		struct xa_node *node = entry - 2;
		u32 at;

		if (((u64)entry & 3) != 2)
			return i ? entry : NULL; /* at the top: the only number there is, 0 */
		if ((u64)entry <= XA_NODES)
			return NULL;
		at = nr >> (BPF_CORE_READ(node, shift) & 31);
		if (!i && at >= slots)
			return NULL;
		at &= slots - 1;
		entry = NULL;
		bpf_probe_read_kernel(&entry, sizeof(entry),
				      (void *)node + bpf_core_field_offset(struct xa_node, slots) + at * sizeof(void *));
	}
	return NULL;
}

/* Whether a process is in the list of those in scope. Only a process of the
 * namespace that the list is kept in, or of one below, has a number there. */
static __always_inline bool is_listed(struct task_struct *leader)
{
	struct pid *pid = BPF_CORE_READ(leader, thread_pid);
	void *number = (void *)pid + bpf_core_field_offset(struct pid, numbers) +
		       (pid_level & 31) * bpf_core_type_size(struct upid);
	struct pid_namespace *ns = NULL;
	u32 nr;

	if (!pid || BPF_CORE_READ(pid, level) < pid_level)
		return false;
	bpf_probe_read_kernel(&ns, sizeof(ns), number + bpf_core_field_offset(struct upid, ns));
	if (BPF_CORE_READ(ns, ns.inum) != armed_namespace)
		return false;
	nr = pid_at(leader, pid_level);
	return bpf_map_lookup_elem(&processes, &nr) != NULL;
}

/* What a process is to the caller. One that has ended, and was not waited for
 * yet, is no longer listed: the children of the worker are its own. */
static __always_inline u32 relation(struct task_struct *task)
{
	struct task_struct *own = BPF_CORE_READ(bpf_get_current_task_btf(), group_leader), *parent;
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);

	if (leader == own)
		return TARGET_SELF;
	if (is_listed(leader))
		return TARGET_WORKER;
	if (BPF_CORE_READ(leader, signal, live.counter) > 0)
		return TARGET_OUTSIDE;
	parent = BPF_CORE_READ(leader, real_parent, group_leader);
	return parent == own || is_listed(parent) ? TARGET_WORKER : TARGET_UNTOLD;
}

struct crowd {
	u64 node; /* struct hlist_node *: of the next task, in its list of this type */
	u32 type; /* enum pid_type */
	u32 most;
	bool untold;
};

static long look_at(u32 index, void *ctx)
{
	struct crowd *c = ctx;
	struct hlist_node *node = (void *)c->node;
	u32 what;

	if (!node)
		return 1;
	what = relation((void *)node - bpf_core_field_offset(struct task_struct, pid_links) -
			c->type * bpf_core_type_size(struct hlist_node));
	if (what == TARGET_UNTOLD)
		c->untold = true;
	if (what > c->most)
		c->most = what;
	c->node = (u64)BPF_CORE_READ(node, next);
	return 0;
}

/* The most that any of the processes is to the caller. A global function: the
 * verifier walks it once, see name.h. */
__noinline u32 target_in(u32 aim, u64 who)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct crowd crowd = { .type = PIDTYPE_PID };
	struct pid *pid = NULL;
	struct file *file;
	int nr = who;

	if (aim == AIM_PIDFD) {
		if (descriptor(task, nr, &file)) {
			pid = BPF_CORE_READ(file, f_inode, i_private); /* a file system of its own since 6.9 */
			pid = pid ?: BPF_CORE_READ(file, private_data);
		}
	} else if (nr == -1) {
		return TARGET_ALL;
	} else if (nr > 0) {
		pid = find_pid(task, nr);
	} else if (aim == AIM_SIGNAL) {
		crowd.type = PIDTYPE_PGID;
		pid = nr ? find_pid(task, -nr) : BPF_CORE_READ(task, signal, pids[PIDTYPE_PGID]);
	} else {
		return nr ? TARGET_UNTOLD : TARGET_SELF;
	}
	if (!pid)
		return TARGET_UNTOLD;
	bpf_probe_read_kernel(&crowd.node, sizeof(crowd.node),
			      (void *)pid + bpf_core_field_offset(struct pid, tasks) + crowd.type * sizeof(void *));
	bpf_loop(GROUP_MAX, look_at, &crowd, 0);
	return (crowd.untold || crowd.node) && crowd.most < TARGET_OUTSIDE ? TARGET_UNTOLD : crowd.most;
}

static __always_inline u32 target_of(struct treatment *t, struct task_state *state)
{
	u32 first, second;

	if (t->aim == AIM_PTRACE && !argument(state, 0))
		return TARGET_UNTOLD;
	first = target_in(t->aim, argument(state, t->target));
	if (t->target2 < 0)
		return first;
	second = target_in(t->aim, argument(state, t->target2));
	if (!first || !second)
		return TARGET_UNTOLD;
	return first > second ? first : second;
}

#endif
