package recall

import (
	"flag"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/test/need"
	"github.com/osapi-io/osapi-profile/test/recall/seen"
)

// twice compares strace with itself, to tell a workload that is not
// deterministic from a recorder that is wrong.
var twice = flag.Bool("strace-twice", false, "run strace a second time in place of the recorder")

// processes take the numbers out of the names of /proc.
var processes = []seen.Replacement{
	{Match: regexp.MustCompile(`^/proc/[0-9]+`), With: "/proc/PID"},
	{Match: regexp.MustCompile(`^/proc/PID/task/[0-9]+`), With: "/proc/PID/task/TID"},
}

func TestRecall(t *testing.T) {
	need.BPF(t)
	need.Tools(t, "strace")
	b := build(t)
	i386 := b.i386(t)
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 8, 2, ' ', 0)
	row := func(cells ...any) {
		fmt.Fprintln(table, strings.Trim(strings.ReplaceAll(fmt.Sprintln(cells...), " ", "\t"), "\n"))
	}
	row("program", "calls", "executed", "opened", "created", "removed", "renamed", "all", "missing/invented", "explained")
	all, results := workloads(t), []result{}
	for _, w := range all {
		t.Run(w.name, func(t *testing.T) {
			if w.i386 && !i386 {
				t.Skip("this machine knows no i386 calls; TestRecallInTheGuest makes them")
			}
			need.Tools(t, w.needs...)
			want, got := w.both(t, newLayout(t, b))
			found := compare(want, got)
			explained := judge(t, w.name, found)
			results = append(results, w.result(want, found))
			row(w.name, want.Names("syscall"), want.Names("exec"), want.Names("read", "write"), want.Names("create", "link-to"),
				want.Names("delete"), want.Names("rename-from"), len(want), len(found)-explained, explained)
			require.NotZero(t, want.Names("syscall"))
		})
	}
	require.NoError(t, table.Flush())
	t.Logf("what strace shows, as numbers of different names, and what the recorder has otherwise:\n%s", text.String())
	renewPage(t, all, results)
}

// both runs the workload under strace and under the recorder.
func (w workload) both(t *testing.T, l layout) (want, got seen.Set) {
	t.Helper()
	want = w.underStrace(t, l)
	if *twice {
		return want, w.underStrace(t, l)
	}
	got, recorded := w.underRecorder(t, l)
	for _, hole := range recorded.Holes {
		t.Errorf("hole in the trace: %+v", hole)
	}
	return want, got
}
