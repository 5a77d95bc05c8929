//go:build inside

package inside

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	systemd "github.com/coreos/go-systemd/v22/dbus"
	"github.com/stretchr/testify/require"
)

// What the unit is called, and where a unit lives that goes with the machine.
const (
	service = "nginx-demo.service"
	units   = "/run/systemd/system"
)

// manager is PID 1, asked over D-Bus.
type manager struct {
	*testing.T
	conn   *systemd.Conn
	ctx    context.Context
	cursor string // file that keeps how far the journal has been read
}

func newManager(t *testing.T) *manager {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(cancel)
	conn, err := systemd.NewSystemdConnectionContext(ctx)
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	m := &manager{T: t, conn: conn, ctx: ctx, cursor: filepath.Join(t.TempDir(), "cursor")}
	m.ignored()
	return m
}

// install puts files below /run/systemd/system, as text and nothing else, and has
// systemd read them; not one line may be ignored. They are gone after the test.
func (m *manager) install(files map[string]string) {
	m.Helper()
	m.remove()
	for name, text := range files {
		path := filepath.Join(units, name)
		require.NoError(m, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(m, os.WriteFile(path, []byte(text), 0o644))
	}
	m.Cleanup(m.remove)
	require.NoError(m, m.conn.ReloadContext(m.ctx))
	state, err := m.conn.GetUnitPropertyContext(m.ctx, service, "LoadState")
	require.NoError(m, err)
	require.Equal(m, "loaded", state.Value.Value())
	require.Empty(m, m.ignored(), "systemd ignores part of the unit")
}

func (m *manager) remove() {
	m.Helper()
	m.stop()
	for _, name := range []string{service, service + ".d"} {
		require.NoError(m, os.RemoveAll(filepath.Join(units, name)))
	}
	require.NoError(m, m.conn.ReloadContext(m.ctx))
}

// ignored are the new lines of the journal in which systemd says that it does not
// take something in the unit.
func (m *manager) ignored() []string {
	m.Helper()
	require.NoError(m, exec.Command("journalctl", "--sync").Run())
	out, err := exec.Command("journalctl", "--quiet", "--boot", "--output=cat", "--cursor-file="+m.cursor, "_PID=1").Output()
	require.NoError(m, err)
	var lines []string
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, service) && strings.Contains(strings.ToLower(line), "ignoring") {
			lines = append(lines, line)
		}
	}
	return lines
}

// start gives the result of the start job: "done" when it worked.
func (m *manager) start() string {
	m.Helper()
	done := make(chan string, 1)
	_, err := m.conn.StartUnitContext(m.ctx, service, "replace", done)
	require.NoError(m, err)
	return m.wait(done)
}

func (m *manager) stop() string {
	m.Helper()
	done := make(chan string, 1)
	if _, err := m.conn.StopUnitContext(m.ctx, service, "replace", done); err != nil {
		return err.Error() // not loaded
	}
	return m.wait(done)
}

func (m *manager) wait(done <-chan string) string {
	m.Helper()
	select {
	case result := <-done:
		return result
	case <-m.ctx.Done():
		m.Fatal("the job did not end")
		return ""
	}
}

// property is one of the service's, as go-systemd gives it.
func (m *manager) property(name string) any {
	m.Helper()
	p, err := m.conn.GetServicePropertyContext(m.ctx, service, name)
	require.NoError(m, err, name)
	return p.Value.Value()
}

// explain shows what systemd and the service said.
func (m *manager) explain() {
	out, _ := exec.Command("journalctl", "--boot", "--no-pager", "--lines=60", "--unit="+service).CombinedOutput()
	m.Logf("%s", out)
}

// works says that the service starts, does the demo's work and stops.
func (m *manager) works() {
	m.Helper()
	command(m.T, "demo/nginx.sh", "prepare")
	m.Cleanup(func() { command(m.T, "demo/nginx.sh", "clean") })
	defer func() {
		if m.Failed() {
			m.explain()
		}
	}()
	require.Equal(m, "done", m.start())
	command(m.T, "demo/nginx.sh", "work")
	require.Equal(m, "done", m.stop())
	require.Equal(m, "success", m.property("Result"))
}

// command runs a program of the working directory, which must succeed.
func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	c := exec.Command(name, args...)
	var talk strings.Builder
	c.Stderr = &talk
	out, err := c.Output()
	require.NoError(t, err, "%s\n%s%s", c, out, &talk)
	return string(out)
}

// emit gives a profile of the demo's daemon.
func emit(t *testing.T, format string, args ...string) string {
	t.Helper()
	return command(t, "./osapi-profile", append([]string{"emit", "--format", format, "--name", "nginx-demo", "kept/trace.jsonl"}, args...)...)
}
