/* SPDX-License-Identifier: MIT */
/* struct msghdr of sendmsg(2) and recvmsg(2): its address, and the ancillary
 * messages that pass descriptors and credentials. */
#ifndef OSAPI_MESSAGE_H
#define OSAPI_MESSAGE_H

#include "argument.h"

#define SOL_SOCKET 1
#define SCM_RIGHTS 1
#define SCM_CREDENTIALS 2
#define SCM_MAX_FD 253
#define MESSAGES_MAX 8 /* ancillary messages of one call that are looked at */

static __always_inline u64 user_word(u64 at, bool wide)
{
	u64 word = 0;

	if (wide)
		bpf_probe_read_user(&word, 8, (void *)at);
	else
		bpf_probe_read_user(&word, 4, (void *)at);
	return word;
}

/* Length of the address of a message, and where it is. */
static __always_inline u32 name_of_message(u32 call, u64 message, const void **address)
{
	bool wide = call >> CALL_ABI_SHIFT == ABI_NATIVE;

	*address = (void *)user_word(message, wide);
	return user_word(message + (wide ? 8 : 4), false);
}

struct control {
	u64 at;
	u64 end;
	u64 word; /* bytes of a size_t */
	u32 kinds;
	u32 count; /* descriptors, and where they are */
	u64 rights;
};

static long control_message(u32 index, void *ctx)
{
	struct control *c = ctx;
	u64 length, head = c->word + 8;
	u32 what[2] = {};

	if (c->at + head > c->end)
		return 1;
	length = user_word(c->at, c->word == 8);
	bpf_probe_read_user(what, sizeof(what), (void *)(c->at + c->word));
	if (length < head || length > c->end - c->at)
		return 1;
	if (what[0] == SOL_SOCKET && (what[1] == SCM_RIGHTS || what[1] == SCM_CREDENTIALS))
		c->kinds |= 1 << what[1];
	if (what[0] == SOL_SOCKET && what[1] == SCM_RIGHTS) {
		c->rights = c->at + head;
		c->count = (length - head) / 4;
		if (c->count > SCM_MAX_FD)
			c->count = SCM_MAX_FD;
	}
	c->at += (length + c->word - 1) & ~(c->word - 1);
	return 0;
}

/* Note which ancillary messages went with a message. Gives back where the
 * descriptors that were passed stand, and how many there are in the top byte. */
__noinline u64 ancillary(u32 call, u32 outcome, u64 message)
{
	struct task_state *state = current_state();
	bool wide = call >> CALL_ABI_SHIFT == ABI_NATIVE;
	struct control c = { .word = wide ? 8 : 4 };
	struct argument_key key = {};

	if (!state)
		return 0;
	c.at = user_word(message + (wide ? 32 : 16), wide);
	if (!c.at)
		return 0;
	c.end = c.at + user_word(message + (wide ? 40 : 20), wide);
	bpf_loop(MESSAGES_MAX, control_message, &c, 0);
	if (c.kinds & 1 << SCM_RIGHTS) {
		key.value = SCM_RIGHTS;
		note_argument(&key, state, call, outcome);
	}
	if (c.kinds & 1 << SCM_CREDENTIALS) {
		key.value = SCM_CREDENTIALS;
		note_argument(&key, state, call, outcome);
	}
	return c.rights | (u64)c.count << 56;
}

#endif
