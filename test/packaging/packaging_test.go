// Package packaging builds the packages and uses them: the one for amd64 in the guest,
// the program for arm64 under that kernel.
package packaging

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/test/need"
)

// What a build reads.
var sources = []string{"bpf", "cmd", "docs/docs", "packaging", "prove", "synth", "trace", "go.mod", "go.sum", "LICENSE", "README.md"}

// build makes the packages in a copy of the sources, which is no repository.
func build(t *testing.T, env ...string) string {
	t.Helper()
	need.Tools(t, "go", "dpkg-deb")
	dir := t.TempDir()
	for _, name := range sources {
		to := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o755))
		out, err := exec.Command("cp", "-r", filepath.Join(need.ModuleRoot(t), name), to).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	cmd := exec.Command(filepath.Join(dir, "packaging/build.sh"), filepath.Join(dir, "dist"))
	cmd.Env = append(os.Environ(), "VERSION=1.2.3", "SOURCE_DATE_EPOCH=1771718400")
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return filepath.Join(dir, "dist")
}

// TestMakeKnowsWhatIsEmbedded wants each file that go:embed takes into the program to
// be one that make builds it anew for.
func TestMakeKnowsWhatIsEmbedded(t *testing.T) {
	need.Tools(t, "go", "make")
	root := need.ModuleRoot(t)
	list := exec.Command("go", "list", "-deps", "-f", `{{if not .Standard}}{{$d := .ImportPath}}{{range .EmbedFiles}}{{$d}}/{{.}} {{end}}{{end}}`, "./cmd/osapi-profile")
	show := exec.Command("make", "--no-print-directory", "--eval", `sources: ; @echo '$(SOURCES)'`, "sources")
	list.Dir, show.Dir = root, root
	embedded, err := list.Output()
	require.NoError(t, err)
	known, err := show.Output()
	require.NoError(t, err)
	const module = "github.com/osapi-io/osapi-profile/"
	own := 0
	for _, name := range strings.Fields(string(embedded)) {
		if file, ours := strings.CutPrefix(name, module); ours {
			own++
			require.True(t, slices.Contains(strings.Fields(string(known)), file), "%s is not among SOURCES of the Makefile", file)
		}
	}
	require.NotZero(t, own)
}

func TestPackages(t *testing.T) {
	dist := build(t)
	t.Run("built twice", func(t *testing.T) { builtTwice(t, dist) })
	t.Run("amd64", func(t *testing.T) {
		t.Parallel() // a guest takes one processor
		need.VM(t)
		uses(t, filepath.Join(dist, "osapi-profile_1.2.3_amd64.deb"), installed, "vm.sh", "run")
	})
	t.Run("arm64", func(t *testing.T) {
		t.Parallel()
		need.Tools(t, "qemu-system-aarch64", "mmdebstrap", "cpio")
		uses(t, filepath.Join(dist, "osapi-profile_1.2.3_linux_arm64"), recorded, "arm64.sh")
	})
}

// builtTwice wants the same from two places on two file systems, and for both
// architectures.
func builtTwice(t *testing.T, first string) {
	want, err := os.ReadFile(filepath.Join(first, "SHA256SUMS"))
	require.NoError(t, err)
	memory, err := os.MkdirTemp("/dev/shm", "")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(memory) })
	dist := build(t, "TMPDIR="+memory)
	sums, err := os.ReadFile(filepath.Join(dist, "SHA256SUMS"))
	require.NoError(t, err)
	require.Equal(t, string(want), string(sums))

	for _, arch := range []string{"amd64", "arm64"} {
		require.Contains(t, string(sums), "  osapi-profile_1.2.3_linux_"+arch+"\n")
		deb := filepath.Join(dist, "osapi-profile_1.2.3_"+arch+".deb")
		fields, err := exec.Command("dpkg-deb", "--field", deb, "Version", "Architecture", "Package").Output()
		require.NoError(t, err)
		require.Equal(t, "Version: 1.2.3\nArchitecture: "+arch+"\nPackage: osapi-profile\n", string(fields))
	}
	check := exec.Command("sha256sum", "--check", "--strict", "SHA256SUMS")
	check.Dir = dist
	require.NoError(t, check.Run())
}

// uses runs a script beside a file in a guest of test/vm, started by these words.
func uses(t *testing.T, file, script, harness string, words ...string) {
	job := t.TempDir()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(job, filepath.Base(file)), content, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(job, "job.sh"), []byte(script), 0o644))
	args := append(words, job, "--", "bash", "job.sh")
	guest := exec.Command(filepath.Join(need.ModuleRoot(t), "test/vm", harness), args...)
	guest.Env = append(os.Environ(), "VM_TIMEOUT=1800")
	out, err := guest.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "\nAll of it holds.\n")
}

// installed uses what the package installs on a stock Debian: the program, its pages and
// its completion; nothing is left when it is removed.
const installed = `set -euo pipefail
dpkg --install osapi-profile_1.2.3_amd64.deb
osapi-profile version | grep '^osapi-profile '
dpkg-deb --fsys-tarfile osapi-profile_1.2.3_amd64.deb | tar -xO ./usr/share/man/man1/osapi-profile-record.1.gz | zcat | # the guest's dpkg leaves manuals out
  grep '^\.SH EXAMPLE'
bash -c '. /usr/share/bash-completion/completions/osapi-profile; complete -p osapi-profile' | grep osapi-profile
[ -s /usr/share/zsh/vendor-completions/_osapi-profile ]
osapi-profile __complete em 2>&1 | grep '^emit'
osapi-profile doctor >/dev/null
osapi-profile record --quiet -o ls.jsonl -- /usr/bin/ls /etc/apt >/dev/null
osapi-profile emit --format unit --arguments /etc/apt ls.jsonl >/etc/systemd/system/ls.service
systemctl daemon-reload
systemctl start --wait ls.service
journalctl --unit ls.service | grep sources.list
dpkg --remove osapi-profile
[ ! -e /usr/bin/osapi-profile ]
[ ! -e /usr/share/doc/osapi-profile ]
echo
echo 'All of it holds.'
`

// recorded records and emits under Debian's arm64 kernel.
const recorded = `set -euo pipefail
mv osapi-profile_1.2.3_linux_arm64 osapi-profile
PATH=/job:$PATH
cd /tmp
has() { busybox grep "$@"; }
osapi-profile version | has linux/arm64
osapi-profile doctor >&2
osapi-profile record --quiet -o sh.jsonl -- /bin/bash -c 'ls /etc; echo >new; chown 1:1 new; rm new; cat /proc/sys/kernel/ostype'
osapi-profile emit --format unit sh.jsonl >unit
cat unit
has -x '# HOLES: none known.' unit
for call in openat getdents64 fchownat unlinkat clone execve; do has -Eq "^SystemCallFilter=.*\\b$call\\b" unit; done
has '^CapabilityBoundingSet=.*CAP_CHOWN' unit
osapi-profile emit --format seccomp sh.jsonl | has SCMP_ARCH_AARCH64
osapi-profile emit --format apparmor sh.jsonl | has -F '@{PROC}/sys/kernel/ostype'
echo
echo 'All of it holds.'
`
