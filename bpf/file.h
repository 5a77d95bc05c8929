/* SPDX-License-Identifier: MIT */
/* Files: events about what the kernel has resolved, and about names that a
 * call was given. */
#ifndef OSAPI_FILE_H
#define OSAPI_FILE_H

#include "name.h"

#define AT_FDCWD -100
#define S_IFMT 0170000
#define S_IFSOCK 0140000

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} events SEC(".maps");

/* Forgetting an entry costs a duplicate and no more. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct seen_key);
	__type(value, u8);
} seen SEC(".maps");

/* Send an event, and remember its key only when it got through: what was
 * dropped comes again the next time. */
static __always_inline bool send(struct scratch *out, u32 used, struct seen_key *key, u32 loss)
{
	u8 yes = 1;

	if (used > TEXT_MAX + PATH_ROOM)
		return false;
	if (bpf_ringbuf_output(&events, out, sizeof(out->event) + used, 0)) {
		lose(loss);
		return false;
	}
	bpf_map_update_elem(&seen, key, &yes, BPF_ANY);
	return true;
}

static __always_inline void head(struct event *e, u32 kind, struct task_struct *task, struct seen_key *key)
{
	__builtin_memset(e, 0, sizeof(*e));
	e->kind = kind;
	e->subject = key->subject;
	e->operation = key->operation;
	e->call = key->call;
	e->outcome = key->outcome;
	e->access = key->access;
	e->fsuid = key->fsuid;
	e->fsgid = member_of(cred, word_of(task_struct, task, cred), fsgid.val);
	e->tgid = pid_at((void *)word_of(task_struct, task, group_leader), pid_level);
	e->mntns = mount_namespace(task);
	e->time = bpf_ktime_get_ns();
}

/* The task's root, when it is not that of its mount namespace. */
static __always_inline void add_root(struct scratch *out, u32 which, u32 *used, struct task_struct *task)
{
	u64 fs = word_of(task_struct, task, fs);

	out->event.length[TEXT_ROOT] =
		add_walk(which, used, word_of(fs_struct, fs, root.mnt), word_of(fs_struct, fs, root.dentry));
}

static __always_inline void key_of_task(struct seen_key *key, struct task_state *state, struct task_struct *task)
{
	key->subject = state->subject;
	key->operation = operation;
	key->call = state->returned;
	key->fsuid = task->cred->fsuid.val;
}

/* What tells a file that the kernel has resolved from all others. The name of the
 * directory stands in it as well, since that may be moved with what is in it: the
 * numbers of both stay as they are then. */
#define name_and_parent(name, parent) ((name) * 31 + (parent))

static __always_inline void key_of_place(struct seen_key *key, struct vfsmount *mnt, struct dentry *dentry,
					 struct inode *inode)
{
	struct dentry *parent = BPF_CORE_READ(dentry, d_parent);

	key->mount = (u64)mnt;
	key->inode = BPF_CORE_READ(inode, i_ino);
	key->device = BPF_CORE_READ(inode, i_sb, s_dev);
	key->parent = BPF_CORE_READ(parent, d_inode, i_ino);
	key->name = name_and_parent(BPF_CORE_READ(dentry, d_name.hash), BPF_CORE_READ(parent, d_name.hash));
}

static __always_inline void key_of_file(struct seen_key *key, struct file *file)
{
	struct dentry *dentry, *parent;
	struct inode *inode;

	if (!bpf_rdonly_cast) {
		key_of_place(key, BPF_CORE_READ(file, f_path.mnt), BPF_CORE_READ(file, f_path.dentry), BPF_CORE_READ(file, f_inode));
		return;
	}
	file = typed(file, file);
	dentry = file->f_path.dentry;
	parent = dentry->d_parent;
	inode = file->f_inode;
	key->mount = number_at(&file->f_path.mnt); /* not a pointer, with which nothing can be compared */
	key->inode = inode->i_ino;
	key->device = inode->i_sb->s_dev;
	key->parent = parent->d_inode->i_ino;
	key->name = name_and_parent(dentry->d_name.hash, parent->d_name.hash);
}

/* Tell of a file that the kernel has resolved, unless this key was sent. */
static __always_inline void tell_place(struct task_struct *task, struct seen_key *key, struct vfsmount *mnt,
				       struct dentry *dentry, struct inode *inode, u32 flags)
{
	u32 which = SCRATCH_EXIT, used = 0;
	struct scratch *out = bpf_map_lookup_elem(&scratches, &which);

