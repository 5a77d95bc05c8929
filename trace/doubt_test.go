package trace

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatEndsInAFailureIsAHole(t *testing.T) {
	for _, c := range []struct {
		end  *End
		want string
	}{
		{nil, ""}, {&End{}, ""}, {&End{Exit: -1, Signal: "SIGTERM"}, ""}, {&End{Exit: 143}, ""}, {&End{Exit: 130}, ""},
		{&End{Exit: 1}, "ended with exit status 1"}, {&End{Exit: 139}, "ended with exit status 139"},
		{&End{Exit: -1, Signal: "SIGKILL"}, "was ended by SIGKILL"},
	} {
		holes := (&Trace{Runs: []Run{{Header: Header{Run: "r"}, End: c.end}}}).Failed()
		if c.want == "" {
			require.Empty(t, holes, "%+v", c.end)
			continue
		}
		require.Len(t, holes, 1)
		require.Equal(t, HoleFailed, holes[0].Kind)
		require.Contains(t, holes[0].Detail, "the worker of run r "+c.want+": ")
	}
}

func TestAMixOfArchitecturesIsAHole(t *testing.T) {
	of := func(archs ...string) *Trace {
		var t Trace
		for _, a := range archs {
			t.Runs = append(t.Runs, Run{Header: Header{Arch: a}})
		}
		return &t
	}
	require.Empty(t, of().Mixed())
	require.Empty(t, of("amd64", "amd64").Mixed())
	require.Contains(t, of("arm64", "amd64", "arm64").Mixed()[0].Detail, "(amd64, arm64)")
}

func TestRunsAreTakenApart(t *testing.T) {
	a := &Trace{Runs: []Run{{Header: Header{Run: "a"}}}, Syscalls: []Syscall{{Name: "read"}}}
	b := &Trace{Runs: []Run{{Header: Header{Run: "b"}}}, Syscalls: []Syscall{{Name: "write"}}}
	parts := Merge(b, a, a).ByRun()
	require.Len(t, parts, 2)
	require.Equal(t, "read", parts[0].Syscalls[0].Name)
	require.Equal(t, "b", parts[1].Runs[0].Run)
	require.Len(t, a.ByRun(), 1)
	require.False(t, a.Empty())
	require.True(t, (&Trace{}).Empty())
}
