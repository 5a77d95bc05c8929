package kernels

import (
	"encoding/json"
	"fmt"
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
	doctor   report
	output   string
	outcome  map[string]string // of each test: passed, failed or skipped
	outcomes []outcome         // of the table of actions, one a path
	err      error
	took     time.Duration
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
		program, err := os.ReadFile(filepath.Join(programs, name)) // tar does not take a file that is linked meanwhile
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), program, 0o755))
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
	g.outcomes = readOutcomes(t, dir)
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

// script is what the guest does. That events of the kernel are denied to all but
// CAP_SYS_ADMIN is a setting of Debian's.
func (k kernel) script() string {
	tests := k.tests
	switch {
	case *wholeTable:
		tests += truth
	case *write:
		tests = loads + "|TestRefusedCalls"
	}
	lines := []string{
		"status=0; export CI=true TMPDIR=/var/tmp", "./osapi-profile doctor --json >doctor.json", "echo 2 >/proc/sys/kernel/perf_event_paranoid",
		"./record.test -test.v -test.run '" + tests + "' || status=1",
	}
	for _, path := range k.paths() {
		lines = append(lines, fmt.Sprintf("./record.test -test.v -test.run TestOneActionOneFact -path %s -report %s || status=1", path, reportOf(path)))
	}
	return strings.Join(append(lines, "exit $status"), "\n")
}

func reportOf(path string) string { return "table-" + path + ".json" }

// readOutcomes reads what the table left in a directory.
func readOutcomes(t *testing.T, dir string) []outcome {
	t.Helper()
	var all []outcome
	for _, path := range probePaths {
		text, err := os.ReadFile(filepath.Join(dir, reportOf(path)))
		if os.IsNotExist(err) {
			continue
		}
		var some []outcome
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &some), "%s", text)
		all = append(all, some...)
	}
	return all
}

// tables are the outcomes in words, one a line.
func (g guest) tables() string {
	var b strings.Builder
	for _, o := range g.outcomes {
		fmt.Fprintf(&b, "%s: %d passed, %d failed %q, %d not possible here\n", o.Path, o.Passed, len(o.Failed), o.Failed, len(o.Impossible))
	}
	return b.String()
}

// ways checks that each way to see was gone.
func (g guest) ways(t *testing.T) {
	t.Helper()
	for _, way := range []string{
		"TestEachWayToSeeCapabilities/security_capable", "TestEachWayToSeeCapabilities/security_capable#01",
		"TestRings/fexit", "TestRings/kprobe", "TestRings/none", "TestInterpreters/fexit", "TestInterpreters/kprobe",
	} {
		assert.Equal(t, passed, g.outcome[way], way)
	}
}
