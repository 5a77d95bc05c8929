package systemd

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/tracegen"
	"github.com/osapi-io/osapi-profile/trace"
)

// ownGroups are the groups that a filter may be written with.
func ownGroups(name string) ([]string, bool) {
	calls, ok := CallGroups(DefaultVersion)[name]
	return calls, ok
}

func entriesOf(t *testing.T, text []byte) []synth.Entry {
	t.Helper()
	all, err := ReadAssignments("x.service", text)
	require.NoError(t, err)
	return Entries(all, ownGroups)
}

func TestWithout(t *testing.T) {
	const capability, syscall, write, exec = synth.EntryCapability, synth.EntrySyscall, synth.EntryWrite, synth.EntryExec
	for name, c := range map[string]struct {
		away       []synth.Entry
		text, want string
	}{
		"a word of a list": {
			[]synth.Entry{{Kind: capability, Name: "CAP_KILL"}},
			"CapabilityBoundingSet=\nCapabilityBoundingSet=CAP_CHOWN cap_kill  CAP_SETUID\nAmbientCapabilities=CAP_KILL\n",
			"CapabilityBoundingSet=\nCapabilityBoundingSet=CAP_CHOWN CAP_SETUID\n",
		},
		"the last word": {[]synth.Entry{{Kind: capability, Name: "CAP_KILL"}}, "CapabilityBoundingSet=CAP_KILL\n", "CapabilityBoundingSet=\n"},
		"what takes away stays": {
			[]synth.Entry{{Kind: capability, Name: "CAP_KILL"}},
			"CapabilityBoundingSet=CAP_CHOWN CAP_KILL\nCapabilityBoundingSet=~CAP_KILL\n",
			"CapabilityBoundingSet=CAP_CHOWN\nCapabilityBoundingSet=~CAP_KILL\n",
		},
		"a line over several": {
			[]synth.Entry{{Kind: write, Name: "/srv/b"}},
			"ReadWritePaths=/srv/a \\\n# between\n  -/srv/b \\\n  \"/srv/c d\"\nPrivateTmp=yes\n",
			"ReadWritePaths=/srv/a \"/srv/c d\"\nPrivateTmp=yes\n",
		},
		"a call":        {[]synth.Entry{{Kind: syscall, Name: "mount"}}, "SystemCallFilter=read mount:EPERM write\n", "SystemCallFilter=read write\n"},
		"the only call": {[]synth.Entry{{Kind: syscall, Name: "mount"}}, "SystemCallFilter=mount\n", "SystemCallFilter=@default\n"},
		"a call of a group": {
			[]synth.Entry{{Kind: syscall, Name: "setns"}}, "SystemCallFilter=@process read\nX=y\n", "SystemCallFilter=@process read\nX=y\nSystemCallFilter=~setns\n",
		},
		"a mount no more": {
			[]synth.Entry{{Kind: write, Name: "/srv"}},
			"ReadWritePaths=-/srv\nNoExecPaths=/ -/srv -/tmp\n", "NoExecPaths=/ -/tmp\n",
		},
		"writable and executable, written no more": {
			[]synth.Entry{{Kind: write, Name: "/srv"}},
			"ReadWritePaths=-/srv -/opt\nNoExecPaths=/ -/opt\nExecPaths=-/srv\n", "ReadWritePaths=-/opt\nNoExecPaths=/ -/opt\nExecPaths=-/srv\nBindReadOnlyPaths=-/srv\n",
		},
		"writable and executable, executed no more": {
			[]synth.Entry{{Kind: exec, Name: "/srv"}},
			"ReadWritePaths=-/srv\nNoExecPaths=/\nExecPaths=-/srv -/usr/bin\n", "ReadWritePaths=-/srv\nNoExecPaths=/\nExecPaths=-/usr/bin\nNoExecPaths=-/srv\n",
		},
		"executed no more": {
			[]synth.Entry{{Kind: exec, Name: "/usr/games"}},
			"NoExecPaths=/\nExecPaths=-/usr/games -/usr/bin\nBindReadOnlyPaths=-/usr/bin -/usr/games \"/a:b\" /a:/b\n",
			"NoExecPaths=/\nExecPaths=-/usr/bin\nBindReadOnlyPaths=-/usr/bin \"/a:b\" /a:/b\n",
		},
		"another kind of the same name": {[]synth.Entry{{Kind: exec, Name: "/srv"}}, "ReadWritePaths=/srv\n", "ReadWritePaths=/srv\n"},
	} {
		got, err := Without([]byte("[Service]\n"+c.text), c.away)
		require.NoError(t, err, name)
		assert.Equal(t, "[Service]\n"+c.want, string(got), name)
	}
	got, err := Without([]byte("[Unit]\nReadWritePaths=/srv\n"), []synth.Entry{{Kind: write, Name: "/srv"}})
	require.NoError(t, err)
	assert.Equal(t, "[Unit]\nReadWritePaths=/srv\n", string(got))
}

