package synth_test

import (
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

func in(operation, outcome string) trace.Seen {
	return trace.Seen{Subject: 1, Operation: operation, Outcome: outcome, Count: 1}
}

// operationsOf lists the operations that evidence names.
func operationsOf(e synth.Evidence) []string {
	var names []string
	for _, f := range e.Facts {
		names = append(names, f.Operation)
	}
	return names
}

// A heartbeat that falls into an operation is of idle, by an equal fact there.
func TestHeartbeatsAreIdle(t *testing.T) {
	read := func(operation string, path trace.Path) trace.File {
		return trace.File{Seen: in(operation, trace.OK), Path: path, Access: trace.AccessRead, Syscall: "openat"}
	}
	run := oneRun()
	run.Syscalls = []trace.Syscall{
		{Seen: in("ping", trace.OK), Name: "futex"}, {Seen: in("idle", trace.OK), Name: "futex"},
		{Seen: in("ping", "EAGAIN"), Name: "futex"}, // not seen in idle with this outcome
		{Seen: in("", trace.OK), Name: "write"}, {Seen: in("idle", trace.OK), Name: "write"},
	}
	run.Files = []trace.File{
		read("ping", "/etc/hosts"), read("ping", "/proc/loadavg"), read("idle", "/proc/loadavg"),
		read("ping", "/proc/4711/stat"), read("idle", "/proc/4712/stat"),
		{Seen: in("ping", trace.OK), Path: "/proc/loadavg", Access: trace.AccessStat, Syscall: "newfstatat"},
	}
	run.Capabilities = []trace.Capability{
		{Seen: in("ping", trace.OK), Name: "CAP_NET_RAW", Syscall: "socket"}, {Seen: in("beat", trace.OK), Name: "CAP_SYS_TIME"},
		{Seen: in("idle", trace.OK), Name: "CAP_SYS_TIME"},
	}
	p := synth.Infer(run, synth.Options{Strict: true})
	calls := map[string][]string{}
	for _, s := range p.Syscalls {
		calls[s.Name] = operationsOf(s.Evidence)
	}
	require.Equal(t, []string{"idle", "ping"}, calls["futex"])
	require.Equal(t, []string{"", "idle"}, calls["write"], "what has no operation is given none")
	uses := map[string][]synth.Use{}
	for _, f := range p.Files {
		uses[f.Name().String()] = f.Uses
	}
	require.Equal(t, []synth.Use{{Operation: "ping", Access: trace.AccessRead}}, uses["/etc/hosts"])
	require.Equal(t, []synth.Use{{Operation: "idle", Access: trace.AccessRead}, {Operation: "ping", Access: trace.AccessStat}}, uses["/proc/loadavg"])
	require.Len(t, p.Files, 3)
	for _, f := range p.Files {
		if f.Pattern != nil {
			require.Equal(t, []string{"idle"}, operationsOf(f.Evidence), "process ids differ each time")
		}
	}
	require.Equal(t, []string{"ping"}, operationsOf(p.Capabilities[0].Evidence))
	require.Equal(t, []string{"idle"}, operationsOf(p.Capabilities[1].Evidence))
	require.Equal(t, "ping", run.Syscalls[0].Operation, "the trace stays as it is")
	require.Empty(t, p.Refused(run))
}

func TestOperations(t *testing.T) {
	run := oneRun()
	run.Runs[0].Operations = []trace.Operation{
		{Name: "startup", Last: 9, Outcome: trace.OperationOK, Resources: trace.Resources{MemoryPeak: 5, CPUTime: 1}},
		{Name: "ping", First: 9, Last: 10, Outcome: trace.OperationFailed, Detail: "exit status 1", Resources: trace.Resources{MemoryPeak: 7}},
		{Name: "ping", First: 10, Last: 11, Outcome: trace.OperationFailed, Detail: "exit status 2", Resources: trace.Resources{MemoryPeak: 6, TasksPeak: 2}},
		{Name: "reload", First: 11, Last: 11, Outcome: trace.OperationSkipped, Detail: "the plan has none"},
	}
	run.Syscalls = []trace.Syscall{{Seen: in("ping", trace.OK), Name: "read"}, {Seen: in("by.hand", trace.OK), Name: "read"}}
	p := synth.Infer(run, synth.Options{})
	require.Equal(t, []synth.Operation{
		{Name: "startup", Ran: 1, Resources: trace.Resources{MemoryPeak: 5, CPUTime: 1}},
		{Name: "ping", Ran: 2, Failed: 2, Detail: "exit status 1", Resources: trace.Resources{MemoryPeak: 7, TasksPeak: 2}},
		{Name: "reload", Detail: "the plan has none"},
		{Name: "by.hand"},
	}, p.Operations)
	require.Equal(t, []trace.Hole{
		{Kind: trace.HoleUntrained, Detail: "operation ping failed, so that only the attempt was seen: exit status 1"},
		{Kind: trace.HoleUntrained, Detail: "operation reload never ran: the plan has none"},
	}, p.Holes)
}
