// Package packaging builds the packages and uses one in the guest.
package packaging

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/test/need"
)

// What a build reads.
var sources = []string{"bpf", "cmd", "docs/docs", "packaging", "synth", "trace", "go.mod", "go.sum", "LICENSE", "README.md"}

// build makes the packages in a copy of the sources, which is no repository.
func build(t *testing.T) string {
	t.Helper()
	need.Tools(t, "go", "dpkg-deb")
	nfpm := os.Getenv("NFPM")
	if nfpm == "" {
		need.Lacks(t, "NFPM, the packager; make package installs it")
	}
	dir := t.TempDir()
	for _, name := range sources {
		to := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o755))
		out, err := exec.Command("cp", "-r", filepath.Join(need.ModuleRoot(t), name), to).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	cmd := exec.Command(filepath.Join(dir, "packaging/build.sh"), filepath.Join(dir, "dist"))
	cmd.Env = append(os.Environ(), "NFPM="+nfpm, "VERSION=1.2.3", "SOURCE_DATE_EPOCH=1771718400")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return filepath.Join(dir, "dist")
}

// TestBuiltTwice wants the same from two places, and for both architectures.
func TestBuiltTwice(t *testing.T) {
	first, err := os.ReadFile(filepath.Join(build(t), "SHA256SUMS"))
	require.NoError(t, err)
	dist := build(t)
	second, err := os.ReadFile(filepath.Join(dist, "SHA256SUMS"))
	require.NoError(t, err)
	require.Equal(t, string(first), string(second))

	for _, arch := range []string{"amd64", "arm64"} {
		require.Contains(t, string(second), "  osapi-profile_1.2.3_linux_"+arch+"\n")
		deb := filepath.Join(dist, "osapi-profile_1.2.3_"+arch+".deb")
		fields, err := exec.Command("dpkg-deb", "--field", deb, "Version", "Architecture", "Package").Output()
		require.NoError(t, err)
		require.Equal(t, "Version: 1.2.3\nArchitecture: "+arch+"\nPackage: osapi-profile\n", string(fields))
	}
	check := exec.Command("sha256sum", "--check", "--strict", "SHA256SUMS")
	check.Dir = dist
	require.NoError(t, check.Run())
}

// TestInstalled uses what the package installs on a stock Debian: the program,
// its pages and its completion, and nothing is left when it is removed.
func TestInstalled(t *testing.T) {
	dist := build(t)
	need.VM(t)
	job := t.TempDir()
	deb, err := os.ReadFile(filepath.Join(dist, "osapi-profile_1.2.3_amd64.deb"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(job, "osapi-profile.deb"), deb, 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(job, "job.sh"), []byte(installed), 0o644))
	out, err := exec.Command(filepath.Join(need.ModuleRoot(t), "test/vm/vm.sh"), "run", job, "--", "bash", "job.sh").CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "\nAll of it holds.\n")
}

const installed = `set -euo pipefail
dpkg --install osapi-profile.deb
osapi-profile version | grep '^osapi-profile '
zcat /usr/share/man/man1/osapi-profile-record.1.gz | grep '^\.SH EXAMPLE'
bash -c '. /usr/share/bash-completion/completions/osapi-profile; complete -p osapi-profile' | grep osapi-profile
[ -s /usr/share/zsh/vendor-completions/_osapi-profile ]
[ -s /usr/share/doc/osapi-profile/guide/deployment/worker-hardening.md ]
osapi-profile __complete em 2>&1 | grep '^emit'
osapi-profile doctor >/dev/null
osapi-profile record --quiet -o ls.jsonl -- /usr/bin/ls /etc/apt >/dev/null
osapi-profile emit --format unit ls.jsonl >/etc/systemd/system/ls.service
grep -qx 'ExecStart=/usr/bin/ls' /etc/systemd/system/ls.service
systemctl daemon-reload
systemctl start ls.service
dpkg --remove osapi-profile
[ ! -e /usr/bin/osapi-profile ]
[ ! -e /usr/share/doc/osapi-profile ]
echo
echo 'All of it holds.'
`
