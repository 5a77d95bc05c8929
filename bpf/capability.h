/* SPDX-License-Identifier: MIT */
/* Capability checks, with the call chain that asked. Three probes for one
 * fact, best first: fexit on security_capable gives the final verdict and the
 * options, the tracepoint of 6.14 needs no function probe, and a pair of
 * kprobes serves where trampolines are missing. The recorder loads one. */
#ifndef OSAPI_CAPABILITY_H
#define OSAPI_CAPABILITY_H

#include "ring.h"

#define CAP_OPT_NOAUDIT 2
#define CAP_SETUID 7
#define CAP_SETPCAP 8
#define CAP_SYS_RAWIO 17
#define CAP_SYS_ADMIN 21
#define CAP_MAC_ADMIN 33

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct capability_key);
	__type(value, struct capability_value);
} capabilities SEC(".maps");

static __always_inline u64 hash_stack(const u64 *stack)
{
	u64 hash = 0x51ed270b27b2f51full;

	for (int i = 0; i < STACK_DEPTH; i++) {
		hash = (hash ^ stack[i]) * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 29;
	}
	return hash;
}

/* setuid(2) and setgid(2) ask before they look whether the task has that id anyway,
 * as each of its ids, so that nothing changes. The id itself is no part of the key:
 * there may be many. */
static __always_inline void compare_id(struct capability_key *key, const struct cred *cred)
{
	u32 id = key->argument;

	key->argument = 0;
	if (key->capability == CAP_SETUID
		    ? BPF_CORE_READ(cred, uid.val) == id && BPF_CORE_READ(cred, euid.val) == id && BPF_CORE_READ(cred, suid.val) == id
		    : BPF_CORE_READ(cred, gid.val) == id && BPF_CORE_READ(cred, egid.val) == id && BPF_CORE_READ(cred, sgid.val) == id)
		key->flags |= CAP_SAME_ID;
}

/* What the call in progress was about: the option of setsockopt and prctl, the
 * request of ioctl, the mode of chmod, the id of setuid. A capability asked for in
 * one is needed or not by that. */
static __always_inline void add_argument(struct capability_key *key, struct task_struct *task, u32 call)
{
	struct treatment *t = treatment_of(call);
	struct pt_regs *regs;

	if (!t || !t->check_arg || call >> CALL_ABI_SHIFT == ABI_COMPAT)
		return;
	regs = (void *)bpf_task_pt_regs(task);
	switch (t->check_arg) {
#if defined(__TARGET_ARCH_x86)
	case CHECK_ID:
	case 1: key->argument = BPF_CORE_READ(regs, di); break;
	case 2: key->argument = BPF_CORE_READ(regs, si); break;
	case 3: key->argument = BPF_CORE_READ(regs, dx); break;
	case CHECK_OPTION: key->argument = BPF_CORE_READ(regs, dx), key->level = BPF_CORE_READ(regs, si); break;
#else
	case CHECK_ID:
	case 1: key->argument = BPF_CORE_READ(regs, orig_x0); break;
	case 2: key->argument = BPF_CORE_READ(regs, regs[1]); break;
	case 3: key->argument = BPF_CORE_READ(regs, regs[2]); break;
	case CHECK_OPTION: key->argument = BPF_CORE_READ(regs, regs[2]), key->level = BPF_CORE_READ(regs, regs[1]); break;
#endif
	}
	if (t->check_arg == CHECK_ID)
		compare_id(key, task->cred);
}

static __always_inline void key_of_check(struct capability_key *key, struct task_state *state,
					 struct user_namespace *ns, int cap, u8 flags)
{
	struct task_struct *task = bpf_get_current_task_btf();

	key->subject = state->subject;
	key->operation = operation;
	key->call = call_of(state, task);
	key->capability = cap;
	key->flags = flags;
	add_argument(key, task, key->call);
	if (BPF_CORE_READ(ns, level))
		key->flags |= CAP_USERNS;
	if (BPF_CORE_READ(task, cred) != BPF_CORE_READ(task, real_cred))
		key->flags |= CAP_OVERRIDE;
}

static __always_inline void record_capability(struct capability_key *key, const u64 *stack)
{
	struct capability_value *known, fresh = {};

	key->stack = hash_stack(stack);
	known = bpf_map_lookup_elem(&capabilities, key);
	if (!known) {
		fresh.tally.first = bpf_ktime_get_ns();
		__builtin_memcpy(fresh.stack, stack, sizeof(fresh.stack));
		if (bpf_map_update_elem(&capabilities, key, &fresh, BPF_NOEXIST) == -7 /* E2BIG */) {
			lose(LOST_CAPABILITY);
			return;
		}
		known = bpf_map_lookup_elem(&capabilities, key);
		if (!known)
			return;
	}
	__sync_fetch_and_add(&known->tally.count, 1);
	known->tally.last = bpf_ktime_get_ns();
}

/* Where security_vm_enough_memory_mm and cap_vm_enough_memory begin and end:
 * whichever of the two the compiler left in the call chain. Zero if unknown. */
u64 memory_checks[4];
#define NEAR_DEPTH 4 /* this program, what ran it, cap_capable, and who called that */

/* Whether a process of root was only asked if it may have a bonus of memory, as
 * at each mmap. Told from the nearest frames, for a walk costs by the frame. */
static __always_inline bool asks_for_memory(const u64 *nearest)
{
	u64 at = nearest[NEAR_DEPTH - 1];

	return (at >= memory_checks[0] && at < memory_checks[1]) || (at >= memory_checks[2] && at < memory_checks[3]);
}