	if (!out)
		return;
	head(&out->event, EVENT_FILE, task, key);
	out->event.flags = flags;
	describe(&out->event, inode);
	out->event.length[TEXT_WALK] = add_walk(SCRATCH_EXIT, &used, (u64)mnt, (u64)dentry);
	send(out, used, key, LOST_EVENT_FILE);
}

/* A directory that the task has moved to. */
static __always_inline void place_event(struct task_struct *task, struct task_state *state, struct vfsmount *mnt,
					struct dentry *dentry, struct inode *inode, u32 access, u32 outcome, u32 flags)
{
	struct seen_key key = {};

	key_of_task(&key, state, task);
	key.access = access;
	key.outcome = outcome;
	key_of_place(&key, mnt, dentry, inode);
	if (!bpf_map_lookup_elem(&seen, &key))
		tell_place(task, &key, mnt, dentry, inode, flags);
}

/* Where a thread keeps a key that it found in the set: to compare one costs a tenth of
 * a look-up. */
static __always_inline struct seen_key *place_of(struct task_state *state, struct seen_key *key)
{
	return &state->files[(key->inode ^ key->name ^ key->access) & (KEPT_FILES - 1)];
}

static __always_inline bool is_kept(struct task_state *state, struct seen_key *key)
{
	u64 *a = (void *)place_of(state, key), *b = (void *)key, different = 0;

	for (int i = 0; i < (int)(sizeof(*key) / sizeof(u64)); i++)
		different |= a[i] ^ b[i];
	return !different;
}

/* Whether this key was sent. */
static __always_inline bool was_sent(struct task_state *state, struct seen_key *key)
{
	if (is_kept(state, key))
		return true;
	if (!bpf_map_lookup_elem(&seen, key))
		return false;
	__builtin_memcpy(place_of(state, key), key, sizeof(*key));
	return true;
}

static __always_inline void key_of_access(struct seen_key *key, struct task_struct *task, struct task_state *state,
					  struct file *file, u32 access, u32 outcome)
{
	key_of_task(key, state, task);
	key->access = access;
	key->outcome = outcome;
	key_of_file(key, file);
}

static __always_inline void file_event(struct task_struct *task, struct task_state *state, struct file *file,
				       u32 access, u32 outcome, u32 flags)
{
	struct seen_key key = {};

	key_of_access(&key, task, state, file, access, outcome);
	if (!was_sent(state, &key))
		tell_place(task, &key, BPF_CORE_READ(file, f_path.mnt), BPF_CORE_READ(file, f_path.dentry),
			   BPF_CORE_READ(file, f_inode), flags);
}

/* Where the name at `text` starts: nowhere for an absolute one, a directory
 * else. False when that directory is not there (EBADF). */
static __always_inline bool base_of(struct scratch *out, u32 text, int dirfd, struct given *given)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct file *file;

	if (out->text[text & (TEXT_MAX - 1)] == '/')
		return true;
	if (dirfd == AT_FDCWD) {
		u64 fs = word_of(task_struct, task, fs);

		given->dentry = word_of(fs_struct, fs, pwd.dentry);
		given->mnt = word_of(fs_struct, fs, pwd.mnt);
		return true;
	}
	if (!descriptor(task, dirfd, &file))
		return false;
	given->dentry = word_of(file, file, f_path.dentry);
	given->mnt = word_of(file, file, f_path.mnt);
	return true;
}

struct named {
	const void *name;
	int dirfd;
	bool held; /* the name is in the buffer already, with its NUL: scratch.held */
};

/* Names that were given before a rename or a symlink may lead elsewhere after
 * it, so they are told again. */
u32 generation;

/* The N of "/proc/self/fd/N" and "/dev/fd/N", -1 for any other name. The C
 * library and others go by such names where a call takes no descriptor, and
 * the descriptor is closed before the recorder could look. */
static __always_inline int named_descriptor(struct scratch *out, u32 length)
{
	unsigned long fd = 0;
	long digits, at = 14;

	if (bpf_strncmp(out->text, 14, "/proc/self/fd/")) {
		at = 8;
		if (bpf_strncmp(out->text, 8, "/dev/fd/"))
			return -1;
	}
	digits = bpf_strtoul(&out->text[at], 8, 10, &fd);
	return digits > 0 && at + digits == length && fd < 1 << 20 ? fd : -1;
}

