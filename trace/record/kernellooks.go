package record

import "github.com/osapi-io/osapi-profile/trace"

// What is looked at of the calls that touch processes, namespaces, devices and
// the kernel's own interfaces: an argument, and whom it is aimed at.

func argumentLooks() map[string]look {
	entered := func(l look) look { l.AtEnter = enterRecord; return l }
	return map[string]look{
		"clone":              fresh(0).keep(0, namespaces),
		"clone3":             early(fresh(0).keep(0, namespaces|newTime).through(0)),
		"unshare":            fresh(0).keep(0, namespaces|newTime),
		"setns":              fresh(0).keep(1, namespaces|newTime).always(),
		"mprotect":           fresh(0).keep(2, protExec),
		"pkey_mprotect":      fresh(0).keep(2, protExec),
		"shmat":              fresh(0).keep(2, shmExec),
		"personality":        fresh(0).keep(0, allBits).always(),
		"sched_setscheduler": fresh(0).keep(1, allBits).always(),
		"sched_setattr":      short(fresh(0).keep(1, allBits).always().through(4)),
		"prctl":              fresh(0).keep(0, allBits).always().about(0),
		"setsockopt":         fresh(0).aboutOption(),
		"setuid":             fresh(0).aboutID(),
		"setgid":             fresh(0).aboutID(),
		"exit":               entered(fresh(0)),
		"exit_group":         entered(fresh(0)),
		"rt_sigreturn":       entered(fresh(0)),
		"sigreturn":          entered(fresh(0)),
		"execve":             entered(names(0, trace.AccessExec, followYes)),
		"execveat":           entered(names(1, trace.AccessExec, followUnless).at(0).flags(4)),
	}
}

// mountLooks: where something was mounted, and how.
func mountLooks() map[string]look {
	const clone = 1 // OPEN_TREE_CLONE
	return map[string]look{
		"mount":          names(1, trace.AccessMount, followYes).says(0).keep(3, allBits).always().spelled(2),
		"umount":         names(0, trace.AccessUnmount, followYes),
		"umount2":        names(0, trace.AccessUnmount, followUnless).flags(1).unless(8).keep(1, allBits).always(), // UMOUNT_NOFOLLOW
		"pivot_root":     names(0, trace.AccessMount, followYes).on(whenRoot),
		"open_tree":      names(1, trace.AccessStat, followUnless).at(0).flags(2).keep(2, clone),
		"open_tree_attr": names(1, trace.AccessStat, followUnless).at(0).flags(2).keep(2, clone),
		"move_mount":     names(3, trace.AccessMount, followIf).at(2).flags(4).unless(0x10).keep(4, allBits).always(), // MOVE_MOUNT_T_SYMLINKS
		"fsopen":         fresh(0).keep(1, 0).always().spelled(0),
		"fsconfig":       fresh(0).keep(1, allBits).always(),
		"fspick":         names(1, trace.AccessMount, followUnless).at(0).flags(2).unless(2), // FSPICK_SYMLINK_NOFOLLOW
		"fsmount":        fresh(0).keep(2, allBits).always(),
		"mount_setattr":  names(1, trace.AccessMount, followUnless).at(0).flags(2).keep(3, allBits).always().through(0),
	}
}

