package attach

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/test/need"
)

// TestContainer runs the tests inside on this machine's own kernel.
func TestContainer(t *testing.T) {
	need.Container(t)
	need.BPF(t)
	need.Tools(t, "nginx", "curl")
	run(t, "test/container/container.sh")
}

// TestVM runs them on stock Debians, by whose systemd they are started for real:
// 252 prepares a command in a fork of itself, 257 in systemd-executor.
func TestVM(t *testing.T) {
	for _, suite := range []string{"bookworm", "trixie"} {
		t.Run(suite, func(t *testing.T) {
			t.Parallel() // a guest takes one processor
			need.VM(t, "VM_SUITE="+suite)
			run(t, "test/vm/vm.sh", "VM_SUITE="+suite)
		})
	}
}

// run builds the program and the tests and has a harness execute them.
func run(t *testing.T, harness string, variables ...string) {
	t.Helper()
	root, dir := need.ModuleRoot(t), t.TempDir()
	for _, args := range [][]string{
		{"build", "-trimpath", "-o", filepath.Join(dir, "osapi-profile"), "./cmd/osapi-profile"},
		{"test", "-c", "-tags", "inside", "-o", filepath.Join(dir, "inside.test"), "./test/attach/inside"},
	} {
		c := exec.Command("go", args...)
		c.Dir, c.Env = root, append(os.Environ(), "CGO_ENABLED=0")
		out, err := c.CombinedOutput()
		require.NoError(t, err, "%s\n%s", c, out)
	}
	c := exec.Command(filepath.Join(root, harness), "run", dir, "--", "sh", "-c", "cd /job && exec ./inside.test -test.v")
	c.Env = append(append(os.Environ(), "CONTAINER_TIMEOUT=300", "VM_TIMEOUT=1800"), variables...)
	out, err := c.CombinedOutput()
	t.Logf("%s", out)
	require.NoError(t, err)
}
