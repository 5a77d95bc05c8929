package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/prove/acts"
	"github.com/osapi-io/osapi-profile/test/need"
	"github.com/osapi-io/osapi-profile/test/place"
	"github.com/osapi-io/osapi-profile/trace"
)

// TestProof is about two daemons that take seconds each. make proof takes all.
func TestProof(t *testing.T) {
	need.Container(t)
	need.BPF(t)
	need.Tools(t, "memcached", "redis-server", "redis-cli")
	chosen, err := choose(place.Bookworm, []string{"redis", "memcached"})
	require.NoError(t, err)
	results, err := proveIn(t.Context(), need.ModuleRoot(t), where{own: true}, "", chosen)
	require.NoError(t, err)
	require.Len(t, results, len(chosen))
	require.NoError(t, verdict(results))
	for _, r := range results {
		assert.Less(t, r.Score, r.Shipped, r.Daemon)
		assert.NotEmpty(t, r.Systemd)
	}
}

// Each directory is of a daemon, and each daemon has one.
func TestDaemons(t *testing.T) {
	for _, d := range daemons(place.Bookworm) {
		for _, name := range []string{"plan.yaml", "prepare"} {
			_, err := os.Stat(filepath.Join("daemons", d.Name, name))
			assert.NoError(t, err)
		}
	}
	dirs, err := filepath.Glob("daemons/*/plan.yaml")
	require.NoError(t, err)
	assert.Len(t, dirs, len(daemons("trixie")))
	_, err = choose(place.Bookworm, []string{"nobody"})
	assert.ErrorContains(t, err, `no daemon "nobody"`)
}

// A proof can fail, for each of its reasons.
func TestVerdict(t *testing.T) {
	good := result{Daemon: "d", Operations: 2, Passed: 2, Score: 1.5, Acts: triedActs{Denied: 1, NotEnforced: 1, Granted: []string{"x"}}}
	assert.NoError(t, verdict([]result{good}))
	for _, spoil := range []func(*result){
		func(r *result) { r.Passed = 1 },
		func(r *result) { r.Operations, r.Passed = 0, 0 },
		func(r *result) { r.Failed = []string{"x"} },
		func(r *result) { r.Denials = []string{"x"} },
		func(r *result) { r.Score = 2.1 },
		func(r *result) { r.Acts.Open = []string{"x"} },
		func(r *result) { r.Acts.Denied = 0 }, // they were not tried
	} {
		bad := good
		spoil(&bad)
		assert.ErrorContains(t, verdict([]result{bad}), "d is not proven")
	}
	good.Score, good.Why = 2.1, []string{"a fact"}
	assert.NoError(t, verdict([]result{good}))
}

func TestNewlyRefused(t *testing.T) {
	of := func(files []trace.File, capabilities []trace.Capability, calls ...trace.Syscall) *trace.Trace {
		return &trace.Trace{
			Runs: []trace.Run{{}}, Subjects: []trace.Subject{{ID: 1, Exe: "/d"}},
			Files: files, Capabilities: capabilities, Syscalls: calls,
		}
	}
	seen := func(outcome string) trace.Seen {
		return trace.Seen{Subject: 1, Operation: "get", Outcome: outcome, Count: 1}
	}
	file := func(path trace.Path, outcome string) trace.File {
		return trace.File{Seen: seen(outcome), Path: path, Access: trace.AccessRead, Syscall: "openat"}
	}
	first := of([]trace.File{file("/a1", trace.OK), file("/b", "EACCES")}, nil)
	assert.Empty(t, newlyRefused(first, of([]trace.File{file("/a2", trace.OK), file("/b", "EACCES"), file("/new", "ENOENT")}, nil)))
	assert.Equal(t, []string{"file read /a2: EROFS (/d in get)"}, newlyRefused(first, of([]trace.File{file("/a2", "EROFS")}, nil)))
	assert.Len(t, newlyRefused(first, of([]trace.File{file("/a3", "ENOENT")}, nil)), 1, "what was there is hidden")
	call := func(outcome string) trace.Syscall { return trace.Syscall{Seen: seen(outcome), Name: "setsockopt"} }
	assert.Len(t, newlyRefused(first, of(nil, nil, call(trace.Seccomp+"EPERM"))), 1)
	assert.Empty(t, newlyRefused(first, of(nil, nil, call(trace.Seccomp+"ENOSYS"))))
	assert.Len(t, newlyRefused(first, of(nil, nil, call("EPERM"))), 1)
	spared := []trace.Capability{{Seen: seen("EPERM"), Name: "CAP_NET_ADMIN", Syscall: "setsockopt"}}
	assert.Empty(t, newlyRefused(first, of(nil, spared, call("EPERM"))), "nothing depends on that capability")
}

