package acts

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite generated files")

const page = "../../docs/docs/sidebar/forbidden-acts.md"

// TestPage holds the page's list to the table of acts.
func TestPage(t *testing.T) {
	var b strings.Builder
	b.WriteString("| Act | Tries to | It is possible when | Nothing changes, since | Meant to prevent it |\n| --- | --- | --- | --- | --- |\n")
	for _, a := range Acts() {
		possible := a.Possible
		if possible == "" {
			possible = "it succeeds"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | `%s=` |\n", a.Name, cell(a.Tries), cell(possible), cell(a.Harmless), strings.Join(a.Guards, "=` `"))
	}
	const begin, end = "<!-- acts:begin list -->\n", "<!-- acts:end -->"
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(text), begin)
	require.True(t, ok)
	_, after, ok := strings.Cut(rest, end)
	require.True(t, ok)
	want := before + begin + "\n<!-- prettier-ignore-start -->\n\n" + b.String() + "\n<!-- prettier-ignore-end -->\n\n" + end + after
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(want), 0o644))
		return
	}
	require.True(t, want == string(text), "the page is stale: renew it with -update")
}
