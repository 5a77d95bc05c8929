package record

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/trace/record/sysnum"
)

var update = flag.Bool("update", false, "rewrite generated files")

const callsPage = "../../docs/docs/sidebar/syscalls.md"

const callsHead = `---
sidebar_position: 10
sidebar_label: System calls
---

# System calls

How each system call is treated: every call that has a number on x86 or ARM, in
any ABI. That it was made, how often and with which outcome is a fact for every
call. The third column says what more is recorded; in parentheses, why there is
no more to see. The page is generated from the table in the recorder
(` + "`trace/record/calls.go`); `go test ./trace/record -run TestCalls -update`" + `
renews it.

`

// known are the calls that have a number: those of golang.org/x/sys, which
// follows the newest kernel, and of the kernel headers installed here.
func known(t *testing.T) map[string]bool {
	names := map[string]bool{}
	for _, arch := range []string{"amd64", "arm64"} {
		for abi := sysnum.Native; abi <= sysnum.X32; abi++ {
			for _, name := range sysnum.Table(arch, abi) {
				names[name] = true
			}
		}
	}
	headers, err := filepath.Glob("/usr/include/*/asm/unistd_*.h")
	require.NoError(t, err)
	define := regexp.MustCompile(`(?m)^#define __NR_(\w+) `)
	for _, header := range headers {
		text, err := os.ReadFile(header)
		require.NoError(t, err)
		for _, m := range define.FindAllSubmatch(text, -1) {
			names[string(m[1])] = true
		}
	}
	return names
}

// Nobody forgets a new call, and the table says what the recorder does.
func TestCallsAreTheLooks(t *testing.T) {
	looked := looks(sysnum.Native)
	listed := map[string]bool{}
	for _, c := range Calls() {
		assert.False(t, listed[c.Name], "%s stands there twice", c.Name)
		listed[c.Name] = true
		_, ok := looked[c.Name]
		assert.Equal(t, ok, c.Looked, "%s: whether the recorder looks at it", c.Name)
		assert.NotEmpty(t, c.Touches+c.Reason)
	}
	assert.Equal(t, known(t), listed, "the calls there are, and those of the table")
}

// Each argument that is kept has a spelling, so that none is taken for a mode.
func TestCallsHaveSpellings(t *testing.T) {
	for name, l := range looks(sysnum.Native) {
		if l.ArgMask == 0 || l.ArgMask == modeBits {
			continue
		}
		assert.Contains(t, spellings, name)
	}
}

func TestCallsPageIsFresh(t *testing.T) {
	calls := Calls()
	slices.SortFunc(calls, func(a, b Call) int { return strings.Compare(a.Name, b.Name) })
	var want bytes.Buffer
	want.WriteString(callsHead)
	rows := [][3]string{{"Call", "Touches", "Recorded"}}
	for _, c := range calls {
		reason := c.Reason
		if !c.Looked {
			reason = "(" + reason + ")"
		}
		rows = append(rows, [3]string{"`" + c.Name + "`", c.Touches, reason})
	}
	var wide [3]int
	for _, row := range rows {
		for i, cell := range row {
			wide[i] = max(wide[i], len(cell))
		}
	}
	for n, row := range rows {
		fmt.Fprintf(&want, "| %-*s | %-*s | %-*s |\n", wide[0], row[0], wide[1], row[1], wide[2], row[2])
		if n == 0 {
			fmt.Fprintf(&want, "| %s | %s | %s |\n", strings.Repeat("-", wide[0]), strings.Repeat("-", wide[1]), strings.Repeat("-", wide[2]))
		}
	}
	if *update {
		require.NoError(t, os.WriteFile(callsPage, want.Bytes(), 0o644))
	}
	have, err := os.ReadFile(callsPage)
	require.NoError(t, err)
	assert.Equal(t, want.String(), string(have), "renew it with -update")
}
