package apparmor

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/tracegen"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

// madeUp is a trace with only such names as the kernel gives.
func madeUp(seed uint64) *trace.Trace {
	tr := tracegen.Trace(rand.New(rand.NewPCG(seed, 2)), 20)
	// What no socket rule can say is in the header, and refused.
	tr.Sockets = slices.DeleteFunc(tr.Sockets, func(s trace.Socket) bool { return familyWord(s.Family) == "" })
	clean := func(p *trace.Path) {
		if *p != "/" {
			*p = trace.Path(strings.TrimRight(collapse(string(*p)), "/"))
		}
	}
	for i := range tr.Subjects {
		clean(&tr.Subjects[i].Exe)
		clean(&tr.Subjects[i].Script)
		clean(&tr.Subjects[i].Loader)
	}
	for i := range tr.Files {
		clean(&tr.Files[i].Path)
		clean(&tr.Files[i].Target)
	}
	for i := range tr.Sockets {
		clean(&tr.Sockets[i].Path)
	}
	clean(&tr.Runs[0].Worker)
	return tr
}

func TestEveryFactIsAdmitted(t *testing.T) {
	for seed := range uint64(60) {
		tr := madeUp(seed)
		for _, strict := range []bool{false, true} {
			p := synth.Infer(tr, synth.Options{Strict: strict})
			for _, children := range []Children{ChildrenNone, ChildrenAuto, ChildrenAll} {
				for _, stacked := range []bool{false, true} {
					var out bytes.Buffer
					require.NoError(t, Write(&out, p, Options{Children: children, Stacked: stacked}))
					policy, err := Read(out.Bytes())
					require.NoError(t, err, "seed %d\n%s", seed, out.String())
					require.Empty(t, policy.Denied(tr), "seed %d, %s, stacked %v\n%s", seed, children, stacked, out.String())
				}
			}
		}
	}
}

// TestNothingElseIsAdmitted walks through what the compiled profile lets pass.
// Every name must be one of a grant, with no more permissions than it gives.
func TestNothingElseIsAdmitted(t *testing.T) {
	for seed := range uint64(40) {
		tr := madeUp(seed)
		p := synth.Infer(tr, synth.Options{})
		// A walk needs an end: folded names are looked at by other tests.
		p.Files = slices.DeleteFunc(p.Files, func(g synth.FileGrant) bool { return !g.Name().IsLiteral() })
		p.Execs = slices.DeleteFunc(p.Execs, func(g synth.ExecGrant) bool { return !g.Name().IsLiteral() })
		p.Sockets = slices.DeleteFunc(p.Sockets, func(g synth.SocketGrant) bool { return g.Pattern != nil })
		var out bytes.Buffer
		p.Programs = nil // children are held to this by TestChildrenAdmitNothingElse
		require.NoError(t, Write(&out, p, Options{}))
		want := map[string]perms{}
		for _, r := range newPolicy(p, Options{Name: "p"}).docs[0].files().literals(t) {
			want[r.name] |= r.perms.implied()
		}
		require.Equal(t, want, mustCompile(t, out.Bytes()).all(t), "seed %d\n%s", seed, out.String())
	}
}

type literalRule struct {
	name  string
	perms perms
}

// literals undoes the escapes by itself: octal, {,/} at the end, @{PROC}.
func (f *fileRules) literals(t testing.TB) []literalRule {
	var out []literalRule
	for g, r := range f.byName {
		text, either := strings.CutSuffix(string(g), "{,/}")
		if rest, ok := strings.CutPrefix(text, "@{PROC}"); ok {
			text = "/proc" + rest
		}
		// Values of @{run} are two names of one directory.
		texts := []string{text}
		if rest, ok := strings.CutPrefix(text, "@{run}"); ok {
			texts = []string{"/run" + rest, "/var/run" + rest}
		}
		for _, text := range texts {
			out = append(out, literalRules(t, text, r.perms, either)...)
		}
	}
	return out
}

func literalRules(t testing.TB, text string, p perms, either bool) (out []literalRule) {
	t.Helper()
	var name []byte
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' {
			name = append(name, (text[i+1]-'0')<<6|(text[i+2]-'0')<<3|(text[i+3]-'0'))
			i += 3
			continue
		}
		require.NotContains(t, "*?[]{}\"", string(text[i]), "unescaped in %s", text)
		name = append(name, text[i])
	}
	out = append(out, literalRule{string(name), p})
	if either {
		out = append(out, literalRule{string(name) + "/", p})
	}
	return out
}

