/* SPDX-License-Identifier: MIT */
/* Sockets: the triple they were made with, and where they were bound, listened
 * and connected to. */
#ifndef OSAPI_SOCKET_H
#define OSAPI_SOCKET_H

#include "message.h"

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define UNPACKED 6 /* of task_state.arguments: what socketcall(2) was asked */
#define SUN_MAX 110 /* sizeof(struct sockaddr_un) */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct socket_key);
	__type(value, struct tally);
} sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct socket_key);
} scratch_socket SEC(".maps");

/* The open socket behind a descriptor; says false for anything else. */
static __always_inline bool socket_of(struct task_struct *task, int fd, struct socket_key *key, struct sock **sk)
{
	struct socket *socket;
	struct file *file;

	if (!descriptor(task, fd, &file))
		return false;
	if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return false;
	socket = BPF_CORE_READ(file, private_data);
	*sk = BPF_CORE_READ(socket, sk);
	key->family = BPF_CORE_READ(*sk, __sk_common.skc_family);
	key->type = BPF_CORE_READ(*sk, sk_type);
	key->protocol = BPF_CORE_READ(*sk, sk_protocol);
	return key->family != 0;
}

/* A sockaddr of the program, with what is padding or noise left out, so that
 * equal addresses are equal keys. */
static __always_inline void add_address(struct socket_key *key, const void *user, u32 length)
{
	u8 *a = key->address;
	u16 family = 0;

	if (!user || length < 2)
		return;
	bpf_probe_read_user(&family, 2, user);
	__builtin_memcpy(a, &family, 2);
	key->length = 2;
	if (family == AF_INET && length >= 8) {
		bpf_probe_read_user(a + 2, 6, user + 2);
		key->length = 8;
	} else if (family == AF_INET6 && length >= 24) {
		bpf_probe_read_user(a + 2, 2, user + 2);
		bpf_probe_read_user(a + 4, 16, user + 8);
		key->length = 20;
	} else if (family == AF_UNIX && length > 2) {
		u32 n = (length > SUN_MAX ? SUN_MAX : length) - 2;

		bpf_probe_read_user(a + 2, 1, user + 2);
		if (!a[2]) { /* abstract: all of the length counts */
			bpf_probe_read_user(a + 2, n & 127, user + 2);
			key->length = 2 + n;
		} else { /* a pathname ends at its NUL, or where the length says */
			long read = bpf_probe_read_user_str(a + 2, (n + 1) & 127, user + 2);

			if (read <= 0 && !bpf_probe_read_user(a + 2, n & 127, user + 2))
				read = n + 1; /* what lies behind its end cannot be read */
			key->length = read > 0 ? 2 + read - 1 : 2;
		}
	}
}

static __always_inline void add_local_address(struct socket_key *key, struct sock *sk)
{
	u8 *a = key->address;
	u16 port = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_num));

	if (key->family == AF_INET) {
		u32 ip = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);

		__builtin_memcpy(a + 4, &ip, 4);
		key->length = 8;
	} else if (key->family == AF_INET6) {
		BPF_CORE_READ_INTO((u8(*)[16])(a + 4), sk, __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8);
		key->length = 20;
	} else {
		return;
	}
	__builtin_memcpy(a, &key->family, 2);
	__builtin_memcpy(a + 2, &port, 2);
}

/* Count a use in one of the sets; says false when that is full. */
static __always_inline bool count_socket(void *set, struct socket_key *key)
{
	struct tally *known = bpf_map_lookup_elem(set, key), fresh = {};

	if (!known) {
		fresh.first = bpf_ktime_get_ns();
		if (bpf_map_update_elem(set, key, &fresh, BPF_NOEXIST) == -7 /* E2BIG */)
			return false;
		known = bpf_map_lookup_elem(set, key);
		if (!known)
			return true;
	}
	__sync_fetch_and_add(&known->count, 1);
	known->last = bpf_ktime_get_ns();
	return true;
}

static __always_inline void record_socket(struct socket_key *key)
{
	if (!count_socket(&sockets, key))
		lose(LOST_SOCKET);
}

/* A UNIX socket that has a name in the file system is a file as well. Its name is
 * that of the key, which ends where the program said: what lies behind an address
 * without a NUL is none of ours. */
