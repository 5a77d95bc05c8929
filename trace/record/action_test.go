package record

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Statuses of an action that could not be done: this kernel has no such call, or
// lacks what it is done to.
const notHere = 77

// action does one thing below a directory. It is done by a program of its own.
type action struct {
	do      func(dir string) error
	prepare func(dir string) error // done before by the tests, unseen

	// What must be in the trace, and nothing else: see performance.words.
	want  []string // files, executions and capabilities
	facts []string // arguments and sockets
	calls []string // the system calls beyond those of a Go program; nil: not looked at

	functions []string // what hooked functions tell as well, that is told elsewhere: by a program's name and loader
	holes     []string // what the trace says it lacks

	learn   func() []string // further facts, as the tests find them when they do it themselves
	perhaps []string        // what may be in the trace, by what there is on the machine

	as string // capabilities that it has as nobody, "-" for none; "" is root

	// One program does it after others, since it leaves nothing in the process that
	// could be taken for one of theirs, or change them.
	together bool
}

func (a action) expected(p probePath) []string {
	list := slices.Concat(a.want, a.facts)
	if len(p.functions) > 0 {
		list = append(list, a.functions...)
		if slices.Contains(list, makesChild) || slices.Contains(list, makesCorpse) {
			list = append(list, loaderOfTrue)
		}
	}
	if a.learn != nil {
		list = append(list, a.learn()...)
	}
	if p.blind {
		list = slices.DeleteFunc(list, func(s string) bool { return strings.HasPrefix(s, "CAP_") })
	}
	for i, s := range list {
		if s == loaderOfTrue {
			list[i] = "exec ok ^" + loader()
		}
		if name, ok := strings.CutSuffix(s, " ok"); ok && a.as == "" && strings.HasPrefix(s, "CAP_") && !possessed(name) {
			list[i] = name + " EPERM" // not even root has it here
		}
	}
	return sorted(list)
}

// Each action gives the facts it must, no more and no less, on each path of
// probes that this kernel has. The subtests only say which actions are wanted;
// when all have, one recording a path does them one after another.
func TestOneActionOneFact(t *testing.T) {
	needBPF(t)
	var wanted []string
	stages := sync.OnceValue(func() []*stage { return recordActions(t, wanted) })
	for _, name := range slices.Sorted(maps.Keys(table())) {
		t.Run(name, func(t *testing.T) {
			wanted = append(wanted, name)
			t.Parallel()
			for _, s := range stages() {
				s.check(t, name)
			}
		})
	}
	t.Cleanup(func() { tell(t, stages()) })
}

func (s *stage) check(t *testing.T, name string) {
	done := s.done[name]
	if done.status == notHere {
		t.Logf("%s: not possible here: %s", s.name, s.reasons[name])
		return
	}
	wrong := done.wrong
	if s.err != nil {
		wrong = []string{s.err.Error()}
	} else if done.status != 0 {
		wrong = append(wrong, fmt.Sprintf("exit status %d", done.status))
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.verdict[name] = assert.Empty(t, strings.Join(wrong, "; "), s.name)
}

// until gives facts that only kernels older than this one give.
func until(major, minor int, facts ...string) []string {
	if !older(major, minor) {
		return nil
	}
	return facts
}

// since gives facts that this kernel gives and newer ones.
func since(major, minor int, facts ...string) []string {
	if older(major, minor) {
		return nil
	}
	return facts
}

func older(major, minor int) bool {
	var here [2]int
	_, err := fmt.Sscanf(kernelRelease(), "%d.%d", &here[0], &here[1])
	return err == nil && slices.Compare(here[:], []int{major, minor}) < 0
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}
