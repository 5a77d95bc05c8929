/* SPDX-License-Identifier: MIT */
/* The part of the kernel's types that the probes read. Every field is
 * relocated against the running kernel's BTF (CO-RE), so order and size of
 * what is left out do not matter; what drifts between kernels is said here. */
#ifndef OSAPI_KERNEL_H
#define OSAPI_KERNEL_H

#include <linux/bpf.h>
#include <stdbool.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s32 s32;
typedef __s64 s64;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kuid { u32 val; };
struct kgid { u32 val; };
typedef struct kuid kuid_t;
typedef struct kgid kgid_t;
struct atomic { int counter; };
typedef struct atomic atomic_t;

/* Two words of u32 before 6.3, one u64 since: 8 bytes in the same order on
 * little-endian machines, read as a whole. */
struct kernel_cap { u64 val; };
typedef struct kernel_cap kernel_cap_t;

struct qstr {
	u32 hash;
	u32 len;
	const unsigned char *name;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file_system_type { const char *name; };

struct super_block {
	u32 s_dev;
	unsigned long s_magic;
	struct file_system_type *s_type;
};

struct inode {
	u16 i_mode;
	kuid_t i_uid;
	kgid_t i_gid;
	struct super_block *i_sb;
	unsigned long i_ino;
	u32 i_nlink;
	u32 i_rdev;
	void *i_private;
};

struct file {
	u32 f_mode;
	u32 f_flags;
	struct path f_path;
	struct inode *f_inode;
	void *private_data;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};
struct timespec64 { s64 tv_sec; };
struct files_struct { struct fdtable *fdt; };

struct mm_struct {
	struct file *exe_file;
	unsigned long arg_start, arg_end;
};

struct fs_struct {
	struct path root;
	struct path pwd;
};

/* An IDR is an XArray below a name of its own. */
struct xarray { void *xa_head; };
struct idr { struct xarray idr_rt; };
struct xa_node {
	u8 shift;
	void *slots[64];
};

struct ns_common { unsigned int inum; };
struct pid_namespace {
	struct ns_common ns;
	struct idr idr;
};
struct mnt_namespace { struct ns_common ns; };
struct user_namespace { int level; };
struct nsproxy { struct mnt_namespace *mnt_ns; };

struct upid {
	int nr;
	struct pid_namespace *ns;
};
struct hlist_node { struct hlist_node *next; };
struct hlist_head { struct hlist_node *first; };
enum pid_type { PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_PGID, PIDTYPE_SID };
struct pid {
	unsigned int level;
	struct hlist_head tasks[4];
	struct upid numbers[1];
};

struct cred {
	kuid_t uid;
	kgid_t gid;
	kuid_t suid;
	kgid_t sgid;
	kuid_t euid;
	kgid_t egid;
	kuid_t fsuid;
	kgid_t fsgid;
	kernel_cap_t cap_permitted;
};

struct signal_struct {
	atomic_t live;
	struct pid *pids[4]; /* by enum pid_type */
};
typedef struct { unsigned long sig[1]; } sigset_t;
struct sigpending { sigset_t signal; };
struct seccomp { int mode; };

struct kernfs_node {
	const char *name;
	u64 id;
};
struct cgroup {
	int level;
	struct kernfs_node *kn;
	struct cgroup *ancestors[1]; /* 6.1; itself is the last, at `level` */
};
struct css_set { struct cgroup *dfl_cgrp; }; /* of the unified hierarchy (v2) */

/* status: TS_COMPAT in a 32-bit call (x86 only). flags: TIF_32BIT (arm64).
 * syscall_work: what else happens at entry and exit (x86 only here). */
struct thread_info {
	unsigned long flags;
	unsigned long syscall_work;
	u32 status;
};

struct task_struct {
	struct thread_info thread_info;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	unsigned int ptrace;
	int exit_code;
	unsigned int flags;
	void *io_uring;
	struct sigpending pending;
	struct seccomp seccomp;
	struct task_struct *group_leader;
	struct mm_struct *mm;
	struct css_set *cgroups;
	struct pid *thread_pid;
	struct hlist_node pid_links[4];
	const struct cred *real_cred;
	const struct cred *cred;
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
};

struct bpf_iter_meta;
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct linux_binprm {
	struct file *file;
	const char *filename;
	const char *interp;
};

struct in6_addr {
	union {
		u8 u6_addr8[16];
	} in6_u;
};

struct sock_common {
	u32 skc_daddr;
	u32 skc_rcv_saddr;
	u16 skc_num;
	u16 skc_family;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};

struct sock {
	struct sock_common __sk_common;
	u16 sk_type;
	u16 sk_protocol;
};

struct socket { struct sock *sk; };
struct msghdr {
	void *msg_name;
	int msg_namelen;
};

struct renamedata { struct dentry *old_dentry; };
struct io_kiocb { u8 opcode; };
struct filename { const char *name; };
struct open_flags { int open_flag; };

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long bp, r10, r9, r8, bx, ax, cx, dx, si, di, orig_ax, sp;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	u64 regs[31];
	u64 sp;
	u64 orig_x0;
	s32 syscallno;
};
#endif

#pragma clang attribute pop

#endif
