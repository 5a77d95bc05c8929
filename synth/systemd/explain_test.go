package systemd_test

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
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
	opens := map[string]bool{"DeviceAllow": true, "SocketBindAllow": true, "IPAddressAllow": true, "SupplementaryGroups": true}
	opened := map[string]int{}
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
			if opens[a.Name] && a.Value != "" {
				require.NotEmpty(t, e.Grants, a.Line)
				opened[a.Name]++
			}
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
	for _, b := range append(slices.Collect(maps.Values(samples())), opener()) {
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
	for name := range opens {
		require.NotZero(t, opened[name], name)
	}
}

// opener needs what lists open again: two devices, ports, addresses and a group.
func opener() build {
	return newTrace("/usr/bin/opener").calls("openat", "socket", "bind", "listen", "connect").
		file("op", "/dev/kvm", trace.AccessRead|trace.AccessWrite, "openat", trace.OK).typed("char", "10:232").
		file("op", "/dev/sda", read, "openat", trace.OK).typed("block", "8:0").
		file("op", "/var/log/syslog", read, "openat", trace.OK).owned(0, 0, 0o640).grouped(4).
		inet("bind", "SOCK_STREAM", "127.0.0.1", 8080).inet("listen", "SOCK_STREAM", "127.0.0.1", 8080).
		inet("bind", "SOCK_DGRAM", "127.0.0.1", 40000).
		inet("connect", "SOCK_STREAM", "192.0.2.7", 443).inet("connect", "SOCK_STREAM", "198.51.100.9", 5432)
}

func (b build) grouped(gid uint32) build {
	b.Files[len(b.Files)-1].GID = gid
	return b
}

// TestEachWordIsExplainedByItself: a word that somebody added to a list is not taken for
// what others in it are needed for.
func TestEachWordIsExplainedByItself(t *testing.T) {
	x, err := systemd.NewExplainer(synth.Infer(opener().Trace, synth.Options{User: "osapi"}), systemd.Options{Version: 257, User: "osapi"})
	require.NoError(t, err)
	for text, want := range map[string][]string{
		"DeviceAllow=/dev/kvm rw":          {"/dev/kvm"},
		"DeviceAllow=block-sd r":           {"/dev/sda"},
		"DeviceAllow=/dev/fuse rw":         nil,
		"SocketBindAllow=ipv4:tcp:8080":    {"127.0.0.1:8080"},
		"SocketBindAllow=udp":              {"127.0.0.1:40000"},
		"SocketBindAllow=ipv4:tcp:22":      nil,
		"SocketBindAllow=ipv6:udp":         nil,
		"IPAddressAllow=192.0.2.0/24":      {"192.0.2.7:443"},
		"IPAddressAllow=203.0.113.1":       nil,
		"SupplementaryGroups=adm":          {"/var/log/syslog"},
		"SupplementaryGroups=docker adm x": {"/var/log/syslog"},
		"SupplementaryGroups=docker":       nil,
	} {
		all, err := systemd.ReadAssignments("", []byte("[Service]\n"+text))
		require.NoError(t, err)
		e := x.Explain(all[0])
		var names []string
		for _, g := range e.Grants {
			names = append(names, g.Name)
		}
		require.Equal(t, want, names, text)
		require.Empty(t, e.Rules, text)
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
