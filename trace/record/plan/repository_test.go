package plan

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The plans in the repository are plans, and cover what a service goes through.
func TestPlansOfTheRepository(t *testing.T) {
	for pattern, n := range map[string]int{"../../../test/plan/*.yaml": 2, "../../../test/osapi/*.plan.yaml": 3, "../../../proof/daemons/*/plan.yaml": 16} {
		names, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.Len(t, names, n)
		for _, name := range names {
			p, err := ReadFile(name)
			require.NoError(t, err)
			require.Empty(t, p.Missing, name)
		}
	}
}
