package vm

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

func TestRun(t *testing.T) {
	need.VM(t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a b"), []byte("in\n"), 0o644))
	untouched := filepath.Join(dir, "untouched")
	require.NoError(t, os.WriteFile(untouched, nil, 0o600))
	before, err := os.Stat(untouched)
	require.NoError(t, err)

	var stdout, stderr bytes.Buffer
	c := exec.Command("./vm.sh", "run", dir, "--", "bash", "-c", `
		cat "a b"; echo talk >&2; echo out >c
		systemctl is-system-running --wait
		grep -o apparmor /sys/kernel/security/lsm
		uname -r | cut -d. -f1,2
		ls /sys/class/net
		[ -e /sys/kernel/btf/vmlinux ] && [ -e /sys/fs/cgroup/cgroup.controllers ] && [ ! -t 1 ]
		exit $((7 + $?))`)
	c.Stdout, c.Stderr = &stdout, &stderr
	var exit *exec.ExitError
	require.True(t, errors.As(c.Run(), &exit))
	assert.Equal(t, "in\nrunning\napparmor\n6.1\nlo\n", stdout.String())
	assert.Equal(t, "talk\n", stderr.String())
	assert.Equal(t, 7, exit.ExitCode())

	left, err := os.ReadFile(filepath.Join(dir, "c"))
	require.NoError(t, err)
	assert.Equal(t, "out\n", string(left))
	after, err := os.Stat(untouched)
	require.NoError(t, err)
	assert.True(t, os.SameFile(before, after), "a file that did not change was written again")
}
