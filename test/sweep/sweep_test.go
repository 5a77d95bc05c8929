package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/test/need"
)

// quick are daemons that take seconds each. make sweep takes all of them.
var quick = []string{"memcached", "redis"}

func TestSweep(t *testing.T) {
	need.Container(t)
	need.BPF(t)
	need.Tools(t, "memcached", "redis-server")
	results, err := runIn(t.Context(), need.ModuleRoot(t), false, false, "", quick)
	require.NoError(t, err)
	require.Len(t, results, len(quick))
	require.NoError(t, verdict(results))
	assert.Equal(t, []string{"CAP_SETGID", "CAP_SETUID"}, results[0].Required)
	assert.Len(t, results[0].Without, 2)
	assert.Empty(t, results[1].Required)
}

// A sweep can fail, for each of its reasons.
func TestVerdict(t *testing.T) {
	lost := []string{"serves: no"}
	assert.NoError(t, verdict([]result{{Daemon: "d", Without: []without{{"CAP_A", lost}}, Others: []without{{"CAP_B", nil}}}}))
	assert.ErrorContains(t, verdict([]result{{Daemon: "d", Missing: lost}}), "needs more")
	assert.ErrorContains(t, verdict([]result{{Daemon: "d", Without: []without{{"CAP_A", nil}}}}), "does not need CAP_A")
	assert.NoError(t, verdict([]result{{Daemon: "d", Without: []without{{"CAP_A", nil}}, Unseen: asked{Capability: "CAP_A"}}}))
	assert.ErrorContains(t, verdict([]result{{Daemon: "d", Others: []without{{"CAP_B", lost}}}}), "needs CAP_B")
}

func TestLost(t *testing.T) {
	assert.Equal(t, []string{"serves: no"}, lost([]string{"serves: yes", "user: d"}, []string{"serves: no", "user: d"}))
	assert.Empty(t, lost([]string{"serves: yes", "user: d"}, []string{"serves: yes"}))
}

func TestWritePage(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	require.NoError(t, os.WriteFile(page, []byte("a\n<!-- sweep:begin container -->\nold\n<!-- sweep:end -->\nb\n"), 0o644))
	results := []result{{Daemon: "d", Required: []string{"CAP_A"}, Without: []without{{"CAP_A", []string{"x: a|b not permitted"}}}}}
	require.NoError(t, writePage(page, false, results))
	require.NoError(t, writePage(page, false, results))
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.Contains(t, string(text), "| `CAP_A` | `x: a/b not permitted` |")
	assert.Equal(t, 1, strings.Count(string(text), "sweep:begin"))
	assert.True(t, strings.HasPrefix(string(text), "a\n") && strings.HasSuffix(string(text), "<!-- sweep:end -->\nb\n"))
	assert.NotContains(t, string(text), "old")
	assert.ErrorContains(t, writePage(page, true, results), "sweep:begin guest")
}
