package record

import (
	"github.com/osapi-io/osapi-profile/bpf"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/osapi-io/osapi-profile/trace/record/sysnum"
)

// The enums of bpf/abi.h.
const (
	handleOpen = iota + 1
	handlePath
	handlePaths
	handleFD
	handleSocket
)

const (
	followNo = iota
	followYes
	followUnless // AT_SYMLINK_NOFOLLOW
	followIf     // AT_SYMLINK_FOLLOW
)

const (
	whenAlways = iota
	whenMapExec
	whenLock
	whenFlock
	whenPwd
	whenRoot
)

const (
	sockSocket = iota + 1
	sockBind
	sockConnect
	sockListen
	sockSendto
	sockSendmsg
	sockPair
	sockMulti
)

// look is a treatment under construction: what of a call is looked at.
type look struct{ bpf.RecorderTreatment }

func fresh(handler uint8) look {
	return look{bpf.RecorderTreatment{
		Handler: handler, Dirfd: -1, Path: -1, Dirfd2: -1, Path2: -1,
		Flags: -1, FlagsDeref: -1, Fd: -1, Arg: -1, ArgDeref: -1,
	}}
}

// opens: the call returns a descriptor for the name in argument path.
func opens(path int8) look {
	l := fresh(handleOpen)
	l.Path = path
	return l
}

// names: the call does access to the name in argument path.
func names(path int8, access trace.Access, follow uint8) look {
	l := fresh(handlePath)
	l.Path, l.Access, l.Follow = path, uint32(access), follow
	return l
}

// moves: the call names two files.
func moves(path, path2 int8, from, to trace.Access) look {
	l := fresh(handlePaths)
	l.Path, l.Path2, l.Access, l.Access2 = path, path2, uint32(from), uint32(to)
	return l
}

// holds: the call does access to the file behind descriptor argument fd.
func holds(fd int8, access trace.Access, when uint8) look {
	l := fresh(handleFD)
	l.Fd, l.Access, l.When = fd, uint32(access), when
	return l
}

func socketCall(kind uint8) look {
	l := fresh(handleSocket)
	l.Socket = kind
	return l
}

// at: relative names start at the descriptor in this argument.
func (l look) at(dirfd int8) look { l.Dirfd = dirfd; return l }

// and: the second name starts at the descriptor in this argument.
func (l look) and(dirfd int8) look { l.Dirfd2 = dirfd; return l }

// says: the call makes a symlink with the target in this argument.
func (l look) says(target int8) look { l.Path2 = target; return l }

// flags: AT_* or O_* flags stand in this argument.
func (l look) flags(n int8) look { l.Flags = n; return l }

// by: how the last component of the first name is taken.
func (l look) by(follow uint8) look { l.Follow = follow; return l }

// on: the call is looked at under this condition.
func (l look) on(when uint8) look { l.When = when; return l }

// about: a capability that is asked for during the call is asked for by reason
// of this argument.
func (l look) about(n uint8) look { l.CheckArg = n + 1; return l }

// implies: O_* flags that the call has without saying.
func (l look) implies(flags uint32) look { l.OpenFlags = flags; return l }

// keep: these bits of argument n decide a directive, when any of them is set.
func (l look) keep(n int8, mask uint64) look { l.Arg, l.ArgMask = n, mask; return l }

// always keeps the argument even when no bit is set.
func (l look) always() look { l.ArgAlways = 1; return l }

// through: the flags, or without flags the argument, are behind a pointer.
func (l look) through(offset int8) look { l.ArgDeref = offset; return l }

const (
	modeBits   = 0o6000 // S_ISUID, S_ISGID
	allBits    = 0xffffffff
	protExec   = 4
	protWX     = 2 | 4
	shmExec    = 0o100000
	namespaces = 0x7e020000 // CLONE_NEW*, without CLONE_NEWTIME, which is part of the signal in clone(2)
	newTime    = 0x80
)

func openLooks() map[string]look {
	openat2 := opens(1).at(0).flags(2).keep(2, modeBits).through(8)
	openat2.FlagsDeref, openat2.ArgCreate = 0, 1
	creating := func(l look) look { l.ArgCreate = 1; return l }
	return map[string]look{
		"open":              creating(opens(0).flags(1).keep(2, modeBits)),
		"openat":            creating(opens(1).at(0).flags(2).keep(3, modeBits)),
		"openat2":           openat2,
		"creat":             creating(opens(0).implies(0o1101).keep(1, modeBits)), // O_CREAT|O_WRONLY|O_TRUNC
		"open_by_handle_at": opens(-1).flags(2),
	}
}

