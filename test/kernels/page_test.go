package kernels

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/test/need"
	"github.com/osapi-io/osapi-profile/test/place"
)

const page = "docs/docs/sidebar/completeness.md"

// outcome is what trace/record/report_test.go writes of a path of probes.
type outcome struct {
	Path       string
	Passed     int
	Failed     []string
	Impossible map[string]string // action → why
}

// table gathers the rows of the page.
type table struct {
	mutex sync.Mutex
	rows  []row
}

type row struct {
	where   string // what a later run renews it by
	release string // uname -r
	outcome
}

func (t *table) add(where string, k kernel, release string, o outcome) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.rows = append(t.rows, row{fmt.Sprintf("%s in a guest (%s)", where, k.from), release, o})
}

// here goes through the table on this machine, for the page alone: the tests of
// trace/record do so as well.
func (t *table) here(test *testing.T, programs string) {
	if !*write {
		test.Skip("only for -write")
	}
	need.BPF(test)
	for _, path := range probePaths {
		c := exec.Command("./record.test", "-test.run", "TestOneActionOneFact", "-path", path, "-report", reportOf(path))
		c.Dir = programs
		out, err := c.CombinedOutput()
		assert.NoError(test, err, "%s", out)
	}
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	require.NoError(test, err)
	for _, o := range readOutcomes(test, programs) {
		t.mutex.Lock()
		t.rows = append(t.rows, row{"where this was built", strings.TrimSpace(string(release)), o})
		t.mutex.Unlock()
	}
}

const head = "| Where | Linux | Probes | Passed | Failed | Not possible there | Why |\n| --- | --- | --- | --- | --- | --- | --- |\n"

func (r row) String() string {
	failed := fmt.Sprint(len(r.Failed))
	if len(r.Failed) > 0 {
		failed += ": " + strings.Join(r.Failed, ", ")
	}
	return fmt.Sprintf("| %s | %s | `%s` | %d | %s | %d | %s |\n", r.where, r.release, r.Path, r.Passed, failed, len(r.Impossible), r.why())
}

// why gives the actions that are not possible by their reason.
func (r row) why() string {
	byReason := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(r.Impossible)) {
		byReason[r.Impossible[name]] = append(byReason[r.Impossible[name]], name)
	}
	var list []string
	for _, reason := range slices.Sorted(maps.Keys(byReason)) {
		list = append(list, reason+": "+strings.Join(byReason[reason], ", "))
	}
	return strings.Join(list, "; ")
}

// renew writes the rows where that was asked for.
func (t *table) renew(test *testing.T) {
	if !*write || len(t.rows) == 0 {
		return
	}
	assert.NoError(test, place.Renew(filepath.Join(need.ModuleRoot(test), page), "actions", func(old string) string { return renewed(old, t.rows) }))
}

// renewed is a table with new rows. What was not gone through keeps its old ones.
func renewed(old string, rows []row) string {
	lines := map[[2]string]string{}
	for line := range strings.Lines(old) {
		if cells := strings.Split(line, " | "); len(cells) == 7 && cells[0] != "| Where" && cells[0] != "| ---" {
			lines[[2]string{cells[0], cells[2]}] = line
		}
	}
	for _, r := range rows {
		line := r.String()
		cells := strings.Split(line, " | ")
		lines[[2]string{cells[0], cells[2]}] = line
	}
	keys := slices.SortedFunc(maps.Keys(lines), func(a, b [2]string) int {
		order := func(k [2]string) int { return slices.Index(probePaths, strings.Trim(k[1], "`")) }
		return cmp.Or(cmp.Compare(version(a[0]), version(b[0])), cmp.Compare(a[0], b[0]), cmp.Compare(order(a), order(b)))
	})
	text := head
	for _, key := range keys {
		text += lines[key]
	}
	return text + "\n"
}

// version puts kernels into their order: 6.12 is newer than 6.1, and what is no
// guest comes last.
func version(where string) int {
	var major, minor int
	if n, _ := fmt.Sscanf(where, "| %d.%d", &major, &minor); n == 0 {
		return 1 << 30
	}
	return major<<16 + minor
}

func TestRenewed(t *testing.T) {
	old := renewed("", []row{
		{"6.12 in a guest (trixie)", "6.12.1", outcome{Path: "kprobe", Passed: 1}},
		{"where this was built", "6.18.0", outcome{Path: "tracepoints", Passed: 2}},
		{"6.12 in a guest (trixie)", "6.12.1", outcome{Path: "fexit", Passed: 3}},
		{"6.1 in a guest (bookworm)", "6.1.0", outcome{Path: "fexit", Passed: 4, Failed: []string{"open"}, Impossible: map[string]string{"b": "no b", "c": "no b", "a": "no a"}}},
	})
	assert.Equal(t, head+"| 6.1 in a guest (bookworm) | 6.1.0 | `fexit` | 4 | 1: open | 3 | no a: a; no b: b, c |\n"+
		"| 6.12 in a guest (trixie) | 6.12.1 | `fexit` | 3 | 0 | 0 |  |\n"+
		"| 6.12 in a guest (trixie) | 6.12.1 | `kprobe` | 1 | 0 | 0 |  |\n"+
		"| where this was built | 6.18.0 | `tracepoints` | 2 | 0 | 0 |  |\n\n", old)
	again := renewed(old, []row{{"6.12 in a guest (trixie)", "6.12.2", outcome{Path: "kprobe", Passed: 5}}})
	assert.Equal(t, strings.Replace(old, "6.12.1 | `kprobe` | 1", "6.12.2 | `kprobe` | 5", 1), again)
}
