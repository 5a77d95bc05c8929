/* SPDX-License-Identifier: MIT */
/* Programs by number. */
#ifndef OSAPI_SUBJECT_H
#define OSAPI_SUBJECT_H

#include "file.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct subject_key);
	__type(value, u32);
} subjects SEC(".maps");
u32 subject_count;

static __always_inline void key_of_program(struct subject_key *key, struct file *file)
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);

	key->inode = BPF_CORE_READ(file, f_inode, i_ino);
	key->device = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
	key->parent = BPF_CORE_READ(dentry, d_parent, d_inode, i_ino);
	key->name = BPF_CORE_READ(dentry, d_name.hash);
}

/* The number of the program that this task now runs; *fresh when it is new. */
static __always_inline u32 subject_of(struct subject_key *key, bool *fresh)
{
	u32 *known = bpf_map_lookup_elem(&subjects, key), id;

	*fresh = !known;
	if (known)
		return *known;
	id = __sync_add_and_fetch(&subject_count, 1);
	if (bpf_map_update_elem(&subjects, key, &id, BPF_NOEXIST)) {
		known = bpf_map_lookup_elem(&subjects, key); /* another CPU was first */
		if (known) {
			*fresh = false;
			return *known;
		}
		lose(LOST_SUBJECT);
		return 0;
	}
	return id;
}

#endif
