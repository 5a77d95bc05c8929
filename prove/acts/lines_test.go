package acts

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/synth/written"
)

// boxOf reads a unit's text.
func boxOf(t *testing.T, name, text string) *sandbox {
	t.Helper()
	s, err := readSandbox([]written.File{{Name: "w.service", Text: []byte(text), Format: written.Systemd}}, name)
	require.NoError(t, err)
	return s
}

const unitText = `[Unit]
Description=w
[Service]
Type=notify
ExecStart=/usr/bin/w %n
Restart=always
User=w
Group=g
ProtectSystem=strict
ReadWritePaths=-/srv/a /srv/b
StateDirectory=%p
CapabilityBoundingSet=
CapabilityBoundingSet=CAP_CHOWN CAP_KILL
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
DevicePolicy=closed
DeviceAllow=/dev/null rw
PrivateTmp=yes
MemoryMax=1G
MemoryDenyWriteExecute=yes
LimitNPROC=1
KeyringMode=private
AppArmorProfile=w
`

func TestLinesThatAreTakenAway(t *testing.T) {
	s := boxOf(t, "w@i.service", unitText)
	var names, texts []string
	for _, l := range s.lines {
		names, texts = append(names, l.name), append(texts, l.text)
	}
	require.Equal(t, []string{
		"User", "ProtectSystem", "CapabilityBoundingSet", "SystemCallFilter", "DevicePolicy", "PrivateTmp", "MemoryDenyWriteExecute", "KeyringMode",
	}, names)
	require.Equal(t, []string{
		"User=…", "ProtectSystem=strict", "CapabilityBoundingSet=CAP_CHOWN CAP_KILL", "SystemCallFilter=@system-service", "DevicePolicy=…",
		"PrivateTmp=yes", "MemoryDenyWriteExecute=yes", "KeyringMode=private",
	}, texts)
	require.Equal(t, []string{"/srv/a", "/srv/b", "/var/lib/w", "/var/lib/private/w"}, s.writable())
	require.Equal(t, "w.service:13: CapabilityBoundingSet=CAP_CHOWN CAP_KILL", s.lines[2].at("").String())
	require.Equal(t, `ProtectSystem=strict
ReadWritePaths=-/srv/a /srv/b
ReadWritePaths=-/var/lib/w -/var/lib/private/w
CapabilityBoundingSet=
CapabilityBoundingSet=CAP_CHOWN CAP_KILL
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
DevicePolicy=closed
DeviceAllow=/dev/null rw
PrivateTmp=yes
MemoryDenyWriteExecute=yes
KeyringMode=private
`, s.text(func(name string) bool { return name != "User" }))
	require.Equal(t, `ReadWritePaths=-/srv/a /srv/b
ReadWritePaths=-/var/lib/w -/var/lib/private/w
SystemCallErrorNumber=EPERM
DevicePolicy=closed
DeviceAllow=/dev/null rw
PrivateTmp=yes
`, s.text(func(name string) bool { return name == "DevicePolicy" || isException(name) }))
}

// What a line says alone is tried with what others are to leave open, and an empty
// assignment is said to be what it is.
func TestEmptyLists(t *testing.T) {
	s := boxOf(t, "", "[Service]\nCapabilityBoundingSet=\nExecPaths=/usr/bin\nNoExecPaths=/\n")
	require.Len(t, s.lines, 2)
	require.Equal(t, "CapabilityBoundingSet=", s.lines[0].text)
	require.Equal(t, "w.service:2: CapabilityBoundingSet=", s.lines[0].at("").String())
	s = boxOf(t, "", "[Service]\nInaccessiblePaths=-/boot -/etc/sh -/etc/shadow\nInaccessiblePaths=-/run/x\n")
	require.Equal(t, "w.service:2: InaccessiblePaths=-/etc/shadow", s.lines[0].at("/etc/shadow").String())
	require.Equal(t, "w.service:3: InaccessiblePaths=-/run/x", s.lines[0].at("/run/x/y").String())
	require.Equal(t, "w.service:2: InaccessiblePaths=…", s.lines[0].at("/etc").String())
	require.Empty(t, boxOf(t, "", "[Service]\nExecStart=/bin/w\nUMask=077\n").lines)
}