func TestWritePage(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	require.NoError(t, os.WriteFile(page, []byte("a\n<!-- proof:begin container -->\n<!-- proof:end -->\nb\n"), 0o644))
	of := func(daemon, version string, score float64, why, granted []string) result {
		return result{Daemon: daemon, Version: version, Systemd: "252", Operations: 1, Score: score, Why: why, Acts: triedActs{Denied: 3, Granted: granted}}
	}
	require.NoError(t, writePage(page, where{}, []result{
		of("redis", "1", 3, []string{"dear"}, []string{"`exec` `listen`: by <it>"}), of("nginx", "1", 3, []string{"x"}, []string{"`mount`: y"}),
	}))
	require.NoError(t, writePage(page, where{}, []result{of("nginx", "2", 1, nil, nil), {Daemon: "cron", Version: "1"}}))
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.Equal(t, "a\n<!-- proof:begin container -->\n\n<!-- prettier-ignore-start -->\n\n"+head+
		"| nginx | 2 |  | 252 | none | 0 of 1 | 0 | 3 | 0 | 0 | no unit | 1.0 | 0 | 0 | 0 |\n"+
		"| redis | 1 |  | 252 | none | 0 of 1 | 0 | 3 | 2 | 0 | no unit | 3.0 | 0 | 0 | 0 |\n"+
		"\nWhat keeps a score above 2.0, that which costs most first:\n\n- redis: dear.\n"+
		"\nActs that are possible, and what grants them:\n\n- redis: `exec` `listen`: by &lt;it>.\n\n"+
		"<!-- prettier-ignore-end -->\n\n<!-- proof:end -->\nb\n", string(text))
	assert.ErrorContains(t, writePage(page, where{guest: true}, nil), "proof:begin guest")
	t.Setenv("VM_SUITE", "trixie")
	assert.ErrorContains(t, writePage(page, where{guest: true}, nil), "proof:begin guest trixie")
}

func TestCount(t *testing.T) {
	got := count([]acts.Tried{
		{Act: "a", Outcome: acts.Denied},
		{Act: "b", Outcome: acts.Possible, Explained: true, Why: "by B=x"},
		{Act: "c", Outcome: acts.Possible, Explained: true, Why: "by C=x"},
		{Act: "d", Outcome: acts.Possible, Explained: true, Why: "by B=x"},
		{Act: "e", Outcome: acts.Possible, Why: "no line forbids it"},
		{Act: "f", Outcome: acts.NotEnforced},
		{Act: "g", Outcome: acts.NotHere},
	})
	assert.Equal(t, triedActs{Denied: 1, NotEnforced: 1, Granted: []string{"`b` `d`: by B=x", "`c`: by C=x"}, Open: []string{"e: no line forbids it"}}, got)
}

func TestLeftOut(t *testing.T) {
	unit := "x\n# PrivateNetwork= left out: a socket of AF_INET\n#   is used; more.\nNoNewPrivileges=yes\n"
	assert.Equal(t, "a socket of AF_INET is used", leftOut(unit, "PrivateNetwork"))
	assert.Equal(t, "it is not for the profile to say", leftOut(unit, "User"))
}