// TestWildcardsMatchAsPatternsDo holds each wildcard, as compiled, to the set
// that the synthesis means by it.
func TestWildcardsMatchAsPatternsDo(t *testing.T) {
	const id = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
	tries := []string{
		"", "0", "7", "123", "0x1", "12a", "ab", "AB", "zZ_9", "a.b", "1.2", "1.2.3.4", "1..2", "1.", ".1", "1.2.", "Ab12Cd", "0123ab",
		id, id + "0", id[1:], strings.ToUpper(id), strings.Replace(id, "-", "_", 1), strings.Repeat("9", 20), strings.Repeat("f", 64),
		"*", "1/2", "1\n", "\xff", " ", "-", "20240101120000.1",
	}
	for _, piece := range []synth.Piece{
		{Vary: synth.VaryDigits}, {Vary: synth.VaryHex}, {Vary: synth.VaryAlnum}, {Vary: synth.VaryVersion}, {Vary: synth.VaryUUID},
		{Vary: synth.VaryName}, {Vary: synth.VaryDigits, Len: 3}, {Vary: synth.VaryHex, Len: 6}, {Vary: synth.VaryAlnum, Len: 6},
	} {
		before, after := "/tmp/x{*@", "]y"
		if piece.Vary == synth.VaryName {
			before, after = "/home/", "/y" // it is a whole name always
		}
		pattern := synth.Pattern{{Text: trace.Path(before)}, piece, {Text: trace.Path(after)}}
		p := &synth.Profile{Worker: synth.Worker{Name: "p"}, Files: []synth.FileGrant{{Pattern: pattern, Access: trace.AccessRead, Type: "file"}}}
		var out bytes.Buffer
		require.NoError(t, Write(&out, p, Options{}))
		c := mustCompile(t, out.Bytes())
		read, err := Read(out.Bytes())
		require.NoError(t, err)
		for _, try := range tries {
			name := before + try + after
			require.Equal(t, pattern.Match(trace.Path(name)), c.allows(name, false) == permRead, "%+v against %q", piece, name)
			require.Equal(t, pattern.Match(trace.Path(name)), read.permsOf(name, false) == permRead, "%+v against %q", piece, name)
		}
	}
}

// FuzzName puts any bytes where a name may stand in a trace, and lets the
// kernel's own tables say what they came to.
func FuzzName(f *testing.F) {
	for _, name := range hostile {
		f.Add([]byte(strings.TrimPrefix(name, "/srv/")))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		name := "/srv/" + string(b)
		if len(b) == 0 || len(b) > 4000 || bytes.ContainsAny(b, "\x00") || collapse(name) != name || strings.HasSuffix(name, "/") {
			t.Skip()
		}
		tr := traced(trace.File{Path: trace.Path(name), Access: trace.AccessRead, Type: "file"})
		tr.Runs[0].Run, tr.Runs[0].Kernel, tr.Runs[0].User = string(b), string(b), string(b)
		tr.Holes = []trace.Hole{{Kind: string(b), Detail: string(b)}}
		tr.Subjects[0].Exe = trace.Path("/usr/bin/daemon" + string(b))
		tr.Sockets = []trace.Socket{{Seen: tr.Files[0].Seen, Action: "create", Family: string(b), Type: string(b)}}
		tr.Capabilities = nil
		p := synth.Infer(tr, synth.Options{Strict: true})
		p.Escapes = []synth.Escape{{Path: trace.Path(b), Why: string(b)}}
		var out bytes.Buffer
		require.NoError(t, Write(&out, p, Options{Name: "p"}))
		want := map[string]perms{name: permRead, "/usr/bin/daemon": permRead | permMap, "/dev/null": permRead | permWrite}
		want["/usr/bin/daemon"+string(b)] |= permRead | permMap | permExec
		require.Equal(t, want, mustCompile(t, out.Bytes()).all(t), "%s", out.String())
		read, err := Read(out.Bytes())
		require.NoError(t, err)
		require.Len(t, read.files, len(want))
		require.Empty(t, read.links)
		require.Empty(t, read.Capabilities)
		require.Len(t, read.Others, 2)
		require.Equal(t, permRead, read.permsOf(name, true))
	})
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("abi <abi/3.0>,\n@{x}=a {b,c}\nprofile p flags=(a) {\n  owner \"/a\\052\" rw, # c\n  link /a -> /b,\n  network inet,\n}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if p, err := Read(text); err == nil {
			_ = p.permsOf("/x", true)
		}
	})
}
