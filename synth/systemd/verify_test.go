package systemd_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/stretchr/testify/require"
)

// analyze finds systemd-analyze, without which CI fails and others skip.
func analyze(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("systemd-analyze")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("systemd-analyze is not installed (package systemd)")
		}
		t.Skip("systemd-analyze is not installed (package systemd)")
	}
	return path
}

// TestVerify lets systemd itself read every golden text, in a root of its own
// in which the worker's executable exists. A drop-in is merged into a plain
// unit, because systemd-analyze does not read it alone.
func TestVerify(t *testing.T) {
	tool := analyze(t)
	for name, b := range samples() {
		t.Run(name, func(t *testing.T) {
			p := synth.Infer(b.Trace, synth.Options{})
			for _, opt := range []systemd.Options{{}, {User: "osapi", Limits: true, AppArmorProfile: "x"}} {
				dropIn, unit := emit(t, p, opt)
				verify(t, tool, string(p.Worker.Exe), p.Worker.Name, unit, nil)
				exe := strings.ReplaceAll(string(p.Worker.Exe), "%", "%%")
				base := fmt.Appendf(nil, "[Service]\nExecStart=\"%s\"\n", exe)
				verify(t, tool, string(p.Worker.Exe), p.Worker.Name, base, dropIn)
			}
		})
	}
}

// verify puts a unit into an empty root and fails on any word of systemd's.
func verify(t *testing.T, tool, exe, name string, unit, dropIn []byte) {
	t.Helper()
	root := t.TempDir()
	write := func(path string, data []byte, mode os.FileMode) {
		path = filepath.Join(root, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, data, mode))
	}
	write(exe, []byte("#!/bin/sh\n"), 0o755)
	// What every unit depends on without saying so.
	for _, target := range []string{"sysinit.target", "basic.target", "shutdown.target", "network-online.target", "multi-user.target"} {
		write("/usr/lib/systemd/system/"+target, []byte("[Unit]\nDescription="+target+"\n"), 0o644)
	}
	file := "/etc/systemd/system/" + name + ".service"
	write(file, unit, 0o644)
	if dropIn != nil {
		write(file+".d/50-osapi-profile.conf", dropIn, 0o644)
	}
	run(t, tool, "verify", "--recursive-errors=yes", "--man=no", "--root="+root, name+".service")
	out := run(t, tool, "security", "--offline=true", "--no-pager", "--root="+root, name+".service")
	require.Regexp(t, regexp.MustCompile(`Overall exposure level for .*: [0-9.]+ `), out)
}

func run(t *testing.T, tool string, args ...string) string {
	t.Helper()
	cmd := exec.Command(tool, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "SYSTEMD_LOG_LEVEL=info", "SYSTEMD_COLORS=0")
	require.NoError(t, cmd.Run(), "%v\n%s", args, errs.String())
	require.Empty(t, errs.String(), "%v", args)
	return out.String()
}