func TestEntries(t *testing.T) {
	text := "[Service]\nReadWritePaths=/gone\nReadWritePaths=\nReadWriteDirectories=-/srv/a%%b /var/run/x\nExecPaths=%h/bin \"/opt/a b\"\n" +
		"CapabilityBoundingSet=cap_kill\nCapabilityBoundingSet=~CAP_CHOWN\nSystemCallFilter=@process read mount\n[Unit]\nExecPaths=/no\n"
	var got []string
	for _, e := range entriesOf(t, []byte(text)) {
		got = append(got, e.String())
	}
	assert.Equal(t, []string{
		"capability CAP_KILL", "syscall mount", "syscall setns", "syscall unshare", "write /run/x", "write /srv/a%b", "exec %h/bin", "exec /opt/a b",
	}, got)
}

// What an entry lets through is refused without it, and nothing that has to do with
// others.
func TestWithoutTakesAwayWhatItSays(t *testing.T) {
	many := 150
	if testing.Short() {
		many = 20
	}
	for seed := range uint64(many) {
		r := rand.New(rand.NewPCG(seed, 9))
		in := tracegen.Trace(r, 30)
		var b bytes.Buffer
		opt := Options{CallGroups: seed%2 == 0, ExecFiles: seed%3 == 0}
		require.NoError(t, DropIn(&b, synth.Infer(in, synth.Options{}), opt))
		text := b.Bytes()
		same, err := Without(text, nil)
		require.NoError(t, err)
		require.Equal(t, string(text), string(same))
		entries := entriesOf(t, text)
		for _, e := range entries {
			less, err := Without(text, []synth.Entry{e})
			require.NoError(t, err)
			left := entriesOf(t, less)
			if !opt.CallGroups || e.Kind != synth.EntrySyscall {
				require.NotContains(t, left, e, "seed %d", seed)
			}
			for _, refused := range refusedBy(t, less, in) {
				require.True(t, concerns(e, refused, in), "seed %d: without %s %+v is refused", seed, e, refused)
			}
		}
		none, err := Without(text, entries)
		require.NoError(t, err)
		require.NotContains(t, string(none), "ReadWritePaths=-")
	}
}

func refusedBy(t *testing.T, text []byte, in *trace.Trace) []any {
	t.Helper()
	all, err := ReadAssignments("x.service", text)
	require.NoError(t, err)
	judged, _, err := Judge(all, in, DefaultVersion, ownGroups)
	require.NoError(t, err)
	var out []any
	for _, j := range judged {
		out = append(out, j.Of)
	}
	return out
}

// concerns says whether a fact is about an entry.
func concerns(e synth.Entry, fact any, in *trace.Trace) bool {
	under := func(p trace.Path) bool { return synth.Within(p, trace.Path(e.Name)) }
	switch f := fact.(type) {
	case trace.Capability:
		return e.Kind == synth.EntryCapability
	case trace.Syscall:
		return e.Kind == synth.EntrySyscall && f.Name == e.Name
	case trace.File:
		if e.Kind == synth.EntryCapability && e.Name == "CAP_SYS_PTRACE" { // what ProtectProc= hides from all others
			return synth.Within(f.Path, "/proc")
		}
		return (e.Kind == synth.EntryWrite || e.Kind == synth.EntryExec) && (under(f.Path) || under(f.Target))
	case trace.Exec:
		return e.Kind == synth.EntryExec && slices.ContainsFunc(in.Subjects, func(s trace.Subject) bool {
			return s.ID == f.Target && (under(s.Exe) || under(s.Script) || under(s.Loader))
		})
	}
	return false
}

func FuzzWithout(f *testing.F) {
	f.Add("[Service]\nReadWritePaths=-/srv \\\n \"/a b\"\nNoExecPaths=/ -/srv\nExecPaths=/srv\nCapabilityBoundingSet=CAP_KILL\nSystemCallFilter=mount\n")
	f.Fuzz(func(t *testing.T, text string) {
		all, err := ReadAssignments("x", []byte(text))
		if err != nil {
			return
		}
		entries := Entries(all, ownGroups)
		less, err := Without([]byte(text), entries)
		if err != nil {
			return
		}
		again, err := ReadAssignments("x", less)
		require.NoError(t, err, "%q", less)
		for _, e := range Entries(again, ownGroups) {
			require.True(t, e.Kind == synth.EntrySyscall && strings.Contains(text, "@"), "%s is left in %q", e, less)
		}
	})
}
