package record

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cilium/ebpf/btf"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/osapi-io/osapi-profile/bpf"
	"github.com/osapi-io/osapi-profile/trace"
)

// probePath is a set of probes that a kernel may have.
type probePath struct {
	name       string
	capability choice
	functions  []string
	blind      bool // capabilities are not seen
}

var onlyPath = flag.String("path", "", "go through the table of actions on this path of probes alone: tracepoints, kprobe or fexit")

// probePaths are those that this kernel has.
func probePaths(t *testing.T) []probePath {
	spec, err := bpf.LoadRecorder()
	require.NoError(t, err)
	kernel, ways := btf.NewCache(), capabilityChoices()
	var paths []probePath
	for _, p := range []probePath{
		{name: "tracepoints", capability: ways[1]},
		{name: "kprobe", capability: ways[2], functions: []string{byKprobe}},
		{name: "fexit", capability: ways[0], functions: []string{byFexit}},
	} {
		if *onlyPath != "" && *onlyPath != p.name {
			continue
		}
		p.blind = try(spec, kernel, p.capability) != nil
		if !p.blind || p.functions == nil {
			paths = append(paths, p)
		}
	}
	return paths
}

// stage is one path of probes, and what it told of each action.
type stage struct {
	probePath
	err     error
	done    map[string]performed
	mutex   sync.Mutex
	verdict map[string]bool   // whether an action passed; absent when there is no such thing here
	reasons map[string]string // why there is none, as the action says
}

// performed is what came of an action.
type performed struct {
	status int
	wrong  []string // facts and holes that are there, or not, unexpectedly
}

func recordActions(t *testing.T, names []string) []*stage {
	base, err := os.MkdirTemp("", "actions") // not t.TempDir(): nobody has to get in
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = os.RemoveAll(base)
		if id, err := unix.SysvShmGet(sharedKey, 0, 0); err == nil { // see CAP_IPC_OWNER
			_, _ = unix.SysvShmCtl(id, unix.IPC_RMID, nil)
		}
	})
	base, err = filepath.EvalSymlinks(base)
	require.NoError(t, errorsOf(err, os.Chmod(base, 0o755)))
	program, err := os.ReadFile("/proc/self/exe")
	require.NoError(t, errorsOf(err, os.WriteFile(filepath.Join(base, "act"), program, 0o755)))
	var stages []*stage
	for _, p := range probePaths(t) {
		s := &stage{probePath: p, done: map[string]performed{}, verdict: map[string]bool{}, reasons: map[string]string{}}
		began := time.Now()
		s.record(t, base, names)
		t.Logf("%s: recorded %d actions in %s", s.name, len(names), time.Since(began).Round(time.Millisecond))
		stages = append(stages, s)
	}
	return stages
}

// idling is what is done to learn what every program gives.
const idling = "do nothing"

// attempts is how often actions are recorded of which the kernel left out a part.
const attempts = 4

// record does actions, in one recording unless the kernel left out probes: what that
// may have taken is done again, as merging of runs would bring it.
func (s *stage) record(t *testing.T, base string, names []string) {
	for range attempts {
		skipped, err := s.recordOnce(t, base, names)
		if err != nil {
			s.err = err
			return
		}
		names = slices.DeleteFunc(slices.Clone(names), func(name string) bool {
			return len(s.done[name].wrong) == 0 || slices.ContainsFunc(s.done[name].wrong, notLeftOut)
		})
		if !skipped || len(names) == 0 {
			return
		}
		t.Logf("%s: the kernel skipped probes; once more: %q", s.name, names)
	}
}

// notLeftOut says whether something is wrong that no probe left out explains. An open
// whose call was not seen to begin looks like one of the kernel's own.
func notLeftOut(wrong string) bool {
	return strings.HasPrefix(wrong, unexpected) && !strings.HasPrefix(wrong, unexpected+"by the kernel ")
}

// recordOnce does actions in one recording, and says whether probes were left out. A
// hole is of the action during which it was first told of, or the one before. To do
// some of them again in order to find out costs an emulated guest minutes for each.
func (s *stage) recordOnce(t *testing.T, base string, names []string) (skipped bool, err error) {
	r := &performance{stage: s, base: base, acts: map[string]string{}, status: map[string]int{}, said: map[string]string{}}
	read, err := r.perform(t, names)
	if err != nil {
		return false, err
	}
	wrong := r.wrongHoles(read, names)
	idleFacts, idle := r.words(read, idling)
	idle = append(idle, runtimeCalls...)
	for _, name := range names {
		facts, calls := r.words(read, name)
		a, done := table()[name], performed{status: r.status[name], wrong: wrong[name]}
		if done.status != notHere {
			done.wrong = append(done.wrong, difference(a.expected(s.probePath), without(once(without(facts, idleFacts)), a.perhaps))...)
		}
		if done.status != notHere && a.calls != nil {
			done.wrong = append(done.wrong, difference(without(a.calls, idle), without(calls, idle))...)
		}
		s.done[name] = done
	}
	return slices.ContainsFunc(read.Holes, leftOut), nil
}

