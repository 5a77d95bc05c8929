package apparmor

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/test/need"
	"github.com/osapi-io/osapi-profile/test/place"
)

// TestParserOfAppArmor4: what is written is read by the parser of Debian 13 as well. It
// compiles each golden profile, without a kernel to load it into.
func TestParserOfAppArmor4(t *testing.T) {
	need.Container(t)
	need.VM(t, "VM_SUITE=trixie") // whose files the container has
	root := need.ModuleRoot(t)
	var profiles []string
	for _, pattern := range []string{"synth/apparmor/testdata/golden/*.apparmor", "cmd/osapi-profile/testdata/daemons/*.apparmor"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		profiles = append(profiles, found...)
	}
	require.Greater(t, len(profiles), 15)
	const script = `set -eu
apparmor_parser --version >said
for profile in golden/*.apparmor daemons/*.apparmor; do
  apparmor_parser --skip-kernel-load --skip-cache --quiet "$profile" 2>errors || { cat errors >&2; exit 1; }
  echo "$profile" >>read
done
wc -l <read >count`
	var version, count []byte
	job := place.Job{
		Image: true, Command: []string{"bash", "-c", script}, Env: []string{"VM_SUITE=trixie", "CONTAINER_TIMEOUT=600"},
		Trees: map[string]string{"golden": "synth/apparmor/testdata/golden", "daemons": "cmd/osapi-profile/testdata/daemons"},
	}
	require.NoError(t, place.Run(context.Background(), root, job, func(dir string) (err error) {
		version, err = os.ReadFile(filepath.Join(dir, "said"))
		require.NoError(t, err)
		count, err = os.ReadFile(filepath.Join(dir, "count"))
		return err
	}))
	require.Contains(t, string(version), "AppArmor parser version 4.")
	require.Equal(t, strconv.Itoa(len(profiles)), strings.TrimSpace(string(count)))
}
