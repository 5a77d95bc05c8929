package record

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/osapi-io/osapi-profile/trace"
	"github.com/osapi-io/osapi-profile/trace/record/launch"
)

// The test binary is the launcher of its recordings, and the worker of most.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == launch.Name {
		os.Exit(launch.Main())
	}
	if len(os.Args) == 2 && os.Args[1] == "memory" {
		fmt.Fprintln(os.Stderr, executeMemory())
		os.Exit(1)
	}
	if len(os.Args) == 3 && os.Args[1] == "serve" {
		os.Exit(serve(os.Args[2]))
	}
	if len(os.Args) == 4 && os.Args[1] == "attached" {
		if err := attachedWorkers()[os.Args[2]](os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) == 3 && os.Args[1] == "refused" {
		fmt.Fprintln(os.Stderr, beRefused(os.Args[2]))
		os.Exit(1)
	}
	if len(os.Args) == 3 && os.Args[1] == "rings" {
		if err := actByRings(os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) >= 4 && os.Args[1] == "need" {
		if err := doNeed(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) >= 4 && os.Args[1] == "act" {
		if os.Args[2] == together {
			os.Exit(actTogether())
		}
		os.Exit(act(os.Args[2], os.Args[3]))
	}
	os.Exit(m.Run())
}

// loadOnce says why recording cannot work here. It takes an emulated guest
// seconds.
var loadOnce = sync.OnceValue(func() error {
	p, err := load(capabilityChoices(), functionWays())
	if err == nil {
		p.close()
	}
	return err
})

func needBPF(t *testing.T) {
	t.Helper()
	err := loadOnce()
	if err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("recording must work where CI runs: %v", err)
	}
	t.Skipf("recording does not work here: %v", err)
}

// ground is a directory for an action.
func ground(t *testing.T) string {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	layOut(t, dir)
	return dir
}

func layOut(t *testing.T, dir string) { require.NoError(t, scenery(dir)) }

// scenery is what actions find in their directory.
func scenery(dir string) error {
	var errs []error
	for _, d := range []string{"sub", "empty"} {
		errs = append(errs, os.MkdirAll(filepath.Join(dir, d), 0o755))
	}
	for _, f := range []string{"file", "sub/gone"} {
		errs = append(errs, os.WriteFile(filepath.Join(dir, f), []byte("text"), 0o755))
	}
	return errorsOf(append(errs, os.Symlink("sub", filepath.Join(dir, "link")), os.Symlink("/sub", filepath.Join(dir, "abs")))...)
}

func recordCommand(t *testing.T, signals <-chan os.Signal, command ...string) (Result, *trace.Trace) {
	t.Helper()
	var file bytes.Buffer
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	require.NoError(t, err)
	defer func() { _ = null.Close() }()
	result, err := Run(t.Context(), Options{
		Command: command, Trace: &file, Tool: "test", Signals: signals,
		Stdin: null, Stdout: null, Stderr: os.Stderr,
		Warn: func(s string) { t.Log("warning:", s) },
	})
	require.NoError(t, err)
	read, err := trace.Read(&file)
	require.NoError(t, err)
	return result, read
}

func TestScope(t *testing.T) {
	needBPF(t)
	dir := ground(t)
	// A double fork, a pipeline and a script, each leaving a mark.
	script := filepath.Join(dir, "script")
	require.NoError(t, os.WriteFile(script, []byte("#!/bin/sh\n: >\"$1\"\n"), 0o755))
	result, read := recordCommand(t, nil, "sh", "-c",
		"cd "+dir+"; (setsid sh -c ': >one' &); echo x | cat >two; ./script three; exit 3")
	assert.Equal(t, 3, result.Exit)
	created := map[string]bool{}
	for _, f := range read.Files {
		if f.Access&trace.AccessCreate != 0 && f.Outcome == trace.OK {
			created[strings.TrimPrefix(string(f.Path), dir+"/")] = true
		}
	}
	assert.Equal(t, map[string]bool{"one": true, "two": true, "three": true}, created)
	var scripts []string
	for _, s := range read.Subjects {
		if s.Script != "" {
			scripts = append(scripts, string(s.Script)+" by "+filepath.Base(string(s.Exe)))
		}
	}
	assert.Equal(t, []string{script + " by dash"}, scripts)
	for _, f := range read.Execs {
		assert.False(t, f.UID || f.GID || f.Caps, "root gains nothing: %+v", f)
	}
	for _, f := range read.Syscalls {
		assert.NotZero(t, f.Subject, "%s belongs to no program", f.Name)
	}
}

// executeMemory becomes a copy of /bin/true that is in no directory.
func executeMemory() error {
	program, err := os.ReadFile("/bin/true")
	if err != nil {
		return err
	}
	fd, err := unix.MemfdCreate("copy", 0)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("/proc/self/fd/%d", fd)
	return errorsOf(os.WriteFile(name, program, 0), unix.Exec(name, []string{"copy"}, nil))
}

func TestProgramWithoutAName(t *testing.T) {
	needBPF(t)
	result, read := recordCommand(t, nil, os.Args[0], "memory")
	require.Zero(t, result.Exit)
	require.Len(t, read.Holes, 1)
	assert.Contains(t, read.Holes[0].Detail, "memfd_create")
	assert.Len(t, read.Execs, 1, "the memory has no path")
	for _, s := range read.Subjects {
		assert.NotEqual(t, trace.Path("/"), s.Exe)
	}
}

// One program by two names is two, each with what it did; so is one that has the inode
// of another which is gone.
func TestProgramsOfOneInode(t *testing.T) {
	needBPF(t)
	dir := ground(t)
	program, err := os.ReadFile("/bin/cat")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(dir+"/one", program, 0o755))
	require.NoError(t, os.Link(dir+"/one", dir+"/two"))
	result, read := recordCommand(t, nil, "sh", "-c", "cd "+dir+"; ./one file; ./two sub/gone; mv one sub/three; sub/three link/../file; rm two")
	require.Zero(t, result.Exit)
	did := map[string]string{}
	for _, f := range read.Files {
		name, ok := strings.CutPrefix(string(f.Path), dir+"/")
		for _, s := range read.Subjects {
			if ok && s.ID == f.Subject && strings.HasPrefix(string(s.Exe), dir) {
				did[strings.TrimPrefix(string(s.Exe), dir+"/")] += name + " "
			}
		}
	}
	assert.Equal(t, map[string]string{"one": "file ", "two": "sub/gone ", "sub/three": "file "}, did)
}

