package kernels

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/test/need"
	"github.com/osapi-io/osapi-profile/trace/record"
)

// build makes the programs that guests run, in a directory of their own.
func build(t *testing.T) string {
	t.Helper()
	root, dir := need.ModuleRoot(t), t.TempDir()
	for _, args := range [][]string{
		{"build", "-trimpath", "-o", filepath.Join(dir, "osapi-profile"), "./cmd/osapi-profile"},
		{"test", "-c", "-o", filepath.Join(dir, "record.test"), "./trace/record"},
	} {
		c := exec.Command("go", args...)
		c.Dir, c.Env = root, append(os.Environ(), "CGO_ENABLED=0")
		out, err := c.CombinedOutput()
		require.NoError(t, err, "%s\n%s", c, out)
	}
	return dir
}

// guest is what came of a run.
type guest struct {
	doctor  report
	output  string
	outcome map[string]string // of each test: passed, failed or skipped
	err     error
	took    time.Duration
}

type report struct {
	Ready bool
	record.Report
}

const (
	passed  = "PASS"
	failed  = "FAIL"
	skipped = "SKIP"
)

var verdict = regexp.MustCompile(`(?m)^ *--- (PASS|FAIL|SKIP): (\S+) \(`)

// hang is the time limit of a guest in seconds. It takes minutes; the limit is
// only for what would never end.
const hang = "VM_TIMEOUT=2400"

// vm runs the harness for this guest.
func (k kernel) vm(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.Command(filepath.Join(need.ModuleRoot(t), "test/vm/vm.sh"), args...)
	c.Env = append(append(os.Environ(), k.variables()...), hang)
	return c
}

func (k kernel) variables() []string {
	return []string{"VM_SUITE=" + k.suite, "VM_KERNEL=" + k.from, "VM_APPEND=" + k.append}
}

// run has a guest execute a script in a copy of the programs' directory. The
// script leaves the report of doctor.
func (k kernel) run(t *testing.T, programs, script string) guest {
	t.Helper()
	need.VM(t, k.variables()...)
	dir := t.TempDir() // what a guest leaves is its own
	for _, name := range []string{"osapi-profile", "record.test"} {
		require.NoError(t, os.Link(filepath.Join(programs, name), filepath.Join(dir, name)))
	}
	began := time.Now()
	out, err := k.vm(t, "run", dir, "--", "bash", "-c", script).CombinedOutput()
	g := guest{output: string(out), outcome: map[string]string{}, err: err, took: time.Since(began).Round(time.Second)}
	for _, found := range verdict.FindAllStringSubmatch(g.output, -1) {
		g.outcome[found[2]] = found[1]
	}
	told, err := os.ReadFile(filepath.Join(dir, "doctor.json"))
	require.NoError(t, err, "%s", out)
	require.NoError(t, json.Unmarshal(told, &g.doctor), "%s", told)
	return g
}

// hooks are those that the recorder would use.
func (r report) hooks() []string {
	var list []string
	for _, p := range r.Probes {
		list = append(list, p.Hook)
	}
	return sorted(list)
}

// all are the tests with this outcome.
func (g guest) all(outcome string) []string {
	var list []string
	for name, o := range g.outcome {
		if o == outcome {
			list = append(list, name)
		}
	}
	return sorted(list)
}

// under are the subtests of a test with this outcome.
func (g guest) under(test, outcome string) []string {
	var list []string
	for _, name := range g.all(outcome) {
		if sub, ok := strings.CutPrefix(name, test+"/"); ok {
			list = append(list, sub)
		}
	}
	return list
}

// table is what the table of actions says of a path of probes when it is through.
var table = regexp.MustCompile(`(\w+): \d+ actions, \d+ passed, 0 failed \[\], \d+ not possible here (\[.*\])`)

var quoted = regexp.MustCompile(`"([^"]*)"`)

// tables are those lines, one a path.
func (g guest) tables() []string { return table.FindAllString(g.output, -1) }

// facts checks that each way to see was gone, the table of actions on each path of
// probes, and that nothing of it was left out but what this kernel has no call for.
func (g guest) facts(t *testing.T, k kernel) {
	t.Helper()
	for _, way := range []string{
		"TestEachWayToSeeCapabilities/security_capable", "TestEachWayToSeeCapabilities/security_capable#01",
		"TestRings/fexit", "TestRings/kprobe", "TestRings/none", "TestInterpreters/fexit", "TestInterpreters/kprobe",
	} {
		assert.Equal(t, passed, g.outcome[way], way)
	}
	if !*wholeTable {
		return
	}
	var paths []string
	for _, found := range table.FindAllStringSubmatch(g.output, -1) {
		paths = append(paths, found[1])
		for _, name := range quoted.FindAllStringSubmatch(found[2], -1) {
			assert.Contains(t, k.lacks, name[1], found[1])
		}
	}
	assert.ElementsMatch(t, probePaths, paths)
}
