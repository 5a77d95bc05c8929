/* SPDX-License-Identifier: MIT */
/* The programs on kernel functions: an fexit program for each, or two kprobes
 * for all. */
#ifndef OSAPI_HOOKS_H
#define OSAPI_HOOKS_H

#include "capability.h"
#include "ringsocket.h"

/* What reaches the code above, by function. The arguments are those of the
 * function, ret is what it gave back. */
static __always_inline int filp_open(u64 *a, u64 ret) { return on_open(a[0], a[1], a[2], ret); }
static __always_inline int file_open(u64 *a, u64 ret) { return on_file_open(a[0], ret); }
static __always_inline int file_truncate(u64 *a, u64 ret) { return on_file_truncate(a[0], ret); }
static __always_inline int path_mkdir(u64 *a, u64 ret) { return on_path(HOOK_PATH_MKDIR, ret, a[0], a[1], 0); }
static __always_inline int path_symlink(u64 *a, u64 ret) { return on_path(HOOK_PATH_SYMLINK, ret, a[0], a[1], 0); }
static __always_inline int path_unlink(u64 *a, u64 ret) { return on_path(HOOK_PATH_UNLINK, ret, a[0], a[1], 0); }
static __always_inline int path_rmdir(u64 *a, u64 ret) { return on_path(HOOK_PATH_RMDIR, ret, a[0], a[1], 0); }
static __always_inline int path_rename(u64 *a, u64 ret)
{
	return on_path(HOOK_PATH_RENAME | (a[4] & RENAME_EXCHANGE ? EXCHANGED : 0), ret, a[0], a[1], a[3]);
}
static __always_inline int path_link(u64 *a, u64 ret) { return on_path(HOOK_PATH_LINK, ret, a[1], a[0], a[2]); }
static __always_inline int vfs_third(u64 *a, u64 ret) { return on_vfs(a[2], ret); }
static __always_inline int vfs_first(u64 *a, u64 ret) { return on_vfs(a[0], ret); }
static __always_inline int vfs_renamed(u64 *a, u64 ret)
{
	struct renamedata *data = (void *)a[0];

	return on_vfs((u64)BPF_CORE_READ(data, old_dentry), ret);
}
static __always_inline int sock_create(u64 *a, u64 ret)
{
	return (u32)a[5] ? 0 /* the kernel's own */ : on_sock_create(a[1], a[2], a[3], ret);
}
static __always_inline int sock_connect(u64 *a, u64 ret)
{
	struct file *file = (void *)a[0];

	return on_socket(SOCK_CONNECT, (u64)BPF_CORE_READ(file, private_data), a[1], a[2], ret);
}
static __always_inline int sock_bind(u64 *a, u64 ret) { return on_socket(SOCK_BIND, a[0], a[1], a[2], ret); }
static __always_inline int sock_listen(u64 *a, u64 ret) { return on_socket(SOCK_LISTEN, a[0], 0, 0, ret); }
static __always_inline int sock_send(u64 *a, u64 ret)
{
	struct msghdr *message = (void *)a[1];
	u64 name = (u64)BPF_CORE_READ(message, msg_name);

	return name ? on_socket(SOCK_SENDMSG, a[0], name, BPF_CORE_READ(message, msg_namelen), ret) : 0;
}

/* An fexit program finds the arguments of its function in its context, of which
 * the first n are looked at: how many there are differs by kernel. They are
 * copied, since to the verifier they are pointers there, which a global function
 * does not take. */
