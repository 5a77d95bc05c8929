package ledger

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAbandoned(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	none, err := Abandoned(dir)
	require.NoError(t, err)
	require.Empty(t, none)

	l, err := Open(dir)
	require.NoError(t, err)
	require.NoError(t, l.Note(Unit, "a.service"))
	require.NoError(t, l.Note(File, "/run/a \n\"b"))
	none, err = Abandoned(dir)
	require.NoError(t, err)
	require.Empty(t, none, "its run lives")

	_, err = l.file.WriteString(`{"kind":"file","na`) // the run is killed within an entry
	require.NoError(t, err)
	require.NoError(t, l.file.Close())
	left, err := Abandoned(dir)
	require.NoError(t, err)
	require.Len(t, left, 1)
	require.Equal(t, []Entry{{Unit, "a.service"}, {File, "/run/a \n\"b"}}, left[0].Entries)
	again, err := Abandoned(dir)
	require.NoError(t, err)
	require.Empty(t, again, "it has been taken over")
	require.NoError(t, left[0].Close())
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, files)
}

func TestKeep(t *testing.T) {
	dir := t.TempDir()
	l, err := Open(dir)
	require.NoError(t, err)
	require.NoError(t, l.Note(Profile, "p"))
	require.NoError(t, l.Keep())
	left, err := Abandoned(dir)
	require.NoError(t, err)
	require.Len(t, left, 1)
	require.Equal(t, []Entry{{Profile, "p"}}, left[0].Entries)
	require.NoError(t, left[0].Close())
}