static __always_inline void socket_file(struct task_struct *task, struct task_state *state, struct socket_key *key,
					u32 outcome)
{
	struct named named = { .dirfd = AT_FDCWD, .held = true };
	u32 access = key->action == SOCK_BIND ? ACCESS_BIND | ACCESS_CREATE : ACCESS_CONNECT, which = SCRATCH_EXIT;
	struct scratch *out;

	if (key->family != AF_UNIX || key->length <= 2 || !key->address[2])
		return;
	out = bpf_map_lookup_elem(&scratches, &which);
	if (!out)
		return;
	bpf_probe_read_kernel_str(out->held, sizeof(out->held), key->address + 2);
	name_event(task, state, &named, NULL, NULL, access, 0, outcome, key->action == SOCK_BIND ? 0 : EVENT_FOLLOW);
}

/* What socketcall(2) was asked to do, by the numbers of linux/net.h; 0 for what
 * is not looked at. */
static __always_inline u8 asked_of(u64 number)
{
	switch (number) {
	case 1: return SOCK_SOCKET;
	case 2: return SOCK_BIND;
	case 3: return SOCK_CONNECT;
	case 4: return SOCK_LISTEN;
	case 8: return SOCK_PAIR;
	case 11: return SOCK_SENDTO;
	case 12: return SOCK_RECVFROM;
	case 5: /* accept */
	case 18: return SOCK_ACCEPT; /* accept4 */
	case 16: /* sendmsg */
	case 20: return SOCK_SENDMSG; /* sendmmsg */
	case 17: /* recvmsg */
	case 19: return SOCK_RECVMSG; /* recvmmsg */
	}
	return 0;
}

/* The arguments of socketcall(2) take the place of the pointer to them. */
static __always_inline u8 unpack(struct task_state *state)
{
	u64 words = argument(state, 1), number = argument(state, 0);
	u32 word;

	/* One by one: those that there are may end with a page. */
	for (int i = 0; i < 6; i++) {
		word = 0;
		bpf_probe_read_user(&word, 4, (void *)(words + 4 * i));
		state->arguments[i] = word;
	}
	state->arguments[UNPACKED] = asked_of(number);
	return state->arguments[UNPACKED];
}

SEC("tp_btf/sys_exit")
int BPF_PROG(handle_socket, struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state = current_state();
	struct sock *sk = NULL;
	struct socket_key *key;
	const void *address = NULL;
	struct treatment *t;
	u32 zero = 0, call, length = 0;

	if (!state)
		return 0;
	call = state->returned;
	t = treatment_of(call);
	key = bpf_map_lookup_elem(&scratch_socket, &zero);
	if (!t || !key)
		return 0;
	__builtin_memset(key, 0, sizeof(*key));
	key->subject = state->subject;
	key->operation = operation;
	key->call = call;
	key->outcome = outcome_of(ret);
	key->action = t->socket == SOCK_MULTI ? unpack(state) : t->socket;
	switch (key->action) {
	case 0:
		return 0;
	case SOCK_ACCEPT:
	case SOCK_RECVFROM:
	case SOCK_RECVMSG:
		bpf_tail_call(ctx, &handlers, HANDLE_PEER);
		return 0;
	case SOCK_SOCKET:
	case SOCK_PAIR:
		key->family = argument(state, 0);
		key->type = argument(state, 1) & 0xf;
		key->protocol = argument(state, 2);
		record_socket(key);
		return 0;
	case SOCK_BIND:
	case SOCK_CONNECT:
		address = (void *)argument(state, 1);
		length = argument(state, 2);
		break;
	case SOCK_SENDTO:
		address = (void *)argument(state, 4);
		length = argument(state, 5);
		if (!address)
			return 0;
		break;
	case SOCK_SENDMSG:
		ancillary(call, key->outcome, argument(state, 1));
		length = name_of_message(call, argument(state, 1), &address);
		if (!address)
			return 0;
		break;
	}
	if (!socket_of(task, argument(state, 0), key, &sk))
		return 0;
	if (key->action == SOCK_LISTEN)
		add_local_address(key, sk);
	else
		add_address(key, address, length);
	record_socket(key);
	socket_file(task, state, key, key->outcome);
	return 0;
}

#endif
