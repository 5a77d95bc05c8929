/* SPDX-License-Identifier: MIT */
/* Sockets that a ring makes, binds, connects, listens on or sends by. */
#ifndef OSAPI_RINGSOCKET_H
#define OSAPI_RINGSOCKET_H

#include "ringfile.h"

static __always_inline struct socket_key *socket_key_of(struct task_struct *task, u8 action, u32 outcome)
{
	struct task_state *state = in_ring(task);
	struct begun *b = state ? begin(task) : NULL;
	struct socket_key *key;

	if (!b)
		return NULL;
	key = &b->socket;
	__builtin_memset(key, 0, sizeof(*key));
	key->subject = state->subject;
	key->operation = operation;
	key->call = CALL_RING;
	key->outcome = outcome;
	key->action = action;
	return key;
}

__noinline int on_sock_create(u32 family, u32 type, u32 protocol, int ret)
{
	struct socket_key *key = socket_key_of(bpf_get_current_task_btf(), SOCK_SOCKET, outcome_of(ret));

	if (!key)
		return 0;
	key->family = family;
	key->type = type & 0xf;
	key->protocol = protocol;
	record_socket(key);
	return 0;
}

/* As add_address of socket.h, from where the kernel has copied it to. */
static __always_inline void add_kernel_address(struct socket_key *key, const void *from, u32 length)
{
	u8 *a = key->address;
	u16 family = 0;

	if (length < 2)
		return;
	bpf_probe_read_kernel(&family, 2, from);
	__builtin_memcpy(a, &family, 2);
	key->length = 2;
	if (family == AF_INET && length >= 8) {
		bpf_probe_read_kernel(a + 2, 6, from + 2);
		key->length = 8;
	} else if (family == AF_INET6 && length >= 24) {
		bpf_probe_read_kernel(a + 2, 2, from + 2);
		bpf_probe_read_kernel(a + 4, 16, from + 8);
		key->length = 20;
	} else if (family == AF_UNIX && length > 2) {
		u32 n = (length > SUN_MAX ? SUN_MAX : length) - 2;

		bpf_probe_read_kernel(a + 2, 1, from + 2);
		if (!a[2]) {
			bpf_probe_read_kernel(a + 2, n & 127, from + 2);
			key->length = 2 + n;
		} else {
			long read = bpf_probe_read_kernel_str(a + 2, (n + 1) & 127, from + 2);

			key->length = read > 0 ? 2 + read - 1 : 2;
		}
	}
}

/* bind, connect, listen, and send to an address: `socket` is the struct socket,
 * `what` one of enum socket_call. */
__noinline int on_socket(u32 what, u64 socket, u64 address, u32 length, int ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct sock *sk = BPF_CORE_READ((struct socket *)socket, sk);
	struct socket_key *key = socket_key_of(task, what, outcome_of(ret));
	struct task_state *state = scope_of(task);
	bool binds = what == SOCK_BIND;

	if (!key || !state)
		return 0;
	key->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	key->type = BPF_CORE_READ(sk, sk_type);
	key->protocol = BPF_CORE_READ(sk, sk_protocol);
	if (what == SOCK_LISTEN)
		add_local_address(key, sk);
	else
		add_kernel_address(key, (void *)address, length);
	record_socket(key);
	if (key->family == AF_UNIX && key->length > 2 && key->address[2]) /* it is a file as well */
		given_name(task, state, (u64)&key->address[2], AT_FDCWD,
			   binds ? ACCESS_BIND | ACCESS_CREATE : ACCESS_CONNECT, key->outcome, binds ? 0 : EVENT_FOLLOW);
	return 0;
}

#endif
