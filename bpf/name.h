/* SPDX-License-Identifier: MIT */
/* Names: from a dentry up to the root of its namespace, and as the program
 * wrote them. Both go behind the header of an event in a per-CPU buffer. */
#ifndef OSAPI_NAME_H
#define OSAPI_NAME_H

#include "call.h"

#define NAME_ROOM 256  /* NAME_MAX and its NUL */
#define PATH_ROOM 4096 /* PATH_MAX, its NUL included */
#define DEPTH_MAX 512

/* A name that a call was given, and where it starts: at no dentry when it is
 * absolute. Not struct path, whose members would be relocated. */
struct given {
	u64 mnt;    /* struct vfsmount *: bpf2go has no pointers */
	u64 dentry; /* struct dentry * */
	u64 hash;
	u32 length;
	u32 flags;
};

struct scratch {
	struct event event;
	char text[TEXT_MAX + PATH_ROOM + NAME_ROOM];
	struct given given[2];
	char held[ADDRESS_MAX]; /* a name that was read before: see HELD */
};

/* One for the handlers of returning calls, one for exec, one for functions, one
 * for attaching: all can be at work on one CPU. */
enum which { SCRATCH_EXIT, SCRATCH_EXEC, SCRATCH_FUNCTION, SCRATCH_ATTACH, SCRATCH_COUNT };
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_COUNT);
	__type(key, u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

struct walk {
	u64 dentry; /* struct dentry * */
	u64 mount;  /* struct mount * */
	struct scratch *out;
	u32 used;
	bool whole;
	bool detached;
};

static __always_inline struct mount *real_mount(struct vfsmount *mnt)
{
	return (void *)mnt - bpf_core_field_offset(struct mount, mnt);
}

#define NS_ANONYMOUS 0xeffffff7 /* number of those namespaces since 6.18, 0 before */

/* Whether a tree of mounts is in no namespace that has a root: it was unmounted
 * lazily, it is one that fsmount(2) or open_tree(2) made and that was moved nowhere,
 * or one of the kernel's own. */
static __always_inline bool hangs_nowhere(u64 mount)
{
	u64 ns = word_of(mount, mount, mnt_ns);
	u32 number;

	if (!ns || ns >= (u64)-4095l)
		return true;
	number = member_of(mnt_namespace, ns, ns.inum);
	return !number || number == NS_ANONYMOUS;
}

static long step_up(u32 index, void *ctx)
{
	struct walk *w = ctx;
	u64 parent, dentry = w->dentry, mount = w->mount;
	long n;

	if (dentry == word_of(mount, mount, mnt.mnt_root)) {
		u64 up = word_of(mount, mount, mnt_parent);

		if (up == mount) {
			w->whole = true;
			w->detached = hangs_nowhere(mount);
			return 1;
		}
		w->dentry = word_of(mount, mount, mnt_mountpoint);
		w->mount = up;
		return 0;
	}
	parent = word_of(dentry, dentry, d_parent);
	if (parent == dentry) { /* the root of a tree, yet not of this mount */
		w->whole = true;
		w->detached = true;
		return 1;
	}
	if (w->used >= TEXT_MAX)
		return 1;
	n = bpf_probe_read_kernel_str(&w->out->text[w->used & (TEXT_MAX - 1)], NAME_ROOM,
				      (void *)word_of(dentry, dentry, d_name.name));
	if (n <= 0)
		return 1;
	w->used += n;
	w->dentry = parent;
	return 0;
}

/* What follows is global, not static: the verifier then walks each function
 * once, and not once for every state that each of its callers can be in, which
 * took Linux 6.1 a minute. A global function takes numbers, so the buffer is
 * said by its place in the map. */

/* Add the walk of one file at `used` and give back what is used then. */
__noinline u32 walk_into(u32 which, u32 used, u64 mnt, u64 dentry)
{
	struct scratch *out = bpf_map_lookup_elem(&scratches, &which);
	struct walk w = { .dentry = dentry, .mount = (u64)real_mount((void *)mnt), .out = out, .used = used };

	if (!out || !dentry)
		return used;
	bpf_loop(DEPTH_MAX, step_up, &w, 0);
	if (!w.whole)
		out->event.flags |= EVENT_CUT;
	if (w.detached)
		out->event.flags |= EVENT_DETACHED;
	return w.used;
}

static __always_inline u32 add_walk(u32 which, u32 *used, u64 mnt, u64 dentry)
{
	u32 from = *used;

	*used = walk_into(which, from, mnt, dentry);
	return *used - from;
}

/* Add a name as the program wrote it, without its NUL. The page it stands on
 * is resident when the call returns, since the kernel has just read it. */
__noinline u32 name_into(u32 which, u32 used, u64 name)
{
	struct scratch *out = bpf_map_lookup_elem(&scratches, &which);
	long n;

	if (!out)
		return used;
	if (used >= TEXT_MAX) {
		out->event.flags |= EVENT_CUT;
		return used;
	}
	n = bpf_probe_read_user_str(&out->text[used & (TEXT_MAX - 1)], PATH_ROOM, (void *)name);
	if (n < 0)
		out->event.flags |= EVENT_FAULT;
	/* 1 for the NUL of an empty name, but 0 before 6.16 (strncpy_from_user_nofault) */
	return n > 0 ? used + n - 1 : used;
}

static __always_inline u32 add_user_name(u32 which, u32 *used, const void *name)
{
	u32 from = *used;

	*used = name_into(which, from, (u64)name);
	return *used - from;
}

static __always_inline u32 add_kernel_name(struct scratch *out, u32 *used, const void *name)
{
	u32 at = *used;
	long n;

	if (at >= TEXT_MAX) {
		out->event.flags |= EVENT_CUT;
		return 0;
	}
	n = bpf_probe_read_kernel_str(&out->text[at & (TEXT_MAX - 1)], PATH_ROOM, name);
	if (n <= 0)
		return 0;
	*used = at + n - 1;
	return n - 1;
}

struct hashing {
	const char *text;
	struct scratch *in;
	u32 at;
	u32 words;
	u64 hash;
};

static long hash_word(u32 index, void *ctx)
{
	struct hashing *h = ctx;
	u32 at = (h->at + index * 8) & (TEXT_MAX - 1);
	u64 word;

	__builtin_memcpy(&word, &h->in->text[at], 8);
	h->hash = (h->hash ^ word) * 0x9e3779b97f4a7c15ull;
	h->hash ^= h->hash >> 29;
	return 0;
}

/* A 64-bit hash of a name in the buffer. The bytes up to the next multiple of
 * eight are cleared first, so that nothing left there counts. */
__noinline u64 hash_name(u32 which, u32 at, u32 length)
{
	struct scratch *in = bpf_map_lookup_elem(&scratches, &which);
	struct hashing h = { .in = in, .at = at, .words = (length + 7) / 8, .hash = 0x51ed270b27b2f51full + length };
	u64 zero = 0;

	if (!in || length > PATH_ROOM)
		return 0;
	__builtin_memcpy(&in->text[(at + length) & (TEXT_MAX - 1)], &zero, 8);
	bpf_loop(h.words, hash_word, &h, 0);
	return h.hash;
}

/* Where relative names of the task start, or those below a descriptor. The task
 * comes from the kernel with its type, so its members need no call to be read. */
static __always_inline bool descriptor(struct task_struct *task, int fd, struct file **file)
{
	struct fdtable *fdt = task->files->fdt;

	*file = NULL;
	if (fd < 0 || (unsigned int)fd >= fdt->max_fds)
		return false;
	if (bpf_rdonly_cast)
		*file = (void *)number_at(number_at((u64)&fdt->fd) + (u32)fd * sizeof(*file));
	else
		bpf_probe_read_kernel(file, sizeof(*file), &fdt->fd[fd]);
	return *file != NULL;
}

static __always_inline u32 mode_of_file(struct file *file)
{
	return bpf_rdonly_cast ? typed(file, file)->f_mode : BPF_CORE_READ(file, f_mode);
}

static __always_inline u32 mount_namespace(struct task_struct *task)
{
	u64 ns = word_of(nsproxy, word_of(task_struct, task, nsproxy), mnt_ns);

	return member_of(mnt_namespace, ns, ns.inum);
}

static __always_inline void describe(struct event *e, struct inode *inode)
{
	u64 sb = word_of(inode, inode, i_sb);

	e->uid = member_of(inode, inode, i_uid.val);
	e->gid = member_of(inode, inode, i_gid.val);
	e->mode = member_of(inode, inode, i_mode);
	e->inode = member_of(inode, inode, i_ino);
	e->rdev = member_of(inode, inode, i_rdev);
	e->device = member_of(super_block, sb, s_dev);
	if (member_of(inode, inode, i_nlink) == 0)
		e->flags |= EVENT_UNLINKED;
	bpf_probe_read_kernel_str(e->fs, sizeof(e->fs), (void *)word_of(file_system_type, word_of(super_block, sb, s_type), name));
}

#endif
