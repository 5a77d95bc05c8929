package selinux

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/tracegen"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func contexts(t testing.TB) *Contexts {
	lines, err := os.Open("testdata/file_contexts")
	require.NoError(t, err)
	defer lines.Close()
	subs, err := os.Open("testdata/file_contexts.subs_dist")
	require.NoError(t, err)
	defer subs.Close()
	c, err := ReadContexts(lines, subs)
	require.NoError(t, err)
	return c
}

func TestContexts(t *testing.T) {
	c := contexts(t)
	for _, want := range []struct {
		path       trace.Path
		class, typ string
	}{
		{"/", "dir", "root_t"}, {"/etc/passwd", "file", "etc_t"}, {"/etc/shadow-", "file", "shadow_t"}, {"/etc/shadow", "dir", "etc_t"},
		{"/usr/bin/ls", "file", "bin_t"}, {"/lib/x/libc.so.6", "file", "lib_t"}, {"/var/run/x.pid", "file", "var_run_t"},
		{"/libexec", "file", "default_t"}, {"/dev/null", "chr_file", "null_device_t"}, {"/dev/null", "file", "device_t"},
		{"/tmp/x", "file", ""}, {"/tmp", "dir", "tmp_t"}, {"/proc/meminfo", "file", "proc_t"}, {"/proc/sys/vm/x", "file", "sysctl_vm_t"},
		{"/sys/fs/cgroup/a", "dir", "cgroup_t"}, {"/etc/a\nb", "file", "etc_t"},
	} {
		require.Equal(t, want.typ, c.Type(want.path, want.class), "%s %s", want.path, want.class)
	}
}

func TestReadContextsRefuses(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "/x\n", "/x -- -- a:b:c\n", "/x\t-?\ta:b:c\n", "/x\tbroken\n", "/(x\ta:b:c_t:s0\n", "/x\ta:b:(allow)\n"} {
		_, err := ReadContexts(strings.NewReader(text), nil)
		require.Error(t, err, "%q", text)
	}
	_, err := ReadContexts(strings.NewReader("/x\ta:b:c_t:s0\n"), strings.NewReader("/only\n"))
	require.ErrorIs(t, err, ErrContexts)
}

func moduleOf(t testing.TB, in *trace.Trace) string {
	var text bytes.Buffer
	require.NoError(t, Write(&text, synth.Infer(in, synth.Options{}), Options{Contexts: contexts(t)}))
	return text.String()
}

func TestRecordedTraces(t *testing.T) {
	files, err := filepath.Glob("../../docs/traces/*.jsonl*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		in, err := trace.ReadFile(file)
		require.NoError(t, err)
		text := moduleOf(t, in)
		golden := filepath.Join("testdata", filepath.Base(file)+".cil")
		if *update {
			require.NoError(t, os.WriteFile(golden, []byte(text), 0o644))
		}
		want, err := os.ReadFile(golden)
		require.NoError(t, err)
		require.Equal(t, string(want), text, file)
		admitsFiles(t, in, text)
	}
}

// TestModuleAdmitsEveryFile reads made-up modules back and looks for the rules
// that each fact needs.
func TestModuleAdmitsEveryFile(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 9))
		in := tracegen.Trace(r, 1+r.IntN(30))
		admitsFiles(t, in, moduleOf(t, in))
	}
}

var allowed = regexp.MustCompile(`^\(allow (\S+) (\S+) \((\S+) \(([a-z_ ]*)\)\)\)$`)

