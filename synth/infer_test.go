package synth_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

// every lists a probe for each kind of fact.
var every = []trace.Probe{
	{Fact: "syscall", Hook: "tp_btf/sys_exit"}, {Fact: "exec", Hook: "tp_btf/sched_process_exec"},
	{Fact: "file", Hook: "tp_btf/sys_exit"}, {Fact: "capability", Hook: "fexit/security_capable"},
	{Fact: "socket", Hook: "tp_btf/sys_exit"}, {Fact: "argument", Hook: "tp_btf/sys_enter"},
}

// oneRun is a complete run of /usr/bin/daemon as root, as yet without facts.
func oneRun() *trace.Trace {
	return &trace.Trace{
		Runs: []trace.Run{{
			Header: trace.Header{Run: "r1", Worker: "/usr/bin/daemon", User: "root", Arch: "amd64", Probes: every},
			End:    &trace.End{},
		}},
		Subjects: []trace.Subject{{ID: 1, Exe: "/usr/bin/daemon"}},
	}
}

func seen(outcome string) trace.Seen { return trace.Seen{Subject: 1, Outcome: outcome, Count: 1} }

func TestJSONHasEveryKeyAndNoNull(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, synth.WriteJSON(&out, synth.Infer(&trace.Trace{}, synth.Options{})))
	var top map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(out.Bytes(), &top))
	for _, key := range []string{"worker", "syscalls", "capabilities", "execs", "files", "sockets", "holes", "arguments", "resources", "escapes", "operations"} {
		require.Contains(t, top, key)
		require.NotEqual(t, "null", string(top[key]), key)
	}
}

func TestKindsWithoutAProbeAreBlindAndHoles(t *testing.T) {
	in := oneRun()
	in.Runs[0].Probes = every[:3]
	p := synth.Infer(in, synth.Options{})
	require.Equal(t, []string{"capability", "socket", "argument"}, p.Blind)
	require.False(t, p.Sees("capability"))
	require.True(t, p.Sees("file"))
	require.Len(t, p.Holes, 3)
}

func TestProfileForAnotherUserIsAHole(t *testing.T) {
	require.Empty(t, synth.Infer(oneRun(), synth.Options{User: "root"}).Holes)
	holes := synth.Infer(oneRun(), synth.Options{User: "osapi"}).Holes
	require.Len(t, holes, 1)
	require.Equal(t, synth.HoleIdentity, holes[0].Kind)
}

// What the unit's sandbox does not apply to needs no grant; the name is the
// unit's.
func TestLiftedCommandsGrantNothing(t *testing.T) {
	in := oneRun()
	in.Runs[0].Unit = "web.service"
	in.Subjects = append(in.Subjects, trace.Subject{ID: 2, Exe: "/usr/bin/chown", Lifted: trace.LiftedAll})
	free := trace.Seen{Outcome: trace.OK, Subject: 2}
	in.Capabilities = []trace.Capability{{Seen: free, Name: "CAP_CHOWN", Syscall: "fchownat"}}
	in.Execs = []trace.Exec{{Seen: trace.Seen{Outcome: trace.OK}, Target: 2, Called: "/usr/bin/chown"}}
	in.Files = []trace.File{{Seen: free, Path: "/srv/web", Access: trace.AccessChown}}
	p := synth.Infer(in, synth.Options{})
	require.Equal(t, "web", p.Worker.Name)
	require.Empty(t, p.Capabilities)
	require.False(t, p.GrantsFile("/srv/web", trace.AccessChown))
	require.Equal(t, []trace.Path{"/usr/bin/daemon"}, p.Worker.Subjects)
	require.Empty(t, p.Refused(in))
	in.Subjects[1].Lifted = trace.LiftedUser
	p = synth.Infer(in, synth.Options{})
	require.Len(t, p.Capabilities, 1)
	require.True(t, p.GrantsFile("/srv/web", trace.AccessChown))
}
