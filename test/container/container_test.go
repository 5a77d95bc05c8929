package container

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

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

// TestClockIsOutOfReach has a payload with all that the container has try to set the
// clock, to what it shows already in case that it can.
func TestClockIsOutOfReach(t *testing.T) {
	need.Container(t)
	_, stderr, status := run(t, t.TempDir(), "date --set=now")
	assert.Equal(t, 1, status)
	assert.Contains(t, stderr, "cannot set date: Operation not permitted")
}
