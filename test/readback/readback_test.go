// Package readback asks a real systemd what it made of emitted units, and a
// real sandbox whether it does what the evaluator of such units says.
package readback

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/synth/tracegen"
	"github.com/osapi-io/osapi-profile/test/need"
	"github.com/stretchr/testify/require"
)

// inContainer runs a script beside files in a container's /job.
func inContainer(t *testing.T, dir, script string) string {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "script"), []byte("set -eu\n"+script), 0o755))
	cmd := exec.Command(filepath.Join(need.ModuleRoot(t), "test/container/container.sh"), "run", dir, "--", "bash", "/job/script")
	var out, errs bytes.Buffer
	cmd.Env = append(os.Environ(), "CONTAINER_TIMEOUT=300")
	cmd.Stdout, cmd.Stderr = &out, &errs
	require.NoError(t, cmd.Run(), "%s\n%s", errs.String(), out.String())
	return out.String()
}

// units is how many made-up workers systemd reads back.
const units = 20

// TestSystemdReadsEveryPathAsItIs loads units full of hostile names and compares
// what systemd holds, as D-Bus tells it, with what the text was meant to say.
func TestSystemdReadsEveryPathAsItIs(t *testing.T) {
	need.Container(t)
	dir := t.TempDir()
	lists := []string{"ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths", "ExecPaths", "NoExecPaths"}
	boxes := make([]systemd.Settings, units)
	for i := range units {
		p := synth.Infer(tracegen.Trace(rand.New(rand.NewPCG(uint64(i), 3)), 60), synth.Options{})
		var text bytes.Buffer
		require.NoError(t, systemd.DropIn(&text, p, systemd.Options{Name: "w"}))
		var err error
		boxes[i], err = systemd.ReadSettings(bytes.NewReader(text.Bytes()))
		require.NoError(t, err)
		base := filepath.Join(dir, "units", fmt.Sprintf("w%d.service", i))
		require.NoError(t, os.MkdirAll(base+".d", 0o755))
		require.NoError(t, os.WriteFile(base, []byte("[Service]\nExecStart=/bin/true\n"), 0o644))
		require.NoError(t, os.WriteFile(base+".d/50-osapi-profile.conf", text.Bytes(), 0o644))
	}
	out := inContainer(t, dir, fmt.Sprintf(`
cp -r /job/units/. /run/systemd/system/
systemctl daemon-reload
for i in $(seq 0 %d); do for list in %s BindReadOnlyPaths; do
  busctl --json=short get-property org.freedesktop.systemd1 /org/freedesktop/systemd1/unit/w${i}_2eservice \
    org.freedesktop.systemd1.Service $list
done; done
if journalctl -b -o cat _PID=1 | grep -i 'w[0-9]*\.service.*ignoring'; then exit 1; fi
`, units-1, strings.Join(lists, " ")))
	answers := json.NewDecoder(strings.NewReader(out))
	for i, want := range boxes {
		for _, list := range lists {
			var got struct{ Data []string }
			require.NoError(t, answers.Decode(&got))
			for k, p := range got.Data {
				got.Data[k] = strings.TrimPrefix(p, "-")
			}
			require.ElementsMatch(t, pathsOf(t, want, list), got.Data, "unit %d, %s", i, list)
		}
		var binds struct{ Data [][]any }
		require.NoError(t, answers.Decode(&binds))
		got := []string{}
		for _, b := range binds.Data {
			require.Equal(t, b[0], b[1], "a path is bound to itself")
			got = append(got, b[0].(string))
		}
		require.ElementsMatch(t, pathsOf(t, want, "BindReadOnlyPaths"), got, "unit %d", i)
	}
}

func pathsOf(t *testing.T, s systemd.Settings, list string) []string {
	t.Helper()
	paths, err := s.Paths(list)
	require.NoError(t, err)
	out := []string{}
	for _, p := range paths {
		out = append(out, string(p))
	}
	return out
}
