package synth

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/trace"
)

// Who executed the worker itself is nobody that is watched, and has a name all the same.
func TestStarterHasAName(t *testing.T) {
	unit, command, joined := trace.Run{Header: trace.Header{Unit: "a.service"}}, trace.Run{}, trace.Run{Header: trace.Header{Attached: trace.AttachedCgroup}}
	for want, runs := range map[string][]trace.Run{
		"systemd (before the unit's command): execve, once, at 0s":         {unit, unit},
		"the recorder (before the worker): execve, once, at 0s":            {command},
		"systemd or the recorder (before the worker): execve, once, at 0s": {unit, command},
		"an unknown program: execve, once, at 0s":                          {joined, unit},
	} {
		in := &trace.Trace{
			Runs: runs, Subjects: []trace.Subject{{ID: 1, Exe: "/usr/bin/w"}},
			Execs: []trace.Exec{{Seen: trace.Seen{Outcome: trace.OK}, Target: 1}, {Seen: trace.Seen{Subject: 1, Outcome: trace.OK}, Target: 1}},
		}
		facts := Facts(in)
		require.Equal(t, want, facts[0].String())
		require.Equal(t, "/usr/bin/w: execve, once, at 0s", facts[1].String())
		p := Infer(in, Options{})
		require.Len(t, p.Execs, 1)
		require.Equal(t, want, p.Execs[0].Facts[0].String())
	}
}

// An execve by a program without a name and one by who started the worker differ in that
// alone, and stand in one order.
func TestStartersStandInOneOrder(t *testing.T) {
	for range 50 {
		in := &trace.Trace{
			Runs: []trace.Run{{}}, Subjects: []trace.Subject{{ID: 1, Exe: "/usr/bin/w"}, {ID: 2}},
			Execs: []trace.Exec{{Seen: trace.Seen{Outcome: trace.OK}, Target: 1}, {Seen: trace.Seen{Subject: 2, Outcome: trace.OK}, Target: 1}},
		}
		facts := Infer(in, Options{}).Execs[0].Facts
		require.Len(t, facts, 2)
		require.Empty(t, facts[0].Starter)
		require.Equal(t, "the recorder (before the worker)", facts[1].Starter)
	}
}
