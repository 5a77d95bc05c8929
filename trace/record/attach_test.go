package record

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/osapi-io/osapi-profile/trace"
)

// attachedWorkers are what this test binary can be, to be attached to: each does
// something in a directory, waits for a byte on its standard input, and goes on.
func attachedWorkers() map[string]func(dir string) error {
	return map[string]func(string) error{
		"threads": threads, "forks": forks, "blocked": blocked,
		"recorder": func(target string) error {
			a := Attach{Cgroup: target}
			if pid, err := strconv.Atoi(target); err == nil {
				a = Attach{PID: pid}
			}
			_, err := Run(context.Background(), Options{Attach: &a, Trace: os.Stdout, Warn: func(s string) { fmt.Fprintln(os.Stderr, s) }})
			return err
		},
	}
}

// threads are eight of one process. Each makes a file before and one after.
func threads(dir string) error {
	const count = 8
	var ready, done sync.WaitGroup
	ready.Add(count)
	done.Add(count)
	begin := make(chan struct{})
	for i := range count {
		go func() {
			runtime.LockOSThread()
			_ = os.WriteFile(filepath.Join(dir, fmt.Sprintf("before%d", i)), nil, 0o600)
			ready.Done()
			<-begin
			_ = os.WriteFile(filepath.Join(dir, fmt.Sprintf("after%d", i)), nil, 0o600)
			done.Done()
		}()
	}
	ready.Wait()
	fmt.Println("ready")
	_, err := os.Stdin.Read(make([]byte, 1))
	close(begin)
	done.Wait()
	return err
}

// blocked is in a read(2) until it is told to go on, and in no other after.
func blocked(dir string) error {
	fmt.Println("ready")
	_, err := unix.Read(0, make([]byte, 1))
	return errorsOf(err, os.WriteFile(filepath.Join(dir, "after"), nil, 0o600))
}

// forks are four shells that fork as fast as they can, a child and its child
// for each file, until a file "stop" is there. They are nice, or loading the
// probes would take an emulated machine minutes.
func forks(dir string) error {
	fmt.Println("ready")
	var shells [4]*exec.Cmd
	for i := range shells {
		shells[i] = exec.Command("nice", "-n", "19", "sh", "-c", `n=1000; while ! [ -e stop ]; do n=$((n+1)); ( ( : >$0.$n ) & ); done`, strconv.Itoa(i))
		shells[i].Dir = dir
		if err := shells[i].Start(); err != nil {
			return err
		}
	}
	for _, s := range shells {
		_ = s.Wait()
	}
	return nil
}

// attached is a worker that was not started by the recorder.
type attached struct {
	*exec.Cmd
	stdin io.WriteCloser
}

func startWorker(t *testing.T, kind, dir string) attached {
	t.Helper()
	w := attached{Cmd: exec.Command(os.Args[0], "attached", kind, dir)}
	w.Stderr = os.Stderr
	var err error
	w.stdin, err = w.StdinPipe()
	require.NoError(t, err)
	out, err := w.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, w.Start())
	t.Cleanup(func() { _ = w.Process.Kill(); _, _ = w.Process.Wait() })
	line := make([]byte, len("ready\n"))
	_, err = io.ReadFull(out, line)
	require.NoError(t, err)
	return w
}

// startRecorder waits until a recorder says that it has attached.
func startRecorder(t *testing.T, recorder *exec.Cmd) {
	t.Helper()
	out, err := recorder.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, recorder.Start())
	line := make([]byte, 256)
	n, err := out.Read(line)
	require.NoError(t, err)
	require.Contains(t, string(line[:n]), "ran before the recorder attached")
}

// recordAttached records until what is attached to has ended, or signals tell.
// Once the recorder is ready, meanwhile is called.
func recordAttached(t *testing.T, a Attach, signals <-chan os.Signal, meanwhile func()) *trace.Trace {
	t.Helper()
	var file bytes.Buffer
	once := sync.Once{}
	result, err := Run(t.Context(), Options{Attach: &a, Trace: &file, Tool: "test", Signals: signals,
		Status: func(Status) { once.Do(meanwhile) }})
	require.NoError(t, err)
	assert.Zero(t, result.Exit)
	read, err := trace.Read(&file)
	require.NoError(t, err)
	require.NotNil(t, read.Runs[0].End)
	return read
}