// processLooks: what is done to which process.
func processLooks() map[string]look {
	// Limits and scheduling of the caller's own need no permission but a
	// capability, which is a fact by itself.
	others := func(l look) look { l.Others = 1; return l }
	return map[string]look{
		"kill":              fresh(0).keep(1, allBits).always().aims(aimSignal, 0),
		"tkill":             fresh(0).keep(1, allBits).always().aims(aimTask, 0),
		"tgkill":            fresh(0).keep(2, allBits).always().aims(aimTask, 0),
		"rt_sigqueueinfo":   fresh(0).keep(1, allBits).always().aims(aimTask, 0),
		"rt_tgsigqueueinfo": fresh(0).keep(2, allBits).always().aims(aimTask, 0),
		"pidfd_send_signal": fresh(0).keep(1, allBits).always().aims(aimPidfd, 0),
		"ptrace":            fresh(0).keep(0, allBits).always().aims(aimPtrace, 1),
		"process_vm_readv":  fresh(0).always().aims(aimTask, 0),
		"process_vm_writev": fresh(0).always().aims(aimTask, 0),
		"pidfd_getfd":       fresh(0).always().aims(aimPidfd, 0),
		"process_madvise":   fresh(0).always().aims(aimPidfd, 0),
		"kcmp":              fresh(0).always().aims(aimTask, 0).and2(1),
		"get_robust_list":   fresh(0).always().aims(aimTask, 0),
		"move_pages":        fresh(0).always().aims(aimTask, 0),
		"migrate_pages":     fresh(0).always().aims(aimTask, 0),
		"process_mrelease":  others(fresh(0).always().aims(aimPidfd, 0)),
		"prlimit64":         others(fresh(0).keep(1, allBits).always().aims(aimTask, 0)),
		"sched_setparam":    others(fresh(0).always().aims(aimTask, 0)),
		"sched_setaffinity": others(fresh(0).always().aims(aimTask, 0)),
		"perf_event_open":   short(fresh(0).keep(0, allBits).always().through(0)).aims(aimTask, 1),
	}
}

// interfaceLooks: commands and flags of the kernel's own interfaces.
func interfaceLooks() map[string]look {
	ring := fresh(0)
	ring.Ring = 1
	return map[string]look{
		"io_uring_enter":          ring,
		"ioctl":                   fresh(0).keep(1, allBits).always().aims(aimDevice, 0).about(1),
		"keyctl":                  fresh(0).keep(0, allBits).always(),
		"add_key":                 fresh(0).keep(4, allBits).always().spelled(0),
		"request_key":             fresh(0).keep(3, allBits).always().spelled(0),
		"bpf":                     fresh(0).keep(0, allBits).always(),
		"seccomp":                 fresh(0).keep(0, allBits).always(),
		"syslog":                  fresh(0).keep(0, allBits).always(),
		"reboot":                  fresh(0).keep(2, allBits).always(),
		"quotactl":                names(1, trace.AccessStat, followYes).on(whenNamed).keep(0, quotaCommand).always(),
		"quotactl_fd":             fresh(0).keep(1, quotaCommand).always(),
		"landlock_create_ruleset": fresh(0).keep(2, allBits).always(),
		"landlock_add_rule":       fresh(0).keep(1, allBits).always(),
		"landlock_restrict_self":  fresh(0).keep(1, allBits).always(),
		"lsm_set_self_attr":       fresh(0).keep(0, allBits).always(),
		"memfd_create":            fresh(0).keep(1, allBits).always(),
		"memfd_secret":            fresh(0).keep(0, allBits).always(),
		"userfaultfd":             fresh(0).keep(0, allBits).always(),
		"io_uring_setup":          short(fresh(0).keep(1, allBits).always().through(8)),
		"fanotify_init":           fresh(0).keep(0, allBits).always(),
		"fanotify_mark":           names(4, trace.AccessStat, followUnless).at(3).flags(1).unless(4).keep(1, allBits).always(), // FAN_MARK_DONT_FOLLOW
		"adjtimex":                short(fresh(0).keep(0, allBits).through(0)),
		"clock_adjtime":           short(fresh(0).keep(1, allBits).through(0)),
		"clock_adjtime64":         short(fresh(0).keep(1, allBits).through(0)),
		"shmget":                  fresh(0).keep(0, allBits).always(),
		"semget":                  fresh(0).keep(0, allBits).always(),
		"msgget":                  fresh(0).keep(0, allBits).always(),
		"shmctl":                  fresh(0).keep(1, ipcCommand).always(),
		"semctl":                  fresh(0).keep(2, ipcCommand).always(),
		"msgctl":                  fresh(0).keep(1, ipcCommand).always(),
	}
}

const (
	quotaCommand = 0xffffff00 // SUBCMDMASK of linux/quota.h is the type
	ipcCommand   = 0xff       // without IPC_64
)
