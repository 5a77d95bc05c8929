package systemd_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew")

// emit writes a profile both ways.
func emit(t *testing.T, p *synth.Profile, opt systemd.Options) (dropIn, unit []byte) {
	t.Helper()
	var d, u bytes.Buffer
	require.NoError(t, systemd.DropIn(&d, p, opt))
	require.NoError(t, systemd.Unit(&u, p, opt))
	return d.Bytes(), u.Bytes()
}

func TestGolden(t *testing.T) {
	for name, b := range samples() {
		t.Run(name, func(t *testing.T) {
			p := synth.Infer(b.Trace, synth.Options{})
			dropIn, unit := emit(t, p, systemd.Options{})
			golden(t, name+".conf", dropIn)
			golden(t, name+".service", unit)
			_, asUser := emit(t, p, systemd.Options{User: "osapi", Group: "osapi", Limits: true, AppArmorProfile: name})
			golden(t, name+".user.service", asUser)
			_, allowed := emit(t, p, systemd.Options{ReadAllowlist: true})
			golden(t, name+".reads.service", allowed)
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, got, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "a new golden file is written by: go test ./synth/systemd -update")
	require.Equal(t, string(want), string(got))
}
