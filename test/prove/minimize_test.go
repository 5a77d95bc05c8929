package prove

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/prove/minimize"
	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/test/need"
)

// TestMinimize minimizes a profile of redis that grants more than it needs, in the
// container's systemd.
func TestMinimize(t *testing.T) {
	t.Parallel() // with TestAppArmor
	need.Container(t)
	need.BPF(t)
	need.Tools(t, "redis-server", "redis-cli")
	root, dir := need.ModuleRoot(t), t.TempDir()
	layOut(t, dir, "minimize.sh")
	c := exec.Command(filepath.Join(root, "test/container/container.sh"), "run", dir, "--", "./minimize.sh")
	c.Env = append(os.Environ(), "CONTAINER_TIMEOUT=400")
	command(t, c)
	text := textsIn(t, dir)

	require.Equal(t, "0\n", text("minimize.status"), text("minimize.err"))
	s, err := minimize.ReadFile(filepath.Join(dir, "marks.json"))
	require.NoError(t, err)
	marks := map[string]synth.Mark{}
	for _, g := range s.Grants {
		marks[g.String()] = g.Mark
		assert.NotEmpty(t, g.Why, g.String())
	}
	for entry, want := range map[string]synth.Mark{
		"capability CAP_NET_BIND_SERVICE": synth.MarkRequired,  // port 379
		"capability CAP_CHOWN":            synth.MarkTolerated, // nobody looks at the owner
		"capability CAP_SYS_ADMIN":        synth.MarkTolerated,
		"capability CAP_NET_RAW":          synth.MarkTolerated,
		"syscall mount":                   synth.MarkTolerated,
		"syscall bpf":                     synth.MarkTolerated,
		"write /srv/proof":                synth.MarkRequired,
		"write /var/lib":                  synth.MarkTolerated,
		"exec /usr/games":                 synth.MarkTolerated,
		"exec /usr/bin":                   synth.MarkRequired,
	} {
		assert.Equal(t, want, marks[entry], entry)
	}
	for _, o := range s.Operations {
		assert.Empty(t, o.Flaky, o.Name)
	}
	assert.Less(t, len(s.Runs), 2*len(s.Grants))
	assert.True(t, s.Runs[len(s.Runs)-1].Confirms)

	// What was ended is gone on with, and leaves nothing.
	assert.Equal(t, "2\n", text("INT.status"))
	assert.Contains(t, text("INT.err"), "the same command goes on from there")
	assert.NotEmpty(t, text("left-KILL"), "without the kill's remains the next run removes nothing")
	for _, name := range []string{"INT", "minimize"} {
		assert.Empty(t, text("left-"+name), name)
	}
	killed, err := minimize.ReadFile(filepath.Join(dir, "marks-KILL.json"))
	require.NoError(t, err)
	assert.Equal(t, killed.Runs, s.Runs[:len(killed.Runs)])
	assert.False(t, killed.Finished)

	// The marks are in the profile, and what is tolerated is not.
	for name, want := range map[string]string{
		"marked.service":   "\nCapabilityBoundingSet=CAP_CHOWN CAP_NET_BIND_SERVICE\n",
		"required.service": "\nCapabilityBoundingSet=CAP_NET_BIND_SERVICE\n",
	} {
		assert.True(t, strings.Contains(text(name), want), "%s has no %s", name, want)
		assert.True(t, strings.Contains(text(name), "\n#   CAP_CHOWN (tolerated"), name)
		assert.True(t, strings.Contains(text(name), "\n#   required: "), name)
	}

	assert.Equal(t, "2\n", text("less.status"))
	assert.Contains(t, text("less.err"), "run verify")
	assert.Equal(t, "2\n", text("other.status"))
	assert.Contains(t, text("other.err"), "--restart")
	assert.Len(t, strings.Split(strings.TrimSpace(text("other.err")), "\n"), 1)
}

// minimizedRules is about a profile that was minimized under AppArmor, in the guest.
func minimizedRules(t *testing.T, dir string) {
	t.Helper()
	text := textsIn(t, dir)
	require.Equal(t, "0\n", text("minimize.status"), text("minimize.err"))
	s, err := minimize.ReadFile(filepath.Join(dir, "marks.json"))
	require.NoError(t, err)
	marks := map[string]synth.Mark{}
	for _, g := range s.Grants {
		marks[g.String()] = g.Mark
		assert.Equal(t, []string{synth.InAppArmor}, g.In)
	}
	for entry, want := range map[string]synth.Mark{
		"write /srv/w/out":    synth.MarkRequired,
		"write /srv/w/ready":  synth.MarkRequired,
		"write /srv/w/spare":  synth.MarkTolerated,
		"write /srv/more":     synth.MarkTolerated,
		"exec /usr/bin/id":    synth.MarkTolerated,
		"exec /usr/bin/cat":   synth.MarkTolerated, // nobody looks at what it prints
		"exec /usr/bin/sleep": synth.MarkRequired,
	} {
		assert.Equal(t, want, marks[entry], "%s\n%s", entry, text("minimize.out"))
	}
	assert.Regexp(t, `(?m)^  (owner )?/srv/w/out r?w, # required to write; `, text("required.apparmor"))
	assert.False(t, strings.Contains(text("required.apparmor"), "/srv/w/spare"), text("required.apparmor"))
}

// textsIn reads what a run has left in its directory.
func textsIn(t *testing.T, dir string) func(name string) string {
	return func(name string) string {
		data, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		return string(data)
	}
}
