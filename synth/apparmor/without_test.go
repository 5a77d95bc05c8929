package apparmor

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

func TestWithout(t *testing.T) {
	capability := func(name string) synth.Entry { return synth.Entry{Kind: synth.EntryCapability, Name: name} }
	write := func(name string) synth.Entry { return synth.Entry{Kind: synth.EntryWrite, Name: name} }
	exec := func(name string) synth.Entry { return synth.Entry{Kind: synth.EntryExec, Name: name} }
	for _, c := range []struct {
		text string
		has  []synth.Entry
		away synth.Entry
		want string
	}{
		{"  capability chown, # w\n", []synth.Entry{capability("CAP_CHOWN")}, capability("CAP_CHOWN"), ""},
		{"  capability chown kill,\n", []synth.Entry{capability("CAP_CHOWN"), capability("CAP_KILL")}, capability("CAP_CHOWN"), "  capability kill,\n"},
		{"  capability,\n", nil, capability("CAP_CHOWN"), "  capability,\n"},
		{"  deny capability chown,\n", nil, capability("CAP_CHOWN"), "  deny capability chown,\n"},
		{"  /srv/w rwk, # a, b\n", []synth.Entry{write("/srv/w")}, write("/srv/w"), "  /srv/w rk, # a, b\n"},
		{"  owner /srv/w w,\n", []synth.Entry{write("/srv/w")}, write("/srv/w"), ""},
		{"  owner \"/srv/a b\" ra,\r\n", []synth.Entry{write("/srv/a b")}, write("/srv/a b"), "  owner \"/srv/a b\" r,\r\n"},
		{"  /usr/bin/date mrix,\n", []synth.Entry{exec("/usr/bin/date")}, exec("/usr/bin/date"), "  /usr/bin/date mr,\n"},
		{"  /usr/bin/x rCx -> child, # w\n", []synth.Entry{exec("/usr/bin/x")}, exec("/usr/bin/x"), "  /usr/bin/x r, # w\n"},
		{"  /usr/bin/x rwpix -> &child,\n", []synth.Entry{write("/usr/bin/x"), exec("/usr/bin/x")}, write("/usr/bin/x"), "  /usr/bin/x rpix -> &child,\n"},
		{"  @{PROC}/@{pid}/fd/[0-9]*,x rw,\n", []synth.Entry{write("@{PROC}/@{pid}/fd/[0-9]*,x")}, write("@{PROC}/@{pid}/fd/[0-9]*,x"), "  @{PROC}/@{pid}/fd/[0-9]*,x r,\n"},
		{"  deny /srv/w w,\n", nil, write("/srv/w"), "  deny /srv/w w,\n"},
		{"  link /srv/a -> /srv/w,\n", nil, write("/srv/w"), "  link /srv/a -> /srv/w,\n"},
		{"  # /srv/w w,\n", nil, write("/srv/w"), "  # /srv/w w,\n"},
		{"  /srv/w r,\n", nil, write("/srv/w"), "  /srv/w r,\n"},
	} {
		assert.Equal(t, c.has, Entries([]byte(c.text)), c.text)
		assert.Equal(t, c.want, string(Without([]byte(c.text), []synth.Entry{c.away})), c.text)
	}
}

// What an entry lets through is refused without it, and nothing that has to do with
// others; what Write writes is understood.
func TestWithoutTakesAwayWhatItSays(t *testing.T) {
	for seed := range uint64(60) {
		tr := madeUp(seed)
		var out bytes.Buffer
		require.NoError(t, Write(&out, synth.Infer(tr, synth.Options{}), Options{Children: ChildrenNone}))
		text := out.Bytes()
		entries := Entries(text)
		require.Equal(t, string(text), string(Without(text, nil)))
		whole, err := Read(text)
		require.NoError(t, err)
		writes := 0
		for _, r := range whole.files {
			if r.perms&permWrite != 0 {
				writes++
			}
		}
		found := map[string]int{}
		for _, e := range entries {
			found[e.Kind]++
			less, err := Read(Without(text, []synth.Entry{e}))
			require.NoError(t, err, "seed %d, without %s", seed, e)
			for _, refused := range less.Denied(tr) {
				require.NotContains(t, whole.Denied(tr), refused)
			}
			require.NotContains(t, Entries(Without(text, []synth.Entry{e})), e)
		}
		require.Equal(t, len(whole.Capabilities), found[synth.EntryCapability], "seed %d", seed)
		require.GreaterOrEqual(t, writes, found[synth.EntryWrite], "seed %d", seed)
		require.Equal(t, writes > 0, found[synth.EntryWrite] > 0, "seed %d", seed)
		bare, err := Read(Without(text, entries))
		require.NoError(t, err)
		require.Empty(t, bare.Capabilities)
		for _, r := range bare.files {
			require.Zero(t, r.perms&(permWrite|permExec), "seed %d", seed)
		}
	}
}

func TestMatcher(t *testing.T) {
	match := Matcher([]byte("@{digits}={[0-9],[0-9][0-9]}\nprofile x {\n  /srv/@{digits} rw,\n}\n"))
	for _, c := range []struct {
		name, path     string
		matches, known bool
	}{
		{"/srv/@{digits}", "/srv/42", true, true}, {"/srv/@{digits}", "/srv/x", false, true}, {"/srv/**", "/srv/a/b", true, true},
		{"/srv/@{none}", "/srv/42", false, false},
	} {
		matches, known := match(c.name, c.path)
		assert.Equal(t, c.matches, matches, c.name)
		assert.Equal(t, c.known, known, c.name)
	}
}

func FuzzWithout(f *testing.F) {
	f.Add("profile x {\n  capability chown,\n  owner \"/a b\" rwk, # c\n  /b mrCx -> y,\n}\n")
	f.Fuzz(func(t *testing.T, text string) {
		entries := Entries([]byte(text))
		less := Without([]byte(text), entries)
		require.Empty(t, Entries(less), "%q", less)
		require.LessOrEqual(t, len(less), len(text)+1)
	})
}

func TestRuled(t *testing.T) {
	tr := madeUp(1)
	tr.Files = append(tr.Files, trace.File{Seen: trace.Seen{Subject: tr.Subjects[0].ID, Outcome: trace.OK}, Path: "/srv/w", Access: trace.AccessWrite, Type: "file"})
	x := NewExplainer(synth.Infer(tr, synth.Options{}), Options{Name: "w"})
	assert.NotEmpty(t, x.Ruled(synth.Entry{Kind: synth.EntryWrite, Name: "/dev/null"}))
	assert.Nil(t, x.Ruled(synth.Entry{Kind: synth.EntryWrite, Name: "/srv/w"}))
	assert.Nil(t, x.Ruled(synth.Entry{Kind: synth.EntryWrite, Name: "/srv/none"}))
}
