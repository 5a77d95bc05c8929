package record

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/osapi-io/osapi-profile/trace"
	"github.com/osapi-io/osapi-profile/trace/record/plan"
)

// serve is a small daemon on a directory: it makes the files that are asked for
// in the FIFO "in", reads "beat" ten times a second, on SIGHUP reads "conf" and
// on SIGTERM makes "bye" and ends. "quit" ends it with status 4; "deaf" makes it
// ignore SIGTERM; "hog" makes it take 64 MiB and half a second of CPU.
func serve(dir string) int {
	in := filepath.Join(dir, "in")
	if err := unix.Mkfifo(in, 0o600); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	requests, err := os.OpenFile(in, os.O_RDWR, 0)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "beat"), nil, 0o600)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGTERM)
	lines := make(chan string)
	go func() {
		for s := bufio.NewScanner(requests); s.Scan(); {
			lines <- s.Text()
		}
	}()
	fmt.Println("serving", dir)
	beat := time.NewTicker(100 * time.Millisecond)
	deaf := false
	for {
		select {
		case <-beat.C:
			_, _ = os.ReadFile(filepath.Join(dir, "beat"))
		case s := <-signals:
			if s == syscall.SIGHUP {
				_, _ = os.ReadFile(filepath.Join(dir, "conf"))
			} else if !deaf {
				_ = os.WriteFile(filepath.Join(dir, "bye"), nil, 0o600)
				return 0
			}
		case name := <-lines:
			switch name {
			case "quit":
				return 4
			case "deaf":
				deaf = true
			case "hog":
				hog()
				_ = os.WriteFile(filepath.Join(dir, "hogged"), nil, 0o600)
			default:
				_ = os.WriteFile(filepath.Join(dir, name), nil, 0o600)
			}
		}
	}
}

func hog() {
	memory := make([]byte, 64<<20)
	for begin := cpuTime(); cpuTime()-begin < 500*time.Millisecond; {
		for i := 0; i < len(memory); i += 4096 {
			memory[i]++
		}
	}
}

func cpuTime() time.Duration {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t)
	return time.Duration(t.Nano())
}

// perform records serve under a plan, of which want is everything but ready.
func perform(t *testing.T, text string) (dir string, result Result, read *trace.Trace) {
	t.Helper()
	needBPF(t)
	dir = t.TempDir()
	p, err := plan.Parse("plan.yaml", dir, []byte("ready: {line: ^serving, timeout: 20s}\nsettle: 300ms\n"+text))
	require.NoError(t, err)
	result, read = performPlan(t, p, os.Args[0], "serve", dir)
	return dir, result, read
}

func performPlan(t *testing.T, p *plan.Plan, command ...string) (Result, *trace.Trace) {
	t.Helper()
	var file bytes.Buffer
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	require.NoError(t, err)
	defer func() { _ = null.Close() }()
	var told []trace.Operation
	result, err := Run(t.Context(), Options{
		Command: command, Trace: &file, Tool: "test", Stdin: null, Stdout: null, Stderr: os.Stderr, Plan: p,
		Warn: func(s string) { t.Log("warning:", s) }, Progress: func(o trace.Operation) { told = append(told, o) },
	})
	require.NoError(t, err)
	assert.Equal(t, result.Operations, told)
	read, err := trace.Read(&file)
	require.NoError(t, err)
	return result, read
}

