package journal

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAfter(t *testing.T) {
	entries, err := After([]byte(`{"__CURSOR":"a","MESSAGE":"before"}
{"__CURSOR":"b","MESSAGE":"said"}
{"__CURSOR":"c","MESSAGE":[97,255]}
{"__CURSOR":"d"}
`), "a")
	require.NoError(t, err)
	var said []string
	for _, e := range entries {
		said = append(said, e.Text())
	}
	require.Equal(t, []string{"said", "a\xff", ""}, said)
	_, err = After([]byte("{"), "a")
	require.Error(t, err)
}
