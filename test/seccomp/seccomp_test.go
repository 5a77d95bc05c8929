// Package seccomp runs containers under emitted filters: a real runtime reads
// them, and the kernel does what they say.
package seccomp

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/test/need"
)

// bench is a container that holds nothing but the program.
type bench struct {
	*testing.T
	dir, tool string
}

func newBench(t *testing.T) bench {
	need.BPF(t)
	need.Tools(t, "runc", "gcc")
	b := bench{t, t.TempDir(), filepath.Join(t.TempDir(), "osapi-profile")}
	b.output("go", "build", "-o", b.tool, filepath.Join(need.ModuleRoot(t), "cmd/osapi-profile"))
	for _, dir := range []string{"rootfs/proc", "rootfs/dev"} {
		require.NoError(t, os.MkdirAll(filepath.Join(b.dir, dir), 0o755))
	}
	b.output("gcc", "-static", "-O1", "-Wall", "-Wextra", "-Werror", "-o", filepath.Join(b.dir, "rootfs/act"), "testdata/act.c")
	return b
}

func (b bench) output(name string, args ...string) []byte {
	b.Helper()
	cmd := exec.Command(name, args...)
	out, err := cmd.Output()
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		b.Fatalf("%s: %v\n%s", cmd, err, failed.Stderr)
	}
	require.NoError(b, err)
	return out
}

// filter records the program doing some acts and gives the filter for them.
func (b bench) filter(acts ...[]string) json.RawMessage {
	b.Helper()
	var traces []string
	for i, act := range acts {
		file := filepath.Join(b.TempDir(), fmt.Sprintf("%d.jsonl", i))
		b.output(b.tool, append([]string{"record", "--quiet", "-o", file, "--", filepath.Join(b.dir, "rootfs/act")}, act...)...)
		traces = append(traces, file)
	}
	return b.output(b.tool, append([]string{"emit", "--format", "seccomp"}, traces...)...)
}

// run runs the program in a container under a filter, nil for none, and gives
// the errno of its act.
func (b bench) run(filter json.RawMessage, act ...string) syscall.Errno {
	b.Helper()
	all := []string{"CAP_SYS_ADMIN", "CAP_NET_RAW", "CAP_NET_ADMIN"}
	spec := specs.Spec{
		Version: "1.0.2", Root: &specs.Root{Path: "rootfs"},
		Mounts: []specs.Mount{{Destination: "/proc", Type: "proc", Source: "proc"}},
		Process: &specs.Process{
			Args: append([]string{"/act"}, act...), Cwd: "/", NoNewPrivileges: true,
			Capabilities: &specs.LinuxCapabilities{Bounding: all, Effective: all, Permitted: all},
		},
		Linux: &specs.Linux{Namespaces: []specs.LinuxNamespace{{Type: "mount"}, {Type: "pid"}, {Type: "uts"}}},
	}
	text, err := json.Marshal(spec)
	require.NoError(b, err)
	var config map[string]any // the filter as the very text that was emitted
	require.NoError(b, json.Unmarshal(text, &config))
	if filter != nil {
		config["linux"].(map[string]any)["seccomp"] = filter
	}
	text, err = json.Marshal(config)
	require.NoError(b, err)
	require.NoError(b, os.WriteFile(filepath.Join(b.dir, "config.json"), text, 0o644))
	out, err := exec.Command("runc", "run", "--bundle", b.dir, fmt.Sprintf("osapi-profile-%d", os.Getpid())).CombinedOutput()
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) && len(out) == 0 {
		return syscall.Errno(failed.ExitCode())
	}
	require.NoError(b, err, "%s", out)
	return 0
}

// TestFilters trains the program in some acts, and then has it try these and
// others. Without the filter all of them succeed.
func TestFilters(t *testing.T) {
	b := newBench(t)
	const newns, newuts, inet, inet6, netlink = "0x20000", "0x4000000", "2", "10", "16"
	streams := b.filter([]string{"stream", inet})
	spaces := b.filter([]string{"unshare", newuts}, []string{"clone", "0"}, []string{"personality", "0xffffffff"})
	for _, c := range []struct {
		filter json.RawMessage
		act    []string
		want   syscall.Errno
	}{
		{streams, []string{"stream", inet}, 0},
		{streams, []string{"stream", inet6}, syscall.ENOSYS},
		{streams, []string{"socket", netlink}, syscall.ENOSYS},
		{streams, []string{"unshare", newuts}, syscall.ENOSYS},
		{streams, []string{"keyctl", "-3"}, syscall.ENOSYS},
		{streams, []string{"clone", newuts}, syscall.ENOSYS},
		{spaces, []string{"unshare", newuts}, 0},
		{spaces, []string{"unshare", newns}, syscall.ENOSYS},
		{spaces, []string{"clone", "0"}, 0},
		{spaces, []string{"clone", newuts}, syscall.ENOSYS},
		{spaces, []string{"personality", "0xffffffff"}, 0},
		{spaces, []string{"personality", "0x40000"}, syscall.ENOSYS},
		{spaces, []string{"stream", inet}, syscall.ENOSYS},
	} {
		require.Zero(t, b.run(nil, c.act...), "%v without a filter", c.act)
		require.Equal(t, c.want, b.run(c.filter, c.act...), "%v under\n%s", c.act, c.filter)
	}
}