func nameLooks() map[string]look {
	return map[string]look{
		"mkdir":             names(0, trace.AccessCreate, followNo).keep(1, modeBits),
		"mkdirat":           names(1, trace.AccessCreate, followNo).at(0).keep(2, modeBits),
		"mknod":             names(0, trace.AccessCreate, followNo).keep(1, modeBits),
		"mknodat":           names(1, trace.AccessCreate, followNo).at(0).keep(2, modeBits),
		"symlink":           names(1, trace.AccessCreate, followNo).says(0),
		"symlinkat":         names(2, trace.AccessCreate, followNo).at(1).says(0),
		"unlink":            names(0, trace.AccessDelete, followNo),
		"unlinkat":          names(1, trace.AccessDelete, followNo).at(0),
		"rmdir":             names(0, trace.AccessDelete, followNo),
		"truncate":          names(0, trace.AccessTruncate, followYes),
		"truncate64":        names(0, trace.AccessTruncate, followYes),
		"chmod":             names(0, trace.AccessChmod, followYes).keep(1, modeBits),
		"fchmodat":          names(1, trace.AccessChmod, followYes).at(0).keep(2, modeBits),
		"fchmodat2":         names(1, trace.AccessChmod, followUnless).at(0).flags(3).keep(2, modeBits),
		"chown":             names(0, trace.AccessChown, followYes),
		"chown32":           names(0, trace.AccessChown, followYes),
		"lchown":            names(0, trace.AccessChown, followNo),
		"lchown32":          names(0, trace.AccessChown, followNo),
		"fchownat":          names(1, trace.AccessChown, followUnless).at(0).flags(4),
		"utime":             names(0, trace.AccessAttr, followYes),
		"utimes":            names(0, trace.AccessAttr, followYes),
		"futimesat":         names(1, trace.AccessAttr, followYes).at(0),
		"utimensat":         names(1, trace.AccessAttr, followUnless).at(0).flags(3),
		"utimensat_time64":  names(1, trace.AccessAttr, followUnless).at(0).flags(3),
		"setxattr":          names(0, trace.AccessAttr, followYes),
		"lsetxattr":         names(0, trace.AccessAttr, followNo),
		"setxattrat":        names(1, trace.AccessAttr, followUnless).at(0).flags(2),
		"removexattr":       names(0, trace.AccessAttr, followYes),
		"lremovexattr":      names(0, trace.AccessAttr, followNo),
		"removexattrat":     names(1, trace.AccessAttr, followUnless).at(0).flags(2),
		"stat":              names(0, trace.AccessStat, followYes),
		"stat64":            names(0, trace.AccessStat, followYes),
		"lstat":             names(0, trace.AccessStat, followNo),
		"lstat64":           names(0, trace.AccessStat, followNo),
		"newfstatat":        names(1, trace.AccessStat, followUnless).at(0).flags(3),
		"fstatat64":         names(1, trace.AccessStat, followUnless).at(0).flags(3),
		"statx":             names(1, trace.AccessStat, followUnless).at(0).flags(2),
		"access":            names(0, trace.AccessStat, followYes),
		"faccessat":         names(1, trace.AccessStat, followYes).at(0),
		"faccessat2":        names(1, trace.AccessStat, followUnless).at(0).flags(3),
		"readlink":          names(0, trace.AccessStat, followNo),
		"readlinkat":        names(1, trace.AccessStat, followNo).at(0),
		"chdir":             names(0, trace.AccessStat, followYes).on(whenPwd),
		"chroot":            names(0, trace.AccessStat, followYes).on(whenRoot),
		"statfs":            names(0, trace.AccessStat, followYes),
		"statfs64":          names(0, trace.AccessStat, followYes),
		"getxattr":          names(0, trace.AccessStat, followYes),
		"lgetxattr":         names(0, trace.AccessStat, followNo),
		"listxattr":         names(0, trace.AccessStat, followYes),
		"llistxattr":        names(0, trace.AccessStat, followNo),
		"inotify_add_watch": names(1, trace.AccessStat, followYes),
		"name_to_handle_at": names(1, trace.AccessStat, followIf).at(0).flags(4),
		"rename":            moves(0, 1, trace.AccessRenameFrom, trace.AccessRenameTo),
		"renameat":          moves(1, 3, trace.AccessRenameFrom, trace.AccessRenameTo).at(0).and(2),
		"renameat2":         moves(1, 3, trace.AccessRenameFrom, trace.AccessRenameTo).at(0).and(2).flags(4),
		"link":              moves(0, 1, trace.AccessLinkFrom, trace.AccessLinkTo),
		"linkat":            moves(1, 3, trace.AccessLinkFrom, trace.AccessLinkTo).at(0).and(2).flags(4).by(followIf),
	}
}

