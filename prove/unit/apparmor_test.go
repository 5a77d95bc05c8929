package unit

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestModes(t *testing.T) {
	there := modes("proof (enforce)\nproof//a (complain)\n/usr/bin/a (b) c (unconfined)\nlast (kill)")
	require.Equal(t, map[string]string{"proof": "enforce", "proof//a": "complain", "/usr/bin/a (b) c": "unconfined", "last": "kill"}, there)
	require.NoError(t, enforced([]string{"proof", "last"}, there))
	require.EqualError(t, enforced([]string{"proof", "proof//a"}, there),
		"the AppArmor profile proof//a is in complain mode, in which nothing is refused: take that out of its flags to have it enforced")
	require.ErrorContains(t, enforced([]string{"/usr/bin/a (b) c"}, there), "unconfined mode")
}
