// Package kernels runs the recorder's own tests on a stock Debian kernel, whose
// verifier and hooks are others than those of the machine the tests run on.
package kernels

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/test/need"
)

// Each program alone, each way to see capabilities and functions, the scope, and
// some actions of each shape. All of them would take the emulated guest minutes.
const chosen = "TestEachProgramLoads|TestEachWay|TestNoWay|TestScope|TestSetuidExec|TestRings|TestInterpreters|" +
	"TestAttachLosesNoChild|TestCgroup|TestRefusedCalls/(errno|kill-thread)$|" +
	"TestOneActionOneFact/^(openat2|rename|chroot|bind|tmpfile|hostile|mapped|kill_child|kill_corpse|kill_parent|kill_group|" +
	"pidfd|ptrace|mount|new_mount|fanotify|quotactl|queue|ioctl|add_key|descriptor|accept|message)$"

func TestRecorderInTheGuest(t *testing.T) {
	need.VM(t)
	root, dir := need.ModuleRoot(t), t.TempDir()
	build := exec.Command("go", "test", "-c", "-o", filepath.Join(dir, "record.test"), "./trace/record")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	run := exec.Command(filepath.Join(root, "test/vm/vm.sh"), "run", dir, "--",
		"env", "CI=true", "TMPDIR=/var/tmp", "/job/record.test", "-test.v", "-test.run", chosen)
	run.Env = append(os.Environ(), "VM_TIMEOUT=900")
	out, err = run.CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, way := range []string{"TestEachWayToSeeCapabilities/security_capable", "TestRings/fexit", "TestRings/kprobe"} {
		require.Contains(t, string(out), "--- PASS: "+way, "the guest's kernel has function probes\n%s", out)
	}
}
