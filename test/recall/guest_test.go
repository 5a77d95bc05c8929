package recall

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/test/need"
)

// A stock Debian kernel has function probes besides the tracepoints, and takes
// calls of i386, which not every machine does. Only what is told otherwise there.
const inTheGuest = "TestRecall$/(rename|chroot|setuid|compat|gate)$"

func TestRecallInTheGuest(t *testing.T) {
	need.VM(t)
	b := build(t)
	output(t, "go", "test", "-c", "-o", filepath.Join(b.dir, "recall.test"), ".")
	require.NoError(t, os.CopyFS(filepath.Join(b.dir, "testdata"), os.DirFS("testdata")))
	run := exec.Command(filepath.Join(need.ModuleRoot(t), "test/vm/vm.sh"), "run", b.dir, "--", "bash", "-c",
		"cd /job && CI=true exec ./recall.test -built /job -test.v -test.run '"+inTheGuest+"'")
	run.Env = append(os.Environ(), "VM_TIMEOUT=1800")
	out, err := run.CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, name := range []string{"compat", "gate"} {
		require.Contains(t, string(out), "--- PASS: TestRecall/"+name, "%s", out)
	}
	t.Logf("%s", out)
}
