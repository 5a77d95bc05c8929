package apparmor

import (
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// System calls that AppArmor mediates by rules of their own.
var (
	signalCalls = []string{"kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"}
	traceCalls  = []string{"ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd"}
	readCalls   = []string{"kcmp", "process_madvise", "move_pages", "migrate_pages", "get_robust_list"}
)

// procAsks are the entries of /proc/PID for which the kernel makes the check of
// ptrace(2), unless a process asks for its own.
var procAsks = []string{
	"auxv", "cwd", "environ", "exe", "fd", "fdinfo", "io", "map_files", "maps", "mem", "ns", "numa_maps", "pagemap",
	"personality", "root", "smaps", "smaps_rollup", "stack", "syscall",
}

// processes is about signals and ptrace. Both ends' profiles are asked, and a
// process that signals itself is no exception.
func (d document) processes() section {
	s := section{title: []string{"Signals and tracing; both ends are asked"}}
	if !d.profile.Sees("syscall") {
		s.add(byRule(ruleBlind), "signal")
		s.add(byRule(ruleBlind), "ptrace")
		return s
	}
	s.add(byRule(ruleManager), "signal (receive) peer=unconfined")
	if d.calls(signalCalls) {
		s.add(byRule(ruleOwn), "signal (send, receive) peer=@{profile_name}")
	}
	if text, why := d.signalRule(); text != "" {
		s.add(why, "%s", text)
	}
	s.add(byRule(ruleManager), "ptrace (readby, tracedby) peer=unconfined")
	reads, traces := d.succeeds(readCalls), d.succeeds(traceCalls)
	own, first, others := d.readsProc()
	others = others || slices.Contains(d.profile.Required(), "CAP_SYS_PTRACE")
	readsOut, tracesOut, evidence := d.tracesOthers()
	why := byRule(ruleOthers)
	if !others {
		why = because(evidence...)
	}
	others, traces = others || readsOut || tracesOut, traces || tracesOut
	switch {
	case traces:
		s.add(byRule(ruleOwn), "ptrace (read, readby, trace, tracedby) peer=@{profile_name}")
	case reads, own:
		s.add(byRule(ruleOwn), "ptrace (read, readby) peer=@{profile_name}")
	}
	switch {
	case others && traces:
		s.add(why, "ptrace (read, trace)")
	case others:
		s.add(why, "ptrace (read)")
	case first:
		s.add(byRule(ruleInit), "ptrace (read) peer=unconfined")
	}
	return s
}

// calls says whether any of the calls is granted.
func (d document) calls(names []string) bool {
	return slices.ContainsFunc(d.profile.Syscalls, func(g synth.SyscallGrant) bool {
		return slices.Contains(names, g.Name)
	})
}

// succeeds says whether any of the calls was seen to succeed.
func (d document) succeeds(names []string) bool {
	return slices.ContainsFunc(d.profile.Syscalls, func(g synth.SyscallGrant) bool {
		return slices.Contains(names, g.Name) &&
			slices.ContainsFunc(g.Facts, func(f synth.FactRef) bool { return f.Outcome == trace.OK })
	})
}

// readsProc says whether entries of /proc/PID were read that the kernel guards
// as it guards ptrace(2): those of processes that may be the worker's own, of
// process 1, and of others, which are those that another user is known to own.
// Whose the rest is a trace does not yet say; nearly always it is a program that
// reads /proc/self, and so it counts as the worker's own.
func (d document) readsProc() (own, first, others bool) {
	const looks = trace.AccessRead | trace.AccessWrite | trace.AccessStat
	for _, g := range d.profile.Files {
		pid, entry, ok := procEntry(g.Name())
		if !ok || g.Access&looks == 0 || !slices.Contains(procAsks, entry) {
			continue
		}
		switch {
		case pid == "1":
			first = true
		case g.Type != "" && !g.Owned:
			others = true
		default:
			own = true
		}
	}
	return own, first, others
}

// procEntry takes /proc/PID/ENTRY and /proc/PID/task/TID/ENTRY apart; pid is ""
// when a rule has folded it.
func procEntry(p synth.Pattern) (pid, entry string, ok bool) {
	var b strings.Builder
	for _, piece := range p {
		b.WriteString(string(piece.Text))
		if piece.Vary != "" {
			b.WriteByte('*')
		}
	}
	rest, ok := strings.CutPrefix(b.String(), "/proc/")
	parts := strings.Split(rest, "/")
	if !ok || len(parts) < 2 || strings.Trim(parts[0], "0123456789*") != "" {
		return "", "", false
	}
	pid = strings.Trim(parts[0], "*")
	if len(parts) > 3 && parts[1] == "task" {
		parts = parts[2:]
	}
	return pid, parts[1], true
}

// mounts grants what the worker did to its mounts, and the bus.
func (d document) mounts() section {
	s := section{title: []string{"Mounts; messages on the system bus"}}
	for _, m := range []struct {
		calls []string
		rules []string
	}{
		{[]string{"mount", "move_mount", "fsmount", "mount_setattr"}, []string{"mount", "remount"}},
		{[]string{"umount", "umount2"}, []string{"umount"}},
		{[]string{"pivot_root"}, []string{"pivot_root"}},
	} {
		why := ruleMount
		if !d.profile.Sees("syscall") {
			why = ruleBlind
		} else if !d.succeeds(m.calls) {
			continue
		}
		for _, r := range m.rules {
			s.add(byRule(why), "%s", r)
		}
	}
	if d.connects("/run/dbus/system_bus_socket") {
		s.add(byRule(ruleBus), "dbus bus=system")
	}
	return s
}

// connects says whether the worker connected to a UNIX socket.
func (d document) connects(path trace.Path) bool {
	return slices.ContainsFunc(d.profile.Sockets, func(g synth.SocketGrant) bool {
		return (g.Action == "connect" || g.Action == "send") && g.Path == path
	}) || slices.ContainsFunc(d.profile.Files, func(g synth.FileGrant) bool {
		return g.Access&trace.AccessConnect != 0 && g.Path == path
	})
}
