package coverage_test

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/coverage"
	"github.com/osapi-io/osapi-profile/synth/tracegen"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden file")

// ran is a run that made some calls.
func ran(id string, calls ...string) *trace.Trace {
	t := &trace.Trace{
		Runs:     []trace.Run{{Header: trace.Header{Version: 1, Run: id, Worker: "/usr/bin/w", Arch: "amd64", Probes: tracegen.Probes()}, End: &trace.End{}}},
		Subjects: []trace.Subject{{ID: 1, Exe: "/usr/bin/w"}},
	}
	for i, c := range calls {
		t.Syscalls = append(t.Syscalls, trace.Syscall{Seen: trace.Seen{Subject: 1, Outcome: trace.OK, First: int64(i)}, Name: c})
	}
	return t
}

func TestEachRunIsLeftOutOnce(t *testing.T) {
	r := coverage.Of(trace.Merge(ran("a", "bpf", "chdir"), ran("b", "bpf", "chroot", "swapon"), ran("c", "bpf")), synth.Options{})
	var added [][]coverage.Need
	for _, run := range r.Runs {
		added = append(added, run.Added)
	}
	require.Equal(t, [][]coverage.Need{
		{{Kind: "syscall", Name: "chdir"}}, {{Kind: "syscall", Name: "chroot"}, {Kind: "syscall", Name: "swapon"}}, {},
	}, added)
	require.Equal(t, 2, r.Runs[0].Needs)
	require.InDelta(t, 1, r.Expected, 1e-9)
	require.Contains(t, r.Outlook(), "about 1 need, as each of these 3 did")
	var b bytes.Buffer
	require.NoError(t, r.WriteText(&b))
	require.Contains(t, b.String(), "run b of 0001-01-01 00:00:00: 3 needs, 2 of them in no other run (syscall 2)\n  syscall chroot\n  syscall swapon\n")
}

func TestWhatRunsHaveInCommonIsNotNew(t *testing.T) {
	r := coverage.Of(trace.Merge(ran("a", "bpf"), ran("b", "bpf")), synth.Options{})
	require.Zero(t, r.Expected)
	require.Contains(t, r.Outlook(), "is not expected to add anything")
	r = coverage.Of(trace.Merge(ran("a", "bpf", "chdir"), ran("b", "bpf"), ran("c", "bpf")), synth.Options{})
	require.Contains(t, r.Outlook(), "next to nothing (0.3 needs")
	r = coverage.Of(ran("a", "bpf"), synth.Options{})
	require.Equal(t, -1.0, r.Expected)
	require.Contains(t, r.Outlook(), "One run says nothing")
}

// TestTheOrderOfRunsDoesNotMatter, nor that one is there twice.
func TestTheOrderOfRunsDoesNotMatter(t *testing.T) {
	for seed := range uint64(10) {
		a := tracegen.Trace(rand.New(rand.NewPCG(seed, 1)), 8)
		b := tracegen.Trace(rand.New(rand.NewPCG(seed, 2)), 8)
		want := coverage.Of(trace.Merge(a, b), synth.Options{})
		require.Equal(t, want, coverage.Of(trace.Merge(b, a, trace.Merge(a, b)), synth.Options{}))
		for _, run := range want.Runs {
			require.LessOrEqual(t, len(run.Added), run.Needs)
		}
	}
}

// TestRecordedTraces: the two recordings of February, as root and as a user, as if
// they were runs of one training.
func TestRecordedTraces(t *testing.T) {
	var runs []*trace.Trace
	for _, name := range []string{"osapi-2026-02.jsonl", "osapi-2026-02-user.jsonl"} {
		in, err := trace.ReadFile("../../docs/traces/" + name)
		require.NoError(t, err)
		runs = append(runs, in)
	}
	var b bytes.Buffer
	require.NoError(t, coverage.Of(trace.Merge(runs...), synth.Options{}).WriteText(&b))
	if *update {
		require.NoError(t, os.WriteFile("testdata/february.txt", b.Bytes(), 0o644))
	}
	want, err := os.ReadFile("testdata/february.txt")
	require.NoError(t, err)
	require.Equal(t, string(want), b.String(), "run go test with -update")
}
