/* SPDX-License-Identifier: MIT */
/* Files that a ring works on, and those that the kernel opens on its own. */
#ifndef OSAPI_RINGFILE_H
#define OSAPI_RINGFILE_H

#include "function.h"

#define FMODE_NOACCOUNT 0x20000000 /* opened by a file system below itself, as overlayfs does */

/* Mounts of the kernel's own: the layers of an overlay, memfd, sockets. */
static __always_inline bool is_internal(struct vfsmount *mnt)
{
	u64 ns = (u64)BPF_CORE_READ(real_mount(mnt), mnt_ns);

	return !ns || ns >= (u64)-4095l;
}

static __always_inline void opened(struct task_struct *task, struct task_state *state, u32 call, struct file *file,
				   u32 access, u32 outcome, u32 flags)
{
	struct vfsmount *mnt = BPF_CORE_READ(file, f_path.mnt);
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct seen_key key = {};
	struct scratch *out;
	u32 used = 0;

	key_of(&key, state, task, call, access, outcome);
	key_of_place(&key, mnt, dentry, inode);
	if (bpf_map_lookup_elem(&seen, &key))
		return;
	out = take();
	if (!out)
		return;
	head(&out->event, EVENT_FILE, task, &key);
	out->event.flags = flags;
	describe(&out->event, inode);
	out->event.length[TEXT_WALK] = add_walk(SCRATCH_FUNCTION, &used, (u64)mnt, (u64)dentry);
	send(out, used, &key, LOST_EVENT_FILE);
	give_back();
}

/* A name that was given, from where it starts. The kernel's copy of it is still
 * there; it is looked up by the recorder, as that of a system call is. */
static __always_inline void given_name(struct task_struct *task, struct task_state *state, u64 name, int dirfd,
				       u32 access, u32 outcome, u32 flags)
{
	struct dentry *start = BPF_CORE_READ(task, fs, pwd.dentry);
	struct vfsmount *mnt = BPF_CORE_READ(task, fs, pwd.mnt);
	struct seen_key key = {};
	struct scratch *out;
	struct file *file;
	u32 used = 0, length;
	bool starts = true;

	key_of(&key, state, task, CALL_RING, access, outcome);
	out = take();
	if (!out)
		return;
	length = add_kernel_name(out, &used, (void *)name);
	if (out->text[0] == '/') {
		start = BPF_CORE_READ(task, fs, root.dentry);
		mnt = BPF_CORE_READ(task, fs, root.mnt);
	} else if (dirfd != AT_FDCWD) {
		starts = descriptor(task, dirfd, &file);
		start = starts ? BPF_CORE_READ(file, f_path.dentry) : start;
		mnt = starts ? BPF_CORE_READ(file, f_path.mnt) : mnt;
	}
	key.parent = hash_name(SCRATCH_FUNCTION, 0, length) + generation;
	key.inode = BPF_CORE_READ(start, d_inode, i_ino);
	key.mount = (u64)mnt;
	key.device = flags;
	/* An empty name names nothing, nor does one without a start (EBADF). */
	if (length && starts && !bpf_map_lookup_elem(&seen, &key)) {
		head(&out->event, EVENT_PATH, task, &key);
		out->event.flags = flags;
		out->event.length[TEXT_NAME] = length;
		if (out->text[0] != '/')
			out->event.length[TEXT_WALK] = add_walk(SCRATCH_FUNCTION, &used, (u64)mnt, (u64)start);
		add_root(out, SCRATCH_FUNCTION, &used, task);
		send(out, used, &key, LOST_EVENT_FILE);
	}
	give_back();
}

static __always_inline u32 made_by(struct file *file, u32 flags)
{
	if (flags & O_TMPFILE)
		return EVENT_CREATED | EVENT_TMPFILE;
	return BPF_CORE_READ(file, f_mode) & FMODE_CREATED ? EVENT_CREATED : 0;
}

/* do_filp_open: gives back a struct file or an error. EAGAIN is no end: a ring
 * first tries without waiting, and has a thread do what would. */
__noinline int on_open(int dirfd, u64 filename, u64 options, u64 result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state = in_ring(task);
	u32 flags, access, mark, outcome = outcome_of(result);

	if (!state || outcome == 11 /* EAGAIN */)
		return 0;
	flags = BPF_CORE_READ((struct open_flags *)options, open_flag);
	access = access_of(flags);
	if (!outcome) {
		mark = made_by((void *)result, flags);
		opened(task, state, CALL_RING, (void *)result, mark ? access | ACCESS_CREATE : access, 0, mark);
		return 0;
	}
	if (flags & O_CREAT)
		access |= ACCESS_CREATE;
	given_name(task, state, (u64)BPF_CORE_READ((struct filename *)filename, name), dirfd, access, outcome,
		   flags & O_NOFOLLOW ? 0 : EVENT_FOLLOW);
	return 0;
}

/* Within an execve, the first file that is opened is the one that was named,
 * which the exec fact tells of, or the failure of the call; those behind it are
 * interpreters: of scripts, and the one that PT_INTERP names. What rings open is
 * told by on_open. */
__noinline int on_file_open(u64 pointer, int ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct file *file = (void *)pointer;
	struct task_state *state = scope_of(task);
	u32 call, flags, access, mark = 0;

	if (!state || BPF_CORE_READ(file, f_mode) & FMODE_NOACCOUNT)
		return 0;
	call = call_of(state, task);
	if (is_execve(call)) {
		if (!state->opens++)
			return 0;
		access = ACCESS_EXEC;
	} else {
		if (!unseen(task, &call))
			return 0;
		flags = BPF_CORE_READ(file, f_flags);
		access = access_of(flags);
		mark = made_by(file, flags);
		if (mark)
			access |= ACCESS_CREATE;
	}
	if (!is_internal(BPF_CORE_READ(file, f_path.mnt)))
		opened(task, state, call, file, access, outcome_of(ret), mark);
	return 0;
}

