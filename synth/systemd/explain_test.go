package systemd_test

import (
	"bytes"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/synth/tracegen"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

// TestEveryLineIsExplained: each line that is written leads back to facts of the
// trace or to a named rule, and so does each directive that is left out.
func TestEveryLineIsExplained(t *testing.T) {
	omitted := regexp.MustCompile(`(?m)^# (\w+)= left out`)
	check := func(in *trace.Trace, opt systemd.Options) {
		p := synth.Infer(in, synth.Options{User: opt.User})
		seen := map[synth.FactRef]bool{}
		for _, f := range synth.Facts(in) {
			seen[uncounted(f.FactRef)] = true
		}
		var b bytes.Buffer
		require.NoError(t, systemd.DropIn(&b, p, opt))
		all, err := systemd.ReadAssignments("u", b.Bytes())
		require.NoError(t, err)
		x, err := systemd.NewExplainer(p, opt)
		require.NoError(t, err)
		for _, a := range all {
			e := x.Explain(a)
			require.True(t, e.Explained(), "%s\n%s", a.Line, b.String())
			for _, g := range e.Grants {
				require.NotEqual(t, "against", g.Kind, "%s", a.Line)
				for _, f := range g.Facts {
					require.True(t, seen[uncounted(f)], "%s: no such fact: %+v", a.Line, f)
				}
			}
		}
		for _, m := range omitted.FindAllStringSubmatch(b.String(), -1) {
			e := x.LeftOut(m[1])
			require.NotEmpty(t, e.Text, m[1])
			require.NotEmpty(t, e.Means, m[1])
		}
	}
	options := []systemd.Options{{Version: 252}, {Version: 252, User: "osapi", Limits: true}, {Version: 257, User: "osapi"}, {Version: 257, ReadAllowlist: true}}
	for _, b := range samples() {
		for _, opt := range options {
			check(b.Trace, opt)
		}
	}
	for seed := range uint64(60) {
		check(tracegen.Trace(rand.New(rand.NewPCG(seed, 3)), 12), options[seed%4])
	}
	files, err := filepath.Glob("../../docs/traces/*.jsonl*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		in, err := trace.ReadFile(file)
		require.NoError(t, err)
		check(in, systemd.Options{})
	}
}

// uncounted is a fact without what differs between its copies. Operations are
// told apart after the facts were made.
func uncounted(f synth.FactRef) synth.FactRef {
	f.Count, f.First, f.Last, f.Operation, f.Syscall = 0, 0, 0, "", ""
	return f
}

func TestExplainLeadsToTheFacts(t *testing.T) {
	p := synth.Infer(judged(), synth.Options{})
	x, err := systemd.NewExplainer(p, systemd.Options{})
	require.NoError(t, err)
	for text, want := range map[string]struct{ grants, rules []string }{
		"ReadWritePaths=-/var/lib/worker":   {[]string{"file /var/lib/worker/db write,create"}, []string{"entry-directory"}},
		"ReadWritePaths=/var":               {[]string{"file /var/lib/worker/db write,create"}, nil},
		"CapabilityBoundingSet=CAP_CHOWN":   {[]string{"capability CAP_CHOWN "}, nil},
		"CapabilityBoundingSet=CAP_SYS_BPF": {nil, nil},
		"SystemCallFilter=openat openat2":   {[]string{"syscall openat ", "syscall openat2 "}, []string{"open-siblings"}},
		"RestrictAddressFamilies=AF_UNIX":   {nil, []string{"journal-socket"}},
		"RestrictNamespaces=user":           {[]string{"argument CLONE_NEWUSER namespaces of unshare"}, nil},
		"ProtectClock=yes":                  {nil, []string{"not-contradicted"}},
		"ProtectHome=yes":                   {[]string{"against \"/home/op/x\" is used "}, nil},
		"InaccessiblePaths=-/boot":          {nil, []string{"way-out"}},
		"Frobnicate=yes":                    {nil, nil},
	} {
		all, err := systemd.ReadAssignments("", []byte("[Service]\n"+text))
		require.NoError(t, err)
		e := x.Explain(all[0])
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
	gone := x.LeftOut("MemoryDenyWriteExecute")
	require.Empty(t, gone.Text, "it is written")
	gone = x.LeftOut("BindReadOnlyPaths")
	require.Empty(t, gone.Text, "it is written")
	x, err = systemd.NewExplainer(p, systemd.Options{Version: 240})
	require.NoError(t, err)
	require.Equal(t, "not written: needs systemd 248", x.LeftOut("ExecPaths").Means)
}
