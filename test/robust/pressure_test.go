package robust

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/trace"
)

// more than the ring buffer (8 MiB) and the queue behind it hold.
const many = 60000

// A recorder that is stopped takes nothing in: the ring buffer overflows. What
// is kept in sets must be exact all the same. The files come again when the
// worker opens them a second time, with the recorder awake.
func TestRingBufferOverflows(t *testing.T) {
	b := build(t)
	dir := t.TempDir()
	again := filepath.Join(dir, "again")
	r := b.record(t, b.path("trace"), "sh", "-c", `
		kill -STOP $PPID
		"$0" files "$1" `+number(many)+`
		kill -CONT $PPID
		until [ -e "$2" ]; do sleep 0.1; done
		exec "$0" slowly "$1" `+number(many), b.work, dir, again)
	// The first hundred of what was dropped is reported while the worker goes on.
	eventually(t, "the hole is in the trace", func() bool {
		text, err := os.ReadFile(r.trace)
		return err == nil && strings.Contains(string(text), `"type":"hole","kind":"lost"`)
	})
	require.NoError(t, os.WriteFile(again, nil, 0o644))
	require.NoError(t, r.Wait(), "%s", r.stderr.String())

	recorded := read(t, r.trace)
	assert.Contains(t, holes(recorded), trace.HoleLost, "what was dropped is counted")
	assert.Contains(t, r.stderr.String(), "dropped")
	assert.Empty(t, missing(recorded, dir, "none", many), "what was dropped came again")
	assert.Equal(t, uint64(2*many), calls(recorded, b.work, "ENOENT"), "sets lose nothing")
}

// calls is how often a program's open calls came to that outcome.
func calls(recorded *trace.Trace, exe, outcome string) (n uint64) {
	programs := map[int]bool{}
	for _, s := range recorded.Subjects {
		programs[s.ID] = string(s.Exe) == exe
	}
	for _, f := range recorded.Syscalls {
		if programs[f.Subject] && strings.HasPrefix(f.Name, "open") && f.Outcome == outcome {
			n += f.Count
		}
	}
	return n
}

// Process ids that come round again confuse nothing: the worker has few of them
// to itself and goes through each many times.
func TestProcessIDsAreReused(t *testing.T) {
	const children, ids = 3000, 400
	b := build(t)
	dir := t.TempDir()
	r := b.record(t, b.path("trace"), "unshare", "--pid", "--fork", "--mount", "--mount-proc", "sh", "-c", `
		echo `+number(ids)+` >/proc/sys/kernel/pid_max &&
		exec "$0" short "$1" `+number(children), b.work, dir)
	require.NoError(t, r.Wait(), "%s", r.stderr.String())
	recorded := read(t, r.trace)
	assert.Empty(t, missing(recorded, dir, "child", children))
	assert.Equal(t, uint64(children), calls(recorded, b.work, "ENOENT"))
	assert.Empty(t, recorded.Holes)
	assert.Less(t, recorded.Runs[0].End.Resources.TasksPeak, uint64(10), "who has ended is not counted")
}

// A worker may hide the file it was started from, and end by any signal.
func TestWorkerRemovesItselfAndDies(t *testing.T) {
	b := build(t)
	copied := b.path("copy")
	data, err := os.ReadFile(b.work)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(copied, data, 0o711))
	r := b.record(t, b.path("trace"), "sh", "-c", `rm "$0"; kill -SEGV $$`, copied)
	require.Error(t, r.Wait())
	assert.Equal(t, 128+int(syscall.SIGSEGV), r.ProcessState.ExitCode())
	recorded := read(t, r.trace)
	require.NotNil(t, recorded.Runs[0].End)
	assert.Equal(t, "SIGSEGV", recorded.Runs[0].End.Signal)
}

// A mount namespace of its own: what the worker sees at a path is not what the
// host has there. The trace has the path that the worker's namespace gives it.
func TestOtherMountNamespace(t *testing.T) {
	b := build(t)
	dir := t.TempDir()
	r := b.record(t, b.path("trace"), "unshare", "--mount", "sh", "-c", `
		mount -t tmpfs none "$0" && ln -s "$0" "$0/self" && echo text >"$0/self/file" && mv "$0/file" "$0/self/moved"`, dir)
	require.NoError(t, r.Wait(), "%s", r.stderr.String())
	recorded := read(t, r.trace)
	found := map[string]bool{}
	for _, f := range recorded.Files {
		if rest, ok := strings.CutPrefix(string(f.Path), dir+"/"); ok && f.Succeeded() {
			for _, a := range []trace.Access{trace.AccessCreate, trace.AccessRenameFrom, trace.AccessRenameTo} {
				if f.Access&a != 0 {
					found[a.String()+" "+rest] = true
					assert.Contains(t, []string{"tmpfs", ""}, f.FS, "%+v", f) // "": the namespace was gone when it was looked at
				}
			}
		}
	}
	assert.Equal(t, map[string]bool{
		"create self": true, "create file": true, "rename-from file": true, "rename-to moved": true,
	}, found)
}
