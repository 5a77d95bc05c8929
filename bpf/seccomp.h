/* SPDX-License-Identifier: MIT */
/* Calls that a seccomp filter answered in the kernel's place. They come back
 * without having gone in: sys_exit fires and sys_enter does not. */
#ifndef OSAPI_SECCOMP_H
#define OSAPI_SECCOMP_H

#include "call.h"

#define SECCOMP_MODE_DEAD 3 /* since 5.18: a filter, or strict mode, killed this thread */
#define SIGKILL 9
#define SIGSYS 31

static __always_inline bool is_pending(struct task_struct *task, int signal)
{
	return task->pending.signal.sig[0] >> (signal - 1) & 1;
}

/* Whether a tracer may be why a call did not go in: it emulates calls
 * (PTRACE_SYSEMU), or the task was killed while it stood at the entry. */
static __always_inline bool kept_by_tracer(struct task_struct *task)
{
	if (!task->ptrace)
		return false;
#if defined(__TARGET_ARCH_x86)
	if (task->thread_info.syscall_work & (1 << 3) /* SYSCALL_WORK_SYSCALL_EMU */)
		return true;
#else
	if (task->thread_info.flags & (1 << 12) /* TIF_SYSCALL_EMU */)
		return true;
#endif
	return is_pending(task, SIGKILL);
}

static __always_inline void record_refusal(struct task_state *state, struct task_struct *task, long nr, u32 outcome)
{
	u32 call = (nr & CALL_NR_MASK) | current_abi(task, nr) << CALL_ABI_SHIFT;

	if ((nr & ~0x40000000l) > CALL_NR_MASK)
		call |= CALL_NR_MASK;
	record_call(state, call, outcome);
}

static __always_inline long call_number(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return (long)BPF_CORE_READ(regs, orig_ax);
#else
	return BPF_CORE_READ(regs, syscallno);
#endif
}

static __always_inline bool has_filter(struct task_struct *task)
{
	return bpf_core_field_exists(task->seccomp.mode) && task->seccomp.mode;
}

/* At the return of a call that was not entered. Without a filter that is no
 * call of the worker's: a task that came into scope within one. User dispatch
 * (prctl PR_SET_SYSCALL_USER_DISPATCH) reports neither entry nor exit. A filter
 * that sends SIGSYS (SECCOMP_RET_TRAP, SECCOMP_RET_KILL_*) has put back the
 * registers, so that what looks like a result is the call's number or its first
 * argument; the signal is pending still. A number below 0 was put there by a
 * tracer that the filter asked (SECCOMP_RET_TRACE). */
static __always_inline void refused(struct task_state *state, struct task_struct *task, struct pt_regs *regs, long ret)
{
	u32 outcome = OUTCOME_SECCOMP | outcome_of(ret);
	long nr = call_number(regs);

	if (nr < 0 || !has_filter(task) || kept_by_tracer(task))
		return;
	if (is_pending(task, SIGSYS) && !outcome_of(ret))
		outcome = OUTCOME_SECCOMP_SIGNAL | SIGSYS;
	if (task->seccomp.mode == SECCOMP_MODE_DEAD) {
		outcome = OUTCOME_SECCOMP_SIGNAL | SIGSYS;
		state->killed = 1;
	}
	record_refusal(state, task, nr, outcome);
}

/* At the end of a task: SECCOMP_RET_KILL_THREAD ends one of several threads on
 * the spot, and so does strict mode, without any return. */
static __always_inline void killed_by_filter(struct task_state *state, struct task_struct *task)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs(task);
	long nr = call_number(regs);

	if (state->killed || state->call != CALL_OUTSIDE || nr < 0 || !has_filter(task) ||
	    task->seccomp.mode != SECCOMP_MODE_DEAD)
		return;
	record_refusal(state, task, nr, OUTCOME_SECCOMP_SIGNAL | (task->exit_code & 0x7f));
}

#endif
