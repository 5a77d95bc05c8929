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

// TestVM runs them on a stock Debian, by whose systemd they are started for real.
func TestVM(t *testing.T) {
	need.VM(t)
	run(t, "test/vm/vm.sh")
}

// run builds the program and the tests and has a harness execute them.
func run(t *testing.T, harness string) {
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
	c.Env = append(os.Environ(), "CONTAINER_TIMEOUT=300", "VM_TIMEOUT=900")
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	require.NoError(t, c.Run())
}
