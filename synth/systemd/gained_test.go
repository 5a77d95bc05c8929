package systemd_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

// TestFiltersForAUserWhoGainsPrivileges is about what 252 does unasked: a
// filter for another user than root sets NoNewPrivileges=, though a program that
// gains privileges needs CAP_SYS_ADMIN.
func TestFiltersForAUserWhoGainsPrivileges(t *testing.T) {
	b := quiet().exec("op", "/usr/bin/fusermount3", true).capability("op", "CAP_SYS_ADMIN", trace.OK, trace.Needed, "mount")
	b.Capabilities[len(b.Capabilities)-1].Subject = len(b.Subjects)
	p := synth.Infer(b.Trace, synth.Options{})
	for _, c := range []struct {
		opt  systemd.Options
		kept bool
	}{
		{systemd.Options{Version: 252}, true},
		{systemd.Options{Version: 252, User: "osapi"}, false},
		{systemd.Options{Version: 252, User: "osapi", LogCalls: true}, false},
		{systemd.Options{Version: 254, User: "osapi"}, false},
		{systemd.Options{Version: 257, User: "osapi"}, true},
	} {
		text, _ := emit(t, p, c.opt)
		for _, name := range []string{"SystemCallFilter", "PrivateDevices", "ProtectClock", "RestrictAddressFamilies"} {
			written, _ := has(text, name)
			require.Equal(t, c.kept, written, "%+v %s", c.opt, name)
		}
		box, err := systemd.ReadSandbox(bytes.NewReader(text), c.opt.Version)
		require.NoError(t, err)
		require.Empty(t, box.Refuses(b.Trace), "%+v", c.opt)
	}
	text, _ := emit(t, p, systemd.Options{Version: 257, User: "osapi"})
	require.Regexp(t, `(?m)^SystemCallFilter=.*\bcapset\b`, string(text))
}

// TestWhatASetuidProgramExecutesNeedsNothingAmbient: sudo hands root's capabilities on,
// to what it executes and to what that executes; not so to what the worker executes as
// well.
func TestWhatASetuidProgramExecutesNeedsNothingAmbient(t *testing.T) {
	const sudo, sh, chpasswd = 2, 3, 4
	by := func(b build, from int) build {
		b.Execs[len(b.Execs)-1].Subject = from
		return b
	}
	base := func() build {
		b := by(by(quiet().exec("op", "/usr/bin/sudo", true).exec("op", "/usr/bin/dash", false), sudo).exec("op", "/usr/sbin/chpasswd", false), sh)
		b.Execs = append(b.Execs, trace.Exec{Seen: did("op", trace.OK), Target: sh}) // the script's own shell
		b.Execs[len(b.Execs)-1].Subject = chpasswd
		b = b.capability("op", "CAP_DAC_OVERRIDE", trace.OK, trace.Needed, "openat")
		b.Capabilities[len(b.Capabilities)-1].Subject = chpasswd
		return b
	}
	both := base()
	both.Execs = append(both.Execs, trace.Exec{Seen: did("op", trace.OK), Target: chpasswd})
	attached := base()
	attached.Holes = []trace.Hole{{Kind: trace.HoleAttached}}
	for name, c := range map[string]struct {
		b       build
		ambient []string
	}{
		"by sudo alone":         {base(), nil},
		"by the worker as well": {both, []string{"CAP_DAC_OVERRIDE"}},
		"or before":             {attached, []string{"CAP_DAC_OVERRIDE"}},
	} {
		t.Run(name, func(t *testing.T) {
			text, _ := emit(t, synth.Infer(c.b.Trace, synth.Options{}), systemd.Options{Version: 257, User: "osapi"})
			ambient := slices.DeleteFunc(values(text, "AmbientCapabilities"), func(v string) bool { return v == "" })
			require.ElementsMatch(t, c.ambient, ambient)
			require.Contains(t, values(text, "CapabilityBoundingSet"), "CAP_DAC_OVERRIDE")
		})
	}
}
