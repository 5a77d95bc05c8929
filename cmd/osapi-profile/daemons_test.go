package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDaemons: all formats of the profiles of Debian's daemons, as they come of the
// traces that proof/ made of them in the guest of Debian 12.
func TestDaemons(t *testing.T) {
	files, err := filepath.Glob("../../proof/traces/*.jsonl.gz")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 10)
	for _, file := range files {
		daemon := strings.TrimSuffix(filepath.Base(file), ".jsonl.gz")
		for _, f := range formats() {
			t.Run(daemon+"/"+f.name, func(t *testing.T) {
				root := newRoot()
				var out, talk bytes.Buffer
				root.SetOut(&out)
				root.SetErr(&talk)
				root.SetArgs([]string{
					"emit", "--format", f.name, "--name", daemon, "--systemd-version", "252",
					"--file-contexts", "../../synth/selinux/testdata/file_contexts", file,
				})
				require.NoError(t, root.Execute(), "%s", talk.String())
				// Both have the evidence of each grant, many times as long as the profile.
				large := f.name == "json" || f.name == "html"
				goldenDaemon(t, filepath.Join("testdata/daemons", daemon+"."+f.name), out.Bytes(), large)
			})
		}
	}
}

// goldenDaemon compares with a file, which is packed where that is worth it.
func goldenDaemon(t *testing.T, name string, got []byte, packed bool) {
	t.Helper()
	if packed {
		name += ".gz"
	}
	if *update {
		text := got
		if packed {
			var b bytes.Buffer
			w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
			require.NoError(t, err)
			_, err = w.Write(got)
			require.NoError(t, err)
			require.NoError(t, w.Close())
			text = b.Bytes()
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, text, 0o644))
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err, "go test ./cmd/osapi-profile -run TestDaemons -update writes it")
	if packed {
		r, err := gzip.NewReader(bytes.NewReader(want))
		require.NoError(t, err)
		want, err = io.ReadAll(r)
		require.NoError(t, err)
	}
	if !bytes.Equal(want, got) { // whole, they would fill screens
		at := 0
		for at < min(len(want), len(got)) && want[at] == got[at] {
			at++
		}
		from := max(0, at-60)
		t.Fatalf("%s: differs at byte %d:\n%q\nand now\n%q", name, at, want[from:min(len(want), at+60)], got[from:min(len(got), at+60)])
	}
}
