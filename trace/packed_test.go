package trace

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestReadFilePacked(t *testing.T) {
	var plain, packed bytes.Buffer
	w := NewWriter(&plain)
	require.NoError(t, w.Header(Header{Run: "r", Started: time.Unix(0, 0).UTC(), Worker: "/bin/true", Arch: "amd64"}))
	require.NoError(t, w.End(End{}))
	z := gzip.NewWriter(&packed)
	_, err := z.Write(plain.Bytes())
	require.NoError(t, err)
	require.NoError(t, z.Close())
	want, err := Read(&plain)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "t.jsonl.gz")
	require.NoError(t, os.WriteFile(file, packed.Bytes(), 0o600))
	got, err := ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, want, got)

	require.NoError(t, os.WriteFile(file, packed.Bytes()[:packed.Len()/2], 0o600))
	_, err = ReadFile(file)
	require.ErrorContains(t, err, file)
}
