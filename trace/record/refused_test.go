package record

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/bpf"
	"github.com/osapi-io/osapi-profile/trace"
)

// What looks refused while entries were left out is a hole and no fact, then and
// later; what looked so while none were is a fact.
func TestRefusalsInDoubt(t *testing.T) {
	const refused, killed = outcomeSeccomp | 1, outcomeSeccompSignal | 31
	for name, c := range map[string]struct {
		readings [][2]uint64 // entries left out before and after each
		outcome  uint32
		told     int
		holes    int
	}{
		"none left out":            {[][2]uint64{{0, 0}, {0, 0}}, refused, 1, 0},
		"some before":              {[][2]uint64{{5, 5}, {5, 5}}, refused, 0, 1},
		"some while it was read":   {[][2]uint64{{0, 1}, {1, 1}}, refused, 0, 1},
		"some later":               {[][2]uint64{{0, 0}, {1, 2}}, refused, 1, 0},
		"a signal is beyond doubt": {[][2]uint64{{0, 1}}, killed, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var file bytes.Buffer
			o := newObserver(newCollector(trace.NewWriter(&file), 0, newHoles(nil)), "amd64", 0)
			for _, skipped := range c.readings {
				require.NoError(t, o.syscall(bpf.RecorderCallKey{Call: 39, Outcome: c.outcome}, bpf.RecorderTally{Count: 1}))
				require.NoError(t, o.settle(skipped[1]))
				o.doubts.before = skipped[0]
			}
			assert.Len(t, o.syscalls.order, c.told)
			assert.Len(t, o.holes.list(), c.holes)
		})
	}
}
