/* SPDX-License-Identifier: MIT */
/* The other end of a socket: who connected, who sent a datagram, and the files
 * that came with a message. */
#ifndef OSAPI_PEER_H
#define OSAPI_PEER_H

#include "socket.h"

#define FMODE_READ 1
#define FMODE_WRITE 2
#define S_IFIFO 0010000

/* Peers are as many as like to call, so their set is kept apart and small: past
 * it, a peer counts by family and local port alone, which stay few. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct socket_key);
	__type(value, struct tally);
} peers SEC(".maps");

static __always_inline void record_peer(struct socket_key *key)
{
	if (count_socket(&peers, key))
		return;
	__builtin_memset(key->address + 4, 0, 16);
	key->length = 4;
	record_socket(key);
}

/* A peer's address stands with the local port: the peer's own is another one
 * each time. */
static __always_inline void add_peer_address(struct socket_key *key, struct sock *sk)
{
	u8 *a = key->address;

	add_local_address(key, sk);
	if (key->family == AF_INET) {
		u32 ip = BPF_CORE_READ(sk, __sk_common.skc_daddr);

		__builtin_memcpy(a + 4, &ip, 4);
	} else if (key->family == AF_INET6) {
		BPF_CORE_READ_INTO((u8(*)[16])(a + 4), sk, __sk_common.skc_v6_daddr.in6_u.u6_addr8);
	}
}

struct received {
	u64 rights;
	u32 count;
};

/* A file that came by a descriptor is in the worker's hands as if it had opened
 * it. Pipes, sockets and what has no type have no path. */
static long receive_file(u32 index, void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state = current_state();
	struct received *r = ctx;
	u32 access = 0, type, mode;
	struct file *file;
	int fd = -1;

	if (index >= r->count || !state)
		return 1;
	bpf_probe_read_user(&fd, sizeof(fd), (void *)(r->rights + 4 * index));
	if (!descriptor(task, fd, &file))
		return 0;
	type = BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT;
	if (type == S_IFSOCK || type == S_IFIFO || !type)
		return 0;
	mode = BPF_CORE_READ(file, f_mode);
	if (mode & FMODE_READ)
		access |= ACCESS_READ;
	if (mode & FMODE_WRITE)
		access |= ACCESS_WRITE;
	if (access)
		file_event(task, state, file, access, 0, 0);
	return 0;
}

static __always_inline void receive_files(struct task_state *state, u32 call)
{
	u64 rights = ancillary(call, 0, argument(state, 1));
	struct received r = { .rights = rights & ~(0xffull << 56), .count = rights >> 56 };

	if (r.count)
		bpf_loop(SCM_MAX_FD, receive_file, &r, 0);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(handle_peer, struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state = current_state();
	const void *address = NULL;
	struct socket_key *key;
	struct treatment *t;
	struct sock *sk = NULL;
	u32 zero = 0, length = 0, call;
	u16 port;
	u8 kind;

	if (!state || ret < 0)
		return 0;
	call = state->returned;
	t = treatment_of(call);
	key = bpf_map_lookup_elem(&scratch_socket, &zero);
	if (!t || !key)
		return 0;
	kind = t->socket == SOCK_MULTI ? argument(state, UNPACKED) : t->socket;
	if (kind == SOCK_RECVMSG) {
		receive_files(state, call);
		length = name_of_message(call, argument(state, 1), &address);
	} else if (kind == SOCK_RECVFROM) {
		address = (void *)argument(state, 4);
		length = address ? user_word(argument(state, 5), false) : 0;
	}
	if (kind != SOCK_ACCEPT && (!address || !length))
		return 0; /* a stream, or nobody asked who sends */
	__builtin_memset(key, 0, sizeof(*key));
	if (!socket_of(task, kind == SOCK_ACCEPT ? ret : argument(state, 0), key, &sk))
		return 0;
	key->subject = state->subject;
	key->operation = operation;
	key->call = call;
	key->action = kind;
	if (kind == SOCK_ACCEPT) {
		add_peer_address(key, sk);
	} else if (key->family == AF_INET || key->family == AF_INET6) {
		add_address(key, address, length);
		port = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_num));
		__builtin_memcpy(key->address + 2, &port, 2);
	} else {
		return 0;
	}
	record_peer(key);
	return 0;
}

#endif
