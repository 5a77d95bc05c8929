package synth_test

import (
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

// asTwo is a run as root and one as a user, who fails in one operation.
func asTwo(outcome string) *trace.Trace {
	t := oneRun()
	t.Runs[0].User = "root"
	t.Runs[0].Operations = []trace.Operation{{Name: "dns.update", Last: 1, Outcome: trace.OperationOK}, {Name: "dns.get", First: 2, Last: 3, Outcome: trace.OperationOK}}
	second := t.Runs[0]
	second.Run, second.User = "run-2", "osapi"
	second.Operations = []trace.Operation{{Name: "dns.update", Last: 1, Outcome: outcome}, {Name: "dns.get", First: 2, Last: 3, Outcome: trace.OperationOK}}
	t.Runs = append(t.Runs, second)
	t.Sockets = []trace.Socket{{Seen: in("dns.update", trace.OK), Action: "connect", Family: "AF_UNIX", Type: "SOCK_STREAM", Path: "/run/dbus/system_bus_socket"}}
	return t
}

// TestDecidedElsewhere: an operation is named only where nothing that the kernel
// refused explains why it fails.
func TestDecidedElsewhere(t *testing.T) {
	denied := func(c trace.Capability) func(*trace.Trace) {
		return func(in *trace.Trace) { in.Capabilities = append(in.Capabilities, c) }
	}
	for name, c := range map[string]struct {
		outcome string
		also    func(*trace.Trace)
		named   bool
	}{
		"another process says no": {trace.OperationFailed, func(*trace.Trace) {}, true},
		"it went well":            {trace.OperationOK, func(*trace.Trace) {}, false},
		"nobody judged it":        {"", func(*trace.Trace) {}, false},
		"it went well once": {trace.OperationFailed, func(in *trace.Trace) {
			in.Runs[1].Operations = append(in.Runs[1].Operations, trace.Operation{Name: "dns.update", First: 5, Last: 6, Outcome: trace.OperationOK})
		}, false},
		"root failed too":        {trace.OperationFailed, func(in *trace.Trace) { in.Runs[0].Operations[0].Outcome = trace.OperationFailed }, false},
		"both are the same user": {trace.OperationFailed, func(in *trace.Trace) { in.Runs[0].User = "osapi" }, false},
		"a file was refused": {trace.OperationFailed, func(t *trace.Trace) {
			t.Files = []trace.File{{Seen: in("dns.update", "EACCES"), Path: "/etc/x", Access: trace.AccessWrite, FSUID: 999}}
		}, false},
		"a file elsewhere was": {trace.OperationFailed, func(t *trace.Trace) {
			t.Files = []trace.File{{Seen: in("dns.get", "EACCES"), Path: "/etc/x", Access: trace.AccessWrite, FSUID: 999}}
		}, true},
		"it follows from a failure that the kernel decided": {trace.OperationFailed, func(t *trace.Trace) {
			made := trace.Operation{Name: "dns.create", Last: 1, Outcome: trace.OperationFailed}
			t.Runs[1].Operations = append([]trace.Operation{made}, t.Runs[1].Operations...)
			t.Files = []trace.File{{Seen: in("dns.create", "EACCES"), Path: "/etc/x", Access: trace.AccessWrite, FSUID: 999}}
		}, false},
		"another's failure came before": {trace.OperationFailed, func(t *trace.Trace) {
			made := trace.Operation{Name: "cron.create", Last: 1, Outcome: trace.OperationFailed}
			t.Runs[1].Operations = append([]trace.Operation{made}, t.Runs[1].Operations...)
			t.Files = []trace.File{{Seen: in("cron.create", "EACCES"), Path: "/etc/x", Access: trace.AccessWrite, FSUID: 999}}
		}, true},
		"it logged": {trace.OperationFailed, func(t *trace.Trace) {
			t.Sockets = append(t.Sockets, trace.Socket{Seen: in("dns.update", trace.OK), Action: "connect", Family: "AF_UNIX", Path: "/run/systemd/journal/dev-log"})
		}, true},
		"a socket was refused": {trace.OperationFailed, func(t *trace.Trace) {
			t.Sockets = append(t.Sockets, trace.Socket{Seen: in("dns.update", "EACCES"), Action: "connect", Family: "AF_UNIX", Path: "/run/x"})
		}, false},
		"a capability that is optional": {trace.OperationFailed, denied(trace.Capability{Seen: in("dns.update", "EPERM"), Name: "CAP_NET_ADMIN", Syscall: "setsockopt", Argument: "SO_SNDBUFFORCE"}), true},
		"a capability that was missed": {trace.OperationFailed, func(t *trace.Trace) {
			denied(trace.Capability{Seen: in("dns.update", "EPERM"), Name: "CAP_SYS_TIME", Syscall: "clock_settime"})(t)
			t.Syscalls = append(t.Syscalls, trace.Syscall{Seen: in("dns.update", "EPERM"), Name: "clock_settime"})
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			run := asTwo(c.outcome)
			c.also(run)
			p := synth.Infer(run, synth.Options{})
			for _, o := range p.Operations {
				if o.Name != "dns.update" || !c.named {
					require.Nil(t, o.Elsewhere, o.Name)
					continue
				}
				require.NotNil(t, o.Elsewhere)
				require.Equal(t, []string{"osapi"}, o.Elsewhere.Users)
				require.Equal(t, []trace.Path{"/run/dbus/system_bus_socket"}, o.Elsewhere.Asked)
				require.Equal(t, []string{"dns.update"}, operationsOf(o.Elsewhere.Evidence))
			}
		})
	}
}

// TestDecidedElsewhereInRecordedTraces takes OSAPI's worker as root and as a user.
// The user's run was made with a rule for polkit, so that all went well; without
// the rule the plan's step fails, and the same calls are made.
func TestDecidedElsewhereInRecordedTraces(t *testing.T) {
	root, err := trace.ReadFile("../docs/traces/osapi-2026-02.jsonl")
	require.NoError(t, err)
	user, err := trace.ReadFile("../docs/traces/osapi-2026-02-user.jsonl")
	require.NoError(t, err)
	named := func() map[string][]trace.Path {
		found := map[string][]trace.Path{}
		for _, o := range synth.Infer(trace.Merge(root, user), synth.Options{}).Operations {
			if o.Elsewhere != nil {
				found[o.Name] = o.Elsewhere.Asked
			}
		}
		return found
	}
	require.Empty(t, named())
	for i, o := range user.Runs[0].Operations {
		if o.Name == "network.dns.update" {
			user.Runs[0].Operations[i].Outcome = trace.OperationFailed
		}
	}
	require.Equal(t, map[string][]trace.Path{"network.dns.update": {"/run/dbus/system_bus_socket"}}, named())
}