#define NOWHERE 0xffffffff
#define HELD (1u << 31) /* besides EVENT_FOLLOW, in `how` */

/* Take in the nth name that a call was given. Gives back what of the buffer is
 * used then, NOWHERE when the name has no start. A global function, see name.h. */
__noinline u32 given_into(u32 n, u32 used, u64 name, int dirfd, u32 how)
{
	u32 which = SCRATCH_EXIT, from = used;
	struct scratch *out = bpf_map_lookup_elem(&scratches, &which);
	struct given *given;
	struct file *file;
	int fd = -1;

	if (!out || used >= TEXT_MAX)
		return NOWHERE;
	given = &out->given[n & 1];
	__builtin_memset(given, 0, sizeof(*given));
	out->text[used & (TEXT_MAX - 1)] = 0;
	if (how & HELD)
		add_kernel_name(out, &used, out->held);
	else if (name)
		used = name_into(which, used, name);
	given->length = used - from;
	if (how & EVENT_FOLLOW && !from)
		fd = named_descriptor(out, given->length);
	if (fd >= 0 && descriptor(bpf_get_current_task_btf(), fd, &file)) {
		given->dentry = (u64)BPF_CORE_READ(file, f_path.dentry);
		given->mnt = (u64)BPF_CORE_READ(file, f_path.mnt);
		if (BPF_CORE_READ(file, f_inode, i_nlink) == 0)
			given->flags = EVENT_UNLINKED;
		given->length = 0;
		return from;
	}
	if (!base_of(out, from, dirfd, given))
		return NOWHERE;
	given->hash = hash_name(which, from, given->length);
	return used;
}

/* One or two files that were named. They may be gone, or never have been.
 * `target` is what a symlink was made to say. */
static __always_inline void name_event(struct task_struct *task, struct task_state *state, struct named *first,
				       struct named *second, const void *target, u32 access, u32 access2, u32 outcome,
				       u32 flags)
{
	u32 which = SCRATCH_EXIT, used, fault, length2 = 0;
	struct seen_key key = {};
	struct scratch *out = bpf_map_lookup_elem(&scratches, &which);
	u64 start, fs;

	if (!out)
		return;
	out->event.flags = 0;
	out->given[1].dentry = 0;
	used = given_into(0, 0, (u64)first->name, first->dirfd, (flags & EVENT_FOLLOW) | (first->held ? HELD : 0));
	if (used == NOWHERE)
		return;
	if (!out->given[0].length && access == ACCESS_STAT && !(out->event.flags & EVENT_FAULT))
		return; /* fstat: a descriptor that is held needs no permission */
	key_of_task(&key, state, task);
	key.parent = out->given[0].hash + generation;
	if (second) {
		used = given_into(1, used, (u64)second->name, second->dirfd, 0);
		if (used == NOWHERE)
			return;
		length2 = out->given[1].length;
		key.parent = key.parent * 31 + out->given[1].hash;
		key.name = out->given[1].dentry;
	} else if (target) {
		length2 = add_user_name(SCRATCH_EXIT, &used, target);
	}
	key.access = access;
	key.outcome = outcome;
	fs = word_of(task_struct, task, fs);
	key.mount = out->given[0].mnt ?: word_of(fs_struct, fs, root.mnt); /* the root of any ext4 is inode 2 */
	start = out->given[0].dentry ?: word_of(fs_struct, fs, root.dentry);
	key.inode = member_of(inode, word_of(dentry, start, d_inode), i_ino);
	flags |= out->given[0].flags;
	key.device = flags;
	if (bpf_map_lookup_elem(&seen, &key))
		return;
	fault = out->event.flags;
	head(&out->event, second ? EVENT_PATHS : EVENT_PATH, task, &key);
	out->event.flags = flags | fault;
	out->event.access2 = access2;
	out->event.length[TEXT_NAME] = out->given[0].length;
	out->event.length[TEXT_NAME2] = length2;
	out->event.length[TEXT_WALK] = add_walk(which, &used, out->given[0].mnt, out->given[0].dentry);
	out->event.length[TEXT_WALK2] = add_walk(which, &used, out->given[1].mnt, out->given[1].dentry);
	add_root(out, SCRATCH_EXIT, &used, task);
	send(out, used, &key, LOST_EVENT_FILE);
}

#endif
