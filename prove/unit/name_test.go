package unit

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNamesAreOfTheirOwn(t *testing.T) {
	a, b := Name("x"), Name("x")
	require.NotEqual(t, a, b)
	require.Regexp(t, `^osapi-profile-a-b--c-[a-z0-9]{8}\.service$`, Name("a/b\n%c"))
}
