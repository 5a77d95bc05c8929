package container

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/test/need"
)

func run(t *testing.T, dir, script string, env ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, talk bytes.Buffer
	c := exec.Command("./container.sh", "run", dir, "--", "bash", "-c", script)
	c.Env, c.Stdout, c.Stderr = append(os.Environ(), env...), &out, &talk
	if err := c.Run(); err != nil {
		var exit *exec.ExitError
		require.True(t, errors.As(err, &exit), "%v", err)
	}
	return out.String(), talk.String(), c.ProcessState.ExitCode()
}

func TestRun(t *testing.T) {
	need.Container(t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a b"), []byte("in\n"), 0o644))
	stdout, stderr, status := run(t, dir, `cat "a b"; echo talk >&2; echo out >c; systemctl is-system-running; touch /etc/gone; exit 7`)
	assert.Equal(t, "in\nrunning\n", stdout)
	assert.Equal(t, "talk\n", stderr)
	assert.Equal(t, 7, status)
	left, err := os.ReadFile(filepath.Join(dir, "c"))
	require.NoError(t, err)
	assert.Equal(t, "out\n", string(left))
	assert.NoFileExists(t, "/etc/gone")
}

func TestTimeLimit(t *testing.T) {
	need.Container(t)
	_, _, status := run(t, t.TempDir(), "sleep 60", "CONTAINER_TIMEOUT=2")
	assert.Equal(t, 124, status)
}

// TestNothingIsLeft ends container.sh while its job runs: the container ends, and its
// cgroups and files go, also when container.sh itself has no time for that.
func TestNothingIsLeft(t *testing.T) {
	need.Container(t)
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGKILL} {
		t.Run(s.String(), func(t *testing.T) {
			dir, files := t.TempDir(), t.TempDir()
			c := exec.Command("./container.sh", "run", dir, "--", "bash", "-c", "echo up; exec sleep 1000")
			c.Env, c.Stderr = append(os.Environ(), "TMPDIR="+files), os.Stderr
			out, err := c.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, c.Start())
			line, err := bufio.NewReader(out).ReadString('\n')
			require.NoError(t, err)
			require.Equal(t, "up\n", line)
			groups := cgroups(t, dir)
			require.NotEmpty(t, groups)
			require.NoError(t, c.Process.Signal(s))
			require.Error(t, c.Wait())
			assert.Eventually(t, func() bool {
				left, err := os.ReadDir(files)
				return err == nil && len(left) == 0
			}, time.Minute, 50*time.Millisecond, "files")
			for _, group := range groups {
				assert.NoDirExists(t, group)
			}
			assert.Empty(t, cgroups(t, dir), "processes")
		})
	}
}

// cgroups are the container's own ones, by the processes whose command line has its
// directory.
func cgroups(t *testing.T, dir string) (out []string) {
	t.Helper()
	processes, err := filepath.Glob("/proc/[0-9]*")
	require.NoError(t, err)
	own := regexp.MustCompile(`container\d+`)
	for _, p := range processes {
		line, err := os.ReadFile(filepath.Join(p, "cmdline"))
		if err != nil || !bytes.Contains(line, []byte("--bind="+dir+":")) {
			continue
		}
		in, err := os.ReadFile(filepath.Join(p, "cgroup"))
		if err != nil {
			continue // it has ended meanwhile
		}
		for _, hierarchy := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd"} {
			if name := filepath.Join(hierarchy, own.FindString(string(in))); name != hierarchy {
				if _, err := os.Stat(name); err == nil {
					out = append(out, name)
				}
			}
		}
	}
	return out
}

// TestClockIsOutOfReach has a payload with all that the container has try to set the
// clock, to what it shows already in case that it can.
func TestClockIsOutOfReach(t *testing.T) {
	need.Container(t)
	_, stderr, status := run(t, t.TempDir(), "date --set=now")
	assert.Equal(t, 1, status)
	assert.Contains(t, stderr, "cannot set date: Operation not permitted")
}