func TestSetuidExec(t *testing.T) {
	needBPF(t)
	dir := ground(t)
	require.NoError(t, os.Chmod(dir, 0o755))
	data, err := os.ReadFile("/usr/bin/id")
	require.NoError(t, err)
	setuid := filepath.Join("/usr/local/bin", "osapi-profile-test-setuid")
	require.NoError(t, os.WriteFile(setuid, data, 0o755))
	defer func() { _ = os.Remove(setuid) }()
	require.NoError(t, os.Chmod(setuid, os.ModeSetuid|0o755))
	var file bytes.Buffer
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	require.NoError(t, err)
	_, err = Run(t.Context(), Options{
		Command: []string{"sh", "-c", setuid + "; true"}, Trace: &file, Stdin: null, Stdout: null, Stderr: null,
		Identity: &Identity{Name: "nobody", UID: 65534, GID: 65534},
	})
	require.NoError(t, err)
	read, err := trace.Read(&file)
	require.NoError(t, err)
	gained := false
	for _, e := range read.Execs {
		gained = gained || e.UID && e.Caps && string(e.Called) == setuid
	}
	assert.True(t, gained, "%+v", read.Execs)
}

func TestSignalsReachTheWorker(t *testing.T) {
	needBPF(t)
	signals := make(chan os.Signal, 1)
	signals <- syscall.SIGTERM
	result, read := recordCommand(t, signals, "sleep", "60")
	assert.Equal(t, syscall.SIGTERM, result.Signal)
	require.Len(t, read.Runs, 1)
	assert.Equal(t, "SIGTERM", read.Runs[0].End.Signal)
}

func TestNotExecuted(t *testing.T) {
	needBPF(t)
	dir := ground(t)
	plain := filepath.Join(dir, "plain")
	require.NoError(t, os.WriteFile(plain, []byte("text"), 0o644))
	for command, want := range map[string]error{
		"no-such-command-anywhere": syscall.ENOENT, filepath.Join(dir, "none"): syscall.ENOENT,
		plain: syscall.EACCES, filepath.Join(dir, "file"): syscall.ENOEXEC,
	} {
		var file bytes.Buffer
		_, err := Run(t.Context(), Options{Command: []string{command}, Trace: &file, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr})
		var not *NotExecutedError
		require.ErrorAs(t, err, &not, command)
		assert.ErrorIs(t, not.Err, want, command)
	}
}
