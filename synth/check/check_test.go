package check_test

import (
	"bytes"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/apparmor"
	"github.com/osapi-io/osapi-profile/synth/check"
	"github.com/osapi-io/osapi-profile/synth/seccomp"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/synth/tracegen"
	"github.com/osapi-io/osapi-profile/synth/written"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

// file makes one of a text.
func file(t *testing.T, name, text string) written.File {
	t.Helper()
	format, err := written.FormatOf([]byte(text))
	require.NoError(t, err)
	return written.File{Name: name, Text: []byte(text), Format: format}
}

func worker() *trace.Trace {
	seen := func(subject int) trace.Seen { return trace.Seen{Subject: subject, Outcome: trace.OK, Count: 1} }
	return &trace.Trace{
		Runs:     []trace.Run{{Header: trace.Header{Run: "r", Worker: "/usr/bin/w", User: "root", Arch: "amd64", Probes: tracegen.Probes()}, End: &trace.End{}}},
		Subjects: []trace.Subject{{ID: 1, Exe: "/usr/bin/w"}, {ID: 2, Exe: "/usr/bin/t", Lifted: trace.LiftedAll}, {ID: 3, Exe: "/usr/bin/u"}},
		Files: []trace.File{
			{Seen: seen(1), Path: "/etc/w", Access: trace.AccessRead, Type: "file", Syscall: "openat"},
			{Seen: seen(3), Path: "/etc/w", Access: trace.AccessRead, Type: "file", Syscall: "openat"},
			{Seen: seen(2), Path: "/etc/lifted", Access: trace.AccessRead, Type: "file"},
			{Seen: trace.Seen{Subject: 1, Outcome: "ENOENT"}, Path: "/etc/none", Access: trace.AccessRead},
		},
		Capabilities: []trace.Capability{{Seen: seen(1), Name: "CAP_CHOWN", Syscall: "chown"}},
		Syscalls:     []trace.Syscall{{Seen: seen(1), Name: "chown"}},
	}
}

func TestEachFormatNamesWhatDenies(t *testing.T) {
	for _, c := range []struct {
		files  []written.File
		denied []string
		open   int
	}{
		{[]written.File{file(t, "u", "[Service]\nExecStart=/usr/bin/w\nInaccessiblePaths=/etc\n"), file(t, "d", "[Service]\nCapabilityBoundingSet=\n")},
			[]string{"capability CAP_CHOWN by d:2: CapabilityBoundingSet=", "file /etc/w by u:3: InaccessiblePaths=/etc"}, 0},
		{[]written.File{file(t, "d", "[Service]\nInaccessiblePaths=/etc\n")}, []string{"file /etc/w by d:2: InaccessiblePaths=/etc"}, 1},
		{[]written.File{file(t, "a", "profile w {\n  capability chown,\n  /etc/w w,\n  /usr/bin/* r,\n}\n")},
			[]string{"file /etc/w by no rule grants r; not enough is a:3: /etc/w w,"}, 0},
		{[]written.File{file(t, "a", "profile w {\n  capability,\n  /etc/* r,\n  deny /etc/w r,\n include <x>\n}\n")},
			[]string{"file /etc/w by denied by a:4: deny /etc/w r,"}, 1},
		{[]written.File{file(t, "s", `{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"},
			{"names":["bpf"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_BPF"]}}]}`)},
			[]string{"syscall chown by the filter, which does not let through: chown "}, 1},
		{[]written.File{file(t, "j", `{"worker":{"name":"w"},"syscalls":[],"files":[]}`)},
			[]string{"capability CAP_CHOWN by the profile does not grant it", "file /etc/w by the profile does not grant it",
				"syscall chown by the profile does not grant it"}, 0},
	} {
		r, err := check.Of(c.files, worker(), check.Options{AppArmor: fstest.MapFS{}})
		require.NoError(t, err)
		var denied []string
		facts := 0
		for _, d := range r.Denied {
			denied = append(denied, d.Kind+" "+string(d.Name)+" by "+d.By)
			facts += len(d.Facts)
		}
		require.Equal(t, c.denied, denied)
		require.Len(t, r.Unjudged, c.open, "%+v", r.Unjudged)
		require.Equal(t, facts, r.Refused)
		require.Equal(t, 4, r.Facts)
		var text bytes.Buffer
		require.NoError(t, r.WriteText(&text))
		require.Contains(t, text.String(), r.Summary())
	}
}

func TestWhatCannotBeChecked(t *testing.T) {
	unit, profile := file(t, "u", "[Service]\n"), file(t, "a", "profile a {\n}\nprofile b {\n}\n")
	for _, c := range []struct {
		files []written.File
		name  string
		want  string
	}{
		{[]written.File{unit, profile}, "", "different formats"},
		{[]written.File{profile, profile}, "", "only unit files are merged"},
		{[]written.File{profile}, "", "a holds the profiles a, b; choose one with --name"},
		{[]written.File{profile}, "c", "choose one with --name"},
		{[]written.File{{Name: "t", Format: written.Trace}}, "", "a trace is no profile"},
		{[]written.File{file(t, "u", "[Service]\nfoo\n")}, "", "u:2: "},
		{[]written.File{file(t, "j", `{"worker":1}`)}, "", "j: not a profile"},
	} {
		_, err := check.Of(c.files, worker(), check.Options{Name: c.name, AppArmor: fstest.MapFS{}})
		require.ErrorContains(t, err, c.want)
	}
}

// TestWhatIsEmittedDeniesNothing: no format of a profile denies what it was made
// of.
func TestWhatIsEmittedDeniesNothing(t *testing.T) {
	files, err := filepath.Glob("../../docs/traces/*.jsonl*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, name := range files {
		in, err := trace.ReadFile(name)
		require.NoError(t, err)
		p := synth.Infer(in, synth.Options{})
		var unit, profile, filter, object bytes.Buffer
		require.NoError(t, systemd.Unit(&unit, p, systemd.Options{}))
		require.NoError(t, apparmor.Write(&profile, p, apparmor.Options{}))
		require.NoError(t, seccomp.Write(&filter, p, seccomp.Options{}))
		require.NoError(t, synth.WriteJSON(&object, p))
		for _, text := range []string{unit.String(), profile.String(), filter.String(), object.String()} {
			r, err := check.Of([]written.File{file(t, "x", text)}, in, check.Options{AppArmor: fstest.MapFS{}})
			require.NoError(t, err)
			require.Empty(t, r.Denied, "%s", name)
			require.Positive(t, r.Facts)
		}
	}
}
