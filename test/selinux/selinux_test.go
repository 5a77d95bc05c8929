// Package selinux compiles emitted modules together with a real policy.
package selinux

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/selinux"
	"github.com/osapi-io/osapi-profile/synth/tracegen"
	"github.com/osapi-io/osapi-profile/test/need"
	"github.com/osapi-io/osapi-profile/trace"
)

// policy is the reference policy as Debian ships it.
func policy(t *testing.T) (modules []string, contexts *selinux.Contexts) {
	need.Tools(t, "secilc", "apt-get", "dpkg-deb", "bzip2")
	cmd := exec.Command("./policy.sh")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	dir := strings.TrimSpace(string(out))
	modules, err = filepath.Glob(dir + "/cil/*.cil")
	require.NoError(t, err)
	require.NotEmpty(t, modules)
	lines, err := os.Open(dir + "/file_contexts")
	require.NoError(t, err)
	defer lines.Close()
	subs, err := os.Open(dir + "/file_contexts.subs_dist")
	require.NoError(t, err)
	defer subs.Close()
	contexts, err = selinux.ReadContexts(lines, subs)
	require.NoError(t, err)
	return modules, contexts
}

// TestModulesCompile has the compiler resolve every name and check every
// assertion (neverallow) of the policy, for the workers that were recorded and
// for made-up ones, whose names are hostile.
func TestModulesCompile(t *testing.T) {
	modules, contexts := policy(t)
	traces := map[string]*trace.Trace{}
	files, err := filepath.Glob(filepath.Join(need.ModuleRoot(t), "docs/traces/*.jsonl*"))
	require.NoError(t, err)
	for _, file := range files {
		traces[filepath.Base(file)], err = trace.ReadFile(file)
		require.NoError(t, err)
	}
	traces["made-up"] = tracegen.Trace(rand.New(rand.NewPCG(1, 11)), 300)
	dir := t.TempDir()
	for name, in := range traces {
		var text bytes.Buffer
		p := synth.Infer(in, synth.Options{})
		p.Worker.Name = name // each a module of its own, all in one policy
		require.NoError(t, selinux.Write(&text, p, selinux.Options{Contexts: contexts}))
		ours := filepath.Join(dir, name+".cil")
		require.NoError(t, os.WriteFile(ours, text.Bytes(), 0o644))
		modules = append(modules, ours)
	}
	args := append([]string{"-o", filepath.Join(dir, "policy"), "-f", filepath.Join(dir, "contexts")}, modules...)
	out, err := exec.Command("secilc", args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	labels, err := os.ReadFile(filepath.Join(dir, "contexts"))
	require.NoError(t, err)
	require.Contains(t, string(labels), "_exec_t:s0")
}
