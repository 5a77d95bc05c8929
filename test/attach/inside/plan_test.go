//go:build inside

package inside

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/trace"
)

// A plan for the service of these tests: it says in a file when it is ready, and
// its shutdown is systemd's.
const training = `
ready: {line: ^ready$, file: /run/attach-test.log}
settle: 300ms
without: [log-rotation, reconnect]
operations:
  - {name: main, shell: 'test "$MAINPID" = "$(systemctl show --property=MainPID --value attach-test)"'}
  - {name: reload, settle: 1s}
  - {name: idle, wait: 1s}
`

func planned(t *testing.T) string {
	t.Helper()
	require.NoError(t, os.WriteFile(program, []byte(script), 0o755))
	install(t, name, service+"Restart=always\nExecStartPost=+/bin/sh -c 'echo ready >>/run/attach-test.log'\n")
	file := filepath.Join(t.TempDir(), "plan.yaml")
	require.NoError(t, os.WriteFile(file, []byte(training), 0o644))
	return file
}

// went checks that all of the plan did, and that facts are of what they were
// seen in.
func went(t *testing.T, read *trace.Trace) {
	t.Helper()
	for _, o := range read.Runs[0].Operations {
		assert.Equal(t, trace.OperationOK, o.Outcome, "%s: %s", o.Name, o.Detail)
	}
	of := map[string]string{}
	for _, f := range read.Files {
		if f.Access == trace.AccessRead {
			of[string(f.Path)] = f.Operation
		}
	}
	assert.Equal(t, trace.OperationStartup, of["/etc/hostname"])
	assert.Equal(t, trace.OperationReload, of["/etc/group"])
	assert.Equal(t, trace.OperationShutdown, of["/etc/debian_version"])
}

// A plan starts the unit, acts on its main process, and has systemd stop it,
// which does not start it again.
func TestPlan(t *testing.T) {
	plan := planned(t)
	went(t, record(t, "--unit", name, "--plan", plan).ended(0))
	assert.False(t, active(name))
}

// A unit that runs is started anew for its plan, and runs again afterwards.
func TestPlanOfRunning(t *testing.T) {
	plan := planned(t)
	systemctl(t, "start", name)
	out, err := exec.Command("./osapi-profile", "record", "-o", filepath.Join(t.TempDir(), "trace"), "--unit", name, "--plan", plan).CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(out), name+" runs already, and a plan begins with the start: add --restart, or stop it first")
	assert.True(t, active(name))
	went(t, record(t, "--unit", name, "--restart", "--plan", plan).ended(0))
	until(t, "start after the plan", func() bool { return active(name) })
}

// Ctrl-C ends the recording, not the unit; what of the plan was left is told.
func TestPlanInterrupted(t *testing.T) {
	plan := planned(t)
	r := record(t, "--unit", name, "--plan", plan)
	r.has(`"name":"idle"`)
	require.NoError(t, r.Process.Signal(os.Interrupt))
	read := r.ended(124)
	assert.True(t, active(name))
	last := read.Runs[0].Operations
	assert.Equal(t, "the recording had been ended", last[len(last)-1].Detail)
}
