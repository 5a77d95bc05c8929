/* SPDX-License-Identifier: MIT */
/* io_uring: what its rings are asked for, and whose work a thread does that the
 * kernel made for one. */
#ifndef OSAPI_RING_H
#define OSAPI_RING_H

#include "call.h"

#define PF_IO_WORKER 0x10
#define PF_DUMPCORE 0x200

/* The kernel starts threads for io_uring by create_io_thread, which passes no
 * tracepoint of a fork. They belong to the process whose ring it is, and have
 * its scope. */
static __always_inline struct task_state *scope_of(struct task_struct *task)
{
	struct task_state *state = bpf_task_storage_get(&tasks, task, 0, 0);

	if (state || !(task->flags & PF_IO_WORKER))
		return state;
	return bpf_task_storage_get(&tasks, task->group_leader, 0, 0);
}

/* In which call the current task does what it does, CALL_RING when that is the
 * work of a ring: in a thread of its own, in io_uring_enter, or, as task work,
 * on the way out of any call. */
static __always_inline u32 call_of(struct task_state *state, struct task_struct *task)
{
	u32 call = state->call;
	struct treatment *t;

	if (task->flags & PF_IO_WORKER)
		return CALL_RING;
	if (call == CALL_OUTSIDE)
		return bpf_core_field_exists(task->io_uring) && task->io_uring && !(task->flags & PF_DUMPCORE) ?
			       CALL_RING : call;
	t = treatment_of(call);
	return t && t->ring ? CALL_RING : call;
}

/* Whether any ring of the worker was asked for anything: until then the functions
 * that only rings concern are left at once. */
u32 rings;

struct request_key {
	u32 subject;
	u32 operation;
	u32 opcode; /* enum io_uring_op of linux/io_uring.h */
	u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct request_key);
	__type(value, struct tally);
} requests SEC(".maps");

static __always_inline int record_request(struct io_kiocb *request)
{
	struct task_state *state = scope_of(bpf_get_current_task_btf());
	struct request_key key = {};
	struct tally *known, fresh = {};

	if (!state)
		return 0;
	rings = 1;
	key.subject = state->subject;
	key.operation = operation;
	key.opcode = BPF_CORE_READ(request, opcode);
	known = bpf_map_lookup_elem(&requests, &key);
	if (!known) {
		fresh.first = bpf_ktime_get_ns();
		if (bpf_map_update_elem(&requests, &key, &fresh, BPF_NOEXIST) == -7 /* E2BIG */)
			lose(LOST_CALL);
		known = bpf_map_lookup_elem(&requests, &key);
		if (!known)
			return 0;
	}
	__sync_fetch_and_add(&known->count, 1);
	known->last = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/io_uring_submit_req") /* since 6.4 */
int BPF_PROG(request, struct io_kiocb *req)
{
	return record_request(req);
}

SEC("tp_btf/io_uring_submit_sqe") /* until 6.3 */
int BPF_PROG(request_sqe, struct io_kiocb *req)
{
	return record_request(req);
}

#endif
