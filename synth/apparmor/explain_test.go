package apparmor

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

// TestEveryLineIsExplained: each line that is written leads back to facts of the
// trace or to a named rule.
func TestEveryLineIsExplained(t *testing.T) {
	check := func(tr *trace.Trace, infer synth.Options, opt Options) {
		opt.Name = "p"
		p := synth.Infer(tr, infer)
		seen := map[synth.FactRef]bool{}
		for _, f := range synth.Facts(tr) {
			seen[uncounted(f.FactRef)] = true
		}
		var out bytes.Buffer
		require.NoError(t, Write(&out, p, opt))
		lines, err := Lines("p", out.Bytes())
		require.NoError(t, err)
		x := NewExplainer(p, opt)
		for _, line := range lines {
			e := x.Explain(line)
			require.True(t, e.Explained(), "%s\n%s", line, out.String())
			for _, g := range e.Grants {
				for _, f := range g.Facts {
					require.True(t, seen[uncounted(f)], "%s: no such fact: %+v", line, f)
				}
			}
		}
	}
	choices := []Options{{}, {Children: ChildrenAuto, ABI: "4.0"}, {Children: ChildrenAll, Stacked: true, Abstractions: true}}
	for seed := range uint64(40) {
		check(madeUp(seed), synth.Options{Strict: seed%2 == 0}, choices[seed%3])
	}
	for _, opt := range choices {
		check(daemon(), synth.Options{}, opt)
	}
	files, err := filepath.Glob("../../docs/traces/*.jsonl*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		tr, err := trace.ReadFile(file)
		require.NoError(t, err)
		check(tr, synth.Options{}, Options{})
		check(tr, synth.Options{}, Options{Children: ChildrenAuto, Stacked: true})
	}
}

// uncounted is a fact without what differs between its copies. Operations are told
// apart after the facts were made.
func uncounted(f synth.FactRef) synth.FactRef {
	f.Count, f.First, f.Last, f.Operation = 0, 0, 0, ""
	return f
}

func TestExplainLeadsToTheFacts(t *testing.T) {
	x := NewExplainer(synth.Infer(daemon(), synth.Options{}), Options{})
	for text, want := range map[string]struct {
		grants []string
		rules  []string
	}{
		"/etc/daemon.conf r,":                      {[]string{"file /etc/daemon.conf read"}, nil},
		"owner /etc/daemon.conf rw,":               {[]string{"file /etc/daemon.conf read"}, nil},
		"/etc/daemon* r,":                          {[]string{"file /etc/daemon.conf read", "file /etc/daemon.d read"}, nil},
		"capability net_raw,":                      {[]string{"capability CAP_NET_RAW "}, nil},
		"deny capability net_raw,":                 {[]string{"capability CAP_NET_RAW "}, nil},
		"signal (receive) peer=unconfined,":        {nil, []string{"service-manager"}},
		"signal (send) peer=@{profile_name},":      {[]string{"syscall kill ", "argument SIGKILL signal of kill at worker"}, nil},
		"/usr/lib/x86_64-linux-gnu/libz.so.1.* m,": {[]string{"exec /usr/lib/x86_64-linux-gnu/libz.so.1.<version> library", "file /usr/lib/x86_64-linux-gnu/libz.so.1.<version> read,exec-map"}, nil},
		"/nowhere r,":                              {nil, nil},
		"dbus bus=system,":                         {nil, []string{"system-bus"}},
	} {
		e := x.Explain(synth.Line{Text: text})
		var grants, rules []string
		for _, g := range e.Grants {
			grants = append(grants, g.Kind+" "+g.Name+" "+g.What)
		}
		for _, r := range e.Rules {
			rules = append(rules, r.Name)
		}
		require.ElementsMatch(t, want.grants, grants, text)
		require.ElementsMatch(t, want.rules, rules, text)
	}
}