// made lists the files of dir that the trace says were made.
func made(read *trace.Trace, dir string) map[string]bool {
	names := map[string]bool{}
	for _, f := range read.Files {
		if rest, ok := strings.CutPrefix(string(f.Path), dir+"/"); ok && f.Access&trace.AccessCreate != 0 && f.Outcome == trace.OK {
			names[rest] = true
		}
	}
	return names
}

func TestAttachToThreads(t *testing.T) {
	needBPF(t)
	dir := ground(t)
	w := startWorker(t, "threads", dir)
	read := recordAttached(t, Attach{PID: w.Process.Pid}, nil, func() { _, _ = w.stdin.Write([]byte("\n")) })
	want := map[string]bool{}
	for i := range 8 {
		want[fmt.Sprintf("after%d", i)] = true
	}
	assert.Equal(t, want, made(read, dir))
	require.Len(t, read.Holes, 1)
	assert.Equal(t, trace.HoleAttached, read.Holes[0].Kind)
	assert.EqualValues(t, 1, read.Holes[0].Count)
	exe, err := filepath.EvalSymlinks(os.Args[0])
	require.NoError(t, err)
	require.Len(t, read.Subjects, 1)
	assert.Equal(t, trace.Path(exe), read.Subjects[0].Exe)
	assert.Equal(t, "go", read.Subjects[0].Runtime)
	assert.Empty(t, read.Execs, "who executed it was not seen")
	assert.Equal(t, trace.AttachedPID, read.Runs[0].Attached)
	assert.Equal(t, trace.Path(exe), read.Runs[0].Worker)
}

// A call that began before has no outcome that could be vouched for; that it is
// made is known all the same.
func TestAttachInsideACall(t *testing.T) {
	needBPF(t)
	w := startWorker(t, "blocked", ground(t))
	read := recordAttached(t, Attach{PID: w.Process.Pid}, nil, func() { _, _ = w.stdin.Write([]byte("\n")) })
	var outcomes []string
	for _, f := range read.Syscalls {
		assert.NotZero(t, f.Subject)
		if f.Name == "read" {
			outcomes = append(outcomes, f.Outcome)
		}
	}
	assert.Equal(t, []string{""}, outcomes)
}

// Whatever forks while it is attached to is followed: of the files that each
// shell makes, all are in the trace from the first one on.
func TestAttachLosesNoChild(t *testing.T) {
	needBPF(t)
	dir := ground(t)
	w := startWorker(t, "forks", dir)
	files := func(shell int) []string { // sorted, since all numbers have four digits
		names, err := filepath.Glob(filepath.Join(dir, fmt.Sprintf("%d.*", shell)))
		assert.NoError(t, err)
		return names
	}
	read := recordAttached(t, Attach{PID: w.Process.Pid}, nil, func() {
		for shell := range 4 {
			for enough := len(files(shell)) + 10; len(files(shell)) < enough; {
				time.Sleep(20 * time.Millisecond)
			}
		}
		assert.NoError(t, os.WriteFile(filepath.Join(dir, "stop"), nil, 0o600))
	})
	recorded := made(read, dir)
	for shell := range 4 {
		names := files(shell)
		first, lost := "", []string(nil)
		for _, name := range names {
			name = filepath.Base(name)
			switch {
			case recorded[name] && first == "":
				first = name
			case !recorded[name] && first != "":
				lost = append(lost, name)
			}
		}
		assert.NotEmpty(t, first)
		assert.Empty(t, lost, "of %d, recorded from %s on", len(names), first)
	}
	for _, h := range read.Holes {
		assert.Equal(t, trace.HoleAttached, h.Kind, h.Detail)
	}
}

func TestInterruptLeavesTheWorker(t *testing.T) {
	needBPF(t)
	dir := ground(t)
	w := startWorker(t, "threads", dir)
	signals := make(chan os.Signal, 1)
	recordAttached(t, Attach{PID: w.Process.Pid}, signals, func() { signals <- syscall.SIGINT })
	_, err := w.stdin.Write([]byte("\n"))
	require.NoError(t, err)
	require.NoError(t, w.Wait(), "it goes on and ends as it always would")
	assert.FileExists(t, filepath.Join(dir, "after7"))
}

