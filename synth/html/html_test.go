package html

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/synth/tracegen"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// TestRecordedTraces: the pages of real traces are small, the same each time, load
// nothing, and all that points somewhere in the page points at something.
func TestRecordedTraces(t *testing.T) {
	files, err := filepath.Glob("../../docs/traces/*.jsonl*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		in, err := trace.ReadFile(file)
		require.NoError(t, err)
		text := rendered(t, synth.Infer(in, synth.Options{}))
		if filepath.Ext(file) == ".jsonl" { // the packed one takes seconds
			require.Equal(t, text, rendered(t, synth.Infer(in, synth.Options{})))
		}
		require.Less(t, len(text), 3<<20, file)
		whole(t, text)
		d := dataOf(t, text)
		require.NotEmpty(t, d.Needs)
		require.NotEmpty(t, d.Lines["unit"])
		require.NotEmpty(t, d.Lines["apparmor"])
	}
}

func TestNothingIsWrittenOfNothing(t *testing.T) {
	text := rendered(t, &synth.Profile{Worker: synth.Worker{Name: "w", Exe: "/w"}})
	whole(t, text)
	require.Contains(t, text, "None of the known ways out")
	text = rendered(t, &synth.Profile{Worker: synth.Worker{Name: "w", Exe: "/w"}, Blind: []string{"file"}})
	require.Contains(t, text, "It cannot be written: apparmor: ")
	require.ErrorContains(t, Write(&bytes.Buffer{}, &synth.Profile{}, Options{Systemd: systemd.Options{User: "a b"}}), `user "a b"`)
}

// TestEachGrantIsThere: what the profile grants can be found, with its facts, and
// the matrix counts what a search finds.
func TestEachGrantIsThere(t *testing.T) {
	for seed := range uint64(40) {
		p := synth.Infer(tracegen.Trace(rand.New(rand.NewPCG(seed, 3)), 30), synth.Options{})
		d := newData(p)
		facts := map[string]int{}
		for _, n := range d.Needs {
			if n.No == "" {
				facts[n.Name+"\x00"+n.What] = len(n.Facts) / 7
			}
		}
		for _, g := range p.Grants() {
			n, ok := facts[shown(g.Name)+"\x00"+shown(g.What)]
			require.True(t, ok, g)
			require.GreaterOrEqual(t, n, len(g.Facts), g)
		}
	}
}

func TestSaturation(t *testing.T) {
	at := func(times ...int64) []first {
		var out []first
		for _, at := range times {
			out = append(out, first{at: at, kind: "read", operation: "op"})
		}
		return out
	}
	require.Contains(t, saturation(at(1, 2, 3), 9000), "The last third brought nothing new. The last new one came after 0.0 s in op.")
	require.Contains(t, saturation(at(1, 2, 8000), 9000), "still brought 1 new (33 %): the recording was not saturated")
	many := make([]int64, 200)
	require.Contains(t, saturation(at(append(many, 8000)...), 9000), "The last third brought 1 new, less than one in a hundred.")
	p := &synth.Profile{Syscalls: []synth.SyscallGrant{
		{Name: "a", Evidence: synth.Evidence{Facts: []synth.FactRef{{First: 10, Last: 90}, {First: 5, Last: 5}}}},
		{Name: "b", Evidence: synth.Evidence{Facts: []synth.FactRef{{First: 100, Last: 100}}}},
		{Name: "c", Evidence: synth.Evidence{Rules: []string{"x"}}},
	}}
	line := timelineOf(p)
	require.Equal(t, "2", line.Total)
	require.Equal(t, "M0 200H50.0V100.0H1000.0V0.0H1000", line.Curve)
	require.Equal(t, 1, line.Rows[0].New)
	require.Equal(t, 1, line.Rows[9].New)
	require.Len(t, line.Bars, 2)
}

func rendered(t testing.TB, p *synth.Profile) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, Write(&b, p, Options{}))
	return b.String()
}

// element is what a name must not be able to add.
type element struct {
	name       string
	attributes map[string]string
	text       string // of a script, style or title
}

func elements(t testing.TB, page string) []element {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	require.NoError(t, err)
	var out []element
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		e := element{name: n.Data, attributes: map[string]string{}}
		for _, a := range n.Attr {
			e.attributes[a.Key] = a.Val
		}
		if c := n.FirstChild; c != nil && (n.Data == "script" || n.Data == "style") {
			e.text = c.Data
		}
		out = append(out, e)
	}
	return out
}

// whole looks at everything that a browser or a screen reader takes as a reference,
// an order or a landmark.
func whole(t testing.TB, page string) {
	t.Helper()
	all := elements(t, page)
	ids, count := map[string]bool{}, map[string]int{}
	for _, e := range all {
		count[e.name]++
		if id, ok := e.attributes["id"]; ok {
			require.False(t, ids[id], "id %s twice", id)
			ids[id] = true
		}
	}
	for _, e := range all {
		for key, value := range e.attributes {
			require.False(t, strings.HasPrefix(key, "on") || key == "style" || key == "src", "%s of %s", key, e.name)
			switch key {
			case "href":
				require.True(t, strings.HasPrefix(value, "#find?") || ids[strings.TrimPrefix(value, "#")], value)
			case "aria-labelledby", "aria-describedby", "for":
				require.True(t, ids[value], "%s=%s", key, value)
			}
		}
		if e.name == "th" {
			require.NotEmpty(t, e.attributes["scope"])
		}
		if e.name == "button" {
			require.Equal(t, "button", e.attributes["type"])
		}
	}
	for name, n := range map[string]int{"h1": 1, "main": 1, "nav": 1, "script": 2, "style": 1, "title": 1} {
		require.Equal(t, n, count[name], name)
	}
	require.Zero(t, count["img"]+count["iframe"]+count["link"]+count["object"]+count["base"])
}

