package seccomp

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/tracegen"
)

// TestEveryLineIsExplained: each call that is let through leads back to facts or
// to a named rule.
func TestEveryLineIsExplained(t *testing.T) {
	for seed := range uint64(40) {
		p := synth.Infer(tracegen.Trace(rand.New(rand.NewPCG(seed, 4)), 12), synth.Options{})
		var b bytes.Buffer
		require.NoError(t, Write(&b, p, Options{}))
		lines := Lines("f", b.Bytes())
		require.NotEmpty(t, lines)
		for _, line := range lines {
			require.True(t, Explain(p, line).Explained(), line)
		}
	}
	require.False(t, Explain(&synth.Profile{}, synth.Line{Text: "bpf"}).Explained())
}

func TestConditionsOfEnginesAreTold(t *testing.T) {
	require.Empty(t, Conditions([]byte(`{"syscalls":[{"names":["a"],"includes":{}}]}`)))
	require.Equal(t, []string{"includes map[caps:[CAP_BPF]] of bpf, perf_event_open"},
		Conditions([]byte(`{"syscalls":[{"names":["bpf","perf_event_open"],"includes":{"caps":["CAP_BPF"]}}]}`)))
}
