package prove

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/test/need"
)

// command runs a program, which must succeed.
func command(t *testing.T, c *exec.Cmd) {
	t.Helper()
	out, err := c.CombinedOutput()
	require.NoError(t, err, "%s\n%s", c, out)
}

// build makes the tests inside a package, as a program that needs no other file.
func build(t *testing.T, dir, name, pkg string) {
	t.Helper()
	c := exec.Command("go", "test", "-c", "-tags", "inside", "-o", filepath.Join(dir, name), pkg)
	c.Dir, c.Env = need.ModuleRoot(t), append(os.Environ(), "CGO_ENABLED=0")
	command(t, c)
}

// TestUnit installs services in the container's systemd.
func TestUnit(t *testing.T) {
	need.Container(t)
	dir := t.TempDir()
	build(t, dir, "unit.test", "./prove/unit")
	c := exec.Command(filepath.Join(need.ModuleRoot(t), "test/container/container.sh"), "run", dir, "--", "./unit.test", "-test.v")
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	require.NoError(t, c.Run())
}
