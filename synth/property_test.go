package synth_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/tracegen"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

// many runs a property over made-up traces; the seed is in the test's name.
func many(t *testing.T, property func(t *testing.T, r *rand.Rand)) {
	t.Helper()
	for seed := range uint64(300) {
		property(t, rand.New(rand.NewPCG(seed, 1)))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func TestEveryFactIsAdmitted(t *testing.T) {
	many(t, func(t *testing.T, r *rand.Rand) {
		in := tracegen.Trace(r, 20)
		for _, strict := range []bool{false, true} {
			require.Empty(t, synth.Infer(in, synth.Options{Strict: strict}).Refused(in))
		}
	})
}

func TestMoreFactsNeverRemoveAGrant(t *testing.T) {
	many(t, func(t *testing.T, r *rand.Rand) {
		all := tracegen.Trace(r, 20)
		some := *all
		some.Syscalls = some.Syscalls[:len(all.Syscalls)/2]
		some.Execs = some.Execs[:len(all.Execs)/2]
		some.Files = some.Files[:len(all.Files)/2]
		some.Capabilities = some.Capabilities[:len(all.Capabilities)/2]
		some.Sockets = some.Sockets[:len(all.Sockets)/2]
		some.Arguments = some.Arguments[:len(all.Arguments)/2]
		few, more := synth.Infer(&some, synth.Options{}), synth.Infer(all, synth.Options{})
		require.Empty(t, more.Refused(&some))
		for _, g := range few.Syscalls {
			require.True(t, slices.ContainsFunc(more.Syscalls, func(m synth.SyscallGrant) bool { return m.Name == g.Name && m.ABI == g.ABI }))
		}
		for _, name := range few.Required() {
			if !slices.Contains(more.Required(), name) {
				i := slices.IndexFunc(more.Capabilities, func(g synth.CapabilityGrant) bool { return g.Name == name })
				require.Contains(t, more.Required(), more.Capabilities[i].Instead, "nothing is in place of %s", name)
			}
		}
		for _, g := range few.Files {
			for _, path := range append(g.Covers, g.Path) {
				require.True(t, path == "" || more.GrantsFile(path, 0))
			}
		}
	})
}

// Of a pair of which one answers for the other, whatever else is asked.
func TestChecksAreAnswered(t *testing.T) {
	many(t, func(t *testing.T, r *rand.Rand) {
		in := tracegen.Trace(r, 1)
		in.Capabilities = nil
		for range r.IntN(6) {
			in.Capabilities = append(in.Capabilities, trace.Capability{
				Seen: trace.Seen{Subject: 1, Outcome: []string{trace.OK, "EPERM"}[r.IntN(2)], Count: 1},
				Name: []string{"CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH"}[r.IntN(2)], UserNS: r.IntN(5) == 0,
				Optional: []trace.Optional{trace.Needed, trace.NoAudit, trace.Same}[r.IntN(3)],
				Caller:   []string{"generic_permission", "do_handle_open"}[r.IntN(2)],
			})
		}
		few := *in
		few.Capabilities = few.Capabilities[:len(in.Capabilities)/2]
		p := synth.Infer(in, synth.Options{})
		require.Empty(t, p.Refused(in))
		require.Empty(t, p.Refused(&few))
		shuffle(r, in.Capabilities)
		require.Equal(t, p, synth.Infer(in, synth.Options{}))
	})
}

func TestOrderOfFactsDoesNotMatter(t *testing.T) {
	many(t, func(t *testing.T, r *rand.Rand) {
		in := tracegen.Trace(r, 15)
		want := synth.Infer(in, synth.Options{})
		shuffle(r, in.Syscalls)
		shuffle(r, in.Execs)
		shuffle(r, in.Files)
		shuffle(r, in.Capabilities)
		shuffle(r, in.Sockets)
		shuffle(r, in.Arguments)
		shuffle(r, in.Subjects)
		require.Equal(t, want, synth.Infer(in, synth.Options{}))
	})
}

func shuffle[T any](r *rand.Rand, s []T) {
	r.Shuffle(len(s), func(i, j int) { s[i], s[j] = s[j], s[i] })
}

func TestMergingWithItselfChangesNothing(t *testing.T) {
	many(t, func(t *testing.T, r *rand.Rand) {
		in, other := tracegen.Trace(r, 10), tracegen.Trace(r, 10)
		once := trace.Merge(in, other)
		require.Equal(t, synth.Infer(once, synth.Options{}), synth.Infer(trace.Merge(in, other, in), synth.Options{}))
		require.Equal(t, synth.Infer(once, synth.Options{}), synth.Infer(trace.Merge(other, in), synth.Options{}))
		require.Empty(t, synth.Infer(once, synth.Options{}).Refused(in))
		require.Empty(t, synth.Infer(once, synth.Options{}).Refused(other))
	})
}

func TestEveryGrantHasEvidence(t *testing.T) {
	known := map[string]bool{}
	for _, r := range synth.Rules() {
		require.False(t, known[r.Name], "%s is there twice", r.Name)
		require.NotEmpty(t, r.Grants)
		require.NotEmpty(t, r.Why)
		known[r.Name] = true
	}
	check := func(e synth.Evidence) {
		require.True(t, len(e.Facts)+len(e.Rules) > 0)
		for _, r := range e.Rules {
			require.True(t, known[r], "unknown rule %s", r)
		}
	}
	many(t, func(t *testing.T, r *rand.Rand) {
		p := synth.Infer(tracegen.Trace(r, 10), synth.Options{})
		for _, g := range p.Syscalls {
			check(g.Evidence)
		}
		for _, g := range p.Capabilities {
			check(g.Evidence)
		}
		for _, g := range p.Execs {
			check(g.Evidence)
		}
		for _, g := range p.Files {
			check(g.Evidence)
		}
		for _, g := range p.Sockets {
			check(g.Evidence)
		}
		for _, g := range p.Arguments {
			check(g.Evidence)
		}
		for _, e := range p.Escapes {
			check(e.Evidence)
		}
	})
}