// files lists in which operations a file was used in a way, as "NAME OPERATION".
func files(read *trace.Trace, dir string, access trace.Access) []string {
	var list []string
	for _, f := range read.Files {
		if name, ok := strings.CutPrefix(string(f.Path), dir+"/"); ok && f.Access&access != 0 && f.Outcome == trace.OK {
			list = append(list, name+" "+f.Operation)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// outcomes lists operations as "NAME OUTCOME: DETAIL".
func outcomes(operations []trace.Operation) []string {
	var list []string
	for _, o := range operations {
		s := o.Name + " " + o.Outcome
		if o.Detail != "" {
			s += ": " + o.Detail
		}
		list = append(list, s)
	}
	return list
}

func TestPlan(t *testing.T) {
	dir, result, read := perform(t, `
without: [log-rotation]
operations:
  - {name: one, shell: echo one >in}
  - {name: twice, shell: 'echo again >in', repeat: 2}
  - {name: broken, shell: 'echo two >in; exit 3'}
  - {name: slow, command: [sleep, 60], timeout: 200ms}
  - {name: refused, command: ["false"], expect: failure}
  - {name: unrefused, command: ["true"], expect: failure}
  - {name: none, command: [./no-such-program]}
  - {name: idle, wait: 1s}
  - {name: reload}
`)
	require.Equal(t, []string{
		"startup ok", "one ok", "twice ok", "twice ok", "broken failed: exit status 3", "slow failed: took longer than 200ms",
		"refused ok", "unrefused failed: exit status 0, and it was meant to fail",
		`none failed: cannot execute "./no-such-program": no such file or directory`, "idle ok", "reload ok", "shutdown ok",
		"reconnect skipped: the plan has none",
	}, outcomes(result.Operations))
	assert.Equal(t, result.Operations, read.Runs[0].Operations)
	assert.True(t, result.Stopped)
	assert.Zero(t, result.Exit)
	assert.Equal(t, []string{"again twice", "beat startup", "bye shutdown", "in startup", "one one", "two broken"}, files(read, dir, trace.AccessCreate))
	beats := files(read, dir, trace.AccessRead)
	assert.Subset(t, beats, []string{"beat idle", "beat one", "in startup"})

	// The commands of the plan are none of the worker's doing.
	for _, s := range read.Subjects {
		assert.NotContains(t, []string{"dash", "sleep", "false", "true"}, filepath.Base(string(s.Exe)))
	}
	for _, f := range read.Syscalls {
		assert.NotEmpty(t, f.Operation, f.Name)
	}
	// One operation follows another without a gap, and facts lie in theirs.
	spans := map[string][2]int64{}
	last := int64(0)
	for _, o := range result.Operations[:12] {
		assert.LessOrEqual(t, last, o.First, o.Name)
		assert.LessOrEqual(t, o.First-last, int64(50), o.Name)
		last = o.Last
		if _, again := spans[o.Name]; !again {
			spans[o.Name] = [2]int64{o.First, o.Last}
		}
		spans[o.Name] = [2]int64{spans[o.Name][0], o.Last}
	}
	for _, f := range read.Files {
		assert.True(t, spans[f.Operation][0] <= f.First+1 && f.Last <= spans[f.Operation][1]+20, "%+v %v", f, spans[f.Operation])
	}
	holes := read.Untrained()
	require.Len(t, holes, 5)
	assert.Equal(t, "operation broken failed, so that only the attempt was seen: exit status 3", holes[0].Detail)
	assert.Equal(t, "operation reconnect never ran: the plan has none", holes[2].Detail)
}

func TestReloadReadsConfiguration(t *testing.T) {
	dir, result, read := perform(t, "operations:\n- {name: make, shell: 'echo x >conf'}\n- {name: reload}\n")
	assert.Equal(t, []string{"startup ok", "make ok", "reload ok", "shutdown ok"}, outcomes(result.Operations)[:4])
	assert.Contains(t, files(read, dir, trace.AccessRead), "conf reload")
	assert.NotContains(t, files(read, dir, trace.AccessRead), "conf make")
}

func TestWorkerEndsInAnOperation(t *testing.T) {
	_, result, read := perform(t, "without: [idle, reload, log-rotation, reconnect]\noperations:\n- {name: one, shell: echo one >in}\n"+
		"- {name: fatal, shell: 'echo quit >in; sleep 60'}\n- {name: never, shell: echo never >in}\n")
	assert.Equal(t, []string{
		"startup ok", "one ok", "fatal failed: the worker ended in it: exit status 4", "never skipped: the worker had ended",
		"shutdown skipped: the worker had ended",
	}, outcomes(result.Operations))
	assert.False(t, result.Stopped)
	assert.Equal(t, 4, result.Exit)
	assert.Equal(t, 4, read.Runs[0].End.Exit)
	assert.Len(t, read.Untrained(), 3)
}

func TestWorkerThatIsNeverReady(t *testing.T) {
	needBPF(t)
	dir := t.TempDir()
	for ready, want := range map[string]string{
		"{port: 1, timeout: 300ms}":               "startup failed: the worker was not ready within 300ms",
		"{line: x, file: none, timeout: 300ms}":   "startup failed: the worker was not ready within 300ms",
		"{command: [sleep, '9'], timeout: 300ms}": "startup failed: the worker was not ready within 300ms",
	} {
		p, err := plan.Parse("plan.yaml", dir, []byte("ready: "+ready+"\noperations: [{name: idle, wait: 1ms}]\n"))
		require.NoError(t, err)
		result, _ := performPlan(t, p, "sleep", "60")
		assert.Equal(t, []string{want, "shutdown ok", "idle skipped: the worker was not ready within 300ms"}, outcomes(result.Operations)[:3])
		assert.Equal(t, syscall.SIGTERM, result.Signal)
	}
}

func TestReady(t *testing.T) {
	needBPF(t)
	for _, ready := range []string{"{line: '^up$', file: log}", "{command: [test, -e, up]}", "{shell: test -e up}", "{wait: 1s}", "{line: ^serving}"} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "log"), []byte("up\n"), 0o600)) // of an earlier start
		p, err := plan.Parse("plan.yaml", dir, []byte("settle: 0s\nready: "+ready+"\noperations: [{name: after, wait: 100ms}]\n"))
		require.NoError(t, err)
		result, read := performPlan(t, p, "sh", "-c", "cd "+dir+"; sleep 0.6; echo serving; : >up; echo up >>log; exec sleep 60")
		require.Equal(t, []string{"startup ok", "after ok", "shutdown ok"}, outcomes(result.Operations)[:3], ready)
		assert.Subset(t, files(read, dir, trace.AccessCreate|trace.AccessAppend), []string{"log startup", "up startup"}, ready)
		assert.GreaterOrEqual(t, result.Operations[0].Last, int64(500), ready)
	}
}

