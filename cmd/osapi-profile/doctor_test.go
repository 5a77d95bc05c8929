package main

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/trace"
	"github.com/osapi-io/osapi-profile/trace/record"
)

func TestDoctor(t *testing.T) {
	report := record.Report{
		Kernel: "6.1.0",
		Checks: []record.Check{
			{Name: "privileges", OK: true, Required: true, Detail: "running as root", Remedy: "unused"},
			{Name: "AppArmor", Detail: "not enabled", Remedy: "enable it"},
		},
		Probes: []trace.Probe{{Fact: "file", Hook: "tp_btf/sys_exit"}, {Fact: "capability"}},
	}
	var b bytes.Buffer
	require.NoError(t, runDoctor(doctorOptions{}, report, &b))
	require.Equal(t, `Recording can work here. Linux 6.1.0.

ok    privileges  running as root
note  AppArmor    not enabled
                  to do: enable it

A recording would see facts by these hooks:

file        tp_btf/sys_exit
capability  none: a hole, and what depends on it is not emitted
`, b.String())

	report.Checks[0].OK = false
	report.Probes = nil
	b.Reset()
	e, ok := errors.AsType[*exitError](runDoctor(doctorOptions{}, report, &b))
	require.True(t, ok)
	require.Equal(t, exitNo, e.code)
	require.NoError(t, e.err, "the report says it all")
	require.Contains(t, b.String(), "Recording cannot work here. Linux 6.1.0.\n\nFAIL  privileges  running as root\n                  to do: unused\n")

	b.Reset()
	require.Error(t, runDoctor(doctorOptions{json: true}, report, &b))
	require.Contains(t, b.String(), `"ready": false`)
	require.Contains(t, b.String(), `"name": "AppArmor"`)
}
