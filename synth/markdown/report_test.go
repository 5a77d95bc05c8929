package markdown

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/tracegen"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func report(t testing.TB, p *synth.Profile) string {
	var out bytes.Buffer
	require.NoError(t, Report(&out, p, Options{}))
	return out.String()
}

// goldenProfiles are made-up traces, whose names are as hostile as can be.
func goldenProfiles() map[string]*synth.Profile {
	hostile := synth.Infer(tracegen.Trace(rand.New(rand.NewPCG(7, 7)), 40), synth.Options{})
	blind := synth.Infer(tracegen.Trace(rand.New(rand.NewPCG(8, 8)), 3), synth.Options{})
	blind.Blind = []string{"capability", "socket"}
	blind.Holes = []trace.Hole{
		{Kind: trace.HoleNoProbe, Detail: "no probe saw facts of kind capability"},
		{Kind: trace.HoleLost, Detail: "a | b ` c <d> {e}\n- f", Count: 3},
	}
	return map[string]*synth.Profile{
		"hostile": hostile, "blind": blind,
		"nothing": synth.Infer(&trace.Trace{Runs: []trace.Run{{
			Header: trace.Header{Run: "r", Worker: "/usr/bin/true", Probes: tracegen.Probes()}, End: &trace.End{},
		}}}, synth.Options{}),
	}
}

func TestGolden(t *testing.T) {
	for name, p := range goldenProfiles() {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("testdata", "golden", name+".md")
			if *update {
				require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
				require.NoError(t, os.WriteFile(file, []byte(report(t, p)), 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err, "go test -update makes it")
			require.Equal(t, string(want), report(t, p))
		})
	}
}

func TestTable(t *testing.T) {
	p := goldenProfiles()["hostile"]
	whole := report(t, p)
	for _, name := range Tables() {
		got, err := Table(name, p)
		require.NoError(t, err)
		if got == paragraph(noProviders) { // a report leaves it out
			continue
		}
		require.Contains(t, whole, got)
	}
	_, err := Table("nonsense", p)
	require.ErrorContains(t, err, "there are needs, providers, operations, capabilities, execs, files, sockets, syscalls, arguments, rules")
}

func TestReportLevels(t *testing.T) {
	var out bytes.Buffer
	p := goldenProfiles()["nothing"]
	require.NoError(t, Report(&out, p, Options{Level: 3}))
	require.True(t, strings.HasPrefix(out.String(), "### What `true` needs\n"))
	require.Contains(t, out.String(), "\n#### Files\n")
	require.Error(t, Report(&out, p, Options{Level: 6}))
}

// What a report may consist of. Untrusted text stands in code spans of the one
// form that code gives them; everything else is from a small alphabet without
// "<", "{", "[" and backslashes, so that no markup can be in it.
var (
	span     = "`[^`|\\\\\n]*(?:\\\\x[0-9a-f]{2}[^`|\\\\\n]*)*`"
	safeLine = regexp.MustCompile("^(?:[-A-Za-z0-9 ,.;:()#'/_=]|" + span + ")*$")
	safeRow  = regexp.MustCompile(`^\|(?: (?:[-A-Za-z0-9 ,.;:()'/_=]|` + span + `)* \|)+$`)
)

func requireSafe(t testing.TB, text string) {
	columnsOf := 0
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		require.Equal(t, strings.TrimRight(line, " "), line)
		if !strings.HasPrefix(line, "|") {
			require.Regexp(t, safeLine, line)
			columnsOf = 0
			continue
		}
		require.Regexp(t, safeRow, line)
		cells := strings.Count(line, "|")
		require.True(t, columnsOf == 0 || columnsOf == cells, "%q", line)
		columnsOf = cells
	}
}

func TestReportsAreSafe(t *testing.T) {
	for seed := range uint64(100) {
		requireSafe(t, report(t, synth.Infer(tracegen.Trace(rand.New(rand.NewPCG(seed, 3)), 20), synth.Options{})))
	}
	recorded, err := filepath.Glob("../../docs/traces/*.jsonl")
	require.NoError(t, err)
	for _, file := range recorded {
		tr, err := trace.ReadFile(file)
		require.NoError(t, err)
		requireSafe(t, report(t, synth.Infer(tr, synth.Options{})))
	}
}

