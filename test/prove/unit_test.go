package prove

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/test/need"
)

// TestVerifyUnit verifies a service that is installed already, with drop-ins of its
// own, which are in force in the run and as before afterwards, however that ended.
func TestVerifyUnit(t *testing.T) {
	need.Container(t)
	need.BPF(t)
	need.Tools(t, "nginx", "curl")
	dir := t.TempDir()
	layOut(t, dir, "unit.sh", "../plan/nginx.conf")
	c := exec.Command(filepath.Join(need.ModuleRoot(t), "test/container/container.sh"), "run", dir, "--", "./unit.sh")
	c.Env = append(os.Environ(), "CONTAINER_TIMEOUT=280")
	command(t, c)
	text := textsIn(t, dir)

	before := text("state-before")
	for _, want := range []string{
		"10-own.conf", "20-own.conf", "Nice=5", "OOMScoreAdjust=100", "ProtectSystem=no", "NeedDaemonReload=no", "\nhello\n",
	} {
		require.Contains(t, before, want)
	}
	for _, run := range []string{"own", "less", "INT", "TERM"} {
		assert.Equal(t, before, text("state-"+run), run)
	}
	killed := text("state-KILL")
	assert.Contains(t, killed, "/run/systemd/system/proof-nginx.service.d/zz-osapi-profile-verify-", "without the kill's remains the next run removes nothing")
	assert.Contains(t, killed, "ProtectSystem=strict")

	r, status := result(t, dir, "own")
	assert.Equal(t, "0", status, text("own.err"))
	assert.True(t, r.OK, "%+v", r)
	assert.Equal(t, "proof-nginx.service", r.Unit)
	assert.Equal(t, []string{"systemd"}, r.Proven)
	assert.Len(t, r.Operations, 3)

	r, status = result(t, dir, "less")
	assert.Equal(t, "1", status)
	require.NotEmpty(t, r.False, "%+v", r)
	for _, d := range r.False {
		require.Len(t, d.By, 1, "%+v", d)
		assert.Contains(t, d.By[0], "less.conf:")
		assert.Equal(t, []string{"SystemCallFilter=writev"}, d.Allow)
	}

	r, status = result(t, dir, "tight")
	assert.Equal(t, "1", status)
	require.NotEmpty(t, r.False, "%+v", r)
	for _, d := range r.False {
		require.Len(t, d.By, 1, "%+v", d)
		assert.Contains(t, d.By[0], "/etc/systemd/system/proof-nginx.service.d/30-tight.conf:2: InaccessiblePaths=")
		assert.Contains(t, strings.Join(d.Allow, "\n"), "take the path out of ")
	}

	assert.Equal(t, "0\ninactive\n", text("stopped.status"), text("stopped.err"))
	for _, unmet := range []string{"Condition", "Assert"} {
		r, status = result(t, dir, unmet)
		assert.Equal(t, "1", status)
		assert.Contains(t, r.Broken, "systemd executed nothing of it")
		assert.Contains(t, r.Broken, map[string]string{"Condition": "(ConditionPathExists=/no/such)", "Assert": "asserts failed"}[unmet])
	}
	assert.Equal(t, "2\n", text("missing.status"))
	assert.Contains(t, text("missing.err"), "systemd does not load no-such.service, it says it is not-found")
	assert.NoFileExists(t, filepath.Join(dir, "missing.jsonl"))
}
