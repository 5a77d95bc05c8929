/* SPDX-License-Identifier: MIT */
/* Which system calls were made, and what came of them: a set that cannot lose
 * a member short of being full. */
#ifndef OSAPI_CALL_H
#define OSAPI_CALL_H

#include "scope.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct call_key);
	__type(value, struct tally);
} calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ABI_COUNT * 512);
	__type(key, u32);
	__type(value, struct treatment);
} treatments SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, HANDLE_COUNT);
	__type(key, u32);
	__type(value, u32);
} handlers SEC(".maps");

static __always_inline struct treatment *treatment_of(u32 call)
{
	u32 nr = call & CALL_NR_MASK, at = (call >> CALL_ABI_SHIFT) * 512 + nr;

	return nr < 512 ? bpf_map_lookup_elem(&treatments, &at) : NULL;
}

static __always_inline void tally_call(u32 subject, u32 op, u32 call, u32 outcome, u64 count)
{
	struct call_key key = { .subject = subject, .operation = op, .call = call, .outcome = outcome };
	struct tally *seen = bpf_map_lookup_elem(&calls, &key), fresh = {};

	if (!seen) {
		fresh.first = bpf_ktime_get_ns();
		if (bpf_map_update_elem(&calls, &key, &fresh, BPF_NOEXIST) == -7 /* E2BIG */) {
			lose(LOST_CALL);
			return;
		}
		seen = bpf_map_lookup_elem(&calls, &key);
		if (!seen)
			return;
	}
	__sync_fetch_and_add(&seen->count, count);
	seen->last = bpf_ktime_get_ns();
}

static long flush_one(u32 index, void *ctx)
{
	struct task_state **pointer = ctx, *state = *pointer;
	struct recent *r;

	r = &state->recent[index & (RECENT - 1)];
	if (r->count)
		tally_call(state->subject, state->operation, r->call, r->outcome, r->count);
	r->count = 0;
	r->call = CALL_OUTSIDE;
	return 0;
}

static __always_inline void new_state(struct task_state *state)
{
	for (int i = 0; i < RECENT; i++)
		state->recent[i].call = CALL_OUTSIDE;
}

/* Bring the tallies of a thread up to date, for its end or when its subject or
 * the operation changes. bpf_loop, since the verifier would walk a loop of its
 * own thirty-two times in each of four programs. */
static __always_inline void flush_recent(struct task_state *state)
{
	bpf_loop(RECENT, flush_one, &state, 0);
}

static __always_inline void record_call(struct task_state *state, u32 call, u32 outcome)
{
	struct recent *r;
	u32 op = operation;

	if (state->operation != op) {
		flush_recent(state);
		state->operation = op;
	}
	r = &state->recent[(call ^ outcome) & (RECENT - 1)];
	if (r->call == call && r->outcome == outcome) {
		r->count++;
		return;
	}
	if (r->count)
		tally_call(state->subject, op, r->call, r->outcome, r->count);
	tally_call(state->subject, op, call, outcome, 1);
	r->call = call;
	r->outcome = outcome;
	r->count = 0;
}

static __always_inline u32 current_abi(struct task_struct *task, long nr)
{
#if defined(__TARGET_ARCH_x86)
	if (task->thread_info.status & 2 /* TS_COMPAT */)
		return ABI_COMPAT;
	return nr & 0x40000000 ? ABI_X32 : ABI_NATIVE;
#else
	return task->thread_info.flags & (1 << 22) /* TIF_32BIT */ ? ABI_COMPAT : ABI_NATIVE;
#endif
}

static __always_inline u32 outcome_of(long ret)
{
	return ret < 0 && ret > -4096 ? -ret : 0;
}

/* Keep the arguments of a call at its return, for those who look at it. Entry
 * code preserves them, but for the first on arm64, which has a place of its
 * own. They are picked by number from here: a choice of registers by number
 * would be walked by the verifier once for each register and argument. */
static __always_inline void keep_arguments(struct task_state *state, struct pt_regs *regs, u32 call)
{
	u64 *a = state->arguments;

#if defined(__TARGET_ARCH_x86)
	if (call >> CALL_ABI_SHIFT == ABI_COMPAT) {
		a[0] = (u32)regs->bx, a[1] = (u32)regs->cx, a[2] = (u32)regs->dx;
		a[3] = (u32)regs->si, a[4] = (u32)regs->di, a[5] = (u32)regs->bp;
		return;
	}
	a[0] = regs->di, a[1] = regs->si, a[2] = regs->dx;
	a[3] = regs->r10, a[4] = regs->r8, a[5] = regs->r9;
#else
	a[0] = regs->orig_x0, a[1] = regs->regs[1], a[2] = regs->regs[2];
	a[3] = regs->regs[3], a[4] = regs->regs[4], a[5] = regs->regs[5];
#endif
}

/* Whether it is this call that returns. It is another one where the kernel skipped
 * the exit of the one and the entry of the other. */
static __always_inline bool is_return_of(u32 call, struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	u32 nr = regs->orig_ax & CALL_NR_MASK;
#else
	u32 nr = regs->syscallno & CALL_NR_MASK;
#endif

	call &= CALL_NR_MASK;
	return call == nr || call == CALL_NR_MASK;
}

#define EARLY 7 /* of task_state.arguments: what was read on the way in */

static __always_inline u64 argument(struct task_state *state, u32 n)
{
	return state->arguments[n & 7];
}

#endif
