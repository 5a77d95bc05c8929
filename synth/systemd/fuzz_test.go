package systemd_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

// pathLists are the directives that a path of the trace may get into.
var pathLists = []string{"ReadWritePaths", "ExecPaths", "NoExecPaths", "BindReadOnlyPaths"}

// named is a worker whose every name is the fuzzer's: of a file written, a
// program executed, a subject, an operation, a call, a capability, a family.
func named(name string) build {
	p := trace.Path("/srv/app/" + name)
	b := newTrace("/usr/bin/worker").calls("execve", "write")
	b = b.exec(name, "/opt/app/bin/"+trace.Path(name), false)
	b = b.file(name, p, inPlace, name, trace.OK)
	b = b.file("op", p+".absent", read, "openat", "ENOENT")
	b = b.socket(name, "connect", "AF_UNIX", p)
	b.Files[0].Subject = 2
	b.Holes = []trace.Hole{{Kind: name, Detail: name}}
	b.Runs[0].Kernel, b.Runs[0].User = name, name
	return b
}

// FuzzNames proves that no name adds, widens or breaks a line: but for the path
// itself, or the directory above it where a unit cannot spell it, the text says
// the same as for a plain name.
func FuzzNames(f *testing.F) {
	for _, n := range []string{
		"plain", "sp ace", `q"`, "a'", `b\`, "%n", "n\nReadWritePaths=/", "\xff", "\r", "\t", ";", "#", " lead", "trail ", "a\\\nb", `\x0a`,
		"\ufeff", "-", "[Service]", "=", "$HOME", "~", "@", ":rbind", strings.Repeat("x", 300), "\u2028", "é",
	} {
		f.Add(n)
	}
	plain := settingsOf(f, named("plain"))
	f.Fuzz(func(t *testing.T, name string) {
		if name == "" || name == "." || name == ".." || len(name) > 4000 || strings.ContainsAny(name, "/\x00") {
			t.Skip()
		}
		got := settingsOf(t, named(name))
		require.Equal(t, without(plain, pathLists), without(got, pathLists))
		for _, list := range pathLists {
			want, have := pathsOf(t, plain, list), pathsOf(t, got, list)
			slices.Sort(want)
			for i, p := range want {
				spelled := strings.Replace(p, "/plain", "/"+name, 1)
				if !slices.Contains(have, spelled) {
					// The directory instead, under the rule for it.
					spelled = strings.TrimSuffix(p, "/plain")
				}
				want[i] = spelled
			}
			require.ElementsMatch(t, want, have, list)
		}
	})
}

func settingsOf(t testing.TB, b build) systemd.Settings {
	var text bytes.Buffer
	require.NoError(t, systemd.DropIn(&text, synth.Infer(b.Trace, synth.Options{}), systemd.Options{Name: "w"}))
	for _, line := range strings.Split(text.String(), "\n") {
		require.Less(t, len(line), 2048)
		require.True(t, line == "" || line[0] == '#' || line == "[Service]" || assignment(line), "%q", line)
		require.False(t, strings.HasPrefix(line, "#") && strings.HasSuffix(line, `\`), "%q", line)
	}
	s, err := systemd.ReadSettings(bytes.NewReader(text.Bytes()))
	require.NoError(t, err)
	return s
}

// assignment says whether a line begins with a directive's name.
func assignment(line string) bool {
	name, _, found := strings.Cut(line, "=")
	return found && name != "" && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == ""
}

func without(s systemd.Settings, names []string) systemd.Settings {
	return slices.DeleteFunc(slices.Clone(s), func(o systemd.Setting) bool { return slices.Contains(names, o.Name) })
}

func pathsOf(t testing.TB, s systemd.Settings, list string) []string {
	paths, err := s.Paths(list)
	require.NoError(t, err)
	var out []string
	for _, p := range paths {
		out = append(out, string(p))
	}
	return out
}

func TestUnspellableWorkerIsAnError(t *testing.T) {
	for _, exe := range []trace.Path{`/opt/a"b`, "/opt/a\nb", `/opt/a\b`, "/opt/a'b", "/opt/\xff"} {
		err := systemd.Unit(&bytes.Buffer{}, synth.Infer(newTrace(exe).Trace, synth.Options{}), systemd.Options{Name: "w"})
		require.ErrorIs(t, err, systemd.ErrName)
		require.NoError(t, systemd.DropIn(&bytes.Buffer{}, synth.Infer(newTrace(exe).Trace, synth.Options{}), systemd.Options{Name: "w"}))
	}
}