__noinline int on_file_truncate(u64 file, int ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state = in_ring(task);

	if (state)
		opened(task, state, CALL_RING, (void *)file, ACCESS_TRUNCATE, outcome_of(ret), 0);
	return 0;
}

static __always_inline void keep_place(struct place *p, u64 pointer)
{
	struct dentry *dentry = (void *)pointer, *parent = BPF_CORE_READ(dentry, d_parent);

	p->directory = (u64)parent;
	p->inode = BPF_CORE_READ(parent, d_inode, i_ino);
	p->hash = BPF_CORE_READ(dentry, d_name.hash);
	bpf_probe_read_kernel_str(p->name, sizeof(p->name), BPF_CORE_READ(dentry, d_name.name));
}

static __always_inline u32 add_place(struct scratch *out, u32 *used, struct place *p, u64 mnt)
{
	u32 from = *used;
	long n;

	if (from >= TEXT_MAX)
		return 0;
	n = bpf_probe_read_kernel_str(&out->text[from & (TEXT_MAX - 1)], NAME_ROOM, p->name);
	if (n <= 0)
		return 0;
	*used = walk_into(SCRATCH_FUNCTION, from + n, mnt, p->directory);
	return *used - from;
}

/* What a name leads to, if to anything. */
static __always_inline void keep_owner(struct begun *b, u64 pointer)
{
	struct inode *inode = BPF_CORE_READ((struct dentry *)pointer, d_inode);

	b->mode = 0;
	if (!inode)
		return;
	b->mode = BPF_CORE_READ(inode, i_mode);
	b->uid = BPF_CORE_READ(inode, i_uid.val);
	b->gid = BPF_CORE_READ(inode, i_gid.val);
}

/* Say that what was begun has come to an end. */
static __always_inline void ended(struct task_struct *task, struct task_state *state, struct begun *b, u32 outcome)
{
	struct seen_key key = {};
	struct scratch *out;
	u32 used = 0;

	key_of(&key, state, task, CALL_RING, b->access, outcome);
	key.mount = b->mnt;
	key.inode = b->first.inode;
	key.name = b->first.hash;
	key.parent = b->access2 ? b->second.inode << 32 ^ b->second.hash : 0;
	if (!outcome && b->access & (ACCESS_RENAME_FROM | ACCESS_CREATE))
		__sync_fetch_and_add(&generation, 1); /* names may lead elsewhere now */
	if (bpf_map_lookup_elem(&seen, &key))
		return;
	out = take();
	if (!out)
		return;
	head(&out->event, b->access2 ? EVENT_PATHS : EVENT_PATH, task, &key);
	out->event.access2 = b->access2;
	if (!b->mode)
		keep_owner(b, b->dentry); /* it was made */
	out->event.mode = b->mode;
	out->event.uid = b->uid;
	out->event.gid = b->gid;
	out->event.length[TEXT_WALK] = add_place(out, &used, &b->first, b->mnt);
	if (b->access2)
		out->event.length[TEXT_WALK2] = add_place(out, &used, &b->second, b->mnt);
	send(out, used, &key, LOST_EVENT_FILE);
	give_back();
}

#define EXCHANGED 0x100

/* security_path_*: `what` is the hook, and EXCHANGED. Both names of a rename or
 * a link are on one mount. A refusal here is the end of it. */
__noinline int on_path(u32 what, int ret, u64 directory, u64 dentry, u64 dentry2)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct path *path = (void *)directory;
	struct task_state *state = in_ring(task);
	struct begun *b = state ? begin(task) : NULL;

	if (!b)
		return 0;
	b->access2 = 0;
	switch (what & 0xff) {
	case HOOK_PATH_MKDIR:
	case HOOK_PATH_SYMLINK:
		b->access = ACCESS_CREATE;
		break;
	case HOOK_PATH_UNLINK:
	case HOOK_PATH_RMDIR:
		b->access = ACCESS_DELETE;
		break;
	case HOOK_PATH_RENAME:
		b->access = ACCESS_RENAME_FROM;
		b->access2 = ACCESS_RENAME_TO;
		if (what & EXCHANGED)
			b->access = b->access2 = ACCESS_RENAME_FROM | ACCESS_RENAME_TO;
		break;
	default:
		b->access = ACCESS_LINK_FROM;
		b->access2 = ACCESS_LINK_TO;
	}
	b->mnt = (u64)BPF_CORE_READ(path, mnt);
	b->dentry = dentry;
	keep_place(&b->first, dentry);
	keep_owner(b, dentry);
	if (b->access2)
		keep_place(&b->second, dentry2);
	if (!ret)
		return 0;
	ended(task, state, b, outcome_of(ret));
	b->dentry = 0;
	return 0;
}

/* vfs_*: gives back an int, or a pointer, mkdir since 6.15. What a file system
 * does below itself is about another dentry. */
__noinline int on_vfs(u64 dentry, u64 result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct begun *b = bpf_task_storage_get(&beginnings, task, 0, 0);
	u32 low = result, high = result >> 32;
	struct task_state *state;

	if (!b || !b->dentry || b->dentry != dentry)
		return 0;
	state = in_ring(task);
	if (state)
		ended(task, state, b, !high || high == (u32)-1 ? outcome_of((int)low) : 0);
	b->dentry = 0;
	return 0;
}

#endif
