package seccomp

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/tracegen"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestFilterAdmitsEveryFact reads made-up filters back and asks them about each
// fact of the trace they were made of.
func TestFilterAdmitsEveryFact(t *testing.T) {
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 5))
		in := tracegen.Trace(r, 1+r.IntN(30))
		f := filter(t, in, synth.Options{Strict: seed%3 == 0}, Options{Prctl: seed%2 == 0})
		require.Empty(t, f.Refuses(in.Confined()), "seed %d", seed)
	}
}

// TestMoreFactsNeverRefuseMore adds facts to a trace: what was let through before
// still is.
func TestMoreFactsNeverRefuseMore(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 6))
		small, other := tracegen.Trace(r, 1+r.IntN(20)), tracegen.Trace(r, 1+r.IntN(20))
		both := trace.Merge(small, other)
		require.Empty(t, filter(t, both, synth.Options{}, Options{Prctl: true}).Refuses(small.Confined()), "seed %d", seed)
	}
}

// FuzzNames proves that nothing a worker can choose changes what the filter does.
func FuzzNames(f *testing.F) {
	for _, name := range []string{"plain", `"`, `\`, "\n", "\xff", `"},{"names":["ptrace"]`, "\u2028", "<!--", "%s"} {
		f.Add(name)
	}
	build := func(t testing.TB, name string) *Filter {
		in := traced("read", "socket", "clone")
		in.Runs[0].Worker, in.Subjects[0].Exe, in.Runs[0].Kernel = trace.Path("/"+name), trace.Path("/"+name), name
		in.Holes = []trace.Hole{{Kind: name, Detail: name}}
		in.Sockets = []trace.Socket{{Seen: ok(name), Action: "connect", Family: "AF_UNIX", Path: trace.Path("/run/" + name)}}
		return filter(t, in, synth.Options{}, Options{})
	}
	f.Fuzz(func(t *testing.T, name string) {
		if strings.ContainsRune(name, 0) {
			t.Skip()
		}
		want, got := build(t, "plain"), build(t, name)
		want.Comment, got.Comment = nil, nil
		require.Equal(t, want, got)
	})
}

// TestNumbers compares the tables with the kernel's headers, as x/sys has them.
func TestNumbers(t *testing.T) {
	for name, want := range map[string]uint64{
		"AF_UNIX": unix.AF_UNIX, "AF_INET6": unix.AF_INET6, "AF_NETLINK": unix.AF_NETLINK, "AF_PACKET": unix.AF_PACKET,
		"AF_ALG": unix.AF_ALG, "AF_VSOCK": unix.AF_VSOCK, "AF_KCM": unix.AF_KCM, "AF_SMC": unix.AF_SMC, "AF_XDP": unix.AF_XDP,
		"AF_MCTP": unix.AF_MCTP, "AF_RXRPC": unix.AF_RXRPC, "AF_TIPC": unix.AF_TIPC, "AF_CAN": unix.AF_CAN, "AF_IB": unix.AF_IB,
		"CLONE_NEWNS": unix.CLONE_NEWNS, "CLONE_NEWUSER": unix.CLONE_NEWUSER, "CLONE_NEWTIME": unix.CLONE_NEWTIME,
		"CLONE_NEWCGROUP": unix.CLONE_NEWCGROUP, "CLONE_NEWUTS": unix.CLONE_NEWUTS, "CLONE_NEWIPC": unix.CLONE_NEWIPC,
		"CLONE_NEWPID": unix.CLONE_NEWPID, "CLONE_NEWNET": unix.CLONE_NEWNET,
		"PR_SET_NAME": unix.PR_SET_NAME, "PR_SET_NO_NEW_PRIVS": unix.PR_SET_NO_NEW_PRIVS, "PR_SET_VMA": unix.PR_SET_VMA,
		"PR_SET_PTRACER": unix.PR_SET_PTRACER, "PR_CAP_AMBIENT": unix.PR_CAP_AMBIENT, "PR_SET_MDWE": unix.PR_SET_MDWE,
		"PR_SET_SECCOMP": unix.PR_SET_SECCOMP, "PR_SET_KEEPCAPS": unix.PR_SET_KEEPCAPS, "PR_SET_DUMPABLE": unix.PR_SET_DUMPABLE,
	} {
		got, ok := number(name, map[string]uint64{}, "")
		require.False(t, ok, got)
		for _, table := range []map[string]uint64{families, namespaceFlags, prctls} {
			if n, known := table[name]; known {
				got, ok = n, true
			}
		}
		require.True(t, ok, name)
		require.Equal(t, want, got, name)
	}
	var all uint64
	for name, n := range namespaceFlags {
		if name != "CLONE_NEWTIME" {
			all |= n
		}
	}
	require.Equal(t, uint64(allNamespaces), all)
}
