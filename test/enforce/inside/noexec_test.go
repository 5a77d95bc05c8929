//go:build inside

package inside

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTreesThatNoExecDoesNotReach is about mounts that systemd makes for other lines:
// what is written there can be executed in spite of NoExecPaths=/, unless they are named.
func TestTreesThatNoExecDoesNotReach(t *testing.T) {
	for name, c := range map[string]struct{ tree, lines string }{
		"/run for ProtectProc=":         {"/run", "ProtectSystem=full\nProtectProc=invisible\n"},
		"/dev for ProtectSystem=strict": {"/dev", "ProtectSystem=strict\nReadOnlyPaths=-/run\n"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newManager(t)
			written := c.tree + "/osapi-profile-written"
			text := "[Service]\nType=oneshot\nExecPaths=/usr\nNoExecPaths=/\n" + c.lines +
				"ExecStart=/bin/sh -c 'cp /bin/true " + written + " && (" + written + ")'\nExecStopPost=/bin/rm " + written + "\n"
			m.install(map[string]string{service: text})
			require.Equal(t, "done", m.start(), "nothing else than naming it is needed any more")
			m.install(map[string]string{service: text + "NoExecPaths=-" + c.tree + "\n"})
			require.Equal(t, "failed", m.start())
			require.Equal(t, int32(126), m.property("ExecMainStatus"), "it was written, and not executed")
		})
	}
}
