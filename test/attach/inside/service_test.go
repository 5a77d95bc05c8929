//go:build inside

package inside

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/trace"
)

// units is where a unit lives that goes with the machine.
const units = "/run/systemd/system"

// install makes a unit, which is gone after the test.
func install(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join(units, name)
	require.NoError(t, os.MkdirAll(units, 0o755))
	require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	systemctl(t, "daemon-reload")
	t.Cleanup(func() {
		_ = exec.Command("systemctl", "stop", name).Run()
		require.NoError(t, os.Remove(file))
		systemctl(t, "daemon-reload")
	})
}

func systemctl(t *testing.T, args ...string) {
	t.Helper()
	out, err := exec.Command("systemctl", args...).CombinedOutput()
	require.NoError(t, err, "systemctl %v\n%s", args, out)
}

func active(unit string) bool {
	return exec.Command("systemctl", "--quiet", "is-active", unit).Run() == nil
}

// recording is osapi-profile at work.
type recording struct {
	*testing.T
	*exec.Cmd
	file string
	said bytes.Buffer
}

func record(t *testing.T, args ...string) *recording {
	t.Helper()
	r := &recording{T: t, file: filepath.Join(t.TempDir(), "trace.jsonl")}
	r.Cmd = exec.Command("./osapi-profile", append([]string{"record", "-o", r.file}, args...)...)
	r.Cmd.Stderr = &r.said
	require.NoError(t, r.Cmd.Start())
	t.Cleanup(func() { _ = r.Cmd.Process.Kill() })
	return r
}

// until waits for something to come true.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Minute); !holds(); time.Sleep(50 * time.Millisecond) {
		require.True(t, time.Now().Before(end), "waited in vain: %s", what)
	}
}

// has waits for a text in the trace.
func (r *recording) has(text string) {
	r.Helper()
	until(r.T, text+" in the trace", func() bool {
		data, _ := os.ReadFile(r.file)
		return bytes.Contains(data, []byte(text))
	})
}

// interrupt ends the recording as Ctrl-C does.
func (r *recording) interrupt() *trace.Trace {
	r.Helper()
	require.NoError(r, r.Cmd.Process.Signal(syscall.SIGINT))
	return r.ended(0)
}

// ended waits for the end and reads the trace.
func (r *recording) ended(status int) *trace.Trace {
	r.Helper()
	err := r.Cmd.Wait()
	failed := &exec.ExitError{}
	if errors.As(err, &failed) {
		err = nil
	}
	require.NoError(r, err)
	require.Equal(r, status, r.Cmd.ProcessState.ExitCode(), "%s", &r.said)
	f, err := os.Open(r.file)
	require.NoError(r, err)
	defer func() { _ = f.Close() }()
	read, err := trace.Read(f)
	require.NoError(r, err)
	return read
}

// entrances are the programs by which the scope was entered, as they were
// called, with what was lifted of the sandbox.
func entrances(read *trace.Trace) []string {
	var names []string
	for _, e := range read.Execs {
		if e.Subject != 0 {
			continue
		}
		name := string(e.Called)
		for _, s := range read.Subjects {
			if s.ID == e.Target && s.Lifted != "" {
				name += " without " + string(s.Lifted)
			}
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// did says whether there is a successful access to a file.
func did(read *trace.Trace, path string, access trace.Access) bool {
	return slices.ContainsFunc(read.Files, func(f trace.File) bool {
		return string(f.Path) == path && f.Access&access != 0 && f.Outcome == trace.OK
	})
}

func kinds(read *trace.Trace) string {
	var all []string
	for _, h := range read.Holes {
		all = append(all, h.Kind+": "+h.Detail)
	}
	return strings.Join(all, "\n")
}
