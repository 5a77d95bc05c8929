package attach

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/test/need"
)

// TestContainer runs them on this machine's kernel, under both systemds.
func TestContainer(t *testing.T) {
	need.Container(t)
	need.BPF(t)
	need.Tools(t, "nginx", "curl")
	const harness = "test/container/container.sh"
	t.Run("bookworm", func(t *testing.T) { run(t, everything, harness) })
	t.Run("trixie", func(t *testing.T) {
		const trixie = "VM_SUITE=trixie"
		need.VM(t, trixie) // whose files the container has
		c := exec.Command(filepath.Join(need.ModuleRoot(t), "test/vm/vm.sh"), "path")
		c.Env = append(os.Environ(), trixie)
		path, err := c.Output()
		require.NoError(t, err)
		run(t, everything, harness, "CONTAINER_IMAGE="+filepath.Join(strings.TrimSpace(string(path)), "root.img"))
	})
}

// everything is all that is inside. A recording takes an emulated guest half a minute
// to begin: there only what systemd and the probes do together is tried again.
const (
	everything = "."
	together   = "^(TestStarted|TestLinesOfOneCommand|TestRestarted|TestPreparation)$"
)

// TestVM is on stock Debians, by whose systemd units are started for real: 252
// prepares a command in a fork of itself, 257 in systemd-executor.
func TestVM(t *testing.T) {
	for _, suite := range []string{"bookworm", "trixie"} {
		t.Run(suite, func(t *testing.T) {
			t.Parallel() // a guest takes one processor
			need.VM(t, "VM_SUITE="+suite)
			run(t, together, "test/vm/vm.sh", "VM_SUITE="+suite)
		})
	}
}

// run builds the program and the tests and has a harness execute these of them.
func run(t *testing.T, tests, harness string, variables ...string) {
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
	c := exec.Command(filepath.Join(root, harness), "run", dir, "--", "sh", "-c", "cd /job && exec ./inside.test -test.v -test.run '"+tests+"'")
	c.Env = append(append(os.Environ(), "CONTAINER_TIMEOUT=300", "VM_TIMEOUT=1800"), variables...)
	out, err := c.CombinedOutput()
	t.Logf("%s", out)
	require.NoError(t, err)
}
