package recall

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// layout is the tree of files that a workload begins with. Each run has it
// fresh, at the same place.
type layout struct {
	t   *testing.T
	b   built
	dir string
}

func newLayout(t *testing.T, b built) layout {
	t.Helper()
	return layout{t: t, b: b, dir: filepath.Join(directory(t), "work")}
}

// reset empties the tree.
func (l layout) reset() {
	l.t.Helper()
	require.NoError(l.t, os.RemoveAll(l.dir))
	l.mkdir(".")
}

func (l layout) path(name string) string { return filepath.Join(l.dir, name) }

func (l layout) mkdir(names ...string) {
	l.t.Helper()
	for _, name := range names {
		require.NoError(l.t, os.MkdirAll(l.path(name), 0o755))
	}
}

func (l layout) symlink(target, name string) {
	l.t.Helper()
	require.NoError(l.t, os.Symlink(target, l.path(name)))
}

// file writes a file and, as need be, the directories above it.
func (l layout) file(name, content string, mode os.FileMode) {
	l.t.Helper()
	l.mkdir(filepath.Dir(name))
	require.NoError(l.t, os.WriteFile(l.path(name), []byte(content), 0o600))
	require.NoError(l.t, os.Chmod(l.path(name), mode))
}

// program copies one that was built.
func (l layout) program(from, to string, mode os.FileMode) {
	l.t.Helper()
	content, err := os.ReadFile(filepath.Join(l.b.dir, from))
	require.NoError(l.t, err)
	l.file(to, string(content), mode)
}

// source copies a file of testdata.
func (l layout) source(name string) {
	l.t.Helper()
	content, err := os.ReadFile(filepath.Join(programs, name))
	require.NoError(l.t, err)
	l.file(name, string(content), 0o644)
}
