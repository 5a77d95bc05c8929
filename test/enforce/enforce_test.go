package enforce

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
	need.Tools(t, "nginx", "curl", "clang")
	dir := layOut(t)
	run(t, filepath.Join(need.ModuleRoot(t), "test/container/container.sh"), dir,
		`demo/run kept >kept.txt && exec ./inside.test -test.v -test.skip '^TestAppArmor'`)
	readable(t, dir)
}

// TestVM runs the whole of make demo on Debian 12's own kernel, and then those tests
// inside that have more to show there.
func TestVM(t *testing.T) {
	need.VM(t)
	need.Tools(t, "clang")
	dir := layOut(t)
	run(t, filepath.Join(need.ModuleRoot(t), "test/vm/vm.sh"), dir,
		`make --no-print-directory demo KEEP=kept >kept.txt && exec ./inside.test -test.v -test.run '^TestAppArmor|^TestUnit$'`)
	readable(t, dir)
}

// layOut makes a directory with the sources as a clone has them, the program built
// from them, and the tests that are to run beside them.
func layOut(t *testing.T) string {
	t.Helper()
	root, dir := need.ModuleRoot(t), t.TempDir()
	sh := exec.Command("sh", "-c", `git ls-files -z --cached --others --exclude-standard | tar -c --null --files-from=- | tar -x -C "$1"`, "sh", dir)
	sh.Dir = root
	command(t, sh)
	static := func(args ...string) {
		c := exec.Command("go", args...)
		c.Dir, c.Env = root, append(os.Environ(), "CGO_ENABLED=0")
		command(t, c)
	}
	static("build", "-trimpath", "-o", filepath.Join(dir, "osapi-profile"), "./cmd/osapi-profile")
	static("test", "-c", "-tags", "inside", "-o", filepath.Join(dir, "inside.test"), "./test/enforce/inside")
	command(t, exec.Command("clang", "-static", "-O2", "-Wall", "-Werror", "-o", filepath.Join(dir, "act"), "act/act.c"))
	return dir
}

// run has a harness execute a script in its copy of dir, and shows what it says as
// it comes.
func run(t *testing.T, harness, dir, script string) {
	t.Helper()
	c := exec.Command(harness, "run", dir, "--", "bash", "-c", script)
	c.Env = append(os.Environ(), "CONTAINER_TIMEOUT=300", "VM_TIMEOUT=1800")
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	require.NoError(t, c.Run())
}

func command(t *testing.T, c *exec.Cmd) {
	t.Helper()
	out, err := c.CombinedOutput()
	require.NoError(t, err, "%s\n%s", c, out)
}

// readable checks what the demo prints: both profiles, whole and in that order, made
// from a trace that knows of capabilities.
func readable(t *testing.T, dir string) {
	t.Helper()
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		return string(text)
	}
	unit, profile := read("kept/nginx-demo.conf"), read("kept/nginx-demo.apparmor")
	require.True(t, read("kept.txt") == unit+profile, "the demo prints something else than the two profiles")
	require.Contains(t, unit, "\n# HOLES: none known.\n")
	require.Regexp(t, `\nCapabilityBoundingSet=CAP_.*CAP_SETGID CAP_SETUID\n`, unit)
	require.Contains(t, profile, "\n  capability setgid,")
}