// leftOut says whether a hole is of probes that the kernel skipped.
func leftOut(h trace.Hole) bool {
	return h.Kind == trace.HoleLost && strings.Contains(h.Detail, "the kernel skipped the probe")
}

// wrongHoles are those that are there, or not, unexpectedly, by action.
func (r *performance) wrongHoles(read *trace.Trace, names []string) map[string][]string {
	wrong, expected, got := map[string][]string{}, map[string]bool{}, map[string]bool{}
	for _, h := range read.Holes {
		if !leftOut(h) || until(7, 2, "never") != nil {
			got[h.Detail] = true
		}
	}
	if r.blind {
		const blind = "no probe for capability facts works on this kernel: nothing that depends on them can be derived"
		expected[blind] = true
		if !got[blind] {
			wrong[names[0]] = []string{"missing: " + blind}
		}
	}
	for _, name := range names {
		for _, hole := range table()[name].holes {
			expected[hole] = true
			if !got[hole] && r.status[name] != notHere {
				wrong[name] = append(wrong[name], "missing: "+hole)
			}
		}
	}
	for hole := range got {
		if expected[hole] {
			continue
		}
		name := r.said[hole]
		if !slices.Contains(names, name) {
			name = names[0]
		}
		wrong[name] = append(wrong[name], fmt.Sprintf("unexpected, first told of while %q was done: %s", r.said[hole], hole))
	}
	return wrong
}

// unexpected begins what difference says of what should not be there.
const unexpected = "unexpected: "

// difference words what two lists do not share.
func difference(want, got []string) []string {
	var list []string
	for _, s := range without(want, got) {
		list = append(list, "missing: "+s)
	}
	for _, s := range without(got, want) {
		list = append(list, unexpected+s)
	}
	return list
}

// once leaves out what the kernel does again by itself: a signal came, such as that by
// which Go takes a thread from a goroutine, and the call ended with ERESTARTSYS or its kin.
func once(facts []string) []string {
	return slices.DeleteFunc(slices.Clone(facts), func(f string) bool {
		return strings.HasPrefix(f[strings.LastIndexByte(f, ' ')+1:], "ERESTART")
	})
}

// performance is one recording of actions. Each has an operation of its own,
// which tells its facts from those of others.
type performance struct {
	*stage
	base   string
	acts   map[string]string // action → its operation, which is also its directory
	status map[string]int
	in     *os.File
	out    *bufio.Reader
	limit  *os.File
	marks  chan Mark
	others *action // like whom the program that runs does several, nil if it does one

	now  string            // the action that is being done, and whose hole is whose; under the stage's mutex
	said map[string]string // hole → action
}

// warn is told of a hole when it is there for the first time.
func (r *performance) warn(hole string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.said[hole] = r.now
}

// director starts a program for each action that it reads the name of, or for
// several. What it does itself, and setpriv(1), are other subjects than the action.
const director = `while IFS= read -r name && IFS= read -r dir && IFS= read -r caps; do
  case $caps in
  '') "$0" act "$name" "$dir" "$1" ;;
  -) setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$0" act "$name" "$dir" "$1" ;;
  *) setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps="-all,$caps" --ambient-caps="-all,$caps" "$0" act "$name" "$dir" "$1" ;;
  esac
  echo $?
done`

// endAll ends what does not come to an end, and would be waited for.
func (r *performance) endAll() {
	programs, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, name := range programs {
		if exe, _ := os.Readlink(name); exe == r.program() {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
			_ = unix.Kill(pid, unix.SIGKILL)
		}
	}
}

func (r *performance) program() string { return filepath.Join(r.base, "act") }

func (r *performance) perform(t *testing.T, names []string) (*trace.Trace, error) {
	inRead, inWrite, err := os.Pipe()
	outRead, outWrite, err2 := os.Pipe()
	if err := errorsOf(err, err2); err != nil {
		return nil, err
	}
	defer func() { _ = outRead.Close() }()
	r.in, r.out, r.limit, r.marks = inWrite, bufio.NewReader(outRead), outRead, make(chan Mark)
	talk, err := os.CreateTemp(t.TempDir(), "talk")
	if err != nil {
		return nil, err
	}
	defer func() { _ = talk.Close() }()
	var file bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := run(ctx, Options{
			Command: []string{"sh", "-c", director, r.program(), strconv.Itoa(os.Getpid())}, Trace: &file, Tool: "test", Marks: r.marks,
			Stdin: inRead, Stdout: outWrite, Stderr: talk, Warn: r.warn,
		}, []choice{r.capability}, r.functions)
		_, _ = inRead.Close(), outWrite.Close()
		ended <- err
	}()
	err = r.all(names, ended)
	_ = inWrite.Close()
	if err != nil {
		cancel()
		r.endAll()
	}
	err = errors.Join(err, <-ended)
	said, err2 := os.ReadFile(talk.Name())
	if err := errors.Join(err, err2); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, said)
	}
	r.listen(t, string(said))
	return trace.Read(&file)
}
