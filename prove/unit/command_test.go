package unit

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCommandLine(t *testing.T) {
	line, err := CommandLine([]string{"sh", "-c", "a \"b\" $c %d \\ \n'"})
	require.NoError(t, err)
	require.Regexp(t, `^"/\S+/sh" "-c" "a \\"b\\" \$\$c %%d \\\\ \\x0a'"$`, line)
	_, err = CommandLine([]string{"sh", "\xff"})
	require.ErrorContains(t, err, "UTF-8")
	_, err = CommandLine([]string{"/no/such/program"})
	require.Error(t, err)
}
