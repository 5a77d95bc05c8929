package record

import (
	"errors"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/bpf"
)

// Each program is loaded alone, so that a verifier's refusal names it. The ways
// to see capabilities need what not every kernel has; a verifier that refuses
// one is a failure all the same.
func TestEachProgramLoads(t *testing.T) {
	needBPF(t)
	spec, err := bpf.LoadRecorder()
	require.NoError(t, err)
	optional := map[string]bool{"function_kprobe": true, "function_kretprobe": true}
	for _, f := range functions() {
		optional[f.program()] = true
	}
	for _, name := range requestPrograms() {
		optional[name] = true
	}
	for _, c := range capabilityChoices() {
		for _, name := range c.programs {
			optional[name] = true
		}
	}
	kernel := btf.NewCache()
	for name := range spec.Programs {
		t.Run(name, func(t *testing.T) {
			c, err := collect(small(only(spec, []string{name})), kernel)
			var refused *ebpf.VerifierError
			if errors.As(err, &refused) {
				t.Fatalf("%v\n%+30v", refused, refused)
			}
			if err != nil && optional[name] {
				t.Skipf("this kernel has no such hook: %v", err)
			}
			require.NoError(t, err)
			c.Close()
		})
	}
}
