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
	"github.com/osapi-io/osapi-profile/prove/acts"
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

// layOut puts the program and files into a directory.
func layOut(t *testing.T, dir string, files ...string) {
	t.Helper()
	c := exec.Command("go", "build", "-o", filepath.Join(dir, "osapi-profile"), "./cmd/osapi-profile")
	c.Dir, c.Env = need.ModuleRoot(t), append(os.Environ(), "CGO_ENABLED=0")
	command(t, c)
	command(t, exec.Command("cp", append(files, dir)...))
}

// TestVerify verifies nginx in the container's systemd, whole and with one grant
// less at a time.
func TestVerify(t *testing.T) {
	need.Container(t)
	need.BPF(t)
	need.Tools(t, "nginx", "curl")
	root, dir := need.ModuleRoot(t), t.TempDir()
	layOut(t, dir, "verify.sh", "../plan/nginx.conf")
	c := exec.Command(filepath.Join(root, "test/container/container.sh"), "run", dir, "--", "./verify.sh")
	c.Env = append(os.Environ(), "CONTAINER_TIMEOUT=280")
	command(t, c)

	t.Run("own", func(t *testing.T) {
		r, status := result(t, dir, "own")
		assert.Equal(t, "0", status)
		assert.True(t, r.OK, "%+v", r)
		assert.Equal(t, []string{"systemd"}, r.Proven)
		assert.Len(t, r.Operations, 4)
	})
	for name, want := range map[string]struct{ by, allow string }{
		"ReadWritePaths":          {"ProtectSystem=strict", "ReadWritePaths=-/srv/proof"},
		"SystemCallFilter":        {"SystemCallFilter=", "SystemCallFilter=writev"},
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
	text := textsIn(t, dir)
	for _, name := range []string{"own", "INT", "TERM", "early", "stubborn"} {
		assert.Empty(t, text("left-"+name), name)
	}
	assert.NotEmpty(t, text("left-KILL"), "without the kill's remains the next run removes nothing")
	assert.Empty(t, text("running"), "what is reset is not in use")
	assert.Equal(t, "2\n", text("early.status"))
	assert.Contains(t, text("early.err"), "interrupted; what was made is gone")
	r, status := result(t, dir, "stubborn")
	assert.Equal(t, "1", status)
	assert.Equal(t, "it was interrupted", r.Broken)
}

// TestAppArmor does so with an AppArmor profile, in the guest.
func TestAppArmor(t *testing.T) {
	t.Parallel() // the guest takes one processor, TestMinimize's container the other
	need.VM(t)
	root, dir := need.ModuleRoot(t), t.TempDir()
	layOut(t, dir, "apparmor.sh")
	c := exec.Command(filepath.Join(root, "test/vm/vm.sh"), "run", dir, "--", "./apparmor.sh")
	c.Env = append(os.Environ(), "VM_TIMEOUT=1800")
	command(t, c)
	r, status := result(t, dir, "own")
	assert.Equal(t, "0", status)
	assert.True(t, r.OK, "%+v", r)
	assert.Equal(t, []string{"systemd", "apparmor"}, r.Proven)
	text := textsIn(t, dir)
	assert.Equal(t, "2\n", text("lax.status"))
	assert.Contains(t, text("lax.err"), "lax.apparmor: the AppArmor profile proof is in complain mode")
	r, status = result(t, dir, "less")
	assert.Equal(t, "1", status)
	require.Len(t, r.False, 1, "%+v", r)
	assert.Equal(t, "/srv/w/in", r.False[0].Name.String())
	assert.Equal(t, []string{"AppArmor profile proof: no rule grants r"}, r.False[0].By)
	require.Len(t, r.False[0].Allow, 1)
	assert.Contains(t, r.False[0].Allow[0], "/srv/w/in r")
	require.NotEmpty(t, r.False[0].Log)
	assert.Contains(t, r.False[0].Log[0], `apparmor="DENIED"`)
	widened(t, dir)
	tried, status := actsOf(t, dir, "acts")
	assert.Equal(t, "1", status, "AppArmor has no rules for all acts")
	for _, act := range []string{"write-usr", "write-etc", "exec-unlisted", "exec-written-tmp", "set-clock", "mount", "load-module", "raw-socket", "trace-process", "signal-process"} {
		assert.Equal(t, acts.Denied, tried[act].Outcome, "%+v", tried[act])
		require.Len(t, tried[act].By, 1, "%+v", tried[act])
		assert.True(t, tried[act].Only)
		assert.True(t, strings.HasPrefix(tried[act].By[0].Text, "AppArmorProfile="), "%+v", tried[act])
	}
	assert.Equal(t, acts.Possible, tried["write-execute"].Outcome)
	left, err := os.ReadFile(filepath.Join(dir, "left"))
	require.NoError(t, err)
	assert.Equal(t, "0\n0\n", string(left))
	minimizedRules(t, dir)
}

// widened is about the profile that --fix wrote of the one without a rule: it has the
// rule, and is enough.
func widened(t *testing.T, dir string) {
	t.Helper()
	profile := textsIn(t, dir)("fixed.apparmor")
	assert.Regexp(t, `(?m)^  /srv/w/in r, # `, profile)
	r, status := result(t, dir, "fixed")
	assert.Equal(t, "0", status)
	assert.True(t, r.OK, "%+v", r)
	assert.Contains(t, r.Proven, "apparmor")
}