func dataOf(t testing.TB, page string) *data {
	t.Helper()
	for _, e := range elements(t, page) {
		if e.attributes["type"] == "application/json" {
			d := &data{}
			require.NoError(t, json.Unmarshal([]byte(e.text), d))
			return d
		}
	}
	t.Fatal("no data")
	return nil
}

var special = regexp.MustCompile(`[^A-Za-z0-9]`)

// harmless is v with nothing in its strings that could mean anything.
func harmless(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			harmless(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			harmless(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() || f.Kind() == reflect.Struct {
				harmless(f)
			}
		}
	case reflect.String:
		if v.CanSet() && v.Type() == reflect.TypeFor[string]() {
			v.SetString(special.ReplaceAllString(v.String(), "x"))
		}
	}
}

// FuzzNames: whatever things are called, the page has the elements and attributes
// that it has for harmless names, in the same order, and the same scripts.
func FuzzNames(f *testing.F) {
	for _, name := range []string{
		"<script>alert(1)</script>", `"onmouseover="alert(1)`, "' onclick=alert(1) '", "</script><img src=x onerror=alert(1)>", "-->", "<!--", "]]>",
		"javascript:alert(1)", "\u202e\u2066", "a\nb\tc", "\xff\xfe", "&lt;b&gt;", "{{.}}", "</style><style>*{display:none}", "\u2028", "<svg/onload=x>", "`${x}`",
	} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		p := synth.Infer(named(strings.ReplaceAll(name, "\x00", "")), synth.Options{})
		render := func(clean bool) []element {
			v, err := newPage(p, Options{Outlook: name})
			require.NoError(t, err)
			if clean {
				policy, caption := v.Policy, v.Data
				v.Data = nil
				harmless(reflect.ValueOf(v))
				v.Policy, v.Data = policy, caption
			}
			var b bytes.Buffer
			require.NoError(t, v.write(&b))
			return elements(t, b.String())
		}
		hostile, clean := render(false), render(true)
		require.Equal(t, len(clean), len(hostile))
		for i := range clean {
			require.Equal(t, clean[i].name, hostile[i].name)
			require.Equal(t, keys(clean[i]), keys(hostile[i]))
			require.Equal(t, clean[i].text, hostile[i].text)
			if href, ok := hostile[i].attributes["href"]; ok {
				require.Equal(t, byte('#'), href[0])
			}
		}
	})
}

func keys(e element) map[string]bool {
	out := map[string]bool{}
	for k := range e.attributes {
		out[k] = true
	}
	return out
}

// named is a trace in which everything that a worker may name has a name.
func named(name string) *trace.Trace {
	path := trace.Path("/" + strings.TrimPrefix(name, "/"))
	text := strings.ToValidUTF8(name, "?")
	seen := trace.Seen{Subject: 1, Operation: text, Outcome: trace.OK, Count: 1, First: 3, Last: 9}
	probes := []trace.Probe{}
	for _, kind := range []string{"syscall", "exec", "file", "capability", "socket", "argument"} {
		probes = append(probes, trace.Probe{Fact: kind, Hook: "tp_btf/sys_exit"})
	}
	return &trace.Trace{
		Runs: []trace.Run{{
			Header: trace.Header{Run: text, Worker: path, User: text, Arch: "amd64", Kernel: text, Probes: probes}, End: &trace.End{},
			Operations: []trace.Operation{{Name: text, Outcome: trace.OperationFailed, Detail: text}},
		}},
		Holes:        []trace.Hole{{Kind: text, Detail: text, Count: 2}},
		Subjects:     []trace.Subject{{ID: 1, Exe: path}, {ID: 2, Exe: path + "/2", Script: path + "/s"}},
		Execs:        []trace.Exec{{Seen: seen, Target: 2, Called: path, UID: true}},
		Syscalls:     []trace.Syscall{{Seen: seen, Name: "openat"}, {Seen: seen, Name: text}},
		Capabilities: []trace.Capability{{Seen: seen, Name: "CAP_SYS_ADMIN", Caller: text, Syscall: text}, {Seen: seen, Name: text}},
		Sockets: []trace.Socket{
			{Seen: seen, Action: "connect", Family: "AF_UNIX", Type: text, Abstract: path}, {Seen: seen, Action: text, Family: text, Address: text, Port: 1},
		},
		Arguments: []trace.Argument{{Seen: seen, Syscall: "prctl", Name: trace.ArgPrctl, Value: text, Target: text}},
		Files: []trace.File{
			{Seen: seen, Path: "/etc/cron.d" + path, Access: trace.AccessWrite, Type: "file", Syscall: "openat"},
			{Seen: seen, Path: "/proc/123" + path, Access: trace.AccessRead, Type: text, Syscall: text, FS: text},
			{Seen: trace.Seen{Subject: 1, Outcome: "ENOENT"}, Path: path, Access: trace.AccessStat},
		},
	}
}
