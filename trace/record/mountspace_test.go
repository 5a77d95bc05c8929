package record

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	lacks "github.com/osapi-io/osapi-profile/test/need"
)

// TestMountSpaceOfWhoEnded: the process that a namespace was known by has ended, and
// another one is in it.
func TestMountSpaceOfWhoEnded(t *testing.T) {
	lacks.Root(t)
	c := exec.Command("sleep", "60")
	c.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	require.NoError(t, c.Start())
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	number, err := namespaceInode("/proc/" + strconv.Itoa(c.Process.Pid) + "/ns/mnt")
	require.NoError(t, err)
	ended := exec.Command("true")
	require.NoError(t, ended.Run())

	spaces := mountSpaces{}
	t.Cleanup(spaces.close)
	prefix, found := spaces.open(number, uint32(ended.Process.Pid))
	require.True(t, found)
	require.True(t, strings.HasPrefix(prefix, "/proc/self/fd/"), prefix)
	is, err := os.Stat(prefix + "/")
	require.NoError(t, err)
	assert.True(t, is.IsDir())

	const nobodys = 1
	through := "/proc/" + strconv.Itoa(ended.Process.Pid) + "/root"
	for range 2 {
		prefix, found = spaces.open(nobodys, uint32(ended.Process.Pid))
		assert.Equal(t, through, prefix)
		assert.False(t, found)
	}
}
