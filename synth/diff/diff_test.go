package diff_test

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/diff"
	"github.com/osapi-io/osapi-profile/synth/tracegen"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden file")

func madeUp(seed uint64) *synth.Profile {
	return synth.Infer(tracegen.Trace(rand.New(rand.NewPCG(seed, 5)), 12), synth.Options{})
}

// TestDiffIsAntisymmetric: a profile does not differ from itself, and the way
// back takes what the way there brought.
func TestDiffIsAntisymmetric(t *testing.T) {
	for seed := range uint64(100) {
		a, b := madeUp(seed), madeUp(seed+1000)
		require.True(t, diff.Of(a, a).Same(), "seed %d: %+v", seed, diff.Of(a, a))
		there, back := diff.Of(a, b), diff.Of(b, a)
		require.Equal(t, there.More, back.Less)
		require.Equal(t, there.Less, back.More)
		require.Equal(t, there.Opened, back.Closed)
		require.Equal(t, there.OldHoles, back.NewHoles)
	}
}

// TestMoreTraceNeedsNoLess: a union of runs needs all that each of them does.
func TestMoreTraceNeedsNoLess(t *testing.T) {
	for seed := range uint64(60) {
		a := tracegen.Trace(rand.New(rand.NewPCG(seed, 5)), 8)
		b := tracegen.Trace(rand.New(rand.NewPCG(seed, 6)), 8)
		both := trace.Merge(a, b)
		for _, g := range diff.Of(synth.Infer(both, synth.Options{}), synth.Infer(a, synth.Options{})).More {
			// What a second run shows to vary is granted as a pattern.
			require.Contains(t, g.Name, "<", "seed %d: %s", seed, g)
		}
	}
}

func TestRecordedTraces(t *testing.T) {
	files, err := filepath.Glob("../../docs/traces/osapi-2026-02*.jsonl")
	require.NoError(t, err)
	require.Len(t, files, 2)
	var profiles []*synth.Profile
	for _, f := range files {
		tr, err := trace.ReadFile(f)
		require.NoError(t, err)
		profiles = append(profiles, synth.Infer(tr, synth.Options{}))
		require.True(t, diff.Of(profiles[0], profiles[0]).Same())
	}
	c := diff.Of(profiles[0], profiles[1])
	require.False(t, c.Same())
	var out bytes.Buffer
	require.NoError(t, c.WriteText(&out))
	if *update {
		require.NoError(t, os.WriteFile("testdata/february.txt", out.Bytes(), 0o644))
	}
	want, err := os.ReadFile("testdata/february.txt")
	require.NoError(t, err)
	require.Equal(t, string(want), out.String(), "run go test with -update")
}

func TestWhatChanges(t *testing.T) {
	old := &synth.Profile{
		Files:        []synth.FileGrant{{Path: "/a", Access: trace.AccessRead}, {Path: "/same", Access: trace.AccessRead}},
		Capabilities: []synth.CapabilityGrant{{Name: "CAP_CHOWN", Need: synth.OptionalCheck}},
		Execs:        []synth.ExecGrant{{Path: "/bin/su", Kind: synth.KindProgram}, {Path: "/lib/x.so", Kind: synth.KindLibrary}},
		Syscalls:     []synth.SyscallGrant{{Name: "bpf"}, {Name: "read"}},
	}
	now := &synth.Profile{
		Files: []synth.FileGrant{
			{Path: "/a", Access: trace.AccessRead | trace.AccessWrite}, {Path: "/same", Access: trace.AccessRead},
			{Pattern: synth.Pattern{{Text: "/tmp/"}, {Vary: synth.VaryDigits}}, Access: trace.AccessCreate},
		},
		Capabilities: []synth.CapabilityGrant{{Name: "CAP_CHOWN", Need: synth.Required}},
		Execs:        []synth.ExecGrant{{Path: "/bin/su", Kind: synth.KindProgram, Gains: true}, {Path: "/lib/x.so", Kind: synth.KindScript}},
		Syscalls:     []synth.SyscallGrant{{Name: "read", Evidence: synth.Evidence{Rules: []string{"x"}}}},
		Escapes:      []synth.Escape{{Path: "/run/docker.sock", Why: "root"}},
		Holes:        []trace.Hole{{Kind: "lost"}},
	}
	words := func(grants []synth.Grant) []string {
		var out []string
		for _, g := range grants {
			out = append(out, g.String())
		}
		return out
	}
	c := diff.Of(old, now)
	require.Equal(t, []string{
		"capability CAP_CHOWN", "exec /bin/su: execute, with a gain of privileges", "exec /lib/x.so: execute", "file /a: write", "file /tmp/<digits>: create",
	}, words(c.More))
	require.Equal(t, []string{"exec /bin/su: execute", "exec /lib/x.so: map executable", "syscall bpf"}, words(c.Less))
	require.Len(t, c.Opened, 1)
	require.Equal(t, []string{"The new profile has holes (lost): what seems to be needed no longer may only not have been seen."}, c.Doubts())
}
