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
// process that signals itself is no exception. Of the worker's own processes a
// trace does not say which program they run, so that each of its profiles takes
// what any of them does to others of the worker.
func (d document) processes() section {
	s := section{title: []string{"Signals and tracing; both ends are asked"}}
	if !d.profile.Sees("syscall") {
		s.add(byRule(ruleBlind), "signal")
		s.add(byRule(ruleBlind), "ptrace")
		return s
	}
	worker := document{profile: d.whole}
	peers := d.layout.peers()
	s.add(byRule(ruleManager), "signal (receive) peer=unconfined")
	switch {
	case d.signals():
		s.add(byRule(ruleOwn), "signal (send, receive) peer=%s", peers)
	case worker.signals():
		s.add(byRule(ruleOwn), "signal (receive) peer=%s", peers)
	}
	if text, why := d.signalRule(); text != "" {
		s.add(why, "%s", text)
	}
	s.add(byRule(ruleManager), "ptrace (readby, tracedby) peer=unconfined")
	here, there := d.looks(), worker.looks()
	words := func(read, trace bool, suffix string) (out []string) {
		if read || trace {
			out = append(out, "read"+suffix)
		}
		if trace {
			out = append(out, "trace"+strings.Replace(suffix, "by", "dby", 1))
		}
		return out
	}
	if own := mix(words(here.own, here.traces, ""), words(there.own, there.traces, "by")); len(own) > 0 {
		s.add(byRule(ruleOwn), "ptrace (%s) peer=%s", strings.Join(own, ", "), peers)
	}
	switch {
	case here.others && here.traces:
		s.add(here.why, "ptrace (read, trace)")
	case here.others:
		s.add(here.why, "ptrace (read)")
	case here.first:
		s.add(byRule(ruleInit), "ptrace (read) peer=unconfined")
	}
	return s
}

// signals says whether signals are sent, at least to the sender itself: runtimes
// of languages do that when they like.
func (d document) signals() bool {
	return d.calls(signalCalls) || slices.ContainsFunc(d.profile.Arguments, func(a synth.ArgumentGrant) bool {
		return a.Name == trace.ArgSignal && stays(a.Target)
	})
}

// mix puts what is done and what is suffered in the usual order: read, readby,
// trace, tracedby.
func mix(does, suffers []string) []string {
	var out []string
	for i := range max(len(does), len(suffers)) {
		if i < len(does) {
			out = append(out, does[i])
		}
		if i < len(suffers) {
			out = append(out, suffers[i])
		}
	}
	return out
}

// looks are what is done to other processes by ptrace(2) or what is guarded as it.
type looks struct {
	own    bool // reading those of the worker
	traces bool // more than reading, of the worker or others
	others bool // any process
	first  bool // process 1
	why    reason
}

func (d document) looks() looks {
	var l looks
	own, first, others := d.readsProc()
	l.own, l.first = own || d.succeeds(readCalls), first
	l.traces = d.succeeds(traceCalls)
	for _, a := range d.profile.Arguments {
		if a.Name == trace.ArgPtrace && stays(a.Target) {
			access := ptraceAccess(a.Value)
			l.own, l.traces = l.own || access == "read", l.traces || access == "trace"
		}
	}
	l.others = others || slices.Contains(d.profile.Required(), "CAP_SYS_PTRACE")
	readsOut, tracesOut, evidence := d.tracesOthers()
	l.why = byRule(ruleOthers)
	if !l.others {
		l.why = because(evidence...)
	}
	l.others, l.traces = l.others || readsOut || tracesOut, l.traces || tracesOut
	return l
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

// connects says whether the worker connected to a UNIX socket.
func (d document) connects(path trace.Path) bool {
	return slices.ContainsFunc(d.profile.Sockets, func(g synth.SocketGrant) bool {
		return (g.Action == "connect" || g.Action == "send") && g.Path == path
	}) || slices.ContainsFunc(d.profile.Files, func(g synth.FileGrant) bool {
		return g.Access&trace.AccessConnect != 0 && g.Path == path
	})
}
