package record

import "github.com/osapi-io/osapi-profile/trace"

// What is looked at of the calls that name files, hold them, or use sockets.
// The numbers are those of the arguments in the calls' manual pages, from 0.

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
		"mq_open":           creating(opens(0).flags(1)), // a name of its own, see observer.queue
	}
}

// nameLooks: what changes the file behind a name, or its directory.
func nameLooks() map[string]look {
	return map[string]look{
		"mkdir":            names(0, trace.AccessCreate, followNo).keep(1, modeBits),
		"mkdirat":          names(1, trace.AccessCreate, followNo).at(0).keep(2, modeBits),
		"mknod":            names(0, trace.AccessCreate, followNo).keep(1, modeBits),
		"mknodat":          names(1, trace.AccessCreate, followNo).at(0).keep(2, modeBits),
		"symlink":          names(1, trace.AccessCreate, followNo).says(0),
		"symlinkat":        names(2, trace.AccessCreate, followNo).at(1).says(0),
		"unlink":           names(0, trace.AccessDelete, followNo),
		"unlinkat":         names(1, trace.AccessDelete, followNo).at(0),
		"rmdir":            names(0, trace.AccessDelete, followNo),
		"truncate":         names(0, trace.AccessTruncate, followYes),
		"truncate64":       names(0, trace.AccessTruncate, followYes),
		"chmod":            names(0, trace.AccessChmod, followYes).keep(1, modeBits).about(1),
		"fchmodat":         names(1, trace.AccessChmod, followYes).at(0).keep(2, modeBits).about(2),
		"fchmodat2":        names(1, trace.AccessChmod, followUnless).at(0).flags(3).keep(2, modeBits).about(2),
		"chown":            names(0, trace.AccessChown, followYes),
		"chown32":          names(0, trace.AccessChown, followYes),
		"lchown":           names(0, trace.AccessChown, followNo),
		"lchown32":         names(0, trace.AccessChown, followNo),
		"fchownat":         names(1, trace.AccessChown, followUnless).at(0).flags(4),
		"utime":            names(0, trace.AccessAttr, followYes),
		"utimes":           names(0, trace.AccessAttr, followYes),
		"futimesat":        names(1, trace.AccessAttr, followYes).at(0),
		"utimensat":        names(1, trace.AccessAttr, followUnless).at(0).flags(3),
		"utimensat_time64": names(1, trace.AccessAttr, followUnless).at(0).flags(3),
		"setxattr":         names(0, trace.AccessAttr, followYes),
		"lsetxattr":        names(0, trace.AccessAttr, followNo),
		"setxattrat":       names(1, trace.AccessAttr, followUnless).at(0).flags(2),
		"removexattr":      names(0, trace.AccessAttr, followYes),
		"lremovexattr":     names(0, trace.AccessAttr, followNo),
		"removexattrat":    names(1, trace.AccessAttr, followUnless).at(0).flags(2),
		"file_setattr":     names(1, trace.AccessAttr, followUnless).at(0).flags(4),
		"uselib":           names(0, trace.AccessRead|trace.AccessExecMap, followYes),
		"swapon":           names(0, trace.AccessRead|trace.AccessWrite, followYes),
		"swapoff":          names(0, trace.AccessRead|trace.AccessWrite, followYes),
		"acct":             names(0, trace.AccessWrite|trace.AccessAppend, followYes).on(whenNamed),
		"mq_unlink":        names(0, trace.AccessDelete, followNo), // a name of its own, see observer.queue
		"rename":           moves(0, 1, trace.AccessRenameFrom, trace.AccessRenameTo),
		"renameat":         moves(1, 3, trace.AccessRenameFrom, trace.AccessRenameTo).at(0).and(2),
		"renameat2":        moves(1, 3, trace.AccessRenameFrom, trace.AccessRenameTo).at(0).and(2).flags(4),
		"link":             moves(0, 1, trace.AccessLinkFrom, trace.AccessLinkTo),
		"linkat":           moves(1, 3, trace.AccessLinkFrom, trace.AccessLinkTo).at(0).and(2).flags(4).by(followIf),
	}
}

// lookLooks: what only looks at the file behind a name, or goes there.
func lookLooks() map[string]look {
	return map[string]look{
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
		"inotify_add_watch": names(1, trace.AccessStat, followUnless).flags(2).unless(0x02000000), // IN_DONT_FOLLOW
		"name_to_handle_at": names(1, trace.AccessStat, followIf).at(0).flags(4),
		"oldstat":           names(0, trace.AccessStat, followYes),
		"oldlstat":          names(0, trace.AccessStat, followNo),
		"getxattrat":        names(1, trace.AccessStat, followUnless).at(0).flags(2),
		"listxattrat":       names(1, trace.AccessStat, followUnless).at(0).flags(2),
		"file_getattr":      names(1, trace.AccessStat, followUnless).at(0).flags(4),
	}
}

func descriptorLooks() map[string]look {
	mapping := holds(4, trace.AccessExecMap, whenMapExec).keep(2, protWX)
	mapping.ArgAll = 1
	return map[string]look{
		"fchmod":          holds(0, trace.AccessChmod, whenAlways).keep(1, modeBits).about(1),
		"fchown":          holds(0, trace.AccessChown, whenAlways),
		"fchown32":        holds(0, trace.AccessChown, whenAlways),
		"ftruncate":       holds(0, trace.AccessTruncate, whenAlways),
		"ftruncate64":     holds(0, trace.AccessTruncate, whenAlways),
		"fsetxattr":       holds(0, trace.AccessAttr, whenAlways),
		"fremovexattr":    holds(0, trace.AccessAttr, whenAlways),
		"fchdir":          holds(0, trace.AccessStat, whenAlways),
		"flock":           holds(0, trace.AccessLock, whenFlock),
		"fcntl":           holds(0, trace.AccessLock, whenLock),
		"fcntl64":         holds(0, trace.AccessLock, whenLock),
		"mmap":            mapping,
		"mmap2":           mapping,
		"socket":          socketCall(sockSocket),
		"socketpair":      socketCall(sockPair),
		"bind":            socketCall(sockBind),
		"connect":         socketCall(sockConnect),
		"listen":          socketCall(sockListen),
		"sendto":          socketCall(sockSendto),
		"sendmsg":         socketCall(sockSendmsg),
		"sendmmsg":        socketCall(sockSendmsg), // the first message's address
		"socketcall":      socketCall(sockMulti),
		"accept":          peerCall(sockAccept),
		"accept4":         peerCall(sockAccept),
		"recvfrom":        peerCall(sockRecvfrom),
		"recvmsg":         peerCall(sockRecvmsg),
		"recvmmsg":        peerCall(sockRecvmsg), // the first message's sender
		"recvmmsg_time64": peerCall(sockRecvmsg),
	}
}
