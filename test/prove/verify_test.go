package prove

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/prove"
	"github.com/osapi-io/osapi-profile/test/need"
)

// result is what a run of verify left in a directory.
func result(t *testing.T, dir, name string) (report prove.Report, status string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name+".json"))
	require.NoError(t, err)
	talk, _ := os.ReadFile(filepath.Join(dir, name+".err"))
	require.NoError(t, json.Unmarshal(text, &report), "%s%s", text, talk)
	code, err := os.ReadFile(filepath.Join(dir, name+".status"))
	require.NoError(t, err)
	return report, strings.TrimSpace(string(code))
}

// TestVerify verifies nginx in the container's systemd, whole and with one grant
// less at a time.
func TestVerify(t *testing.T) {
	need.Container(t)
	need.BPF(t)
	need.Tools(t, "nginx", "curl")
	root, dir := need.ModuleRoot(t), t.TempDir()
	c := exec.Command("go", "build", "-o", filepath.Join(dir, "osapi-profile"), "./cmd/osapi-profile")
	c.Dir, c.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	command(t, c)
	command(t, exec.Command("cp", "verify.sh", "../plan/nginx.conf", "../plan/nginx.yaml", dir))
	c = exec.Command(filepath.Join(root, "test/container/container.sh"), "run", dir, "--", "./verify.sh")
	c.Env = append(os.Environ(), "CONTAINER_TIMEOUT=280")
	command(t, c)

	t.Run("own", func(t *testing.T) {
		r, status := result(t, dir, "own")
		assert.Equal(t, "0", status)
		assert.True(t, r.OK, "%+v", r)
		assert.Equal(t, []string{"systemd"}, r.Proven)
		assert.Len(t, r.Operations, 7)
	})
	for name, want := range map[string]struct{ by, allow string }{
		"ReadWritePaths":          {"ProtectSystem=strict", "ReadWritePaths=-/srv/proof"},
		"SystemCallFilter":        {"SystemCallFilter=", "SystemCallFilter=sendfile"},
		"CapabilityBoundingSet":   {"CapabilityBoundingSet=", "CapabilityBoundingSet=CAP_SETUID"},
		"ExecPaths":               {"NoExecPaths=/", "ExecPaths=-/usr/sbin"},
		"RestrictAddressFamilies": {"RestrictAddressFamilies=", "RestrictAddressFamilies=AF_INET"},
	} {
		t.Run("without "+name, func(t *testing.T) {
			r, status := result(t, dir, name)
			assert.Equal(t, "1", status)
			assert.Empty(t, r.NotTaken)
			var by, allow []string
			for _, d := range r.False {
				by, allow = append(by, d.By...), append(allow, d.Allow...)
			}
			require.NotEmpty(t, by, "%+v", r)
			for _, line := range by {
				assert.Contains(t, line, name+".service:")
				assert.Contains(t, line, ": "+want.by)
			}
			for _, line := range allow {
				assert.True(t, strings.HasPrefix(line, want.allow), line)
			}
			assert.NotEmpty(t, allow)
			fixed, err := os.ReadFile(filepath.Join(dir, name+".fixed"))
			require.NoError(t, err)
			assert.Contains(t, string(fixed), "\n[Service]\n")
		})
	}
	for _, name := range []string{"own", "INT", "TERM"} {
		text, err := os.ReadFile(filepath.Join(dir, "left-"+name))
		require.NoError(t, err)
		assert.Empty(t, string(text), name)
	}
	text, err := os.ReadFile(filepath.Join(dir, "left-KILL"))
	require.NoError(t, err)
	assert.NotEmpty(t, string(text), "without the kill's remains the next run removes nothing")
}
