package recall

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/test/need"
)

// programs is where the sources of the workloads are.
const programs = "testdata/programs"

// built is a directory with everything that the workloads run, made once.
type built struct {
	dir      string
	recorder string
}

// prebuilt is for where there is no compiler.
var prebuilt = flag.String("built", "", "take the programs of the workloads from this directory, in place of compiling them")

// static are the C programs that run where there are no libraries, with the
// compiler's options besides those that all have.
var static = map[string][]string{"chroot": {"-static"}, "gate": {"-static"}, "compat": {"-static", "-m32"}}

// build compiles the recorder and the programs.
func build(t *testing.T) built {
	t.Helper()
	if *prebuilt != "" {
		return built{dir: *prebuilt, recorder: filepath.Join(*prebuilt, "osapi-profile")}
	}
	b := built{dir: directory(t)}
	b.recorder = filepath.Join(b.dir, "osapi-profile")
	need.Tools(t, "gcc")
	output(t, "go", "build", "-o", b.recorder, "../../cmd/osapi-profile")
	sources, err := filepath.Glob(programs + "/*.c")
	require.NoError(t, err)
	for _, source := range sources {
		name := strings.TrimSuffix(filepath.Base(source), ".c")
		if (name == "compat" || name == "gate") && runtime.GOARCH != "amd64" {
			continue
		}
		if name == "compat" && !multilib() {
			need.Lacks(t, "gcc-multilib; make deps installs it")
		}
		args := append([]string{"-O1", "-Wall", "-Wextra", "-Werror", "-o", filepath.Join(b.dir, name), source, "-lpthread"}, static[name]...)
		output(t, "gcc", args...)
	}
	for _, name := range []string{"threads", "dial"} {
		output(t, "go", "build", "-o", filepath.Join(b.dir, name), "./"+programs+"/"+name)
	}
	return b
}

// multilib says whether gcc has what -m32 needs.
func multilib() bool {
	dirs, err := filepath.Glob("/usr/lib/gcc/x86_64-linux-gnu/*/32")
	return err == nil && len(dirs) > 0
}

// i386 says whether the machine takes calls of that ABI. A kernel may be built
// without, and a hypervisor may not let them through: the gate is a fault then.
func (b built) i386(t *testing.T) bool {
	t.Helper()
	if runtime.GOARCH != "amd64" {
		return false
	}
	cmd := exec.Command(filepath.Join(b.dir, "gate"))
	cmd.Dir = t.TempDir()
	err := cmd.Run()
	var exit *exec.ExitError
	require.True(t, err == nil || errors.As(err, &exit), "%v", err)
	status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
	return !status.Signaled() || status.Signal() != syscall.SIGSEGV
}

// directory makes a directory that other users may enter, as [testing.T.TempDir]
// does not.
func directory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "recall")
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	require.NoError(t, os.Chmod(dir, 0o755))
	dir, err = filepath.EvalSymlinks(dir)
	require.NoError(t, err)
	return dir
}

func output(t *testing.T, name string, args ...string) {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	require.NoError(t, err, "%s %v: %s", name, args, out)
}
