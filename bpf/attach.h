/* SPDX-License-Identifier: MIT */
/* What was not started by the recorder: processes that run already, and
 * programs that are executed in a cgroup. */
#ifndef OSAPI_ATTACH_H
#define OSAPI_ATTACH_H

#include "subject.h"

#define PF_EXITING 4
#define CGROUP_DEPTH 64
#define FAMILY_DEPTH 256

/* What is attached to: a process with its descendants, or a cgroup. */
u32 attach_pid;
u64 scope_cgroup;           /* with unit_name, the cgroup that the unit's is to be in */
char unit_name[COMMAND_MAX] __attribute__((aligned(8)));
u32 recorder;               /* the recorder's own process id; it never records itself */
u32 attaching;              /* the tasks are being walked through */
u32 attached_threads;       /* put in scope by walks so far, or to be found by the next one */
u32 attached_processes;

/* Children of processes that the walk had not come to, by pid: their parent may
 * be gone before it does. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, u8);
} expected SEC(".maps");

/* The commands of a unit. Nothing else that is executed in its cgroup opens the
 * scope: systemd and PAM prepare there what a command will find. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, char[COMMAND_MAX]);
	__type(value, u32); /* enum lifted */
} commands SEC(".maps");

/* The lines of commands that are LIFTED_BY_LINE. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct unit_line);
	__type(value, u32); /* enum lifted */
} lines SEC(".maps");

/* systemd's own executables, by inode and device. */
struct program_key {
	u64 inode;
	u32 device;
	u32 pad;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, struct program_key);
	__type(value, u8);
} managers SEC(".maps");

/* A state is in sight of the other hooks as soon as it is there, so it has to
 * come with all that it holds. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct task_state);
} newcomer SEC(".maps");

static __always_inline bool is_manager(struct file *file)
{
	struct program_key key = {};

	key.inode = BPF_CORE_READ(file, f_inode, i_ino);
	key.device = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
	return bpf_map_lookup_elem(&managers, &key);
}

/* Whether this is the cgroup of the unit: its name is enough, since the one
 * above it is known. It is made anew at each start, with another id. */
static __always_inline bool is_unit(struct cgroup *cgroup, struct scratch *out)
{
	const char *name = BPF_CORE_READ(cgroup, kn, name);

	__builtin_memset(out->text, 0, COMMAND_MAX);
	bpf_probe_read_kernel_str(out->text, COMMAND_MAX, name);
	for (int i = 0; i < COMMAND_MAX / 8; i++)
		if (((u64 *)out->text)[i] != ((u64 *)unit_name)[i])
			return false;
	return true;
}

static __always_inline struct cgroup *cgroup_above(struct cgroup *cgroup, int level)
{
	struct cgroup *above = NULL;

	bpf_probe_read_kernel(&above, sizeof(above),
			      (void *)cgroup + bpf_core_field_offset(struct cgroup, ancestors) + level * sizeof(above));
	return above;
}

/* Whether a task is in the cgroup that is recorded, or below it. */
static __always_inline bool in_scope_cgroup(struct task_struct *task, struct scratch *out)
{
	struct cgroup *cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp);
	int level, depth = BPF_CORE_READ(cgroup, level);
	u64 wanted = scope_cgroup;

	for (level = 0; level < CGROUP_DEPTH; level++) {
		if (level > depth)
			return false;
		if (BPF_CORE_READ(cgroup_above(cgroup, level), kn, id) == wanted)
			break;
	}
	if (!unit_name[0])
		return level < CGROUP_DEPTH;
	return level < depth && is_unit(cgroup_above(cgroup, level + 1), out);
}

/* The process id that the recorder sees, 0 when it does not see the process. */
static __always_inline u32 visible_pid(struct task_struct *leader)
{
	struct pid *pid = BPF_CORE_READ(leader, thread_pid);
	u32 level = pid_level;
	void *number = (void *)pid + bpf_core_field_offset(struct pid, numbers) +
		       (level & 31) * bpf_core_type_size(struct upid);
	struct pid_namespace *ns = NULL;

	if (!pid || BPF_CORE_READ(pid, level) < level)
		return 0;
	bpf_probe_read_kernel(&ns, sizeof(ns), number + bpf_core_field_offset(struct upid, ns));
	return BPF_CORE_READ(ns, ns.inum) == armed_namespace ? pid_at(leader, level) : 0;
}

struct family {
	struct task_struct *at;
	bool recorder;
	bool member;
};

static long look_at_parent(u32 index, void *ctx)
{
	struct family *f = ctx;
	struct task_struct *at = f->at;
	struct task_struct *leader = BPF_CORE_READ(at, group_leader);
	struct task_struct *parent = BPF_CORE_READ(leader, real_parent);
	u32 pid = visible_pid(leader);

	if (pid && pid == recorder) {
		f->recorder = true;
		return 1;
	}
	if (pid && attach_pid && (pid == attach_pid || bpf_map_lookup_elem(&expected, &pid))) {
		f->member = true;
		return 1;
	}
	f->at = parent;
	return !parent || parent == leader;
}

/* Whether a task is to be recorded that runs already. */
static __always_inline bool belongs(struct task_struct *task, struct scratch *out)
{
	struct family f = { .at = task };

	bpf_loop(FAMILY_DEPTH, look_at_parent, &f, 0);
	if (attach_pid)
		return f.member;
	return !f.recorder && in_scope_cgroup(task, out);
}