func TestKilledRecorderLeavesTheWorker(t *testing.T) {
	needBPF(t)
	dir := ground(t)
	w := startWorker(t, "threads", dir)
	recorder := exec.Command(os.Args[0], "attached", "recorder", strconv.Itoa(w.Process.Pid))
	var file bytes.Buffer
	recorder.Stdout = &file
	startRecorder(t, recorder)
	time.Sleep(1500 * time.Millisecond) // sets are written once a second
	require.NoError(t, recorder.Process.Kill())
	_ = recorder.Wait()
	_, err := w.stdin.Write([]byte("\n"))
	require.NoError(t, err)
	require.NoError(t, w.Wait())
	assert.FileExists(t, filepath.Join(dir, "after7"))
	read, err := trace.Read(&file)
	require.NoError(t, err)
	require.NotEmpty(t, read.Subjects)
	assert.Contains(t, read.Holes, trace.Hole{Kind: trace.HoleTruncated, Detail: read.Holes[len(read.Holes)-1].Detail})
}

func TestAttachRefuses(t *testing.T) {
	needBPF(t)
	for want, a := range map[string]Attach{
		"there is no process 4194305": {PID: 4194305},
		"thread of the kernel":        {PID: 2},
		"does not record itself":      {PID: os.Getpid()},
		"there is no cgroup /no/such": {Cgroup: "/no/such"},
	} {
		_, err := Run(t.Context(), Options{Attach: &a, Trace: io.Discard})
		require.ErrorContains(t, err, want)
	}
}

// enter runs a shell that goes into a cgroup and then does as told.
func enter(t *testing.T, dir, cgroup, script string) *exec.Cmd {
	c := exec.Command("sh", "-c", `echo $$ >"$0/cgroup.procs"; `+script, cgroup)
	c.Dir, c.Stderr = dir, os.Stderr
	require.NoError(t, c.Start())
	return c
}

func TestCgroup(t *testing.T) {
	needBPF(t)
	mount, err := cgroupMount()
	require.NoError(t, err)
	cgroup := filepath.Join(mount, fmt.Sprintf("osapi-profile-test-%d", os.Getpid()))
	inner := filepath.Join(cgroup, "inner")
	require.NoError(t, os.MkdirAll(inner, 0o755))
	t.Cleanup(func() { _ = os.Remove(inner); _ = os.Remove(cgroup) })
	dir := ground(t)
	require.NoError(t, unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600))
	early := enter(t, dir, cgroup, `: >unseen; echo >>in; while ! [ -e go ]; do sleep 0.1; done; : >early`)
	for i := 0; len(cgroupProcesses(cgroup)) == 0 && i < 100; i++ {
		time.Sleep(20 * time.Millisecond)
	}
	// Another process, since what the recorder itself starts is never recorded.
	recorder := exec.Command(os.Args[0], "attached", "recorder", strings.TrimPrefix(cgroup, mount))
	var file bytes.Buffer
	recorder.Stdout = &file
	startRecorder(t, recorder)

	executed := enter(t, dir, inner, `exec sh -c ": >executed; (: >child)"`)
	outside := exec.Command("sh", "-c", ": >outside")
	outside.Dir = dir
	require.NoError(t, outside.Run())
	// It executes nothing in the cgroup, and is noticed within a second or so.
	entered := enter(t, dir, cgroup, `while ! [ -e go ]; do read x <fifo; done; : >entered`)
	require.NoError(t, executed.Wait())
	time.Sleep(2500 * time.Millisecond)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go"), nil, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "fifo"), []byte("\n"), 0o600))
	require.NoError(t, early.Wait())
	require.NoError(t, entered.Wait())
	require.NoError(t, os.Remove(inner))
	require.NoError(t, os.Remove(cgroup))
	require.NoError(t, recorder.Wait(), "it ends with the cgroup")
	read, err := trace.Read(&file)
	require.NoError(t, err)
	assert.Equal(t, map[string]bool{"early": true, "executed": true, "child": true, "entered": true}, made(read, dir))
	assert.Equal(t, trace.AttachedCgroup, read.Runs[0].Attached)
}
