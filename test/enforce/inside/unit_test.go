//go:build inside

package inside

import (
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The trace holds no arguments: an operator puts them in.
const arguments = `[Service]
ExecStart=
ExecStart=/usr/sbin/nginx -c /etc/nginx/demo.conf
`

// What the daemon's unit may have been before there was a profile.
const unconfined = `[Service]
Type=exec
ExecStart=/usr/sbin/nginx -c /etc/nginx/demo.conf
`

// TestUnit has the daemon do its work under the emitted unit.
func TestUnit(t *testing.T) {
	m := newManager(t)
	text := emit(t, "unit")
	m.install(map[string]string{service: text, service + ".d/arguments.conf": arguments})
	m.asWritten(text)
	m.works()
}

// TestDropIn does the same with the drop-in for a unit that is there already.
func TestDropIn(t *testing.T) {
	m := newManager(t)
	text := emit(t, "systemd")
	m.install(map[string]string{service: unconfined, service + ".d/50-osapi-profile.conf": text})
	m.asWritten(text)
	m.works()
}

// TestIgnoredLinesAreFound shows that install would see what systemd does not take.
func TestIgnoredLinesAreFound(t *testing.T) {
	m := newManager(t)
	m.install(map[string]string{service: unconfined})
	require.NoError(t, os.WriteFile(units+"/"+service, []byte(unconfined+"NoSuchDirective=yes\n"), 0o644))
	require.NoError(t, m.conn.ReloadContext(m.ctx))
	_, err := m.conn.GetUnitPropertyContext(m.ctx, service, "LoadState")
	require.NoError(t, err)
	require.Len(t, m.ignored(), 1)
}

// An act is something that the demo's daemon never does.
type act struct {
	name      string
	args      string
	refused   syscall.Errno // by systemd's sandbox
	directive string        // the one that refuses it
}

func acts() []act {
	return []act{
		{"a write outside ReadWritePaths", "write /srv/forbidden", syscall.EROFS, "ProtectSystem"},
		{"an exec outside ExecPaths", "exec /usr/bin/true", syscall.EACCES, "NoExecPaths"},
		{"a capability outside the set", "bind 81", syscall.EACCES, "CapabilityBoundingSet"},
	}
}

// tried are the acts as commands of the unit, run in its sandbox once it has
// started. All that they need beyond the daemon's own is to be executed.
func tried() string {
	var b strings.Builder
	b.WriteString("[Service]\nExecPaths=/usr/local/bin/act\n")
	for _, a := range acts() {
		b.WriteString("ExecStartPost=-/usr/local/bin/act " + a.args + "\n")
	}
	return b.String()
}

// outcomes starts the service and gives the errno of each act.
func (m *manager) outcomes() []syscall.Errno {
	m.Helper()
	command(m.T, "install", "act", "/usr/local/bin/act")
	command(m.T, "demo/nginx.sh", "prepare")
	m.Cleanup(func() {
		command(m.T, "demo/nginx.sh", "clean")
		command(m.T, "rm", "-f", "/usr/local/bin/act", "/srv/forbidden")
	})
	if !assert.Equal(m, "done", m.start()) {
		m.explain()
		m.FailNow()
	}
	const exited = 1 // CLD_EXITED; a signal would be another
	var results []syscall.Errno
	for _, c := range m.property("ExecStartPost").([][]any) {
		code, status := c[len(c)-2].(int32), c[len(c)-1].(int32)
		require.EqualValues(m, exited, code, "%v", c)
		results = append(results, syscall.Errno(status))
	}
	require.Len(m, results, len(acts()))
	return results
}

// TestUnitRefuses tries the acts in the unit's sandbox, first with the unit as it
// was emitted, then without each directive that is said to refuse one of them.
func TestUnitRefuses(t *testing.T) {
	text := emit(t, "unit")
	files := map[string]string{service: text, service + ".d/arguments.conf": arguments, service + ".d/tried.conf": tried()}
	t.Run("as emitted", func(t *testing.T) {
		m := newManager(t)
		m.install(files)
		for i, got := range m.outcomes() {
			assert.Equal(t, acts()[i].refused, got, acts()[i].name)
		}
	})
	for i, without := range acts() {
		t.Run("without "+without.directive, func(t *testing.T) {
			m := newManager(t)
			files[service] = remove(t, text, without.directive)
			m.install(files)
			for j, got := range m.outcomes() {
				wanted := acts()[j].refused
				if i == j {
					wanted = 0
				}
				assert.Equal(t, wanted, got, acts()[j].name)
			}
		})
	}
}

// remove takes the assignments of one directive out of a unit.
func remove(t *testing.T, text, directive string) string {
	t.Helper()
	lines := regexp.MustCompile(`(?m)^` + directive + `=.*\n`)
	require.Regexp(t, lines, text)
	return lines.ReplaceAllString(text, "")
}
