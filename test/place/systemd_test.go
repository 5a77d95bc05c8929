package place

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMessages(t *testing.T) {
	text, err := messages(`{"__CURSOR":"a","MESSAGE":"before"}
{"__CURSOR":"b","MESSAGE":"said"}
{"__CURSOR":"c","MESSAGE":[97,255]}
{"__CURSOR":"d"}
`, "a")
	require.NoError(t, err)
	require.Equal(t, "said\na\xff\n\n", text)
	_, err = messages("{", "a")
	require.Error(t, err)
}
