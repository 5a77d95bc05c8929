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

	"github.com/osapi-io/osapi-profile/prove/acts"
	"github.com/osapi-io/osapi-profile/test/need"
)

// actsOf is what acts said in a directory.
func actsOf(t *testing.T, dir, name string) (of map[string]acts.Tried, status string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name+".json"))
	require.NoError(t, err)
	talk, _ := os.ReadFile(filepath.Join(dir, name+".err"))
	var report acts.Report
	require.NoError(t, json.Unmarshal(text, &report), "%s%s", text, talk)
	require.Empty(t, report.NotTried)
	of = map[string]acts.Tried{}
	for _, a := range report.Acts {
		of[a.Act] = a
	}
	code, err := os.ReadFile(filepath.Join(dir, name+".status"))
	require.NoError(t, err)
	return of, strings.TrimSpace(string(code))
}

// denied are acts, and the one directive of hard.service that denies each.
var denied = map[string]string{
	"write-usr": "ProtectSystem", "write-etc": "ProtectSystem", "write-unit": "ProtectSystem", "write-accounts": "ProtectSystem",
	"read-home": "ProtectHome", "read-root": "ProtectHome", "read-shadow": "InaccessiblePaths", "ask-pid1": "InaccessiblePaths",
	"set-setuid-bit": "RestrictSUIDSGID", "make-device": "PrivateDevices", "gain-by-setgid": "NoNewPrivileges",
	"exec-admin": "NoExecPaths", "exec-written-tmp": "NoExecPaths", "exec-memory": "SystemCallFilter", "user-keys": "SystemCallFilter",
	"mount": "SystemCallFilter", "write-execute": "MemoryDenyWriteExecute", "make-executable": "MemoryDenyWriteExecute",
	"trace-process": "CapabilityBoundingSet", "open-memory": "CapabilityBoundingSet", "chroot": "CapabilityBoundingSet",
	"personality": "LockPersonality", "realtime": "RestrictRealtime", "packet-socket": "RestrictAddressFamilies",
	"listen": "PrivateNetwork", "reach-host": "PrivateNetwork", "new-user-namespace": "RestrictNamespaces", "clone-user-namespace": "RestrictNamespaces",
	"new-mount-namespace": "RestrictNamespaces", "wake-machine": "ProtectClock", "set-hostname": "ProtectHostname",
	"read-kernel-log": "ProtectKernelLogs", "write-cgroup": "ProtectControlGroups",
}

// TestActs tries the acts in the container's systemd, under a unit that is known to
// deny them and under one that denies nothing.
func TestActs(t *testing.T) {
	need.Container(t)
	dir := t.TempDir()
	layOut(t, dir, "acts.sh", "hard.service", "plain.service")
	c := exec.Command(filepath.Join(need.ModuleRoot(t), "test/container/container.sh"), "run", dir, "--", "./acts.sh")
	c.Env = append(os.Environ(), "CONTAINER_TIMEOUT=280")
	command(t, c)

	hard, status := actsOf(t, dir, "hard")
	assert.Equal(t, "1", status, "no line keeps it from io_uring")
	plain, status := actsOf(t, dir, "plain")
	assert.Equal(t, "1", status)
	for act, directive := range denied {
		t.Run(act, func(t *testing.T) {
			got := hard[act]
			require.Equal(t, acts.Denied, got.Outcome, "%+v", got)
			require.Len(t, got.By, 1, "%+v", got)
			assert.True(t, got.Only)
			assert.Equal(t, "hard.service", filepath.Base(got.By[0].File))
			assert.True(t, strings.HasPrefix(got.By[0].Text, directive+"="), "%+v", got)
			assert.Equal(t, acts.Possible, plain[act].Outcome, "%+v", plain[act])
		})
	}
	quick, status := actsOf(t, dir, "quick")
	assert.Equal(t, "1", status)
	for act, of := range hard {
		assert.Equal(t, of.Outcome, quick[act].Outcome, act)
		assert.Empty(t, quick[act].By, act)
	}
	two := hard["give-file-away"]
	require.Equal(t, acts.Denied, two.Outcome)
	require.Len(t, two.By, 2, "%+v", two)
	assert.False(t, two.Only)
	assert.True(t, hard["exec-shell"].Explained)
	assert.Equal(t, "by ExecPaths=/usr/bin", hard["exec-shell"].Why)
	assert.Equal(t, acts.Possible, hard["io-uring"].Outcome)
	assert.False(t, hard["io-uring"].Explained)
	assert.Equal(t, acts.Possible, hard["signal-process"].Outcome)
	assert.True(t, hard["signal-process"].Explained, "it is root's, as the service is")
	assert.Equal(t, acts.NotHere, plain["set-clock"].Outcome, "the container has no capability for it")

	text, err := os.ReadFile(filepath.Join(dir, "left"))
	require.NoError(t, err)
	assert.Empty(t, string(text))
	text, err = os.ReadFile(filepath.Join(dir, "left-KILL"))
	require.NoError(t, err)
	assert.NotEmpty(t, string(text), "without the kill's remains the next run removes nothing")
	text, err = os.ReadFile(filepath.Join(dir, "hard.err"))
	require.NoError(t, err)
	assert.Contains(t, string(text), "removed what a run that was killed had left: mount /run/osapi-profile-acts-")
	text, err = os.ReadFile(filepath.Join(dir, "plain.err"))
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(string(text), "active\n/run/plain\n/var/lib/plain\n"), "%s", text)
}