/* A child of a process that belongs, but was not reached yet. */
static __always_inline void expect_child(struct task_struct *parent, struct task_struct *child)
{
	struct family f = { .at = parent };
	u32 pid = visible_pid(BPF_CORE_READ(child, group_leader));
	u8 yes = 1;

	if (!attach_pid || !pid)
		return;
	bpf_loop(FAMILY_DEPTH, look_at_parent, &f, 0);
	if (!f.member)
		return;
	__sync_fetch_and_add(&attached_threads, 1);
	if (bpf_map_update_elem(&expected, &pid, &yes, BPF_ANY))
		lose(LOST_SCOPE);
}

/* What the words that a command was executed with say of its line; the command itself
 * is in the text. Of a script the words are its interpreter's, and not told apart. */
static __always_inline u32 lifted_by_line(struct task_struct *task, struct scratch *out)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	u64 start = BPF_CORE_READ(mm, arg_start), length = BPF_CORE_READ(mm, arg_end) - start;
	char *words = out->text + COMMAND_MAX;
	u32 *lifted = NULL;

	__builtin_memset(words, 0, COMMAND_MAX);
	if (length < COMMAND_MAX && !bpf_probe_read_user(words, length & (COMMAND_MAX - 1), (void *)start))
		lifted = bpf_map_lookup_elem(&lines, out->text);
	if (lifted)
		return *lifted;
	lose(LOST_LINE);
	return LIFTED_NOTHING;
}

/* Whether a task enters the scope by executing a program. */
static __always_inline bool enters(struct task_struct *task, struct linux_binprm *bprm, struct scratch *out, u32 *lifted)
{
	struct family f = { .at = task };
	u32 *command;

	if (!in_scope_cgroup(task, out))
		return false;
	bpf_loop(FAMILY_DEPTH, look_at_parent, &f, 0);
	if (f.recorder)
		return false;
	if (!unit_name[0])
		return true;
	__builtin_memset(out->text, 0, COMMAND_MAX);
	bpf_probe_read_kernel_str(out->text, COMMAND_MAX, BPF_CORE_READ(bprm, filename));
	command = bpf_map_lookup_elem(&commands, out->text);
	if (command) {
		*lifted = *command == LIFTED_BY_LINE ? lifted_by_line(task, out) : *command;
		return true;
	}
	if (!is_manager(BPF_CORE_READ(bprm, file)))
		lose(LOST_STRANGER);
	return false;
}

/* Tell of a process that runs already, and of its program. */
static __always_inline bool announce(struct scratch *out, struct task_struct *task, struct file *file, u32 id)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct seen_key key = { .access = ACCESS_EXEC, .name = id, .device = EVENT_ATTACHED };
	u32 used = 0, flags;

	head(&out->event, EVENT_EXEC, task, &key);
	out->event.call = CALL_EXECED;
	out->event.flags = EVENT_ATTACHED;
	out->event.target = id;
	describe(&out->event, inode);
	out->event.length[TEXT_WALK] =
		add_walk(SCRATCH_ATTACH, &used, (u64)BPF_CORE_READ(file, f_path.mnt),
			 (u64)BPF_CORE_READ(file, f_path.dentry));
	flags = out->event.flags;
	add_root(out, SCRATCH_ATTACH, &used, task);
	out->event.flags &= flags | ~EVENT_DETACHED; /* as in exec */
	return send(out, used, &key, LOST_EVENT_EXEC);
}

/* Walks through all tasks and puts in scope those that belong. It is repeated
 * until it finds nothing new: threads that are not in scope yet may start
 * others meanwhile. The call that a thread is in is not recorded: it began
 * unseen. */
SEC("iter/task")
int attach(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task, *leader;
	struct subject_key subject = {};
	u32 which = SCRATCH_ATTACH, zero = 0, pid, id;
	struct task_state *state;
	struct scratch *out = bpf_map_lookup_elem(&scratches, &which);
	struct file *file;
	bool fresh;

	pid_level = BPF_CORE_READ(bpf_get_current_task_btf(), thread_pid, level);
	state = bpf_map_lookup_elem(&newcomer, &zero);
	if (!task || !out || !state || BPF_CORE_READ(task, flags) & PF_EXITING)
		return 0;
	file = BPF_CORE_READ(task, mm, exe_file);
	if (!file || bpf_task_storage_get(&tasks, task, 0, 0) || !belongs(task, out) || is_manager(file))
		return 0;
	key_of_program(&subject, file);
	id = subject_of(&subject, &fresh);
	leader = BPF_CORE_READ(task, group_leader);
	pid = pid_at(leader, pid_level);
	__sync_fetch_and_add(&attached_threads, 1);
	if (!bpf_map_lookup_elem(&processes, &pid)) {
		if (!announce(out, task, file, id)) {
			if (fresh)
				bpf_map_delete_elem(&subjects, &subject);
			return 0; /* the next walk tries again */
		}
		attached_processes++;
	}
	new_state(state);
	state->subject = id;
	state->operation = operation;
	state->call = CALL_EXECED;
	if (!bpf_task_storage_get(&tasks, task, state, BPF_LOCAL_STORAGE_GET_F_CREATE)) {
		lose(LOST_SCOPE);
		return 0;
	}
	mark(task->pid);
	count_task();
	enlist(leader);
	return 0;
}

#endif
