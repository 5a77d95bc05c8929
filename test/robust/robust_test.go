// Package robust puts the recorder under pressure, and ends it by force: what is
// bounded may never be lost, what was lost of the rest must be said, a trace is
// readable whatever happened, and the worker must not notice.
package robust

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/test/need"
	"github.com/osapi-io/osapi-profile/trace"
)

// limit is how long a wait may take before something is wrong.
const limit = time.Minute

// built is what the tests run.
type built struct {
	dir      string // of this test
	recorder string
	work     string // testdata/work.c
}

func build(t *testing.T) built {
	t.Helper()
	need.BPF(t)
	need.Tools(t, "gcc")
	root, dir := need.ModuleRoot(t), t.TempDir()
	b := built{dir: dir, recorder: filepath.Join(dir, "osapi-profile"), work: filepath.Join(dir, "work")}
	for _, command := range [][]string{
		{"go", "build", "-o", b.recorder, "./cmd/osapi-profile"},
		{"gcc", "-O2", "-static", "-Wall", "-Werror", "-o", b.work, "test/robust/testdata/work.c"},
	} {
		cmd := exec.Command(command[0], command[1:]...)
		cmd.Dir = root
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	return b
}

func (b built) path(name string) string { return filepath.Join(b.dir, name) }

// recording is a recorder that runs.
type recording struct {
	*exec.Cmd
	trace  string
	stderr bytes.Buffer
}

// record starts the recorder on a command, writing to a file of that name.
func (b built) record(t *testing.T, file string, command ...string) *recording {
	t.Helper()
	r := &recording{trace: file}
	r.Cmd = exec.Command(b.recorder, append([]string{"record", "-o", file, "--"}, command...)...)
	r.Stderr = &r.stderr
	r.WaitDelay = time.Second // a worker that outlives its recorder holds stderr
	require.NoError(t, r.Start())
	t.Cleanup(func() { _ = r.Process.Kill() })
	return r
}

// read reads a trace that has to be readable.
func read(t *testing.T, file string) *trace.Trace {
	t.Helper()
	recorded, err := trace.ReadFile(file)
	require.NoError(t, err)
	return recorded
}

// missing counts the names below dir, from prefix.0 on, that no fact is about.
func missing(recorded *trace.Trace, dir, prefix string, n int) (absent []string) {
	seen := map[trace.Path]bool{}
	for _, f := range recorded.Files {
		seen[f.Path] = true
	}
	for i := range n {
		name := filepath.Join(dir, fmt.Sprintf("%s.%d", prefix, i))
		if !seen[trace.Path(name)] {
			absent = append(absent, name)
		}
	}
	return absent
}

// holes are the kinds of holes in a trace.
func holes(recorded *trace.Trace) (kinds []string) {
	for _, h := range recorded.Holes {
		kinds = append(kinds, h.Kind)
	}
	return kinds
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !holds(); time.Sleep(10 * time.Millisecond) {
		require.True(t, time.Now().Before(end), "in vain: %s", what)
	}
}

// stepsDone is how far "work steps" has come; -1 before it began.
func stepsDone(dir string) (n int) {
	text, err := os.ReadFile(filepath.Join(dir, "count"))
	if _, scanErr := fmt.Sscan(strings.TrimSpace(string(text)), &n); err != nil || scanErr != nil {
		return -1
	}
	return n
}
