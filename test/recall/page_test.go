package recall

import (
	"flag"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/test/need"
	"github.com/osapi-io/osapi-profile/test/place"
	"github.com/osapi-io/osapi-profile/test/recall/seen"
	"github.com/osapi-io/osapi-profile/trace"
)

// write renews the table on that page. Rows of programs that were not run stay.
var write = flag.Bool("write", false, "renew the table of programs in "+page)

const page = "docs/docs/sidebar/completeness.md"

// result is what came of a workload.
type result struct {
	name, what                    string
	calls, executed, paths, facts int            // different ones that strace shows
	missing, invented             int            // of facts, without a reason
	explained                     map[string]int // reason → facts
}

// files are the kinds whose names are paths.
var files = append(trace.Access(^uint32(0)).Names(), "path")

// result counts what strace shows of a workload and what was found against it.
func (w workload) result(want seen.Set, found []finding) result {
	r := result{name: w.name, what: w.what, calls: want.Names("syscall"), executed: want.Names("exec"),
		paths: want.Names(files...), facts: len(want), explained: map[string]int{}}
	for _, f := range found {
		d, ok := allowed(w.name, f.item)
		switch {
		case ok:
			r.explained[d.reason]++
		case f.side == "missing":
			r.missing++
		default:
			r.invented++
		}
	}
	return r
}

const head = "| Program | What it does | System calls | Executed | Paths | Facts | Missing | Invented | Recall | Explained |\n" +
	"| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"

func (r result) row() string {
	explained := 0
	for _, n := range r.explained {
		explained += n
	}
	return fmt.Sprintf("| %s | %s | %d | %d | %d | %d | %d | %d | %.3f | %d |\n", r.name, r.what, r.calls, r.executed, r.paths, r.facts,
		r.missing, r.invented, float64(r.facts-r.missing)/float64(max(r.facts, 1)), explained)
}

// renew puts results into a table in the order of names; what else stood there stays.
func renew(old string, names []string, results []result) string {
	rows, reasons := map[string]string{}, map[string]bool{}
	if len(results) == len(names) {
		old = "" // nor do its reasons
	}
	for line := range strings.Lines(old) {
		cells := strings.Split(line, " | ")
		if name, ok := strings.CutPrefix(cells[0], "| "); ok && len(cells) > 1 {
			rows[name] = line
		}
		if reason, ok := strings.CutPrefix(line, "- "); ok {
			reasons[reason] = true
		}
	}
	for _, r := range results {
		rows[r.name] = r.row()
		for reason := range r.explained {
			reasons[reason+"\n"] = true
		}
	}
	var b strings.Builder
	b.WriteString(head)
	for _, name := range names {
		b.WriteString(rows[name])
	}
	b.WriteString("\nWhat is explained:\n\n")
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		b.WriteString("- " + reason)
	}
	return b.String() + "\n"
}

// renewPage writes the results where that was asked for.
func renewPage(t *testing.T, all []workload, results []result) {
	t.Helper()
	if !*write {
		return
	}
	var names []string
	for _, w := range all {
		names = append(names, w.name)
	}
	require.NoError(t, place.Renew(filepath.Join(need.ModuleRoot(t), page), "recall", func(old string) string { return renew(old, names, results) }))
}

func TestRenew(t *testing.T) {
	first := renew("", []string{"a", "b"}, []result{
		{name: "b", what: "does", calls: 3, facts: 4, missing: 1, explained: map[string]int{"time": 2}}, {name: "a", facts: 1},
	})
	assert.Equal(t, head+"| a |  | 0 | 0 | 0 | 1 | 0 | 0 | 1.000 | 0 |\n| b | does | 3 | 0 | 0 | 4 | 1 | 0 | 0.750 | 2 |\n\nWhat is explained:\n\n- time\n\n", first)
	second := renew(first, []string{"a", "b"}, []result{{name: "b", facts: 9}})
	assert.Contains(t, second, "| a |  | 0 | 0 | 0 | 1 | 0 | 0 | 1.000 | 0 |\n| b |  | 0 | 0 | 0 | 9 | 0 | 0 | 1.000 | 0 |\n")
	assert.Equal(t, second, renew(second, []string{"a", "b"}, nil))
}