func TestOperatorsNamesAreChecked(t *testing.T) {
	p := synth.Infer(quiet().Trace, synth.Options{})
	for _, opt := range []systemd.Options{{User: "a b"}, {User: "a\nExecStart=x"}, {Name: "x/../y z"}, {AppArmorProfile: "a\"b"}, {Group: "-x"}} {
		require.ErrorIs(t, systemd.DropIn(&bytes.Buffer{}, p, opt), systemd.ErrName)
	}
	for _, args := range []string{"a\nUser=root", "start ; /bin/sh", `start \`, `"start`, "start '"} {
		require.ErrorIs(t, systemd.Unit(&bytes.Buffer{}, p, systemd.Options{ExecArguments: args}), systemd.ErrName, args)
	}
	var unit bytes.Buffer
	require.NoError(t, systemd.Unit(&unit, p, systemd.Options{ExecArguments: "job worker start"}))
	require.Contains(t, unit.String(), " job worker start\n")
	require.NotContains(t, unit.String(), "Arguments are never recorded")
}

// FuzzMoves writes text for whatever a trace says was renamed or linked to what: names
// that were not told in full end no search for the directories above them.
func FuzzMoves(f *testing.F) {
	for _, n := range []string{"/srv/a/b", "/srv/c", "name", "a/b", ".", "..", "../x", "//", "/..", "/a//b/", "/home/op/x", "/", "/tmp/x", "\n"} {
		f.Add(n, "/srv/new/x", n, true)
		f.Add("/srv/old", n, n, false)
		f.Add(n, "/usr/bin/new", "", false)
	}
	f.Fuzz(func(t *testing.T, from, to, target string, link bool) {
		b := quiet().exec("op", "/srv/new/program", false).file("op", "/srv/new/x", created, "openat", trace.OK)
		removed, made := trace.AccessRenameFrom, trace.AccessRenameTo
		if link {
			removed, made = trace.AccessLinkFrom, trace.AccessLinkTo
		}
		b = b.file("op", trace.Path(from), removed, "rename", trace.OK).file("op", trace.Path(to), made, "rename", trace.OK)
		b.Files[len(b.Files)-1].Target = trace.Path(target)
		for _, opt := range []systemd.Options{{Version: 252}, {Version: 257, User: "osapi", ReadAllowlist: true}} {
			var text bytes.Buffer
			require.NoError(t, systemd.DropIn(&text, synth.Infer(b.Trace, synth.Options{User: opt.User}), opt))
			box, err := systemd.ReadSandbox(&text, opt.Version)
			require.NoError(t, err)
			box.Refuses(b.Trace)
		}
	})
}

// FuzzReadSettings reads any text without a crash, and what it can read it
// reads the same again after being written out.
func FuzzReadSettings(f *testing.F) {
	f.Add("[Service]\nReadWritePaths=-/a \"-/b c\"\nExecPaths='/x' /y\\z\n")
	f.Add("[Service]\nSystemCallFilter=a b\\\n c\n#x\\\nUser=%n\n")
	f.Fuzz(func(t *testing.T, text string) {
		box, err := systemd.ReadSandbox(strings.NewReader(text), systemd.DefaultVersion)
		if err != nil {
			return
		}
		box.Refuses(hostile().Trace)
	})
}