func descriptorLooks() map[string]look {
	mapping := holds(4, trace.AccessExecMap, whenMapExec).keep(2, protWX)
	mapping.ArgAll = 1
	return map[string]look{
		"fchmod":       holds(0, trace.AccessChmod, whenAlways).keep(1, modeBits),
		"fchown":       holds(0, trace.AccessChown, whenAlways),
		"fchown32":     holds(0, trace.AccessChown, whenAlways),
		"ftruncate":    holds(0, trace.AccessTruncate, whenAlways),
		"ftruncate64":  holds(0, trace.AccessTruncate, whenAlways),
		"fsetxattr":    holds(0, trace.AccessAttr, whenAlways),
		"fremovexattr": holds(0, trace.AccessAttr, whenAlways),
		"fchdir":       holds(0, trace.AccessStat, whenAlways),
		"flock":        holds(0, trace.AccessLock, whenFlock),
		"fcntl":        holds(0, trace.AccessLock, whenLock),
		"fcntl64":      holds(0, trace.AccessLock, whenLock),
		"mmap":         mapping,
		"mmap2":        mapping,
		"socket":       socketCall(sockSocket),
		"socketpair":   socketCall(sockPair),
		"bind":         socketCall(sockBind),
		"connect":      socketCall(sockConnect),
		"listen":       socketCall(sockListen),
		"sendto":       socketCall(sockSendto),
		"sendmsg":      socketCall(sockSendmsg),
		"sendmmsg":     socketCall(sockSendmsg), // the first message's address
		"socketcall":   socketCall(sockMulti),
	}
}

func argumentLooks() map[string]look {
	attr := fresh(0).keep(1, allBits).always().through(4)
	attr.ArgShort = 1
	ring := fresh(0)
	ring.Ring = 1
	entered := func(l look) look { l.AtEnter = 1; return l }
	return map[string]look{
		"clone":              fresh(0).keep(0, namespaces),
		"clone3":             fresh(0).keep(0, namespaces|newTime).through(0),
		"unshare":            fresh(0).keep(0, namespaces|newTime),
		"setns":              fresh(0).keep(1, namespaces|newTime).always(),
		"mprotect":           fresh(0).keep(2, protExec),
		"pkey_mprotect":      fresh(0).keep(2, protExec),
		"shmat":              fresh(0).keep(2, shmExec),
		"personality":        fresh(0).keep(0, allBits).always(),
		"sched_setscheduler": fresh(0).keep(1, allBits).always(),
		"sched_setattr":      attr,
		"prctl":              fresh(0).keep(0, allBits).always().about(0),
		"setsockopt":         fresh(0).about(2),
		"ioctl":              fresh(0).about(1),
		"io_uring_enter":     ring,
		"exit":               entered(fresh(0)),
		"exit_group":         entered(fresh(0)),
		"rt_sigreturn":       entered(fresh(0)),
		"sigreturn":          entered(fresh(0)),
		"execve":             entered(names(0, trace.AccessExec, followYes)),
		"execveat":           entered(names(1, trace.AccessExec, followUnless).at(0).flags(4)),
	}
}

// treatments lays the looks out by number for the kernel, ABI after ABI.
func treatments(goarch string) []bpf.RecorderTreatment {
	const numbers, abis = 512, 3
	table := make([]bpf.RecorderTreatment, numbers*abis)
	for _, looks := range []map[string]look{openLooks(), nameLooks(), descriptorLooks(), argumentLooks()} {
		for abi := sysnum.Native; abi < abis; abi++ {
			for number, name := range sysnum.Table(goarch, abi) {
				if l, ok := looks[name]; ok && number < numbers && !inMemory(name, abi) {
					table[uint32(abi)*numbers+number] = l.RecorderTreatment
				}
			}
		}
	}
	return table
}