// admitsFiles looks for the main permission of each access to a file with a
// label, in the text alone.
func admitsFiles(t *testing.T, in *trace.Trace, text string) {
	t.Helper()
	rules := map[string]string{}
	for line := range strings.Lines(text) {
		if m := allowed.FindStringSubmatch(strings.TrimSuffix(line, "\n")); m != nil {
			rules[m[2]+" "+m[3]] += " " + m[4] + " "
		}
	}
	c := contexts(t)
	kinds := map[trace.Path]map[string]bool{}
	for _, f := range in.Files {
		if kinds[f.Path] == nil {
			kinds[f.Path] = map[string]bool{}
		}
		kinds[f.Path][f.Type] = true
	}
	for _, f := range in.Confined().Files {
		if len(kinds[f.Path]) > 1 { // made up: a name that is of two kinds at once
			continue
		}
		if !synth.RestsOnPermission(f.Seen) || f.Anon || !strings.HasPrefix(string(f.Path), "/") || strings.HasPrefix(string(f.Path), "/proc/") {
			continue
		}
		class := classOf(f.Type)
		types := []string{c.Type(f.Path, class)}
		for name := range rules { // what the worker makes has a type of its own
			if strings.HasSuffix(name, "_data_t "+class) {
				types = append(types, strings.Fields(name)[0])
			}
		}
		for access, permission := range map[trace.Access]string{
			trace.AccessRead: "read", trace.AccessWrite: "write", trace.AccessStat: "getattr", trace.AccessCreate: "create",
			trace.AccessChmod: "setattr",
		} {
			if f.Access&access == 0 || types[0] == "" {
				continue
			}
			found := false
			for _, typ := range types {
				found = found || strings.Contains(rules[typ+" "+class], " "+permission+" ")
			}
			require.True(t, found, "%s of %s %q (%v)\n%s", permission, class, f.Path, types, text)
		}
	}
}

// FuzzNames proves that no name adds or widens a rule: whatever a file in a
// directory is called, the rules are the same.
func FuzzNames(f *testing.F) {
	for _, name := range []string{"plain", "a b", "a\n(allow x y (file (read)))", `q"`, ";", "(", ")", "\xff", ".*", "a|b", "%", "\\"} {
		f.Add(name)
	}
	rules := func(t testing.TB, name string) (out []string) {
		seen := trace.Seen{Subject: 1, Operation: name, Outcome: trace.OK}
		in := &trace.Trace{
			Runs: []trace.Run{{Header: trace.Header{
				Run: name, Worker: "/usr/bin/w", User: "root", Arch: "amd64", Kernel: name, Probes: tracegen.Probes(),
			}, End: &trace.End{}}},
			Subjects: []trace.Subject{{ID: 1, Exe: trace.Path("/usr/bin/" + name)}},
			Holes:    []trace.Hole{{Kind: name, Detail: name}},
			Files: []trace.File{
				{Seen: seen, Path: trace.Path("/var/log/" + name), Access: trace.AccessCreate | trace.AccessWrite, Type: "file"},
				{Seen: seen, Path: trace.Path("/etc/app/" + name), Access: trace.AccessRead, Type: "file"},
			},
			Sockets: []trace.Socket{{Seen: seen, Action: "connect", Family: "AF_UNIX", Type: "SOCK_STREAM", Path: trace.Path("/run/" + name)}},
		}
		in.Runs[0].Worker = "/usr/bin/w"
		for line := range strings.Lines(moduleOf(t, in)) {
			if !strings.HasPrefix(line, ";") && !strings.HasPrefix(line, "(filecon ") {
				out = append(out, line)
			}
			require.True(t, line[0] == ';' || line[0] == '(' && strings.HasSuffix(line, ")\n"), "%q", line)
			if strings.HasPrefix(line, "(filecon ") {
				require.Regexp(t, `^\(filecon "/[A-Za-z0-9/_@:,=%.+\\-]+(\(/\.\*\)\?)?" [a-z]+ \(system_u object_r [a-z_]+ \(\(s0\) \(s0\)\)\)\)\n$`, line)
			}
		}
		return out
	}
	f.Fuzz(func(t *testing.T, name string) {
		if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") || strings.Contains(name, "shadow") {
			t.Skip()
		}
		require.Equal(t, rules(t, "plain"), rules(t, name))
	})
}

// FuzzReadContexts reads any text without a crash.
func FuzzReadContexts(f *testing.F) {
	f.Add("/x(/.*)?\t--\tsystem_u:object_r:x_t:s0\n", "/a /b\n")
	f.Fuzz(func(t *testing.T, lines, subs string) {
		if c, err := ReadContexts(strings.NewReader(lines), strings.NewReader(subs)); err == nil {
			c.Type("/x/y", "file")
		}
	})
}

func TestBlindTracesGiveNoModule(t *testing.T) {
	in := tracegen.Trace(rand.New(rand.NewPCG(1, 1)), 5)
	for i := range in.Runs {
		in.Runs[i].Probes = nil
	}
	err := Write(&bytes.Buffer{}, synth.Infer(in, synth.Options{}), Options{Contexts: contexts(t)})
	require.ErrorIs(t, err, ErrBlind)
}
