package seccomp

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/tracegen"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func ok(operation string) trace.Seen {
	return trace.Seen{Subject: 1, Operation: operation, Outcome: trace.OK, Count: 1}
}

// traced is a worker that made some calls.
func traced(calls ...string) *trace.Trace {
	t := &trace.Trace{
		Runs: []trace.Run{{Header: trace.Header{
			Run: "r", Worker: "/usr/bin/worker", User: "root", Arch: "amd64", Kernel: "6.1", Probes: tracegen.Probes(),
		}, End: &trace.End{}}},
		Subjects: []trace.Subject{{ID: 1, Exe: "/usr/bin/worker"}},
	}
	for _, name := range calls {
		t.Syscalls = append(t.Syscalls, trace.Syscall{Seen: ok("work"), Name: name})
	}
	return t
}

func argument(call, name, value string) trace.Argument {
	return trace.Argument{Seen: ok("work"), Syscall: call, Name: name, Value: value}
}

// filter writes one and reads it back.
func filter(t testing.TB, in *trace.Trace, opt synth.Options, with Options) *Filter {
	var text bytes.Buffer
	require.NoError(t, Write(&text, synth.Infer(in, opt), with))
	f, err := Read(bytes.NewReader(text.Bytes()))
	require.NoError(t, err)
	return f
}

func TestArguments(t *testing.T) {
	const newns, newuser = 0x20000, 0x10000000
	in := traced("socket", "clone", "unshare", "setns", "personality", "prctl", "execve")
	in.Sockets = []trace.Socket{{Seen: ok("work"), Action: "create", Family: "AF_INET", Type: "SOCK_STREAM"}}
	in.Arguments = []trace.Argument{
		argument("unshare", trace.ArgNamespaces, "CLONE_NEWNS"), argument("setns", trace.ArgNamespaces, "CLONE_NEWUSER"),
		argument("personality", trace.ArgPersonality, "0xffffffff"), argument("prctl", trace.ArgPrctl, "PR_SET_NAME"),
	}
	plain, narrow := filter(t, in, synth.Options{}, Options{}), filter(t, in, synth.Options{}, Options{Prctl: true})
	for _, c := range []struct {
		call    string
		index   uint
		value   uint64
		allowed bool
	}{
		{"socket", 0, 2, true}, {"socket", 0, 1, true}, {"socket", 0, 16, false}, {"socket", 0, 17, false},
		{"socket", 0, 1<<32 | 17, false}, {"socket", 0, 1<<32 | 2, true}, // the kernel looks at 32 bits
		{"clone", 0, 0x3d0f00, true}, {"clone", 0, newuser | 17, false}, {"clone", 0, newns, false},
		{"clone3", 0, 0, false}, // what it asks for lies in memory
		{"unshare", 0, newns, true}, {"unshare", 0, newns | newuser, false}, {"unshare", 0, 0x200, true},
		{"setns", 1, newuser, true}, {"setns", 1, 0, false},
		{"personality", 0, 0xffffffff, true}, {"personality", 0, 0x40000, false},
		{"prctl", 0, 15, true}, {"ptrace", 0, 0, false},
	} {
		require.Equal(t, c.allowed, plain.allows(c.call, c.index, c.value), "%+v", c)
		require.Equal(t, c.allowed, narrow.allows(c.call, c.index, c.value), "%+v", c)
	}
	require.True(t, plain.allows("prctl", 0, 38))
	require.False(t, narrow.allows("prctl", 0, 38))
}

// What decides is left open where the trace cannot tell.
func TestNotNarrowedWithoutFacts(t *testing.T) {
	in := traced("socket", "clone3", "setns", "personality")
	in.Arguments = []trace.Argument{argument("clone3", trace.ArgNamespaces, "CLONE_NEWUSER"), argument("setns", trace.ArgNamespaces, "CLONE_OTHER")}
	in.Sockets = []trace.Socket{{Seen: ok("work"), Action: "create", Family: "AF_other", Type: "SOCK_STREAM"}}
	f := filter(t, in, synth.Options{}, Options{})
	require.True(t, f.allows("clone3", 0, 0), "it made a namespace")
	require.True(t, f.allows("socket", 0, 99), "the family has no number")
	require.True(t, f.allows("setns", 1, 77), "the flags have no number")
	require.True(t, f.allows("personality", 0, 5), "no value was kept")
	in.Runs[0].Probes = in.Runs[0].Probes[:1]
	in.Sockets, in.Arguments = nil, nil
	f = filter(t, in, synth.Options{}, Options{})
	require.True(t, f.allows("socket", 0, 17), "no probe saw sockets")
	require.True(t, f.allows("clone", 0, 0x10000000), "no probe saw arguments")
}

