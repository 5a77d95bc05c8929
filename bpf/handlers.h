/* SPDX-License-Identifier: MIT */
/* What a call that has returned did to which files: one program for each shape
 * of call, reached by tail call from `leave`. */
#ifndef OSAPI_HANDLERS_H
#define OSAPI_HANDLERS_H

#include "file.h"

#define O_ACCMODE 03
#define O_CREAT 0100
#define O_TRUNC 01000
#define O_APPEND 02000
#define O_PATH 010000000
#define O_TMPFILE 020000000 /* its own bit, without O_DIRECTORY */
#if defined(__TARGET_ARCH_arm64)
#define O_NOFOLLOW 0100000
#else
#define O_NOFOLLOW 0400000
#endif
#define FMODE_CREATED 0x100000

static __always_inline u32 follow_flag(struct treatment *t, struct task_state *state)
{
	u32 flags = t->flags >= 0 ? argument(state, t->flags) : 0;

	switch (t->follow) {
	case FOLLOW_YES: return EVENT_FOLLOW;
	case FOLLOW_UNLESS: return flags & t->follow_mask ? 0 : EVENT_FOLLOW;
	case FOLLOW_IF: return flags & t->follow_mask ? EVENT_FOLLOW : 0;
	}
	return 0;
}

static __always_inline void name_of(struct named *n, struct treatment *t, struct task_state *state)
{
	n->name = (void *)argument(state, t->path);
	n->dirfd = t->dirfd >= 0 ? (int)argument(state, t->dirfd) : AT_FDCWD;
}

static __always_inline u32 open_flags_of(struct treatment *t, struct task_state *state)
{
	u64 value = t->flags >= 0 ? argument(state, t->flags) : 0;

	if (t->flags >= 0 && t->flags_deref >= 0) {
		u64 at = value + t->flags_deref;

		value = 0;
		bpf_probe_read_user(&value, sizeof(value), (void *)at);
	}
	return value | t->open_flags;
}

static __always_inline u32 access_of(u32 flags)
{
	u32 access = 0;

	if (flags & O_PATH)
		return ACCESS_STAT;
	switch (flags & O_ACCMODE) {
	case 0: access = ACCESS_READ; break;
	case 1: access = ACCESS_WRITE; break;
	default: access = ACCESS_READ | ACCESS_WRITE;
	}
	if (flags & O_APPEND)
		access |= ACCESS_APPEND;
	if (flags & O_TRUNC)
		access |= ACCESS_TRUNCATE;
	return access;
}

/* What a file was opened for, and whether that made it (EVENT_CREATED). */
static __always_inline u32 opened_for(u32 flags, struct file *file, u32 *made)
{
	u32 access = access_of(flags);

	*made = 0;
	if (mode_of_file(file) & FMODE_CREATED)
		*made |= EVENT_CREATED;
	if (flags & O_TMPFILE)
		*made |= EVENT_CREATED | EVENT_TMPFILE;
	return *made ? access | ACCESS_CREATE : access;
}

/* Whether an open came to what this thread has told of: most do, and need no handler,
 * which would have to find the thread's state again. */