#define FUNCTION(function, n, concerns, does)                                                                          \
	SEC("fexit/" #function)                                                                                        \
	int fexit_##function(u64 *ctx)                                                                                 \
	{                                                                                                              \
		u64 a[n] = {}, ret = 0;                                                                                \
                                                                                                                       \
		if (!concerns(bpf_get_current_task_btf()))                                                             \
			return 0;                                                                                      \
		bpf_probe_read_kernel(a, sizeof(a), ctx);                                                              \
		bpf_get_func_ret(ctx, &ret);                                                                           \
		return does(a, ret);                                                                                   \
	}

FUNCTION(do_filp_open, 3, in_ring, filp_open)
FUNCTION(do_file_open, 3, in_ring, filp_open) /* its name since 7.0 */
FUNCTION(security_file_open, 1, may_open, file_open)
FUNCTION(security_file_truncate, 1, in_ring, file_truncate)
FUNCTION(security_path_mkdir, 2, in_ring, path_mkdir)
FUNCTION(security_path_symlink, 2, in_ring, path_symlink)
FUNCTION(security_path_unlink, 2, in_ring, path_unlink)
FUNCTION(security_path_rmdir, 2, in_ring, path_rmdir)
FUNCTION(security_path_rename, 5, in_ring, path_rename)
FUNCTION(security_path_link, 3, in_ring, path_link)
FUNCTION(vfs_mkdir, 3, in_ring, vfs_third)
FUNCTION(vfs_symlink, 3, in_ring, vfs_third)
FUNCTION(vfs_unlink, 3, in_ring, vfs_third)
FUNCTION(vfs_rmdir, 3, in_ring, vfs_third)
FUNCTION(vfs_rename, 1, in_ring, vfs_renamed)
FUNCTION(vfs_link, 1, in_ring, vfs_first)
FUNCTION(__sock_create, 6, in_ring, sock_create)
FUNCTION(__sys_connect_file, 3, in_ring, sock_connect)
FUNCTION(__sys_bind_socket, 3, in_ring, sock_bind)
FUNCTION(__sys_listen_socket, 1, in_ring, sock_listen)
FUNCTION(security_socket_sendmsg, 2, in_ring, sock_send)

#if defined(__TARGET_ARCH_x86)
#define RETURN_SLOT 8 /* the return address is off the stack when a function has returned */
#else
#define RETURN_SLOT 0
#endif

SEC("kprobe/function")
int function_kprobe(struct pt_regs *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u64 hook = bpf_get_attach_cookie(ctx), sp = ctx->sp;
	struct entered *e;
	struct begun *b;

	if (!in_ring(task) && !may_open(task))
		return 0;
	b = begin(task);
	if (!b)
		return 0;
	e = &b->entered[hook & (HOOK_ROOM - 1)];
	if (e->sp && sp < e->sp)
		return 0; /* a file system calls the function for the one below */
	if (e->sp)
		lose(LOST_EVENT_FILE); /* it was not seen to return: too many at a time */
	e->sp = sp;
#if defined(__TARGET_ARCH_x86)
	e->argument[0] = ctx->di, e->argument[1] = ctx->si, e->argument[2] = ctx->dx;
	e->argument[3] = ctx->cx, e->argument[4] = ctx->r8, e->argument[5] = ctx->r9;
#else
	e->argument[0] = ctx->regs[0], e->argument[1] = ctx->regs[1], e->argument[2] = ctx->regs[2];
	e->argument[3] = ctx->regs[3], e->argument[4] = ctx->regs[4], e->argument[5] = ctx->regs[5];
#endif
	return 0;
}

SEC("kretprobe/function")
int function_kretprobe(struct pt_regs *ctx)
{
	u64 hook = bpf_get_attach_cookie(ctx), ret = KERNEL_RETURN(ctx), *a;
	struct begun *b = bpf_task_storage_get(&beginnings, bpf_get_current_task_btf(), 0, 0);
	struct entered *e;

	if (!b)
		return 0;
	e = &b->entered[hook & (HOOK_ROOM - 1)];
	if (!e->sp || e->sp + RETURN_SLOT != ctx->sp)
		return 0;
	e->sp = 0;
	a = e->argument;
	switch (hook) {
	case HOOK_OPEN: return filp_open(a, ret);
	case HOOK_FILE_OPEN: return file_open(a, ret);
	case HOOK_FILE_TRUNCATE: return file_truncate(a, ret);
	case HOOK_PATH_MKDIR: return path_mkdir(a, ret);
	case HOOK_PATH_SYMLINK: return path_symlink(a, ret);
	case HOOK_PATH_UNLINK: return path_unlink(a, ret);
	case HOOK_PATH_RMDIR: return path_rmdir(a, ret);
	case HOOK_PATH_RENAME: return path_rename(a, ret);
	case HOOK_PATH_LINK: return path_link(a, ret);
	case HOOK_VFS_MKDIR:
	case HOOK_VFS_SYMLINK:
	case HOOK_VFS_UNLINK:
	case HOOK_VFS_RMDIR: return vfs_third(a, ret);
	case HOOK_VFS_RENAME: return vfs_renamed(a, ret);
	case HOOK_VFS_LINK: return vfs_first(a, ret);
	case HOOK_SOCK_CREATE: return sock_create(a, ret);
	case HOOK_SOCK_CONNECT: return sock_connect(a, ret);
	case HOOK_SOCK_BIND: return sock_bind(a, ret);
	case HOOK_SOCK_LISTEN: return sock_listen(a, ret);
	case HOOK_SOCK_SEND: return sock_send(a, ret);
	}
	return 0;
}

#endif
