package diff_test

import (
	"strings"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/diff"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

func TestAcknowledged(t *testing.T) {
	a, err := diff.ReadAcknowledged("a.txt", strings.NewReader(`
# comment
capability CAP_NET_RAW -- ping
file /etc/* read,stat -- its own configuration
file "/srv/*" * -- one file with a star for a name
exec /bin/x * -- whatever becomes of it
  way-out /run/docker.sock	--	it starts containers -- all of them
`))
	require.NoError(t, err)
	left := func(kind, name, what string) bool {
		return len(a.Left([]synth.Grant{{Kind: kind, Name: name, What: what}})) == 1
	}
	for _, g := range [][3]string{
		{"capability", "CAP_NET_RAW", ""}, {"file", "/etc/x", "read"}, {"file", "/etc/", "read,stat"}, {"file", "/srv/*", "write"},
		{"exec", "/bin/x", "execute, with a gain of privileges"}, {diff.WayOut, "/run/docker.sock", ""},
	} {
		require.False(t, left(g[0], g[1], g[2]), g)
	}
	for _, g := range [][3]string{
		{"capability", "CAP_NET_RAWS", ""}, {"syscall", "CAP_NET_RAW", ""}, {"file", "/etc/x", "read,write"}, {"file", "/etc", "read"},
		{"file", "/srv/x", "write"}, {"exec", "/bin/xx", "execute"}, {diff.WayOut, "/run/docker.sock2", ""},
	} {
		require.True(t, left(g[0], g[1], g[2]), g)
	}
	require.Equal(t, []int{3, 4, 5, 6, 7}, a.Idle(nil))
	require.Equal(t, []int{4, 5, 6, 7}, a.Idle([]synth.Grant{{Kind: "capability", Name: "CAP_NET_RAW"}}))
	c := diff.Changes{Opened: []synth.Escape{{Path: "/run/docker.sock", Why: "root"}}, More: []synth.Grant{{Kind: "syscall", Name: "bpf"}}}
	require.Equal(t, []synth.Grant{{Kind: "syscall", Name: "bpf"}}, a.Left(c.Grown()))
}

func TestAcknowledgedFaults(t *testing.T) {
	for text, fault := range map[string]string{
		"capability CAP_KILL":                  "a.txt:1: no reason is given; write KIND NAME",
		"\ncapability CAP_KILL --":             "a.txt:2: no reason is given",
		"capability -- why":                    "1 words stand before the reason",
		"file /x read write -- why":            "4 words stand before the reason",
		"cap CAP_KILL -- why":                  `there is no kind "cap"`,
		`file "/x read -- why`:                 "a quotation does not end",
		"* * * -- everything":                  `there is no kind ""`,
		`capability CAP_KILL "--" reason`:      "no reason is given",
		strings.Repeat("x", 1<<17) + " -- why": "token too long",
	} {
		_, err := diff.ReadAcknowledged("a.txt", strings.NewReader(text))
		require.ErrorContains(t, err, fault, text)
	}
}

// FuzzAcknowledgement: the line that is offered for a grant is about that grant,
// and about no other, whatever it is called.
func FuzzAcknowledgement(f *testing.F) {
	for _, name := range []string{"/etc/x", "/a b", "*", "/x/*", "--", `"`, "a\nb", "a -- b", "\xff", "\u202e", "", "<digits>", "#", "\\x2a"} {
		f.Add(name, "read", name+"x")
		f.Add(name, name, "other")
	}
	f.Fuzz(func(t *testing.T, name, what, other string) {
		g := synth.Grant{Kind: "exec", Name: name, What: what}
		text := diff.Acknowledgement(g) + "reason\n"
		require.Equal(t, 1, strings.Count(text, "\n"), text)
		a, err := diff.ReadAcknowledged("f", strings.NewReader(text))
		require.NoError(t, err, text)
		require.Empty(t, a.Left([]synth.Grant{g}), text)
		if other != name {
			require.NotEmpty(t, a.Left([]synth.Grant{{Kind: "exec", Name: other, What: what}}), text)
		}
		require.NotEmpty(t, a.Left([]synth.Grant{{Kind: "syscall", Name: name, What: what}}))
		if what != "" {
			require.NotEmpty(t, a.Left([]synth.Grant{{Kind: "exec", Name: name, What: what + "x"}}), text)
		}
	})
}

// TestEachChangeCanBeAcknowledged: of real traces, by the lines that are offered.
func TestEachChangeCanBeAcknowledged(t *testing.T) {
	var profiles []*synth.Profile
	for _, name := range []string{"osapi-2026-02-user.jsonl", "osapi-2026-02.jsonl"} {
		tr, err := trace.ReadFile("../../docs/traces/" + name)
		require.NoError(t, err)
		profiles = append(profiles, synth.Infer(tr, synth.Options{}))
	}
	grown := diff.Of(profiles[0], profiles[1]).Grown()
	require.NotEmpty(t, grown)
	var text strings.Builder
	for _, g := range grown {
		text.WriteString(diff.Acknowledgement(g) + "it is so\n")
	}
	a, err := diff.ReadAcknowledged("f", strings.NewReader(text.String()))
	require.NoError(t, err)
	require.Empty(t, a.Left(grown))
	require.Empty(t, a.Idle(grown))
	require.Equal(t, grown, diff.Acknowledged(nil).Left(grown))
}
