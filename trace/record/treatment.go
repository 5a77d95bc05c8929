package record

import (
	"maps"

	"golang.org/x/sys/unix"

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
	handlePeer
)

const (
	followNo = iota
	followYes
	followUnless // AT_SYMLINK_NOFOLLOW, or what unless says
	followIf     // AT_SYMLINK_FOLLOW, or what unless says
)

const (
	whenAlways = iota
	whenMapExec
	whenLock
	whenFlock
	whenPwd
	whenRoot
	whenNamed
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
	sockAccept
	sockRecvfrom
	sockRecvmsg
)

const (
	aimTask = iota + 1
	aimSignal
	aimPtrace
	aimPidfd
	aimDevice
)

// What check_arg may be in place of an argument's number.
const (
	checkOption = 4
	checkID     = 5
)

const (
	enterRecord = iota + 1
	enterAim
	enterRead
)

// look is a treatment under construction: what of a call is looked at.
type look struct{ bpf.RecorderTreatment }

func fresh(handler uint8) look {
	return look{bpf.RecorderTreatment{
		Handler: handler, Dirfd: -1, Path: -1, Dirfd2: -1, Path2: -1,
		Flags: -1, FlagsDeref: -1, Fd: -1, Arg: -1, ArgDeref: -1, Target: -1, Target2: -1, Text: -1,
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
	l.Path, l.Access = path, uint32(access)
	return l.by(follow)
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

// peerCall: something comes in by a socket.
func peerCall(kind uint8) look {
	l := fresh(handlePeer)
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
func (l look) by(follow uint8) look {
	l.Follow = follow
	switch follow {
	case followUnless:
		l.FollowMask = unix.AT_SYMLINK_NOFOLLOW
	case followIf:
		l.FollowMask = unix.AT_SYMLINK_FOLLOW
	}
	return l
}

// unless: this flag, and not one of AT_*, decides whether the last component is
// followed.
func (l look) unless(flag uint32) look { l.FollowMask = flag; return l }

// on: the call is looked at under this condition.
func (l look) on(when uint8) look { l.When = when; return l }

// about: a capability that is asked for during the call is asked for by reason
// of this argument.
func (l look) about(n uint8) look { l.CheckArg = n + 1; return l }

// aboutOption: the same of an option of a socket and its level.
func (l look) aboutOption() look { l.CheckArg = checkOption; return l }

// aboutID: the same of an id that the process may have already.
func (l look) aboutID() look { l.CheckArg = checkID; return l }

// implies: O_* flags that the call has without saying.
func (l look) implies(flags uint32) look { l.OpenFlags = flags; return l }

// keep: these bits of argument n decide a directive, when any of them is set.
func (l look) keep(n int8, mask uint64) look { l.Arg, l.ArgMask = n, mask; return l }

// always: it is a fact whatever the argument is, or without one.
func (l look) always() look {
	l.ArgAlways = 1
	if l.ArgMask == 0 {
		l.ArgMask = allBits
	}
	return l
}

// spelled: a short string in this argument goes with the one that is kept.
func (l look) spelled(n int8) look { l.Text = n; return l }

// aims: the call does something to whom, or what device, this argument says.
// Whom is told on the way in, because it may be gone afterwards.
func (l look) aims(aim uint8, target int8) look {
	l.Aim, l.Target = aim, target
	if aim != aimDevice {
		l.AtEnter = enterAim
	}
	return l
}

// and2: it does so to this one as well.
func (l look) and2(target int8) look { l.Target2 = target; return l }

// early: what is behind the pointer is read on the way in. A child that shares
// the caller's memory has written over it when the caller returns.
func early(l look) look { l.AtEnter = enterRead; return l }

// short: what is behind the pointer has four bytes.
func short(l look) look { l.ArgShort = 1; return l }

// through: the flags, or without flags the argument, are behind a pointer.
func (l look) through(offset int8) look { l.ArgDeref = offset; return l }

// looks are all of them by name, as an ABI passes the arguments.
func looks(abi sysnum.ABI) map[string]look {
	all := map[string]look{}
	for _, some := range []map[string]look{
		openLooks(), nameLooks(), lookLooks(), descriptorLooks(), argumentLooks(), mountLooks(), processLooks(), interfaceLooks(),
	} {
		maps.Copy(all, some)
	}
	if abi == sysnum.Compat { // the mask of 64 bits takes two arguments
		mark := all["fanotify_mark"]
		mark.Dirfd, mark.Path = mark.Dirfd+1, mark.Path+1
		all["fanotify_mark"] = mark
	}
	return all
}

// treatments lays the looks out by number for the kernel, ABI after ABI.
func treatments(goarch string) []bpf.RecorderTreatment {
	table := make([]bpf.RecorderTreatment, numbers*abis)
	for abi := sysnum.Native; abi < abis; abi++ {
		looks := looks(abi)
		for number, name := range sysnum.Table(goarch, abi) {
			if l, ok := looks[name]; ok && number < numbers && !inMemory(name, abi) {
				table[uint32(abi)*numbers+number] = l.RecorderTreatment
			}
		}
	}
	return table
}

// The size of that table, in bpf/call.h.
const numbers, abis = 512, 3
