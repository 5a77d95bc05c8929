package record

import (
	"debug/elf"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The kernel takes the name of a loader up to its first NUL, wherever it stands.
func TestLoaderEndsAtItsFirstNUL(t *testing.T) {
	program, err := os.ReadFile("/bin/true")
	require.NoError(t, err)
	f, err := elf.Open("/bin/true")
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	i := slices.IndexFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP })
	require.GreaterOrEqual(t, i, 0)
	copy(program[f.Progs[i].Off:], "/a\x00b")
	changed := filepath.Join(t.TempDir(), "true")
	require.NoError(t, os.WriteFile(changed, program, 0o755))
	assert.Equal(t, "/a", inspect(changed).loader)
	assert.Equal(t, "glibc", inspect(changed).runtime)
}