static __always_inline bool is_kept_open(struct task_struct *task, struct task_state *state, struct treatment *t,
					 long ret)
{
	struct seen_key key = {};
	struct file *file;
	u32 access, made;

	if (ret < 0 || !descriptor(task, ret, &file))
		return false;
	access = opened_for(open_flags_of(t, state), file, &made);
	key_of_access(&key, task, state, file, access, 0);
	return is_kept(state, &key);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(handle_open, struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state = current_state();
	u32 flags, access, made;
	struct named named = {};
	struct treatment *t;
	struct file *file;

	if (!state)
		return 0;
	t = treatment_of(state->returned);
	if (!t)
		return 0;
	flags = open_flags_of(t, state);
	if (ret >= 0 && descriptor(task, ret, &file)) {
		access = opened_for(flags, file, &made);
		file_event(task, state, file, access, 0, made);
		return 0;
	}
	if (t->path < 0)
		return 0;
	access = access_of(flags);
	if (flags & O_CREAT)
		access |= ACCESS_CREATE;
	name_of(&named, t, state);
	name_event(task, state, &named, NULL, NULL, access, 0, outcome_of(ret), flags & O_NOFOLLOW ? 0 : EVENT_FOLLOW);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(handle_path, struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state = current_state();
	struct vfsmount *mnt;
	struct dentry *dentry;
	struct named named = {};
	const void *target = NULL;
	struct treatment *t;

	if (!state)
		return 0;
	t = treatment_of(state->returned);
	if (!t)
		return 0;
	if (!ret && (t->when == WHEN_PWD || t->when == WHEN_ROOT)) {
		bool pwd = t->when == WHEN_PWD;

		mnt = pwd ? BPF_CORE_READ(task, fs, pwd.mnt) : BPF_CORE_READ(task, fs, root.mnt);
		dentry = pwd ? BPF_CORE_READ(task, fs, pwd.dentry) : BPF_CORE_READ(task, fs, root.dentry);
		place_event(task, state, mnt, dentry, BPF_CORE_READ(dentry, d_inode), t->access, 0, 0);
		return 0;
	}
	name_of(&named, t, state);
	if (t->when == WHEN_NAMED && !named.name)
		return 0;
	if (t->path2 >= 0) {
		target = (void *)argument(state, t->path2);
		if (!ret)
			__sync_fetch_and_add(&generation, 1);
	}
	name_event(task, state, &named, NULL, target, t->access, 0, outcome_of(ret),
		   follow_flag(t, state));
	return 0;
}

#define RENAME_EXCHANGE 2

SEC("tp_btf/sys_exit")
int BPF_PROG(handle_paths, struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state = current_state();
	struct named first = {}, second = {};
	u32 access, access2;
	struct treatment *t;

	if (!state)
		return 0;
	t = treatment_of(state->returned);
	if (!t)
		return 0;
	name_of(&first, t, state);
	second.name = (void *)argument(state, t->path2);
	second.dirfd = t->dirfd2 >= 0 ? (int)argument(state, t->dirfd2) : AT_FDCWD;
	access = t->access;
	access2 = t->access2;
	if (access == ACCESS_RENAME_FROM && t->flags >= 0 &&
	    argument(state, t->flags) & RENAME_EXCHANGE) {
		access |= access2;
		access2 = access;
	}
	name_event(task, state, &first, &second, NULL, access, access2, outcome_of(ret),
		   follow_flag(t, state));
	if (!ret && access & ACCESS_RENAME_FROM)
		__sync_fetch_and_add(&generation, 1);
	return 0;
}

#define PROT_EXEC 4
#define MAP_ANONYMOUS 0x20
#define LOCK_UN 8

/* Whether this use of a descriptor is one that counts. */
static __always_inline bool counts(struct treatment *t, struct task_state *state)
{
	u32 command;

	switch (t->when) {
	case WHEN_MAP_EXEC:
		return argument(state, 2) & PROT_EXEC && !(argument(state, 3) & MAP_ANONYMOUS);
	case WHEN_FLOCK:
		return !(argument(state, 1) & LOCK_UN);
	case WHEN_LOCK: /* F_SETLK, F_SETLKW, their 64-bit and their OFD forms */
		command = argument(state, 1);
		return command == 6 || command == 7 || command == 37 || command == 38 ||
		       (state->returned >> CALL_ABI_SHIFT == ABI_COMPAT && (command == 13 || command == 14));
	}
	return true;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(handle_fd, struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state = current_state();
	struct treatment *t;
	struct file *file;
	u32 type;

	if (!state)
		return 0;
	t = treatment_of(state->returned);
	if (!t || !counts(t, state))
		return 0;
	if (!descriptor(task, argument(state, t->fd), &file))
		return 0;
	type = BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT;
	if (type == S_IFSOCK || !type) /* sockets and anonymous inodes have no name */
		return 0;
	file_event(task, state, file, t->access, outcome_of(ret), 0);
	return 0;
}

#endif
