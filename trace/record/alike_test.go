package record

import (
	"bytes"
	"os/exec"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/bpf"
	lacks "github.com/osapi-io/osapi-profile/test/need"
	"github.com/osapi-io/osapi-profile/trace"
)

// TestCommandThatEnded: of two commands of a unit, each in a mount namespace of its own,
// the first has ended when the recorder comes to it. What it used is told by the
// second's, once that is there; without it, and of no unit, a hole is left.
func TestCommandThatEnded(t *testing.T) {
	lacks.Root(t)
	inNamespace := func(command ...string) (*exec.Cmd, uint32) {
		c := exec.Command(command[0], command[1:]...)
		c.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
		require.NoError(t, c.Start())
		number, err := namespaceInode("/proc/" + strconv.Itoa(c.Process.Pid) + "/ns/mnt")
		require.NoError(t, err)
		return c, number
	}
	first, gone := inNamespace("sleep", "60")
	second, there := inNamespace("sleep", "60")
	t.Cleanup(func() { _ = second.Process.Kill(); _ = second.Wait() })
	require.NoError(t, first.Process.Kill())
	_ = first.Wait()

	for name, c := range map[string]struct {
		unit, second bool
		pause        uint64 // between two commands that ended, and before anything else
		want         trace.Path
		holes        bool
	}{
		"a unit": {unit: true, second: true, want: "/usr/lib/os-release"}, "no unit": {second: true, want: "/etc/os-release", holes: true},
		"a slow unit":       {unit: true, second: true, pause: longestLate - 1, want: "/usr/lib/os-release"},
		"a unit that rests": {unit: true, second: true, pause: longestLate, want: "/etc/os-release", holes: true},
		"a unit that ended": {unit: true, want: "/etc/os-release", holes: true},
	} {
		var file bytes.Buffer
		out := trace.NewWriter(&file)
		require.NoError(t, out.Header(trace.Header{Run: "R", Worker: "/w", Arch: "amd64"}))
		o := newObserver(newCollector(out, 0, newHoles(nil)), "amd64", 1)
		o.alike.on = c.unit
		o.operations = append(o.operations, "op")
		begin := func(pid int, mntns uint32, target uint32) event {
			e := event{RecorderEvent: bpf.RecorderEvent{Kind: eventExec, Flags: eventFirst, Target: target, Tgid: uint32(pid), Mntns: mntns, Call: callExeced}}
			e.text[textName], e.text[textWalk] = "/bin/sleep", "sleep\x00bin\x00usr\x00"
			return e
		}
		used := event{RecorderEvent: bpf.RecorderEvent{
			Kind: eventPath, Flags: eventFollow, Subject: 1, Tgid: uint32(first.Process.Pid), Mntns: gone, Access: uint32(trace.AccessRead), Call: callExeced,
		}}
		used.text[textName] = "/etc/os-release"
		require.NoError(t, o.observe(begin(first.Process.Pid, gone, 1)))
		require.NoError(t, o.observe(used))
		again := begin(first.Process.Pid, gone, 3)
		again.Time = c.pause
		require.NoError(t, o.observe(again))
		other := used
		other.Subject, other.Mntns, other.Time, other.text[textName] = 0, o.mntns, 2*c.pause, "/etc/passwd"
		require.NoError(t, o.observe(other))
		if c.second {
			require.NoError(t, o.observe(begin(second.Process.Pid, there, 2)))
		}
		require.NoError(t, o.abandon())
		require.NoError(t, o.collector.finish())
		in, err := trace.Read(&file)
		require.NoError(t, err)
		var paths []trace.Path
		for _, f := range in.Files {
			paths = append(paths, f.Path)
		}
		assert.Contains(t, paths, c.want, name)
		assert.Equal(t, c.holes, len(o.holes.list()) > 0, "%s: %v", name, o.holes.list())
		o.spaces.close()
	}
}
