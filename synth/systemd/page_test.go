package systemd_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/stretchr/testify/require"
)

const page = "../../docs/docs/sidebar/directives.md"

const pageHead = `---
sidebar_position: 7
sidebar_label: systemd directives
---

# systemd directives

Every directive of systemd.exec(5) and systemd.resource-control(5) that
sandboxes, up to systemd 258: what it takes away, and what keeps it out of a
profile. A directive is written when no fact contradicts it and every kind of
fact that decides it had a probe. The page is generated from the table in
` + "`synth/systemd`; `go test ./synth/systemd -run TestPage -update`" + ` renews it.

A † marks what is done by a filter of system calls or comes with one. Before
systemd 255, each of these implies NoNewPrivileges= for a service that runs as a
user without CAP_SYS_ADMIN, and is left out where the worker gains privileges by
a setuid program; from 255 on none of them does.

| Directive | Since | Takes away | Not written for | Decided by facts of kind |
| --------- | ----- | ---------- | --------------- | ------------------------ |
`

const pageNever = `
## Never written

These sandbox as well, or are taken for it. An operator may add them by hand.

| Directive | Since | Takes away | Why not |
| --------- | ----- | ---------- | ------- |
`

// TestPage holds the reference to the table.
func TestPage(t *testing.T) {
	var b strings.Builder
	b.WriteString(pageHead)
	seen := map[string]bool{}
	for _, d := range systemd.Reference() {
		require.NotEmpty(t, d.Takes, d.Name)
		require.NotEmpty(t, d.Unless, d.Name)
		require.NotZero(t, d.Since, d.Name)
		require.False(t, seen[d.Name], d.Name)
		seen[d.Name] = true
		mark := map[bool]string{true: " †"}[d.Filter]
		fmt.Fprintf(&b, "| `%s=`%s | %d | %s | %s | %s |\n", d.Name, mark, d.Since, cell(d.Takes), cell(d.Unless), strings.Join(d.Facts, ", "))
	}
	b.WriteString(pageNever)
	for _, d := range systemd.Underived() {
		require.False(t, seen[d.Name], d.Name)
		since := strconv.Itoa(d.Since)
		if d.Since == 0 {
			since = "early"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", d.Name, since, cell(d.Takes), cell(d.Unless))
	}
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(b.String()), 0o644))
	}
	data, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, b.String(), string(data), "run go test with -update")
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
