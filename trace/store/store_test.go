package store

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 2, 22, 13, 0, 0, 5e6, time.FixedZone("CET", 3600))

func create(t *testing.T, dir, worker string, after time.Duration) string {
	t.Helper()
	f, err := Create(dir, worker, noon.Add(after))
	require.NoError(t, err)
	require.NoError(t, f.Close())
	return f.Name()
}

func TestDir(t *testing.T) {
	t.Setenv("OSAPI_PROFILE_STATE", "")
	t.Setenv("HOME", "/home/x")
	for _, tc := range []struct{ xdg, want string }{
		{"", "/home/x/.local/state/osapi-profile"},
		{"relative", "/home/x/.local/state/osapi-profile"},
		{"/state", "/state/osapi-profile"},
	} {
		t.Setenv("XDG_STATE_HOME", tc.xdg)
		if os.Geteuid() == 0 {
			tc.want = "/var/lib/osapi-profile/traces"
		}
		dir, err := Dir()
		require.NoError(t, err)
		require.Equal(t, tc.want, dir)
	}
	t.Setenv("OSAPI_PROFILE_STATE", "/elsewhere")
	dir, err := Dir()
	require.NoError(t, err)
	require.Equal(t, "/elsewhere", dir)
}

func TestCreate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	for _, tc := range []struct{ worker, want string }{
		{"/usr/bin/osapi", "20260222T120000.005Z-osapi.jsonl"},
		{"/usr/bin/osapi", "20260222T120000.006Z-osapi.jsonl"},
		{"a b\n\xff'$x", "20260222T120000.005Z-a_b____x.jsonl"},
		{"..", "20260222T120000.005Z-...jsonl"},
	} {
		require.Equal(t, filepath.Join(dir, tc.want), create(t, dir, tc.worker, 0))
	}
	info, err := os.Stat(filepath.Join(dir, "20260222T120000.005Z-osapi.jsonl"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
	info, err = os.Stat(dir)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
}

func TestLast(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	_, _, err := Last(dir)
	require.ErrorIs(t, err, ErrNone)
	require.ErrorContains(t, err, dir)

	first := create(t, dir, "b", 0)
	killed := create(t, dir, "a", time.Second)
	got, unfinished, err := Last(dir) // nothing ended: the youngest
	require.NoError(t, err)
	require.Equal(t, killed, got)
	require.Empty(t, unfinished)

	require.NoError(t, SetLast(first))
	got, unfinished, err = Last(dir)
	require.NoError(t, err)
	require.Equal(t, first, got)
	require.Equal(t, []string{killed}, unfinished)

	next := create(t, dir, "a", time.Minute)
	require.NoError(t, SetLast(next))
	got, unfinished, err = Last(dir)
	require.NoError(t, err)
	require.Equal(t, next, got)
	require.Empty(t, unfinished)

	require.NoError(t, os.Remove(next)) // the link dangles
	got, _, err = Last(dir)
	require.NoError(t, err)
	require.Equal(t, killed, got)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 3, "no temporary links stay behind")
}

func TestSetLastFails(t *testing.T) {
	require.Error(t, SetLast(filepath.Join(t.TempDir(), "missing", "x")))
}
