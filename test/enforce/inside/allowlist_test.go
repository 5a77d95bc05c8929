//go:build inside

package inside

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sights are files that the daemon's sandbox shows or, under a read allow-list,
// does not.
func sights() map[string]syscall.Errno {
	return map[string]syscall.Errno{
		"/etc/nginx/demo.conf":       0, // what it reads
		"/etc/nginx/beside":          0, // the same package's
		"/srv/nginx-demo/index.html": 0,
		"/etc/alternatives/seen":     0, // a link to what packages install
		"/usr/share/misc/seen":       0,
		"/etc/hidden":                syscall.ENOENT,
		"/etc/hidden.d/file":         syscall.ENOENT,
		"/srv/hidden":                syscall.ENOENT,
		"/opt/hidden":                syscall.ENOENT,
		"/usr/local/hidden":          syscall.ENOENT,
		"/var/lib/hidden":            syscall.ENOENT,
		"/var/spool/hidden":          syscall.ENOENT,
		"/var/lib/dpkg/status":       syscall.ENOENT,
	}
}

// TestReadAllowlist has the daemon do its work where it sees nothing in /etc, /srv
// and the like but what it used, and looks at what is to be seen there.
func TestReadAllowlist(t *testing.T) {
	text := emit(t, "unit", "--read-allowlist")
	require.Contains(t, text, "\nTemporaryFileSystem=/etc:ro,")
	m := newManager(t)
	m.install(map[string]string{service: text, service + ".d/arguments.conf": arguments})
	m.asWritten(text)
	m.works()

	var looks strings.Builder
	looks.WriteString("[Service]\nExecPaths=/usr/local/bin/act\nBindReadOnlyPaths=/usr/local/bin/act\n")
	var names []string
	for name := range sights() {
		names = append(names, name)
		looks.WriteString("ExecStartPost=-/usr/local/bin/act read " + name + "\n")
	}
	command(t, "install", "act", "/usr/local/bin/act")
	command(t, "demo/nginx.sh", "prepare")
	for _, name := range names {
		if _, err := os.Stat(name); err != nil {
			command(t, "install", "-D", "-m", "644", "/dev/null", name)
			t.Cleanup(func() { _ = os.Remove(name) })
		}
	}
	for what, add := range map[string]string{"under the allow-list": "", "without it": "TemporaryFileSystem=\n"} {
		m.install(map[string]string{service: text, service + ".d/arguments.conf": arguments, service + ".d/looks.conf": looks.String() + add})
		if !assert.Equal(t, "done", m.start(), what) {
			m.explain()
			t.FailNow()
		}
		commands := m.property("ExecStartPost").([][]any)
		require.Len(t, commands, len(names))
		for i, c := range commands {
			want := sights()[names[i]]
			if add != "" {
				want = 0
			}
			assert.Equal(t, want, syscall.Errno(c[len(c)-1].(int32)), "%s %s", names[i], what)
		}
	}
	m.stop()
	command(t, "demo/nginx.sh", "clean")
}
