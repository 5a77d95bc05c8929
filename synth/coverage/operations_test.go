package coverage_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/coverage"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

// planned is a run of operations that made some calls each; those of "" belong to none.
func planned(order []string, calls map[string][]string) *trace.Trace {
	t := ran("a")
	for i, name := range order {
		if name != "" {
			t.Runs[0].Operations = append(t.Runs[0].Operations, trace.Operation{Name: name, First: int64(i), Last: int64(i + 1), Outcome: trace.OperationOK})
		}
		for _, c := range calls[name] {
			t.Syscalls = append(t.Syscalls, trace.Syscall{Seen: trace.Seen{Subject: 1, Operation: name, Outcome: trace.OK, First: int64(i)}, Name: c})
		}
	}
	return t
}

func TestEachOperationIsLeftOutOnce(t *testing.T) {
	r := coverage.ByOperation(planned([]string{"", trace.OperationStartup, "get", "put", "ask"}, map[string][]string{
		"":                     {"acct"},
		trace.OperationStartup: {"bpf", "acct"},
		"get":                  {"bpf", "chdir", "open"},
		"put":                  {"chroot", "swapon", "openat"},
		"ask":                  {"chroot"},
	}), synth.Options{})
	call := func(names ...string) []coverage.Need {
		all := []coverage.Need{}
		for _, n := range names {
			all = append(all, coverage.Need{Kind: "syscall", Name: trace.Path(n)})
		}
		return all
	}
	require.Equal(t, []coverage.Operation{
		{Name: trace.OperationStartup, Needs: 2, Added: call()},
		{Name: "get", Needs: 3, Ruled: 1, Added: call("chdir")}, // open(2) is a sibling of openat(2)
		{Name: "put", Needs: 3, Ruled: 1, Added: call("swapon")},
		{Name: "ask", Needs: 1, Added: call()},
	}, r.Operations)
	line := func(text string) []coverage.Line {
		return []coverage.Line{{Text: text, Covered: []string{}, Rules: []string{}}}
	}
	require.Equal(t, []coverage.Half{
		{Trained: []string{"get", "ask"}, Tried: []string{"put"}, Needs: 3, Ruled: 1, Added: call("swapon"), Lines: line("SystemCallFilter=swapon")},
		{Trained: []string{"put"}, Tried: []string{"get", "ask"}, Needs: 4, Ruled: 1, Added: call("chdir"), Lines: line("SystemCallFilter=chdir")},
	}, r.Halves)
	var b bytes.Buffer
	require.NoError(t, r.WriteText(&b))
	require.Contains(t, b.String(), "operation get: 3 needs, 1 of them in no other operation and granted by a rule, 1 refused without it (syscall 1)\n  syscall chdir\n")
	require.Contains(t, b.String(), "Trained with 2 of these operations and tried with 1 others: of 3 needs, 1 were not trained and granted by a rule, and 1 refused.\n"+
		"  its unit lacks or forbids 1 that the unit of all operations does not; options of emit would cover 0:\n    SystemCallFilter=swapon is missing\n      no rule\n")
}

// What is written otherwise is told with what would have covered it.
func TestLinesOfAHalf(t *testing.T) {
	const many = "accept accept4 bind connect getpeername getsockname getsockopt listen recvfrom recvmmsg recvmsg sendmmsg sendmsg sendto setsockopt"
	in := planned([]string{trace.OperationStartup, "get", "put"}, map[string][]string{"get": strings.Fields(many), "put": {"shutdown"}})
	in.Files = []trace.File{
		{Seen: trace.Seen{Subject: 1, Operation: "get", Outcome: trace.OK}, Path: "/srv/a/x", Access: trace.AccessWrite | trace.AccessCreate, Type: "file", Mode: 0o644},
		{Seen: trace.Seen{Subject: 1, Operation: "put", Outcome: trace.OK}, Path: "/srv/a/b/y", Access: trace.AccessWrite, Type: "file", Mode: 0o644},
		{Seen: trace.Seen{Subject: 1, Operation: "put", Outcome: trace.OK}, Path: "/srv/c", Access: trace.AccessWrite, Type: "file", Mode: 0o644},
		{Seen: trace.Seen{Subject: 1, Operation: "put", Outcome: trace.OK}, Path: "/home/w/z", Access: trace.AccessRead, Type: "file", Mode: 0o644},
	}
	halves := coverage.ByOperation(in, synth.Options{}).Halves
	require.Len(t, halves, 2)
	var got []string
	for _, l := range halves[0].Lines {
		got = append(got, fmt.Sprintf("%s %v %v %v", l.Text, l.Strict, l.Covered, l.Rules))
	}
	require.Equal(t, []string{
		"ReadWritePaths=/srv/c false [] [entry-directory if a name in /srv is made, renamed or removed]",
		"SystemCallFilter=shutdown false [--syscalls groups] []", "ProtectHome=yes true [] []",
	}, got)
}

// What of a rule was not seen is what it waits for.
func TestRulesOfAMissingLine(t *testing.T) {
	in := planned([]string{"get", "put"}, map[string][]string{"get": {"bpf"}, "put": {"poll", "swapon"}})
	write := func(op, name string, a trace.Access) {
		in.Files = append(in.Files, trace.File{Seen: trace.Seen{Subject: 1, Operation: op, Outcome: trace.OK}, Path: trace.Path(name), Access: a, Type: "file", Mode: 0o644})
	}
	write("get", "/var/log/w/a.txt", trace.AccessWrite)
	write("put", "/var/log/w/b.txt", trace.AccessWrite)
	write("put", "/srv/alone/c", trace.AccessWrite)
	rules := map[string]string{}
	for _, l := range coverage.ByOperation(in, synth.Options{}).Halves[0].Lines {
		rules[l.Text] = strings.Join(l.Rules, "; ")
	}
	require.Equal(t, map[string]string{
		"SystemCallFilter=poll":           "poll-siblings if one of ppoll, ppoll_time64 is seen",
		"SystemCallFilter=ppoll":          "poll-siblings if one of poll, ppoll_time64 is seen",
		"SystemCallFilter=swapon":         "",
		"ReadWritePaths=/var/log/w/b.txt": "entry-directory if a name in /var/log/w is made, renamed or removed; log-rotation if a file in /var/log/w is appended to",
		"ReadWritePaths=/srv/alone/c":     "",
	}, rules)
}

func TestATraceWithoutOperations(t *testing.T) {
	r := coverage.ByOperation(ran("a", "bpf"), synth.Options{})
	require.Empty(t, r.Operations)
	require.Empty(t, r.Halves)
	var b bytes.Buffer
	require.NoError(t, r.WriteText(&b))
	require.Equal(t, "The trace has no operations: record it with --plan, or set marks.\n", b.String())
}

// TestOperationsOfFebruary shows what rules make up for, and what they cannot.
func TestOperationsOfFebruary(t *testing.T) {
	in, err := trace.ReadFile("../../docs/traces/osapi-2026-02.jsonl")
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, coverage.ByOperation(in, synth.Options{}).WriteText(&b))
	if *update {
		require.NoError(t, os.WriteFile("testdata/operations.txt", b.Bytes(), 0o644))
	}
	want, err := os.ReadFile("testdata/operations.txt")
	require.NoError(t, err)
	require.Equal(t, string(want), b.String(), "run go test with -update")
}