func TestWorkerThatDoesNotEnd(t *testing.T) {
	_, result, read := perform(t, "operations:\n- {name: deafen, shell: echo deaf >in}\n- {name: shutdown, timeout: 500ms}\n")
	assert.Equal(t, "shutdown failed: the worker still ran after 500ms and was killed", outcomes(result.Operations)[2])
	assert.Equal(t, syscall.SIGKILL, result.Signal)
	assert.Equal(t, "SIGKILL", read.Runs[0].End.Signal)
}

func TestShutdownByCommand(t *testing.T) {
	_, result, _ := perform(t, "operations:\n- {name: idle, wait: 100ms}\n- {name: shutdown, shell: kill $MAINPID}\n")
	assert.Equal(t, []string{"startup ok", "idle ok", "shutdown ok"}, outcomes(result.Operations)[:3])
	assert.True(t, result.Stopped)
}

// What an operation leaves behind is gone when the next begins.
func TestNothingIsLeftOfACommand(t *testing.T) {
	dir, _, _ := perform(t, "operations:\n- {name: leave, shell: 'sleep 300 & echo $! >left'}\n")
	data, err := os.ReadFile(filepath.Join(dir, "left"))
	require.NoError(t, err)
	stat, err := os.ReadFile("/proc/" + strings.TrimSpace(string(data)) + "/stat")
	assert.True(t, err != nil || strings.Contains(string(stat), ") Z "), "%s", stat) // a zombie is for init to reap
}

func TestResourcesOfAnOperation(t *testing.T) {
	_, result, read := perform(t, "operations:\n- {name: before, wait: 300ms}\n- {name: hog, shell: 'echo hog >in; while [ ! -e hogged ]; do sleep 0.1; done'}\n- {name: after, wait: 300ms}\n")
	by := map[string]trace.Resources{}
	for _, o := range result.Operations {
		by[o.Name] = o.Resources
	}
	assert.Greater(t, by["hog"].MemoryPeak, uint64(64<<20))
	assert.Less(t, by["before"].MemoryPeak, uint64(64<<20))
	assert.Greater(t, by["hog"].CPUTime, 0.2)
	assert.Less(t, by["before"].CPUTime, 0.2)
	assert.Less(t, by["after"].CPUTime, 0.2)
	assert.Greater(t, by["hog"].CPUPeak, 0.0)
	most := uint64(0)
	for _, o := range result.Operations[:5] {
		most = max(most, o.Resources.MemoryPeak)
		assert.NotZero(t, o.Resources.TasksPeak, o.Name)
		assert.LessOrEqual(t, o.Resources.TasksPeak, result.Resources.TasksPeak)
		assert.LessOrEqual(t, o.Resources.MemoryPeak, result.Resources.MemoryPeak)
	}
	assert.Equal(t, most, result.Resources.MemoryPeak)
	assert.Equal(t, result.Resources, read.Runs[0].End.Resources)
}

func TestMarks(t *testing.T) {
	needBPF(t)
	dir := t.TempDir()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	require.NoError(t, err)
	defer func() { _ = null.Close() }()
	marks, signals := make(chan Mark), make(chan os.Signal, 1)
	mark := func(name string) error {
		done := make(chan error, 1)
		marks <- Mark{name, done}
		return <-done
	}
	go func() {
		for _, err := os.Stat(filepath.Join(dir, "in")); err != nil; _, err = os.Stat(filepath.Join(dir, "in")) {
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(200 * time.Millisecond)
		for _, name := range []string{"one", "two", "one"} {
			assert.NoError(t, mark(name))
			_ = os.WriteFile(filepath.Join(dir, "in"), []byte(name+"\n"), 0)
			time.Sleep(300 * time.Millisecond)
		}
		assert.ErrorContains(t, mark("a b"), "is no name for an operation")
		signals <- syscall.SIGTERM
	}()
	var file bytes.Buffer
	result, err := Run(t.Context(), Options{Command: []string{os.Args[0], "serve", dir}, Trace: &file, Stdin: null, Stdout: null, Stderr: null,
		Marks: marks, Signals: signals})
	require.NoError(t, err)
	read, err := trace.Read(&file)
	require.NoError(t, err)
	assert.Equal(t, []string{"one ", "two ", "one "}, outcomes(result.Operations))
	assert.Equal(t, []string{"beat ", "bye one", "in ", "one one", "two two"}, files(read, dir, trace.AccessCreate))
	assert.Empty(t, read.Untrained())
}
