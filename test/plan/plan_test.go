package plan

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/test/need"
	"github.com/osapi-io/osapi-profile/trace"
)

// train records a daemon under a plan, in a directory with these files.
func train(t *testing.T, plan string, files map[string]string, command ...string) (dir string, read *trace.Trace) {
	t.Helper()
	need.BPF(t)
	need.Tools(t, command[0])
	// Below /tmp others than root may pass, as the workers of nginx do.
	dir, err := os.MkdirTemp("/tmp", "osapi-profile-plan")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755))
	text, err := os.ReadFile(plan)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, plan), text, 0o644))
	for name, content := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
	}
	tool := filepath.Join(t.TempDir(), "osapi-profile")
	out, err := exec.Command("go", "build", "-o", tool, "../../cmd/osapi-profile").CombinedOutput()
	require.NoError(t, err, "%s", out)
	args := []string{"record", "--plan", filepath.Join(dir, plan), "-o", filepath.Join(dir, "trace.jsonl"), "--"}
	for _, word := range command {
		args = append(args, strings.ReplaceAll(word, "DIR", dir))
	}
	out, err = exec.Command(tool, args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	read, err = trace.ReadFile(filepath.Join(dir, "trace.jsonl"))
	require.NoError(t, err)
	assert.Empty(t, read.Holes)
	assert.Empty(t, read.Untrained())
	return dir, read
}

// in lists the operations in which a file was used in one of these ways.
func in(read *trace.Trace, path string, access trace.Access) []string {
	var list []string
	for _, f := range read.Files {
		if f.Path == trace.Path(path) && f.Access&access != 0 && f.Outcome == trace.OK {
			list = append(list, f.Operation)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func names(operations []trace.Operation) []string {
	var list []string
	for _, o := range operations {
		list = append(list, o.Name)
	}
	return list
}

func TestRedis(t *testing.T) {
	need.Tools(t, "redis-cli")
	dir, read := train(t, "redis.yaml", nil, "redis-server", "--port", "7379", "--dir", "DIR", "--logfile", "DIR/redis.log", "--save", "")
	require.Equal(t, []string{"startup", "set", "get", "get", "get", "save", "bgsave", "unknown-command", "idle", "log-rotation", "reconnect", "shutdown"},
		names(read.Runs[0].Operations))
	assert.Equal(t, []string{"bgsave", "save"}, in(read, dir+"/dump.rdb", trace.AccessRenameTo))
	assert.Equal(t, []string{"log-rotation", "startup"}, in(read, dir+"/redis.log", trace.AccessCreate))

	// What Redis does ten times a second is of idle, wherever it was seen.
	ticks := 0
	for _, s := range read.Syscalls {
		if s.Name == "epoll_wait" {
			ticks++
		}
	}
	assert.Greater(t, ticks, 5)
	for _, g := range synth.Infer(read, synth.Options{}).Syscalls {
		if g.Name == "epoll_wait" {
			for _, f := range g.Facts {
				assert.Equal(t, trace.OperationIdle, f.Operation)
			}
		}
	}
}

func TestNginx(t *testing.T) {
	need.Tools(t, "curl")
	conf, err := os.ReadFile("nginx.conf")
	require.NoError(t, err)
	dir, read := train(t, "nginx.yaml", map[string]string{"nginx.conf": string(conf), "html/index.html": "hello"},
		"nginx", "-p", "DIR", "-c", "DIR/nginx.conf", "-g", "daemon off;")
	require.Equal(t, []string{"startup", "get", "get", "get", "get.missing", "idle", "reload", "log-rotation", "shutdown"},
		names(read.Runs[0].Operations))
	assert.Equal(t, []string{"reload", "startup"}, in(read, dir+"/nginx.conf", trace.AccessRead))
	assert.Equal(t, []string{"get"}, in(read, dir+"/html/index.html", trace.AccessRead))
	assert.Equal(t, []string{"log-rotation", "startup"}, in(read, dir+"/access.log", trace.AccessCreate))
	assert.Equal(t, []string{"shutdown"}, in(read, dir+"/nginx.pid", trace.AccessDelete))
}

// The page shows these plans as they are.
func TestPageShowsThem(t *testing.T) {
	page, err := os.ReadFile("../../docs/docs/sidebar/plan.md")
	require.NoError(t, err)
	for _, name := range []string{"redis.yaml", "nginx.yaml"} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Contains(t, string(page), "```yaml\n"+string(text)+"```\n")
	}
}
