package systemd_test

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

// words joins the values of a list.
func words(text []byte, name string) []string {
	return strings.Fields(strings.Join(values(text, name), " "))
}

// TestGroupsAllowTheSameCalls compares the two forms of a filter: what the list
// has, the groups have, and of the dangerous groups there is none.
func TestGroupsAllowTheSameCalls(t *testing.T) {
	for name, b := range samples() {
		p := synth.Infer(b.Trace, synth.Options{})
		list, _ := emit(t, p, systemd.Options{})
		groups, _ := emit(t, p, systemd.Options{CallGroups: true})
		box, err := systemd.ReadSandbox(bytes.NewReader(groups), systemd.DefaultVersion)
		require.NoError(t, err)
		for _, call := range words(list, "SystemCallFilter") {
			refused := box.Refuses(&trace.Trace{Syscalls: []trace.Syscall{{Seen: did("op", trace.OK), Name: call}}})
			require.False(t, slices.ContainsFunc(refused, func(r systemd.Refusal) bool { return r.Directive == "SystemCallFilter" }), "%s: %s", name, call)
		}
		for _, g := range []string{"@mount", "@module", "@debug", "@privileged", "@setuid", "@raw-io", "@obsolete"} {
			require.NotContains(t, words(groups, "SystemCallFilter"), g, name)
		}
	}
}

// TestGroupsAreSystemds compares the members of the groups with those that the
// installed systemd has.
func TestGroupsAreSystemds(t *testing.T) {
	tool := analyze(t)
	for name, calls := range systemd.CallGroups(systemd.DefaultVersion) {
		out, err := exec.Command(tool, "syscall-filter", "--no-pager", name).Output()
		require.NoError(t, err)
		for _, call := range calls {
			require.Contains(t, strings.Fields(string(out)), call, name)
		}
	}
}

// TestNamesOfCalls is about calls that the target's systemd has no name for: a
// rule's is left out, a fact's takes the filter with it.
func TestNamesOfCalls(t *testing.T) {
	b := quiet().calls("mseal")
	for version, written := range map[int]bool{252: false, 257: true} {
		text, _ := emit(t, synth.Infer(b.Trace, synth.Options{}), systemd.Options{Version: version})
		got, leftOut := has(text, "SystemCallFilter")
		require.True(t, got == written && leftOut != written, "%d", version)
	}
}

func TestHighRiskCallsAreCalledOut(t *testing.T) {
	text, _ := emit(t, synth.Infer(quiet().calls("io_uring_setup", "bpf").Trace, synth.Options{}), systemd.Options{})
	require.Regexp(t, `# HIGH RISK among them:\n#   bpf: loads programs into the kernel .*\n#   io_uring_setup: `, string(text))
	text, _ = emit(t, synth.Infer(quiet().Trace, synth.Options{}), systemd.Options{})
	require.NotContains(t, string(text), "HIGH RISK")
}

// TestCallsAreLoggedOnRequest has the filter as a log that refuses nothing.
func TestCallsAreLoggedOnRequest(t *testing.T) {
	p := synth.Infer(quiet().Trace, synth.Options{})
	filter, _ := emit(t, p, systemd.Options{})
	log, _ := emit(t, p, systemd.Options{LogCalls: true})
	require.Empty(t, values(log, "SystemCallFilter"))
	require.Empty(t, values(log, "SystemCallErrorNumber"))
	logged := each(values(log, "SystemCallLog")[1:], func(v string) string { return strings.TrimPrefix(v, "~") })
	require.Equal(t, words(filter, "SystemCallFilter"), strings.Fields(strings.Join(logged, " ")), "lines may be broken elsewhere")
}

func each(in []string, f func(string) string) []string {
	out := make([]string, 0, len(in))
	for _, v := range in {
		out = append(out, f(v))
	}
	return out
}
