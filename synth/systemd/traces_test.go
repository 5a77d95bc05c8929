package systemd_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

// TestRecordedTraces holds the committed traces of real workers to what holds
// for made-up ones: nothing they did is refused, and systemd takes the text.
func TestRecordedTraces(t *testing.T) {
	files, err := filepath.Glob("../../docs/traces/*.jsonl*")
	require.NoError(t, err)
	daemons, err := filepath.Glob("../../proof/traces/*.jsonl*") // cmd has their golden files
	require.NoError(t, err)
	for i, file := range append(files, daemons...) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".jsonl"), func(t *testing.T) {
			in, err := trace.ReadFile(file)
			require.NoError(t, err)
			p := synth.Infer(in, synth.Options{})
			in = in.Confined()
			require.Empty(t, p.Refused(in))
			dropIn, unit := emit(t, p, systemd.Options{})
			box, err := systemd.ReadSandbox(bytes.NewReader(dropIn), systemd.DefaultVersion)
			require.NoError(t, err)
			require.Empty(t, box.Refuses(in))
			start := p.Worker.Exe
			if p.Worker.Called != "" {
				start = p.Worker.Called
			}
			if i < len(files) {
				golden(t, filepath.Base(file)+".conf", dropIn)
				golden(t, filepath.Base(file)+".service", unit)
			}
			verify(t, analyze(t), string(start), p.Worker.Name, unit, nil)
		})
	}
}