func FuzzEscape(f *testing.F) {
	for _, text := range []string{
		"", " ", "a b", "a  b", " a", "a ", "`", "``", "|", `\|`, `\`, "<b>", "{x}", "\n", "- x", "\r", "\xff", "é", "\u00ad", "\u202e",
		"\U0001f600", "日本", "a\u0301", "<!--", "-->", "]]>", "&lt;", "![x](y)", "~~~", "1. x", "import x from 'y'", "export const x = 1",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := code(text)
		if text == "" {
			require.Empty(t, got)
			return
		}
		require.Regexp(t, regexp.MustCompile("^"+span+"$"), got)
		require.NotContains(t, got, "  ")
		require.NotContains(t, got, "<")
		require.NotRegexp(t, "^` | `$", got)
		require.Equal(t, text, unescape(got[1:len(got)-1]))
		require.True(t, utf8.ValidString(got))
		p := &synth.Profile{Worker: synth.Worker{Name: text, Exe: trace.Path(text), Users: []string{text}, Kernels: []string{text}}}
		e := synth.Evidence{Facts: []synth.FactRef{{Subject: trace.Path(text), Operation: text}}, Rules: []string{text}}
		p.Holes = []trace.Hole{{Kind: text, Detail: text}}
		p.Escapes = []synth.Escape{{Path: trace.Path(text), Why: text}}
		p.Operations = []synth.Operation{{Name: text, Detail: text}}
		p.Files = []synth.FileGrant{{Path: trace.Path(text), Type: text, Evidence: e, Uses: []synth.Use{{Operation: text, Access: trace.AccessWrite}}}}
		p.Execs = []synth.ExecGrant{{Path: trace.Path(text), Kind: text, From: []trace.Path{trace.Path(text)}, Evidence: e}}
		p.Sockets = []synth.SocketGrant{{Family: text, Type: text, Action: text, Address: text, Evidence: e}}
		p.Capabilities = []synth.CapabilityGrant{{Name: text, Reason: text, Evidence: e}, {Name: text, Need: synth.Required, Evidence: e}}
		p.Arguments = []synth.ArgumentGrant{{Syscall: text, Value: text, Evidence: e}}
		p.Syscalls = []synth.SyscallGrant{{Name: text, ABI: text, Evidence: e}}
		requireSafe(t, report(t, p))
	})
}

func unescape(text string) string {
	return regexp.MustCompile(`\\x..`).ReplaceAllStringFunc(text, func(s string) string {
		hi, lo := strings.IndexByte("0123456789abcdef", s[2]), strings.IndexByte("0123456789abcdef", s[3])
		return string([]byte{byte(hi<<4 | lo)})
	})
}

func FuzzFence(f *testing.F) {
	f.Add("```\n````")
	f.Add("a\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		block := Fence("text", text)
		var fence fence
		all := lines([]byte(block))
		for i, line := range all {
			m, fault := fence.marker(line)
			require.Nil(t, m)
			require.Empty(t, fault)
			require.Equal(t, i < len(all)-1, fence.open())
		}
		require.Contains(t, block, "\n"+strings.TrimRight(text, "\n")+"\n")
	})
}

func TestWrap(t *testing.T) {
	require.Equal(t, "- a\n", bullets([]string{"a"}))
	long := strings.Repeat("word ", 20) + "`a code span that is not broken` end"
	for _, line := range strings.Split(strings.TrimSpace(wrap(long, "- ", "  ")), "\n") {
		require.LessOrEqual(t, len(line), columns)
	}
	require.Contains(t, wrap(long, "", ""), "`a code span that is not broken`")
	require.Equal(t, "asked under credentials", plainWords("asked under credentials"))
	require.Equal(t, "only memory accounting asked (vm_enough_memory), to choose", plainWords("only memory accounting asked (vm_enough_memory), to choose"))
	for _, text := range []string{"a - b", "1. x", "# x", "a_", "*x*", "a  b", " a", "a ", "x\ny", "http://x", "a <b>"} {
		require.Equal(t, code(text), plainWords(text))
	}
}
