//go:build ignore
/* SPDX-License-Identifier: MIT */
/* The probes of the recorder. This file holds the hooks that open and close
 * the scope and the two that every system call passes; what a call did is
 * looked at by the handlers in handlers.h, socket.h and peer.h, reached by tail
 * call. */
#include "attach.h"
#include "capability.h"
#include "handlers.h"
#include "hooks.h"
#include "peer.h"
#include "seccomp.h"
#include "target.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

SEC("tp_btf/sys_enter")
int BPF_PROG(enter, struct pt_regs *regs, long nr)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state = state_of_caller(task);
	struct treatment *t;
	u32 abi, call;

	if (!state)
		return 0;
	abi = current_abi(task, nr);
	call = (nr & CALL_NR_MASK) | abi << CALL_ABI_SHIFT;
	if (nr < 0 || (nr & ~0x40000000l) > CALL_NR_MASK)
		call |= CALL_NR_MASK;
	state->call = call;
	t = treatment_of(call);
	if (!t || !t->at_enter)
		return 0;
	if (t->at_enter == ENTER_AIM) {
		keep_arguments(state, regs, call);
		state->target = target_of(t, state);
		return 0;
	}
	if (t->at_enter == ENTER_READ) {
		keep_arguments(state, regs, call);
		if (!value_of(t, state, &state->arguments[EARLY]))
			state->arguments[EARLY] = UNREAD; /* not resident, as it will be */
		return 0;
	}
	if (t->access == ACCESS_EXEC) { /* returns as another program, if at all */
		state->euid = BPF_CORE_READ(task, cred, euid.val);
		state->egid = BPF_CORE_READ(task, cred, egid.val);
		bpf_probe_read_kernel(&state->permitted, sizeof(state->permitted), &task->cred->cap_permitted);
		state->opens = 0;
		return 0;
	}
	record_call(state, call, OUTCOME_NONE);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(leave, struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state = state_of_caller(task);
	struct treatment *t;
	u32 call;

	if (!state)
		return 0;
	call = state->call;
	state->call = CALL_OUTSIDE;
	if (call == CALL_EXECED)
		return 0;
	if (call == CALL_OUTSIDE || !is_return_of(call, regs)) {
		refused(state, task, regs, ret);
		return 0;
	}
	t = treatment_of(call);
	if (t && t->at_enter == ENTER_RECORD && t->access != ACCESS_EXEC)
		return 0; /* rt_sigreturn: what it returns is not an outcome */
	record_call(state, call, outcome_of(ret));
	if (!t || (!t->arg_mask && t->handler == HANDLE_NONE))
		return 0;
	keep_arguments(state, regs, call);
	if (t->arg_mask)
		record_argument(t, state, call, outcome_of(ret));
	if (t->handler == HANDLE_NONE)
		return 0;
	state->returned = call;
	if (t->handler == HANDLE_OPEN && is_kept_open(task, state, t, ret))
		return 0;
	bpf_tail_call(ctx, &handlers, t->handler);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(fork, struct task_struct *parent, struct task_struct *child)
{
	struct task_state *from = bpf_task_storage_get(&tasks, parent, 0, 0), *state;

	if (!from) {
		if (attaching)
			expect_child(parent, child);
		return 0;
	}
	state = bpf_task_storage_get(&tasks, child, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!state) {
		lose(LOST_SCOPE);
		return 0;
	}
	new_state(state);
	state->subject = from->subject;
	state->operation = from->operation;
	state->call = from->call; /* the child returns from it too */
	state->lifted = from->lifted;
	mark(child->pid);
	count_task();
	if (child->pid == child->tgid)
		enlist(child);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(finish, struct task_struct *task)
{
	struct task_state *state = bpf_task_storage_get(&tasks, task, 0, 0);

	if (state) {
		killed_by_filter(state, task);
		flush_recent(state);
		unmark(task->pid);
		__sync_fetch_and_sub(&task_count, 1);
	} else if (!scope_of(task)) {
		return 0;
	}
	/* The last one to end may be a thread of io_uring. */
	if (BPF_CORE_READ(task, signal, live.counter) == 0) {
		u32 pid = pid_at(BPF_CORE_READ(task, group_leader), pid_level);

		bpf_map_delete_elem(&processes, &pid);
	}
	return 0;
}

static __always_inline u32 gains_of(struct task_state *state, struct task_struct *task)
{
	u64 permitted = 0;
	u32 flags = 0;

	bpf_probe_read_kernel(&permitted, sizeof(permitted), &task->cred->cap_permitted);
	if (BPF_CORE_READ(task, cred, euid.val) != state->euid)
		flags |= EVENT_UID;
	if (BPF_CORE_READ(task, cred, egid.val) != state->egid)
		flags |= EVENT_GID;
	if (permitted & ~state->permitted)
		flags |= EVENT_CAPS;
	return flags;
}

/* The state of a task that has executed a program. Out of scope, that opens it
 * for the launcher that was armed, and in the cgroup that is recorded. */
static __always_inline struct task_state *scope_of_exec(struct task_struct *task, struct linux_binprm *bprm,
							struct scratch *out, bool *first)
{
	struct task_state *state = bpf_task_storage_get(&tasks, task, 0, 0);
	u32 lifted = LIFTED_NOTHING;

	*first = false;
	if (state)
		return state;
	if (armed && is_armed(task->group_leader))
		armed = 0;
	else if (!scope_cgroup || !enters(task, bprm, out, &lifted))
		return NULL;
	state = bpf_task_storage_get(&tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!state) {
		lose(LOST_SCOPE);
		return NULL;
	}
	*first = true;
	new_state(state);
	state->lifted = lifted;
	mark(task->pid);
	count_task();
	enlist(task);
	return state;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct dentry *pwd = NULL;
	struct subject_key subject = {};
	struct seen_key key = {};
	struct task_state *state;
	struct scratch *out;
	struct inode *inode;
	struct file *file;
	u32 which = SCRATCH_EXEC, used = 0, length, flags = 0, id;
	bool first, fresh;

	out = bpf_map_lookup_elem(&scratches, &which);
	if (!out)
		return 0;
	state = scope_of_exec(task, bprm, out, &first);
	if (!state)
		return 0;
	if ((u32)old_pid != task->pid) { /* it took over the number of its process */
		unmark(old_pid);
		mark(task->pid);
	}
	if (first) {
		flags = EVENT_FIRST;
	} else if (state->call == CALL_EXECED) {
		flags = EVENT_ATTACHED; /* attached to within this execve: who called it is not known */
	} else {
		record_call(state, state->call, 0);
		flags = gains_of(state, task);
	}
	flags |= state->lifted * EVENT_LIFTED;
	flush_recent(state);

	length = add_kernel_name(out, &used, BPF_CORE_READ(bprm, filename));
	file = BPF_CORE_READ(bprm, file);
	inode = BPF_CORE_READ(file, f_inode);
	key_of_program(&subject, file);
	subject.lifted = state->lifted;
	if (out->text[0] != '/')
		pwd = BPF_CORE_READ(task, fs, pwd.dentry);
	if (BPF_CORE_READ(bprm, interp) != BPF_CORE_READ(bprm, filename)) {
		flags |= EVENT_SCRIPT;
		subject.script = hash_name(SCRATCH_EXEC, 0, length) | 1;
		subject.base = BPF_CORE_READ(pwd, d_inode, i_ino);
	}
	id = subject_of(&subject, &fresh);

	key.subject = state->subject;
	key.operation = operation;
	key.call = state->call;
	key.access = ACCESS_EXEC;
	key.fsuid = BPF_CORE_READ(task, cred, fsuid.val);
	key.name = id;
	key.device = flags;
	key.parent = hash_name(SCRATCH_EXEC, 0, length);
	state->subject = id;
	state->call = CALL_EXECED;
	if (!fresh && bpf_map_lookup_elem(&seen, &key))
		return 0;

	head(&out->event, EVENT_EXEC, task, &key);
	out->event.flags = flags;
	out->event.target = id;
	out->event.length[TEXT_NAME] = length;
	describe(&out->event, inode);
	out->event.length[TEXT_WALK] =
		add_walk(SCRATCH_EXEC, &used, (u64)BPF_CORE_READ(file, f_path.mnt),
			 (u64)BPF_CORE_READ(file, f_path.dentry));
	flags = out->event.flags;
	if (pwd)
		out->event.length[TEXT_WALK2] = add_walk(SCRATCH_EXEC, &used, (u64)BPF_CORE_READ(task, fs, pwd.mnt), (u64)pwd);
	add_root(out, SCRATCH_EXEC, &used, task);
	out->event.flags &= flags | ~EVENT_DETACHED; /* that is said of the program, not of where names start */
	if (!send(out, used, &key, LOST_EVENT_EXEC) && fresh) {
		bpf_map_delete_elem(&subjects, &subject); /* it will be announced at its next exec */
		state->subject = 0;
	}
	return 0;
}

/* Make the compiler describe these types to bpf2go. */
const struct event *unused_event __attribute__((unused));
const struct treatment *unused_treatment __attribute__((unused));
const struct capability_value *unused_capability_value __attribute__((unused));
const struct program_key *unused_program_key __attribute__((unused));
const struct task_state *unused_task_state __attribute__((unused));