SEC("tp_btf/cap_capable")
int BPF_PROG(capability_tracepoint, const struct cred *cred, struct user_namespace *target_ns,
	     struct user_namespace *capable_ns, int cap, int ret)
{
	struct task_state *state = scope_of(bpf_get_current_task_btf());
	struct capability_key key = {};
	u64 stack[STACK_DEPTH] = {};

	if (!state)
		return 0;
	key_of_check(&key, state, target_ns, cap, 0);
	key.denied = ret != 0;
	bpf_get_stack(ctx, stack, NEAR_DEPTH * sizeof(*stack), 0);
	if (cap != CAP_SYS_ADMIN || !asks_for_memory(stack))
		bpf_get_stack(ctx, stack, sizeof(stack), 0);
	record_capability(&key, stack);
	return 0;
}

/* What is asked for without security_capable, by security modules themselves: inheritable
 * capabilities and securebits (CAP_SETPCAP), a mapping below mmap_min_addr (CAP_SYS_RAWIO),
 * a policy of AppArmor or Smack (CAP_MAC_ADMIN). These are asked for seldom, so that
 * looking at cap_capable as well costs nothing; what passes both has security_capable in
 * its call chain, and is left out by that. That a process may have a bonus of memory is
 * asked below as well, at each mmap, and is no need. */
static __always_inline bool asked_below(int cap)
{
	return cap == CAP_SETPCAP || cap == CAP_SYS_RAWIO || cap == CAP_MAC_ADMIN;
}

SEC("fexit/security_capable")
int BPF_PROG(capability_fexit, const struct cred *cred, struct user_namespace *ns, int cap, unsigned int opts,
	     int ret)
{
	struct task_state *state = scope_of(bpf_get_current_task_btf());
	struct capability_key key = {};
	u64 stack[STACK_DEPTH] = {};

	if (!state)
		return 0;
	key_of_check(&key, state, ns, cap, opts & CAP_OPT_NOAUDIT ? CAP_NOAUDIT : 0);
	key.denied = ret != 0;
	bpf_get_stack(ctx, stack, sizeof(stack), 0);
	record_capability(&key, stack);
	return 0;
}

SEC("fexit/cap_capable")
int BPF_PROG(below_fexit, const struct cred *cred, struct user_namespace *ns, int cap, unsigned int opts, int ret)
{
	struct capability_key key = {};
	u64 stack[STACK_DEPTH] = {};
	struct task_state *state;

	if (!asked_below(cap))
		return 0;
	state = scope_of(bpf_get_current_task_btf());
	if (!state)
		return 0;
	key_of_check(&key, state, ns, cap, CAP_BELOW | (opts & CAP_OPT_NOAUDIT ? CAP_NOAUDIT : 0));
	key.denied = ret != 0;
	bpf_get_stack(ctx, stack, sizeof(stack), 0);
	record_capability(&key, stack);
	return 0;
}

#if defined(__TARGET_ARCH_x86)
#define KERNEL_ARG2(r) ((r)->si)
#define KERNEL_ARG3(r) ((r)->dx)
#define KERNEL_ARG4(r) ((r)->cx)
#define KERNEL_RETURN(r) ((r)->ax)
#else
#define KERNEL_ARG2(r) ((r)->regs[1])
#define KERNEL_ARG3(r) ((r)->regs[2])
#define KERNEL_ARG4(r) ((r)->regs[3])
#define KERNEL_RETURN(r) ((r)->regs[0])
#endif

/* A check between kprobe and kretprobe, by the task itself: threads of io_uring
 * share the state of their process. */
struct asked {
	struct capability_key key;
	u64 stack[STACK_DEPTH];
	bool open; /* between the two */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct asked);
} asking SEC(".maps"), asking_below SEC(".maps");

static __always_inline int begin_check(void *checks, struct pt_regs *ctx, u8 flags)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state = scope_of(task);
	struct asked *asked;

	if (!state)
		return 0;
	asked = bpf_task_storage_get(checks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!asked) {
		lose(LOST_CAPABILITY);
		return 0;
	}
	__builtin_memset(asked, 0, sizeof(*asked));
	asked->open = true;
	key_of_check(&asked->key, state, (void *)KERNEL_ARG2(ctx), KERNEL_ARG3(ctx),
		     flags | (KERNEL_ARG4(ctx) & CAP_OPT_NOAUDIT ? CAP_NOAUDIT : 0));
	bpf_get_stack(ctx, asked->stack, sizeof(asked->stack), 0);
	return 0;
}

static __always_inline int end_check(struct asked *asked, struct pt_regs *ctx)
{
	u64 stack[STACK_DEPTH];

	if (!asked || !asked->open)
		return 0;
	asked->open = false; /* the next one may be of a capability that is not looked at */
	asked->key.denied = KERNEL_RETURN(ctx) != 0;
	__builtin_memcpy(stack, asked->stack, sizeof(stack));
	record_capability(&asked->key, stack);
	return 0;
}

SEC("kprobe/security_capable")
int capability_kprobe(struct pt_regs *ctx)
{
	return begin_check(&asking, ctx, 0);
}

SEC("kretprobe/security_capable")
int capability_kretprobe(struct pt_regs *ctx)
{
	return end_check(bpf_task_storage_get(&asking, bpf_get_current_task_btf(), 0, 0), ctx);
}

SEC("kprobe/cap_capable")
int below_kprobe(struct pt_regs *ctx)
{
	return asked_below(KERNEL_ARG3(ctx)) ? begin_check(&asking_below, ctx, CAP_BELOW) : 0;
}

SEC("kretprobe/cap_capable")
int below_kretprobe(struct pt_regs *ctx)
{
	return end_check(bpf_task_storage_get(&asking_below, bpf_get_current_task_btf(), 0, 0), ctx);
}

#endif
