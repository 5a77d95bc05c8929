package systemd_test

import (
	"bytes"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

// reads is a daemon with configuration, state, a certificate by way of a link and a
// program that its administrator installed.
func reads() build {
	return newTrace("/usr/local/bin/daemon").calls("openat", "rename").
		file("startup", "/etc/daemon/conf.d/a", read, "openat", trace.OK).
		file("startup", "/etc/passwd", read, "openat", trace.OK).
		file("startup", "/etc", trace.AccessStat, "newfstatat", trace.OK).
		file("startup", "/usr/share/ca-certificates/mozilla/x.crt", read, "openat", trace.OK).
		file("startup", "/usr/share/zoneinfo/Europe/Berlin", read, "openat", trace.OK).
		file("serve", "/var/lib/daemon/state/db", created, "openat", trace.OK).
		file("serve", "/var/lib/daemon/version", read, "openat", trace.OK).
		file("serve", "/var/log/daemon.log", appended, "openat", trace.OK).
		file("serve", "/srv", read, "openat", trace.OK)
}

// TestReadAllowlist: what was used is there and nothing beside it, read by the text
// alone.
func TestReadAllowlist(t *testing.T) {
	in := reads().Trace
	var text bytes.Buffer
	require.NoError(t, systemd.DropIn(&text, synth.Infer(in, synth.Options{}), systemd.Options{ReadAllowlist: true}))
	for _, line := range []string{
		"TemporaryFileSystem=/etc:ro,noexec,nosuid,nodev", "TemporaryFileSystem=/usr/local:ro,noexec,nosuid,nodev", "TemporaryFileSystem=/opt:ro,noexec,nosuid,nodev",
		"BindReadOnlyPaths=-/etc/daemon", "BindReadOnlyPaths=-/etc/passwd", "BindReadOnlyPaths=-/etc/ssl", "BindReadOnlyPaths=-/etc/localtime",
		"BindReadOnlyPaths=-/var/lib/daemon", "BindReadOnlyPaths=-/usr/local/bin", "BindPaths=-/var/lib/daemon/state",
		`#   left as it is: "/srv" itself is more than looked at ("/usr/local/bin/daemon": openat in serve)`,
	} {
		require.Contains(t, text.String(), "\n"+line+"\n")
	}
	require.NotContains(t, text.String(), "TemporaryFileSystem=/srv")
	require.NotContains(t, text.String(), "resolv.conf")
	box, err := systemd.ReadSandbox(bytes.NewReader(text.Bytes()), 252)
	require.NoError(t, err)
	require.Empty(t, box.Refuses(in))
	for p, by := range map[trace.Path]string{
		"/etc/shadow": "TemporaryFileSystem", "/etc/other/conf": "TemporaryFileSystem", "/var/lib/other": "TemporaryFileSystem", "/opt/x": "TemporaryFileSystem",
		"/srv/x": "", "/usr/share/doc/x": "", "/etc/daemon/b": "", "/var/lib/daemon/state/x": "",
	} {
		refused := box.Refuses(newTrace("/usr/local/bin/daemon").file("", p, read, "openat", trace.OK).Trace)
		if by == "" {
			require.Empty(t, refused, p)
			continue
		}
		require.Len(t, refused, 1, p)
		require.Equal(t, by, refused[0].Directive, p)
	}
	require.NotEmpty(t, box.Refuses(newTrace("/usr/local/bin/daemon").file("", "/var/lib/daemon/version", inPlace, "openat", trace.OK).Trace))
	require.NotEmpty(t, box.Refuses(newTrace("/usr/local/bin/daemon").file("", "/etc/daemon/x", trace.AccessExecMap, "mmap", trace.OK).Trace))
}

// What a move crosses cannot be two mounts, and what a recorder did not see is not to
// be hidden.
func TestNoReadAllowlistWhereItMightNotHold(t *testing.T) {
	for name, b := range map[string]build{"moved": reads().rename("serve", "/opt/a/x", "/srv/b/x"), "blind": blind()} {
		var text bytes.Buffer
		require.NoError(t, systemd.DropIn(&text, synth.Infer(b.Trace, synth.Options{}), systemd.Options{ReadAllowlist: true}))
		require.NotContains(t, text.String(), "\nTemporaryFileSystem=", name)
		require.Contains(t, text.String(), "\n# TemporaryFileSystem= left out: ", name)
	}
}
