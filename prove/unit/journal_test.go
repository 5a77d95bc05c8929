package unit

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTextOfAnEntry(t *testing.T) {
	require.Equal(t, "a", entry{Message: "a"}.text())
	require.Equal(t, "a\xff", entry{Message: []any{97.0, 255.0}}.text())
	require.Empty(t, entry{}.text())
}
