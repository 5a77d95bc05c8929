package systemd_test

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/stretchr/testify/require"
)

const page = "../../docs/docs/sidebar/directives.md"

const pageHead = `---
sidebar_position: 9
sidebar_label: systemd directives
---

# systemd directives

Every directive of systemd.exec(5) and systemd.resource-control(5) that
sandboxes, up to systemd 258: what it takes away, and what keeps it out of a
profile. A directive is written when no fact contradicts it and every kind of
fact that decides it had a probe. The page is generated from the table in
` + "`synth/systemd`; `go test ./synth/systemd -run TestPage -update`" + ` renews it.

A † marks what is done by a filter of system calls or comes with one. Before
systemd 255, each of these implies NoNewPrivileges= for a service that runs as
another user than root, whatever capabilities that user is given, and is left
out where the worker gains privileges by a setuid program; from 255 on none of
them does.

`

const pageNever = `
## Never written

These sandbox as well, or are taken for it. An operator may add them by hand.

`

const pageUnjudged = `
## What check cannot judge

` + "`osapi-profile check`" + ` asks a unit of anybody's making about each fact of a
trace, in every spelling that systemd takes. The directives above and the
writable, empty or bound parts of a file system (` + "`BindPaths=`" + `,
` + "`TemporaryFileSystem=`" + `) are judged. Where facts do not tell, it says so and
denies nothing: whose file a capability was needed for under ` + "`PrivateUsers=`" + `,
which interface a packet took, whether a process in /proc was the worker's own,
what is put in the place of a path by a bind mount, whether a named device has
the number that was seen. Of these it says of each line that it was not judged:

`

// TestPage holds the reference to the table.
func TestPage(t *testing.T) {
	var b strings.Builder
	b.WriteString(pageHead)
	rows := [][]string{{"Directive", "Since", "Takes away", "Not written for", "Decided by facts of kind"}}
	seen := map[string]bool{}
	for _, d := range systemd.Reference() {
		require.NotEmpty(t, d.Takes, d.Name)
		require.NotEmpty(t, d.Unless, d.Name)
		require.NotZero(t, d.Since, d.Name)
		require.False(t, seen[d.Name], d.Name)
		seen[d.Name] = true
		mark := map[bool]string{true: " †"}[d.Filter]
		rows = append(rows, []string{
			"`" + d.Name + "=`" + mark, strconv.Itoa(d.Since), cell(d.Takes), cell(d.Unless), strings.Join(d.Facts, ", "),
		})
	}
	b.WriteString(padded(rows))
	b.WriteString(pageNever)
	rows = [][]string{{"Directive", "Since", "Takes away", "Why not"}}
	for _, d := range systemd.Underived() {
		require.False(t, seen[d.Name], d.Name)
		since := strconv.Itoa(d.Since)
		if d.Since == 0 {
			since = "early"
		}
		rows = append(rows, []string{d.Name, since, cell(d.Takes), cell(d.Unless)})
	}
	b.WriteString(padded(rows))
	b.WriteString(pageUnjudged)
	rows = [][]string{{"Directives", "Why not"}}
	for _, n := range systemd.Unjudgeable() {
		rows = append(rows, []string{n.Names, cell(n.Why)})
	}
	b.WriteString(padded(rows))
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(b.String()), 0o644))
	}
	data, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, b.String(), string(data), "run go test with -update")
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// padded writes a table as the site's formatter does; the first row is its head.
func padded(rows [][]string) string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, c := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	rule := make([]string, len(widths))
	for i, w := range widths {
		rule[i] = strings.Repeat("-", w)
	}
	var b strings.Builder
	for _, row := range slices.Insert(rows, 1, rule) {
		for i, c := range row {
			b.WriteString("| " + c + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c)+1))
		}
		b.WriteString("|\n")
	}
	return b.String()
}

// guideRow is a row of the guide's table of directives.
var guideRow = regexp.MustCompile("(?m)^\\| `([A-Za-z]+)=`(?:, `([A-Za-z]+)=`)? +\\| (early|[0-9]+(?:, [0-9]+)?) +\\|")

// The guide says of each directive since which version it is there.
func TestGuideNamesVersions(t *testing.T) {
	since := map[string]int{"User": 1, "Group": 1}
	for _, d := range systemd.Reference() {
		since[d.Name] = d.Since
	}
	text, err := os.ReadFile("../../docs/docs/sidebar/deployment/worker-hardening.md")
	require.NoError(t, err)
	rows := guideRow.FindAllStringSubmatch(string(text), -1)
	require.Greater(t, len(rows), 20)
	for _, m := range rows {
		var want []string
		for _, name := range m[1:3] {
			if name == "" {
				continue
			}
			require.Contains(t, since, name)
			v := strconv.Itoa(since[name])
			if since[name] < 2 {
				v = "early"
			}
			want = append(want, v)
		}
		require.Equal(t, strings.Join(slices.Compact(want), ", "), m[3], m[1])
	}
}
