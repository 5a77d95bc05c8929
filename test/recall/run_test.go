package recall

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/test/recall/oracle"
	"github.com/osapi-io/osapi-profile/test/recall/seen"
	"github.com/osapi-io/osapi-profile/test/recall/strace"
	"github.com/osapi-io/osapi-profile/trace"
)

// environment is all that a workload gets, so that both runs get the same.
var environment = []string{
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "HOME=/nonexistent",
	"GOMAXPROCS=2", "GODEBUG=asyncpreemptoff=1", "GOGC=off", // the Go runtime's own calls depend on time otherwise
}

// limit is how long one run may take.
const limit = 5 * time.Minute

// run runs a command in the workload's tree while the workload is driven.
func (w workload) run(t *testing.T, l layout, command []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	talk, err := os.Create(l.dir + ".talk")
	require.NoError(t, err)
	defer talk.Close()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = l.dir, environment, talk, talk
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	require.NoError(t, cmd.Start())
	var driven error
	if w.drive != nil {
		if driven = w.drive(l); driven != nil {
			driven = errors.Join(driven, cmd.Cancel())
		}
	}
	if err := errors.Join(driven, cmd.Wait()); err != nil {
		said, _ := os.ReadFile(talk.Name())
		require.NoError(t, err, "%s said: %s", filepath.Base(command[0]), said)
	}
}

// underStrace answers what strace shows of the workload, and leaves the tree
// as it was before.
func (w workload) underStrace(t *testing.T, l layout) seen.Set {
	t.Helper()
	log := l.dir + ".strace"
	w.reset(l)
	w.run(t, l, append(append([]string{"strace", "-o", log}, strace.Flags...), append([]string{"--"}, w.command(l)...)...))
	f, err := os.Open(log)
	require.NoError(t, err)
	defer f.Close()
	records, err := strace.Parse(f)
	require.NoError(t, err)
	w.reset(l) // the oracle looks at the tree as it was before the workload
	set, err := oracle.Read(records, l.dir)
	require.NoError(t, err)
	return w.plain(set)
}

// underRecorder answers what the recorder has in its trace of the workload.
func (w workload) underRecorder(t *testing.T, l layout) (seen.Set, *trace.Trace) {
	t.Helper()
	file := l.dir + ".trace"
	w.reset(l)
	w.run(t, l, append([]string{l.b.recorder, "record", "--quiet", "--force", "-o", file, "--"}, w.command(l)...))
	recorded, err := trace.ReadFile(file)
	require.NoError(t, err)
	return w.plain(seen.FromTrace(recorded)), recorded
}

func (w workload) reset(l layout) {
	l.t.Helper()
	l.reset()
	if w.prepare != nil {
		w.prepare(l)
	}
}

// plain puts one spelling in place of names that differ in each run, and leaves
// out the execve by which strace's child and the recorder's became the worker:
// it is not the worker's own.
func (w workload) plain(set seen.Set) seen.Set {
	set = set.Replace(slices.Concat(processes, w.replace))
	for item := range set {
		if item.Subject == "" && item.Kind != "exec" {
			delete(set, item)
		}
	}
	return set
}
