package trace

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConfined(t *testing.T) {
	seen := func(subject int) Seen { return Seen{Subject: subject, Outcome: OK} }
	run := &Trace{
		Runs: []Run{{Header: Header{Version: Version, Run: "r"}}},
		Subjects: []Subject{
			{ID: 1, Exe: "/bin/mkdir", Lifted: LiftedAll}, {ID: 2, Exe: "/bin/mkdir"}, {ID: 3, Exe: "/bin/id", Lifted: LiftedUser},
		},
		Syscalls:     []Syscall{{Seen: seen(1), Name: "mkdir"}, {Seen: seen(2), Name: "mkdir"}},
		Execs:        []Exec{{Seen: seen(0), Target: 1}, {Seen: seen(0), Target: 2}, {Seen: seen(0), Target: 3}},
		Files:        []File{{Seen: seen(1), Path: "/run/a", Access: AccessCreate}, {Seen: seen(3), Path: "/run/b", Access: AccessRead}},
		Capabilities: []Capability{{Seen: seen(1), Name: "CAP_CHOWN"}},
	}
	for _, whole := range []*Trace{run, Merge(run, &Trace{Runs: []Run{{Header: Header{Version: Version, Run: "s"}}}})} {
		got := whole.Confined()
		require.Len(t, got.Subjects, 2)
		require.Len(t, got.Syscalls, 1)
		require.Len(t, got.Execs, 2)
		require.Len(t, got.Files, 1)
		require.Equal(t, Path("/run/b"), got.Files[0].Path)
		require.Empty(t, got.Capabilities)
		require.Len(t, whole.Subjects, 3, "it is left as it was")
	}
	confined := run.Confined()
	require.Same(t, confined, confined.Confined(), "there is nothing to leave out")
}
