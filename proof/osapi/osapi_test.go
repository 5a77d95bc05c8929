package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/proof/page"
	"github.com/osapi-io/osapi-profile/prove"
	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/test/place"
	"github.com/osapi-io/osapi-profile/trace"
)

func february(user string) run { return run{Worker: workers()[0], User: user} }

func TestChoose(t *testing.T) {
	file, none := os.Args[0], ""
	got, err := choose(map[string]*string{"february": &file, "agent": &none}, []string{root, "osapi"})
	require.NoError(t, err)
	require.Len(t, got, 2)
	assert.Equal(t, "february as root", got[0].String())
	assert.Equal(t, "february as osapi", got[1].String())
	_, err = choose(map[string]*string{"february": &none, "agent": &none}, []string{root})
	assert.ErrorContains(t, err, "name a binary")
	_, err = choose(map[string]*string{"february": &none, "agent": &file}, []string{"nobody"})
	assert.ErrorContains(t, err, `"nobody"`)
	missing := filepath.Join(t.TempDir(), "osapi")
	_, err = choose(map[string]*string{"february": &none, "agent": &missing}, []string{root})
	assert.ErrorContains(t, err, "-agent")
}

// What docs/traces has is taken for the place that it is of alone, and a recording that is
// kept anywhere.
func TestTraining(t *testing.T) {
	top, err := place.Root()
	require.NoError(t, err)
	for _, w := range workers() {
		for user := range w.Traces {
			h := here{root: top, guest: true, suite: place.Bookworm, keep: t.TempDir()}
			r := run{Worker: w, User: user}
			name, err := h.training(t.Context(), r)
			require.NoError(t, err)
			recorded, err := trace.ReadFile(name)
			require.NoError(t, err)
			assert.Equal(t, user, recorded.Runs[0].User, name)
			h.suite = "trixie"
			kept := h.file(r, ".jsonl")
			require.NoError(t, os.WriteFile(kept, nil, 0o644))
			name, err = h.training(t.Context(), r)
			require.NoError(t, err)
			assert.Equal(t, kept, name)
		}
	}
	weight, err := weigh(filepath.Join(top, "docs/traces", workers()[0].Traces[root]), 252)
	require.NoError(t, err)
	assert.Positive(t, weight.Syscalls)
}

func TestRead(t *testing.T) {
	good := prove.Report{
		Kernel: "6.1", OK: true,
		Operations: []prove.Operation{{Name: "a", Trained: trace.OperationOK, Now: trace.OperationOK}, {Name: "b", Trained: "failed", Now: "failed"}},
	}
	assert.Equal(t, result{Name: "february as root", Kernel: "6.1", Operations: 2, AsTrained: 2, Failing: 1, OK: true}, read(february(root), &good))

	bad := good
	bad.OK, bad.Broken, bad.NotTaken = false, "exited", []string{"line"}
	bad.Operations = append(bad.Operations, prove.Operation{Name: "c", Trained: trace.OperationOK, Now: "failed", Detail: "no"})
	bad.Holes = []trace.Hole{{Kind: "lost", Detail: "3"}}
	bad.False = []prove.Denial{{Kind: "file", Name: "/x", What: "read", Outcome: "EACCES", By: []string{"w.service:1: A=b"}, Facts: []synth.FactRef{{Subject: "/w", Operation: "c"}}}}
	bad.Withheld = []prove.Denial{{Kind: "capability", Name: "CAP_SYS_PTRACE"}, {Kind: "file", Name: "/proc/1/environ"}}
	got := read(february(root), &bad)
	assert.Equal(t, []int{3, 2, 1, 1, 1}, []int{got.Operations, got.AsTrained, got.Failing, got.Denied, got.Withheld})
	assert.Equal(t, []string{
		"exited", "not taken by systemd: line", "operation c failed, and in training ok: no",
		"file /x read = EACCES (/w in c) by w.service:1: A=b", "hole in what was watched: lost: 3",
	}, got.Why)
}

func TestVersions(t *testing.T) {
	name := filepath.Join(t.TempDir(), "versions")
	require.NoError(t, os.WriteFile(name, []byte("systemd 252.1\napparmor 3.0\n"), 0o644))
	systemd, apparmor, err := readVersions(name)
	require.NoError(t, err)
	assert.Equal(t, "252.1 3.0", systemd+" "+apparmor)
	require.NoError(t, os.WriteFile(name, nil, 0o644))
	_, _, err = readVersions(name)
	assert.ErrorContains(t, err, "no version of systemd")
}

// A page keeps what other workers showed, in their order.
func TestRenew(t *testing.T) {
	agent := result{
		Name: "agent as osapi", Kernel: "6.1", Systemd: "252", AppArmor: "3.0", Operations: 2, AsTrained: 2, Failing: 1, Withheld: 3,
		Weight: page.Weight{Syscalls: 9, Capabilities: 8, Writable: 7},
	}
	feb := result{Name: "february as root", Kernel: "6.18", Systemd: "257", Operations: 2, AsTrained: 1, Denied: 1, Why: []string{"operation x failed"}}
	old := renew("", agent)
	text := renew(old, feb)
	rows := head + "| february as root | 6.18 | 257 | none | 1 of 2 | 0 | 1 | 0 | 0 | 0 | 0 |\n" +
		"| agent as osapi | 6.1 | 252 | 3.0 | 2 of 2 | 1 | 0 | 3 | 9 | 8 | 7 |\n"
	assert.Equal(t, rows+"\nWhat went otherwise than in training, or was not seen:\n\n- february as root: operation x failed.\n", text)
	assert.Equal(t, text, renew(text))
	feb.AsTrained, feb.Denied, feb.Why = 2, 0, nil
	assert.NotContains(t, renew(text, feb), "otherwise than in training")
}

// The page has a place for each that can be run.
func TestPageHasPlaces(t *testing.T) {
	top, err := place.Root()
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(top, "docs/docs/sidebar/proof-matrix.md"))
	require.NoError(t, err)
	for _, where := range []string{"container", "guest", "container trixie", "guest trixie"} {
		assert.Contains(t, string(text), "<!-- proof-osapi:begin "+where+" -->\n")
	}
}
