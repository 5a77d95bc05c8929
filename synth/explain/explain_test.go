package explain_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/explain"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/synth/written"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestRecordedTraces explains all that would be emitted for the committed traces.
func TestRecordedTraces(t *testing.T) {
	files, err := filepath.Glob("../../docs/traces/*.jsonl*")
	require.NoError(t, err)
	daemons, err := filepath.Glob("../../proof/traces/*.jsonl*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	require.NotEmpty(t, daemons)
	for _, file := range append(files, daemons...) {
		in, err := trace.ReadFile(file)
		require.NoError(t, err)
		x, err := explain.New(synth.Infer(in, synth.Options{}), explain.Options{})
		require.NoError(t, err)
		all, err := x.Everything()
		require.NoError(t, err)
		formats := map[string]bool{}
		for _, e := range all {
			formats[e.Format] = true
			require.True(t, e.Explained() || e.Means != "", e.Text)
		}
		require.Len(t, formats, 3)
		var b bytes.Buffer
		require.NoError(t, explain.WriteText(&b, all))
		if filepath.Ext(file) == ".jsonl" { // the packed one's is half a megabyte
			golden(t, filepath.Base(file)+".txt", b.Bytes())
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, got, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "run go test with -update")
}

// TestEachNeedIsFoundByItsName: whatever a trace holds can be asked about, and
// leads to the facts.
func TestEachNeedIsFoundByItsName(t *testing.T) {
	in, err := trace.ReadFile("../../docs/traces/osapi-2026-02.jsonl")
	require.NoError(t, err)
	x, err := explain.New(synth.Infer(in, synth.Options{}), explain.Options{})
	require.NoError(t, err)
	for _, what := range []string{"/usr/bin/ls", "/usr/bin", "openat", "CAP_NET_ADMIN", "net_admin", "AF_NETLINK", "127.0.0.1", "4222", "/run/dbus/system_bus_socket"} {
		a, err := x.Fact(in, what)
		require.NoError(t, err)
		require.NotEmpty(t, a.Facts, what)
		var b bytes.Buffer
		require.NoError(t, a.WriteText(&b))
	}
	a, err := x.Fact(in, "/usr/bin/ls")
	require.NoError(t, err)
	var lines []string
	for _, e := range a.Lines {
		lines = append(lines, e.Format+" "+e.Text)
	}
	require.Contains(t, lines, "systemd ExecPaths=-/usr/bin")
	require.Contains(t, lines, "apparmor /usr/bin/ls mrix,")
	a, err = x.Fact(in, "/proc/1/environ")
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(a.Lines, func(e synth.Explanation) bool { return e.Text == "ProtectProc= left out" }))
	a, err = x.Fact(in, "/boot")
	require.NoError(t, err)
	require.False(t, a.Found(), "a line that names it is no fact of it")
	a, err = x.Fact(in, "/no/such")
	require.NoError(t, err)
	require.False(t, a.Found())
}

// TestDirectoryThatALineNames: what is made in a directory is why it is writable, whoever
// asks about the directory itself.
func TestDirectoryThatALineNames(t *testing.T) {
	in := &trace.Trace{
		Runs:     []trace.Run{{Header: trace.Header{Run: "1", Arch: "amd64", User: "root", Worker: "/usr/bin/w"}}},
		Subjects: []trace.Subject{{ID: 1, Exe: "/usr/bin/w"}},
		Files: []trace.File{
			{Seen: trace.Seen{Subject: 1, Outcome: trace.OK}, Path: "/var/lib/w", Access: trace.AccessRead, Syscall: "openat", Type: "directory", Mode: 0o755},
			{Seen: trace.Seen{Subject: 1, Outcome: trace.OK}, Path: "/var/lib/w/db", Access: trace.AccessWrite | trace.AccessCreate, Syscall: "openat", Type: "file", Mode: 0o644},
		},
	}
	for _, kind := range []string{"syscall", "exec", "file", "capability", "socket", "argument"} {
		in.Runs[0].Probes = append(in.Runs[0].Probes, trace.Probe{Fact: kind, Hook: "a test"})
	}
	x, err := explain.New(synth.Infer(in, synth.Options{}), explain.Options{})
	require.NoError(t, err)
	a, err := x.Fact(in, "/var/lib/w")
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(a.Lines, func(e synth.Explanation) bool { return e.Text == "ReadWritePaths=-/var/lib/w" }), a.Lines)
}

func TestTextIsToldFromFacts(t *testing.T) {
	x, err := explain.New(&synth.Profile{Worker: synth.Worker{Name: "w"}}, explain.Options{})
	require.NoError(t, err)
	for text, line := range map[string]bool{
		"ReadWritePaths=/x": true, "Frobnicate=": true, "ProtectSystem": true, "capability net_raw": true, "/etc/x r,": true, "/etc/x rw": true,
		"owner \"/a b\" r,": true, "CAP_NET_RAW": false, "openat": false, "/etc/x": false, "/etc/a b": false, "10.0.0.1:53": false, "mount": false, "mount,": true,
	} {
		_, ok := x.Text(text)
		require.Equal(t, line, ok, text)
	}
	_, err = x.File(written.File{Name: "t", Format: written.Trace})
	require.ErrorContains(t, err, "t: a trace has no lines to explain")
}

// TestLines: each line of a unit has what it has by itself, and what is left out has
// its reasons at the comment that says so.
func TestLines(t *testing.T) {
	in, err := trace.ReadFile("../../docs/traces/osapi-2026-02.jsonl")
	require.NoError(t, err)
	p := synth.Infer(in, synth.Options{})
	x, err := explain.New(p, explain.Options{})
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, systemd.Unit(&b, p, systemd.Options{}))
	f := written.File{Name: "u", Text: b.Bytes(), Format: written.Systemd}
	lines, err := x.Lines(f)
	require.NoError(t, err)
	left := 0
	for i, text := range strings.Split(b.String(), "\n") {
		e, ok := lines[i+1]
		if !ok {
			continue
		}
		if strings.HasPrefix(text, "# ") {
			left++
			require.Contains(t, e.Text, "= left out")
			at, err := x.At(f, i+1)
			require.NoError(t, err)
			require.Equal(t, at, e)
		}
	}
	require.Positive(t, left)
	_, err = x.Lines(written.File{Format: written.Trace})
	require.Error(t, err)
}
