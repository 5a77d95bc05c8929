package record

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/trace"
)

// notHere is the status of an action that this kernel has no call for.
const notHere = 77

// action does one thing below a directory; want are the facts about files
// there, as "access outcome path". Those of no directory are told apart by what
// stands before the path. facts are all others.
type action struct {
	do    func(dir string) error
	want  []string
	facts []string
}

func TestOneActionOneFact(t *testing.T) {
	needBPF(t)
	for name, a := range actions() {
		t.Run(name, func(t *testing.T) {
			dir := ground(t)
			result, read := recordCommand(t, nil, os.Args[0], "act", name, dir)
			if result.Exit == notHere {
				t.Skip("this kernel has no such call")
			}
			require.Zero(t, result.Exit)
			for _, f := range read.Files {
				assert.NotContains(t, []string{"", "io_uring"}, f.Syscall, "a function probe told what a handler did: %+v", f)
			}
			got := filesIn(read, dir)
			if name == "tmpfile" {
				got = slices.DeleteFunc(got, func(s string) bool { return strings.HasPrefix(s, "link-from") })
			}
			assert.Equal(t, sorted(a.want), sorted(got))
			if len(a.facts) > 0 {
				assert.Equal(t, sorted(a.facts), sorted(factsIn(read)))
			}
			assert.Empty(t, read.Holes)
		})
	}
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// filesIn words the facts about files below a directory, those about mounts, and
// those about message queues.
func filesIn(read *trace.Trace, dir string) []string {
	var got []string
	for _, f := range read.Files {
		rest, ok := strings.CutPrefix(string(f.Path), dir)
		switch {
		case f.FS == "mqueue":
			rest = "mqueue:" + rest
		case !ok && f.Access&trace.AccessMount != 0:
			rest = "^" + rest
		case !ok:
			continue
		}
		rest = strings.TrimPrefix(rest, "/")
		if strings.HasPrefix(rest, "#") {
			rest = "#"
		}
		if from, ok := strings.CutPrefix(string(f.Target), dir+"/"); ok && f.Access&trace.AccessMount != 0 {
			rest += " <- " + from
		}
		word := fmt.Sprintf("%s %s %s", f.Access, f.Outcome, rest)
		if f.Syscall == "recvmsg" {
			word = "received " + word
		}
		got = append(got, word)
	}
	return got
}

// factsIn words the facts about arguments and peers, without what a Go program
// does by itself: preempting its threads, naming its memory, and here asking
// when it starts what BPF the kernel has.
func factsIn(read *trace.Trace) []string {
	var got []string
	for _, a := range read.Arguments {
		if a.Value == "SIGURG" && a.Target == trace.TargetSelf || a.Value == "PR_SET_VMA" ||
			a.Syscall == "bpf" && a.Value != "BPF_PROG_GET_NEXT_ID" {
			continue
		}
		got = append(got, strings.Join([]string{a.Syscall, a.Name, a.Value, a.Target, a.Outcome}, " "))
	}
	for _, s := range read.Sockets {
		if s.Action == "accept" || s.Action == "receive" {
			got = append(got, strings.Join([]string{s.Action, s.Family, s.Type, s.Address}, " "))
		}
	}
	return got
}
