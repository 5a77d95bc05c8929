package robust

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/trace"
)

func number(n int) string { return strconv.Itoa(n) }

// The recorder may be killed at any moment. What it wrote is readable, what is
// kept in sets is at most a second old, and the worker does not notice.
func TestRecorderIsKilled(t *testing.T) {
	b := build(t)
	for _, after := range []int{0, 1, 20, 300, 1700} { // steps of the worker
		t.Run(number(after), func(t *testing.T) {
			dir := t.TempDir()
			r := b.record(t, filepath.Join(dir, "trace"), b.work, "steps", dir)
			eventually(t, "the worker begins", func() bool { return stepsDone(dir) >= after })
			at, killed := stepsDone(dir), time.Now()
			require.NoError(t, r.Process.Kill())
			_ = r.Wait()
			eventually(t, "the worker goes on", func() bool { return stepsDone(dir) > at+100 })
			require.NoError(t, os.WriteFile(filepath.Join(dir, "stop"), nil, 0o644))
			eventually(t, "the worker ends", func() bool { return stepsDone(dir) < 0 })

			recorded := read(t, r.trace)
			assert.Contains(t, holes(recorded), trace.HoleTruncated)
			if age := killed.Sub(recorded.Runs[0].Started); len(recorded.Files) > 0 {
				assert.Empty(t, unseenMarks(recorded, dir, age-1500*time.Millisecond), "sets are a second old at most")
			}
			assert.LessOrEqual(t, len(missing(recorded, dir, "step", at)), 100, "files are written as they come")
		})
	}
}

// unseenMarks are the marks of "work steps" that are not among the calls of the
// trace, though a file that was opened after each was so before the given time.
func unseenMarks(recorded *trace.Trace, dir string, before time.Duration) (unseen []string) {
	seen := map[string]bool{}
	for _, f := range recorded.Syscalls {
		seen[f.Name] = true
	}
	for i, mark := range []string{"getpgrp", "getsid", "times", "getpriority", "sched_yield", "sched_getscheduler", "sync_file_range", "umask"} {
		opened := trace.Path(filepath.Join(dir, "step."+number(i*200)))
		for _, f := range recorded.Files {
			if f.Path == opened && f.First < before.Milliseconds() && !seen[mark] {
				unseen = append(unseen, mark)
			}
		}
	}
	return unseen
}

// A full disk ends the recording with a clear error and a readable trace; the
// worker does its work to the end.
func TestDiskIsFull(t *testing.T) {
	b := build(t)
	disk, dir := t.TempDir(), t.TempDir()
	require.NoError(t, syscall.Mount("none", disk, "tmpfs", 0, "size=128k"))
	defer func() { assert.NoError(t, syscall.Unmount(disk, syscall.MNT_DETACH)) }()
	done := filepath.Join(dir, "done")
	r := b.record(t, filepath.Join(disk, "trace"), "sh", "-c", `"$0" files "$1" 20000 && : >"$2"`, b.work, dir, done)
	require.Error(t, r.Wait())
	assert.Equal(t, 125, r.ProcessState.ExitCode(), "%s", r.stderr.String())
	assert.Contains(t, r.stderr.String(), "no space left on device")
	assert.FileExists(t, done, "the worker went on")

	recorded := read(t, filepath.Join(disk, "trace"))
	assert.Contains(t, holes(recorded), trace.HoleTruncated)
	assert.NotEmpty(t, recorded.Files)
	out, err := exec.Command(b.recorder, "emit", "--format", "systemd", filepath.Join(disk, "trace")).CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Contains(t, string(out), "without a closing record", "every command says that the trace is cut off")
}

// Before it has begun, the worker is a stopped copy of the recorder: it begins with
// the recorder or not at all, and nothing is left of it.
func TestRecorderIsKilledAtTheStart(t *testing.T) {
	b := build(t)
	for _, after := range []time.Duration{0, 30, 100, 300, 600, 1000, 1500} { // from nothing done to all
		t.Run((after * time.Millisecond).String(), func(t *testing.T) {
			dir := t.TempDir()
			began, ended, file := filepath.Join(dir, "began"), filepath.Join(dir, "ended"), filepath.Join(dir, "trace")
			r := b.record(t, file, "sh", "-c", `: >"$0"; sleep 0.2; : >"$1"`, began, ended)
			time.Sleep(after * time.Millisecond)
			_ = r.Process.Kill()
			_ = r.Wait()
			eventually(t, "nothing is left", func() bool { return !named(t, began) })
			_, errBegan := os.Stat(began)
			_, errEnded := os.Stat(ended)
			assert.Equal(t, errBegan == nil, errEnded == nil, "a worker that began went on to its end")
			if info, err := os.Stat(file); err == nil && info.Size() > 0 {
				read(t, file)
			}
		})
	}
}

// named says whether a process has the text among its arguments.
func named(t *testing.T, text string) bool {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	for _, file := range files {
		if line, err := os.ReadFile(file); err == nil && strings.Contains(string(line), text) {
			return true
		}
	}
	return false
}

// A program may be gone when the recorder comes to look at it, in a place that only
// the worker saw. What the kernel knew of it is in the trace.
func TestExecutesWhatIsGone(t *testing.T) {
	const opens = 100
	b := build(t)
	dir := t.TempDir()
	r := b.record(t, b.path("trace"), "unshare", "--mount", "sh", "-c", `
		mount -t tmpfs -o mode=711 none "$1" && cp "$0" "$1/gone" && chmod 111 "$1/gone" && "$1/gone" files "$1" `+number(opens)+`
		rm "$1/gone"`, b.work, dir)
	require.NoError(t, r.Wait(), "%s", r.stderr.String())
	recorded := read(t, r.trace)
	gone := filepath.Join(dir, "gone")
	assert.Equal(t, uint64(opens), calls(recorded, gone, "ENOENT"))
	assert.Empty(t, missing(recorded, dir, "none", opens))
	assert.True(t, slices.ContainsFunc(recorded.Execs, func(e trace.Exec) bool {
		return slices.ContainsFunc(recorded.Subjects, func(s trace.Subject) bool { return s.ID == e.Target && string(s.Exe) == gone })
	}), "it was executed")
}
