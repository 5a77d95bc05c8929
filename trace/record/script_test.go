package record

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestInterpreterOf(t *testing.T) {
	name := filepath.Join(t.TempDir(), "script")
	for text, want := range map[string]string{
		"#!/bin/sh\n": "/bin/sh", "#! \t/bin/sh -e x\n": "/bin/sh", "#!/bin/sh": "/bin/sh", "#!sh\nmore": "sh",
		"": "", "#!": "", "#! \n/bin/sh": "", " #!/bin/sh": "", "\x7fELF": "", "#!\x00/bin/sh": "", "#!/a\x00b": "/a",
	} {
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		assert.Equal(t, want, interpreterOf(name), "%q", text)
	}
	require.NoError(t, os.Remove(name))
	assert.Empty(t, interpreterOf(name))
	require.NoError(t, unix.Mkfifo(name, 0o600))
	assert.Empty(t, interpreterOf(name), "it does not wait for a writer")
}
