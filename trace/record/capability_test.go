package record

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/cilium/ebpf/btf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/bpf"
	"github.com/osapi-io/osapi-profile/trace"
)

// Each way to see capability checks that this kernel has must give the same
// facts of the same act: giving a file away as root, and failing to as nobody.
func TestEachWayToSeeCapabilities(t *testing.T) {
	needBPF(t)
	spec, err := bpf.LoadRecorder()
	require.NoError(t, err)
	works := 0
	for _, way := range capabilityChoices() {
		if err := try(spec, btf.NewCache(), way); err != nil {
			t.Logf("%s: %v", way.hook, err)
			continue
		}
		works++
		t.Run(filepath.Base(way.hook), func(t *testing.T) {
			file := filepath.Join(ground(t), "file")
			root, read := recordAs(t, way, nil, "chown", "nobody", file)
			require.Zero(t, root.Exit)
			assert.Contains(t, facts(read, "fchownat"), "CAP_CHOWN ok setattr_prepare")
			assert.Equal(t, way.hook, hookOf(read, "capability"))

			nobody, read := recordAs(t, way, &Identity{Name: "nobody", UID: 65534, GID: 65534}, "chown", "nobody", "/etc/passwd")
			require.NotZero(t, nobody.Exit)
			assert.Contains(t, facts(read, "fchownat"), "CAP_CHOWN EPERM setattr_prepare")
		})
	}
	assert.NotZero(t, works, "no way to see capabilities works here")
}

// Without any way the recording goes on, and says what is missing.
func TestNoWayToSeeCapabilities(t *testing.T) {
	needBPF(t)
	_, read := recordAs(t, choice{}, nil, "true")
	assert.Empty(t, read.Capabilities)
	assert.Empty(t, hookOf(read, "capability"))
	require.Len(t, read.Holes, 1)
	assert.Equal(t, trace.HoleNoProbe, read.Holes[0].Kind)
}

func recordAs(t *testing.T, way choice, as *Identity, command ...string) (Result, *trace.Trace) {
	t.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	require.NoError(t, err)
	defer func() { _ = null.Close() }()
	var file bytes.Buffer
	result, err := run(t.Context(), Options{
		Command: command, Identity: as, Trace: &file, Tool: "test", Stdin: null, Stdout: null, Stderr: null,
	}, []choice{way}, functionWays())
	require.NoError(t, err)
	read, err := trace.Read(&file)
	require.NoError(t, err)
	return result, read
}

// facts are the needed capability checks of one call: name, outcome, caller.
func facts(read *trace.Trace, call string) []string {
	var list []string
	for _, c := range read.Capabilities {
		if c.Syscall == call && c.Optional == trace.Needed {
			list = append(list, c.Name+" "+c.Outcome+" "+c.Caller)
		}
	}
	return list
}

func hookOf(read *trace.Trace, fact string) string {
	for _, p := range read.Runs[0].Probes {
		if p.Fact == fact {
			return p.Hook
		}
	}
	return ""
}
