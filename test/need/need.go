// Package need says what a test cannot do without. A test that lacks it is
// skipped on a contributor's machine and fails when CI=true, so that a skip
// never passes for a success.
package need

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/features"
)

// Root is for tests that change users, mounts, cgroups or the kernel's state.
func Root(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		Lacks(t, "root")
	}
}

// BPF is for tests that load and attach probes: root, BTF of the running
// kernel, and a kernel that loads tracing programs.
func BPF(t testing.TB) {
	t.Helper()
	Root(t)
	if _, err := os.Stat("/sys/kernel/btf/vmlinux"); err != nil {
		Lacks(t, "BTF of the running kernel: %v", err)
	}
	if err := features.HaveProgramType(ebpf.RawTracepoint); err != nil {
		Lacks(t, "BPF tracing programs: %v", err)
	}
}

// Tools is for tests that execute programs, named as in PATH.
func Tools(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			Lacks(t, "%s; make deps installs it", name)
		}
	}
}

// Container is for tests that run something by test/container.
func Container(t testing.TB) {
	t.Helper()
	Root(t)
	Tools(t, "systemd-nspawn", "unshare")
}

// VM is for tests that run something by test/vm, in the guest that the variables
// choose, such as "VM_SUITE=trixie". It makes the guest's image when there is none
// yet, which takes a minute or two and Debian's archive.
func VM(t testing.TB, variables ...string) {
	t.Helper()
	Tools(t, "qemu-system-x86_64", "mmdebstrap")
	build := exec.Command(filepath.Join(ModuleRoot(t), "test/vm/vm.sh"), "build")
	build.Env = append(os.Environ(), variables...)
	if out, err := build.CombinedOutput(); err != nil {
		Lacks(t, "the guest's image: %v\n%s", err, out)
	}
}

// ModuleRoot is the directory of go.mod, above the one a test runs in.
func ModuleRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return at
		}
		if at == filepath.Dir(at) {
			t.Fatalf("no go.mod in %s or above", dir)
		}
	}
}

// Lacks ends the test because of what is missing: a skip, or with CI=true a
// failure.
func Lacks(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("needs "+format, args...)
	}
	t.Skipf("needs "+format, args...)
}