func TestArchitectures(t *testing.T) {
	in := traced("read")
	in.Syscalls = append(in.Syscalls, trace.Syscall{Seen: ok("work"), Name: "write", ABI: "i386"})
	f := filter(t, in, synth.Options{}, Options{})
	require.Equal(t, []specs.Arch{specs.ArchX86, specs.ArchX86_64}, f.Architectures)
	require.Empty(t, f.Refuses(in))
	require.NotEmpty(t, filter(t, traced("read", "write"), synth.Options{}, Options{}).Refuses(in))
}

func TestRefusesToBeMade(t *testing.T) {
	in := traced("syscall_999")
	require.ErrorIs(t, Write(&bytes.Buffer{}, synth.Infer(in, synth.Options{}), Options{}), ErrNoName)
	in.Runs[0].Probes = nil
	require.ErrorIs(t, Write(&bytes.Buffer{}, synth.Infer(in, synth.Options{}), Options{}), ErrBlind)
}

// TestFiltersByHand is about filters that are no list of what is allowed.
func TestFiltersByHand(t *testing.T) {
	const denies = `"action":"SCMP_ACT_ERRNO"`
	netlink := traced("socket", "read")
	netlink.Sockets = []trace.Socket{{Seen: ok("work"), Action: "create", Family: "AF_NETLINK", Type: "SOCK_RAW"}}
	for name, c := range map[string]struct {
		text    string
		in      *trace.Trace
		refused []string
	}{
		"a list of what is denied": {`{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mount","bpf"],` + denies + `}]}`,
			traced("mount", "read"), []string{"mount "}},
		"with arguments that are denied": {`{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["socket","socketpair"],` + denies +
			`,"args":[{"index":0,"value":16,"op":"SCMP_CMP_EQ"}]}]}`, netlink, []string{"socket of AF_NETLINK"}},
		"of other arguments": {`{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["socket","socketpair"],` + denies +
			`,"args":[{"index":0,"value":17,"op":"SCMP_CMP_EQ"}]}]}`, netlink, nil},
		"all is logged":                 {`{"defaultAction":"SCMP_ACT_LOG"}`, netlink, nil},
		"logged but for what is denied": {`{"defaultAction":"SCMP_ACT_LOG","syscalls":[{"names":["read"],` + denies + `}]}`, traced("mount", "read"), []string{"read "}},
		"what is listed is logged":      {`{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read"],"action":"SCMP_ACT_LOG"}]}`, traced("mount", "read"), []string{"mount "}},
		"an entry without conditions decides": {`{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["socket"],` + denies +
			`,"args":[{"index":0,"value":17,"op":"SCMP_CMP_EQ"}]},{"names":["socket","socketpair"],` + denies + `}]}`, netlink, []string{"socket "}},
		"what the default does as well is no entry": {`{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read"],` + denies +
			`},{"names":["read"],"action":"SCMP_ACT_ALLOW"}]}`, traced("read"), nil},
	} {
		f, err := Read(strings.NewReader(c.text))
		require.NoError(t, err, name)
		var refused []string
		for _, r := range f.Refuses(c.in) {
			refused = append(refused, r.Fact)
		}
		require.Equal(t, c.refused, refused, name)
	}
}

func TestReadRefuses(t *testing.T) {
	for _, text := range []string{"", "{", "[]", `{"syscalls": 1}`, `{}`} {
		_, err := Read(strings.NewReader(text))
		require.Error(t, err, text)
	}
}

// TestRecordedTraces holds the filters of real workers to what they did, and to
// their golden files.
func TestRecordedTraces(t *testing.T) {
	files, err := filepath.Glob("../../docs/traces/*.jsonl*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			in, err := trace.ReadFile(file)
			require.NoError(t, err)
			var text bytes.Buffer
			require.NoError(t, Write(&text, synth.Infer(in, synth.Options{}), Options{Prctl: true}))
			f, err := Read(bytes.NewReader(text.Bytes()))
			require.NoError(t, err)
			require.Empty(t, f.Refuses(in.Confined()))
			golden := filepath.Join("testdata", filepath.Base(file)+".json")
			if *update {
				require.NoError(t, os.WriteFile(golden, text.Bytes(), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), text.String())
		})
	}
}
