/* SPDX-License-Identifier: MIT */
/* Arguments that decide a directive or a rule, as a small set. */
#ifndef OSAPI_ARGUMENT_H
#define OSAPI_ARGUMENT_H

#include "handlers.h"

#define S_IFCHR 0020000
#define S_IFBLK 0060000
#define EBADF 9
#define ENOTTY 25

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct argument_key);
	__type(value, struct tally);
} arguments SEC(".maps");

static __always_inline void note_argument(struct argument_key *key, struct task_state *state, u32 call, u32 outcome)
{
	struct tally *known, fresh = {};

	key->subject = state->subject;
	key->operation = operation;
	key->call = call;
	key->outcome = outcome;
	known = bpf_map_lookup_elem(&arguments, key);
	if (!known) {
		fresh.first = bpf_ktime_get_ns();
		if (bpf_map_update_elem(&arguments, key, &fresh, BPF_NOEXIST) == -7 /* E2BIG */)
			lose(LOST_ARGUMENT);
		known = bpf_map_lookup_elem(&arguments, key);
		if (!known)
			return;
	}
	__sync_fetch_and_add(&known->count, 1);
	known->last = bpf_ktime_get_ns();
}

/* The device behind a descriptor; says false for anything else, and for a
 * command that the device does not know (isatty(3) asks with one): the set then
 * grows with what a device understands, not with what a program makes up. */
static __always_inline bool device_of(struct argument_key *key, int fd, u32 outcome)
{
	struct inode *inode;
	struct file *file;

	if (outcome == ENOTTY || !descriptor(bpf_get_current_task_btf(), fd, &file))
		return false;
	inode = BPF_CORE_READ(file, f_inode);
	key->mode = BPF_CORE_READ(inode, i_mode) & S_IFMT;
	key->device = BPF_CORE_READ(inode, i_rdev);
	return key->mode == S_IFCHR || key->mode == S_IFBLK;
}

#define UNREAD (~0ull) /* in place of what was to be read on the way in */

/* The value of the argument; says false when it is not resident. */
static __always_inline bool value_of(struct treatment *t, struct task_state *state, u64 *value)
{
	u64 at;

	*value = t->arg >= 0 ? argument(state, t->arg) : 0;
	if (t->arg < 0 || t->arg_deref < 0)
		return true;
	at = *value + t->arg_deref;
	*value = 0;
	return !(t->arg_short ? bpf_probe_read_user(value, 4, (void *)at) : bpf_probe_read_user(value, 8, (void *)at));
}

/* The argument that decides something, if this call has one. */
static __always_inline void record_argument(struct treatment *t, struct task_state *state, u32 call, u32 outcome)
{
	struct argument_key key = {};
	u64 value;

	value = argument(state, EARLY);
	if (t->at_enter != ENTER_READ || value == UNREAD)
		value_of(t, state, &value);
	value &= t->arg_mask;
	if (t->arg_all ? value != t->arg_mask : !value && !t->arg_always)
		return;
	if (t->arg_create && !(open_flags_of(t, state) & O_CREAT))
		return;
	key.value = value;
	if (t->aim == AIM_DEVICE) {
		if (!device_of(&key, argument(state, t->target), outcome))
			return;
	} else if (t->aim) {
		if (t->others && state->target == TARGET_SELF)
			return;
		key.target = outcome == EBADF ? TARGET_UNTOLD : state->target;
	}
	if (t->text >= 0)
		bpf_probe_read_user_str(key.text, sizeof(key.text), (void *)argument(state, t->text));
	note_argument(&key, state, call, outcome);
}

#endif
