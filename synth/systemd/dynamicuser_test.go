package systemd_test

import (
	"strings"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

// served is a daemon that runs as a user of its own and keeps to its directories.
func served() build {
	b := newTrace("/usr/bin/served").
		file("startup", "/etc/served.conf", read, "openat", trace.OK).
		file("startup", "/var/lib/served-data", trace.AccessStat, "newfstatat", trace.OK).owned(33, 33, 0o700).typed("dir", "").
		file("serve", "/var/lib/served-data/db", created, "openat", trace.OK).owned(33, 33, 0o600).
		file("serve", "/var/lib/served-data/db", read, "openat", trace.OK).owned(33, 33, 0o600).
		file("serve", "/tmp/scratch", created, "openat", trace.OK).owned(33, 33, 0o600).
		file("serve", "/proc/4711/status", read, "openat", trace.OK).owned(33, 33, 0o400).
		inet("listen", "SOCK_STREAM", "0.0.0.0", 8080)
	b.Runs[0].User, b.Runs[0].UID = "served", 33
	return b
}

// TestDynamicUserIsSaidToHoldUnlessAFactForbidsIt: one fact each that is against it.
func TestDynamicUserIsSaidToHoldUnlessAFactForbidsIt(t *testing.T) {
	said := func(b build) string {
		text, _ := emit(t, synth.Infer(b.Trace, synth.Options{}), systemd.Options{})
		require.NotContains(t, string(text), "\nDynamicUser=")
		return strings.Join(strings.Fields(strings.ReplaceAll(string(text), "\n# ", " ")), " ")
	}
	require.Contains(t, said(served()), "DYNAMIC USER: no fact is against DynamicUser=yes in the place of User=, with StateDirectory=served-data.")
	for why, b := range map[string]build{
		"/etc/secret is another user's":          served().file("op", "/etc/secret", read, "openat", trace.OK).owned(33, 33, 0o600),
		"/srv/new is another user's":             served().file("op", "/srv/new", created, "openat", trace.OK).owned(33, 33, 0o600),
		"/run/postgresql/.s may ask which user":  served().file("op", "/run/postgresql/.s", trace.AccessConnect, "connect", trace.OK).owned(0, 33, 0o777),
		"processes that are not its own user's":  served().file("op", "/proc/1/status", read, "openat", trace.OK).owned(0, 33, 0o444),
		"CAP_SETUID is needed":                   served().capability("op", "CAP_SETUID", trace.OK, trace.Needed, "setuid"),
		"kill is aimed at processes of others":   served().argument("op", "kill", trace.ArgSignal, "SIGHUP").at(trace.TargetOutside),
		"a setuid or setgid bit is set":          served().argument("op", "chmod", trace.ArgModeBits, "S_ISGID"),
		"would be removed with the user":         served().argument("op", "shmget", trace.ArgIPC, "0x1"),
		"program that gains privileges":          served().exec("op", "/usr/bin/sudo", true),
		"was not made by the worker":             served().file("op", "/tmp/theirs", read, "openat", trace.OK).owned(0, 33, 0o644),
		"group adm":                              served().file("op", "/var/log/syslog", read, "openat", trace.OK).owned(0, 33, 0o640).group(4),
		"no probe saw facts of kind capability":  blind(),
		"whose /etc/unknown is was not told":     served().file("op", "/etc/unknown", read, "openat", trace.OK).typed("", ""),
		"did before the recorder attached to it": attached(),
	} {
		require.Regexp(t, "DYNAMIC USER: DynamicUser=yes would not do, because .*"+why, said(b))
	}
	p := synth.Infer(served().capability("op", "CAP_SETUID", trace.OK, trace.Needed, "setuid").Trace, synth.Options{})
	x, err := systemd.NewExplainer(p, systemd.Options{})
	require.NoError(t, err)
	e := x.LeftOut("DynamicUser")
	require.Contains(t, e.Means, "CAP_SETUID is needed")
	require.Len(t, e.Grants, 1)
	x, err = systemd.NewExplainer(synth.Infer(served().Trace, synth.Options{}), systemd.Options{})
	require.NoError(t, err)
	e = x.LeftOut("DynamicUser")
	require.Contains(t, e.Means, "no fact is against it, with StateDirectory=served-data")
	require.True(t, e.Explained())
}

func (b build) group(gid uint32) build {
	b.Files[len(b.Files)-1].GID = gid
	return b
}

func attached() build {
	b := served()
	b.Holes = append(b.Holes, trace.Hole{Kind: trace.HoleAttached})
	return b
}
