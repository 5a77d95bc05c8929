// Package site holds what is generated against the site's own compiler of pages.
package site

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/apparmor"
	"github.com/osapi-io/osapi-profile/synth/markdown"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/synth/tracegen"
	"github.com/osapi-io/osapi-profile/test/need"
	"github.com/osapi-io/osapi-profile/trace"
)

// names mean something in CommonMark, GFM, MDX, directives or HTML.
var names = []trace.Path{
	"{alert(1)}", "${x}", "{/* c */}", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</code></td></table><b>", "<!-- c -->",
	"`", "``", "`{x}`", "|", `\|`, "\\`", `\`, "\n# head", "\n\nimport x from 'y'\n\n", "\n\nexport const a = 1\n\n", "\n:::danger\n", ":::tip",
	":smile:", "::x{y=z}", "&lt;b&gt;", "&#60;b&#62;", "[x](javascript:1)", "![x](y)", "https://example.com/", "*a* _b_ ~~c~~", "~~~", "\n```\n{x}\n",
	"---", "\xff{x}", "\u202ex", " lead", "trail ", "two  spaces", "tab\t", "@{PROC}", "$$x$$", "\r\n|a|\r\n", "<!-- osapi-profile:end -->",
}

func hostile() *trace.Trace {
	t := tracegen.Trace(rand.New(rand.NewPCG(7, 7)), 40)
	seen := trace.Seen{Subject: t.Files[0].Subject, Outcome: trace.OK}
	for _, name := range names {
		t.Files = append(t.Files, trace.File{Seen: seen, Path: "/srv/x" + name, Access: trace.AccessRead, Type: "file", FS: "ext4", Mode: 0o644})
	}
	return t
}

// page has every table and the listings.
func page(t *testing.T, p *synth.Profile) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, markdown.Report(&b, p, markdown.Options{}))
	for _, name := range markdown.Tables() {
		table, err := markdown.Table(name, p)
		require.NoError(t, err)
		b.WriteString("\n" + table)
	}
	var unit, profile bytes.Buffer
	require.NoError(t, systemd.DropIn(&unit, p, systemd.Options{}))
	b.WriteString("\n" + markdown.Fence("ini", unit.String()))
	require.NoError(t, apparmor.Write(&profile, p, apparmor.Options{}))
	b.WriteString("\n" + markdown.Fence("text", profile.String()))
	return b.String()
}

// compile gives the HTML of a page as .md and as .mdx.
func compile(t *testing.T, text string) (md, mdx string) {
	t.Helper()
	need.Tools(t, "node")
	site := filepath.Join(need.ModuleRoot(t), "docs")
	if _, err := os.Stat(filepath.Join(site, "node_modules/@mdx-js/mdx")); err != nil {
		need.Lacks(t, "the site's modules; make docs installs them")
	}
	dir := t.TempDir()
	files := []string{filepath.Join(dir, "page.md"), filepath.Join(dir, "page.mdx")}
	for _, f := range files {
		require.NoError(t, os.WriteFile(f, []byte(text), 0o644))
	}
	var stderr bytes.Buffer
	cmd := exec.Command("node", append([]string{filepath.Join(site, "compile.mjs")}, files...)...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	var pages []string
	require.NoError(t, json.Unmarshal(out, &pages))
	require.Len(t, pages, 2)
	for i := range pages { // HTML's parser, which is in the way of .md, moves space before tables
		pages[i] = blank.ReplaceAllString(pages[i], "\n")
	}
	return pages[0], pages[1]
}

var (
	blank   = regexp.MustCompile(`\n{2,}`)
	element = regexp.MustCompile(`</?([a-zA-Z0-9]+)([^>]*)>`)
	// What Markdown itself makes of headings, paragraphs, tables and code.
	plain      = regexp.MustCompile(`^(h[1-6]|p|table|thead|tbody|tr|th|td|code|pre|ul|li|strong|em)$`)
	attributes = regexp.MustCompile(`^( class="language-[a-z]+")?$`)
)

// TestHostileNamesAreText compiles a page with hostile names: it compiles, in both
// formats to the same, and has no element that is not the page's own.
func TestHostileNamesAreText(t *testing.T) {
	text := page(t, synth.Infer(hostile(), synth.Options{}))
	md, mdx := compile(t, text)
	require.True(t, md == mdx, "as .mdx it is another page")
	for _, m := range element.FindAllStringSubmatch(md, -1) {
		require.Regexp(t, plain, m[1], m[0])
		require.Regexp(t, attributes, m[2], m[0])
	}
	// Tables have as many cells in each row, so no name made one.
	for _, table := range strings.Split(md, "<table>")[1:] {
		rows := strings.Split(table[:strings.Index(table, "</table>")], "<tr>")[1:]
		for _, row := range rows {
			require.Equal(t, strings.Count(rows[0], "<th>"), strings.Count(row, "<td>")+strings.Count(row, "<th>"), row)
		}
	}
	files, _, _ := strings.Cut(md[strings.Index(md, "<h2>Files</h2>"):], "</table>")
	require.Equal(t, len(names), strings.Count(files, "<tr><td><code>/srv/x"))
	// A name that needs no escape is there as it is.
	for _, name := range []string{"/srv/x{alert(1)}", "/srv/x${x}", "/srv/x:smile:", "/srv/x[x](javascript:1)", "/srv/x@{PROC}"} {
		require.Contains(t, md, name)
	}
}

// TestCompilerSees makes sure that the check can fail: without the escape such names
// are elements, or do not compile.
func TestCompilerSees(t *testing.T) {
	md, mdx := compile(t, "a **b** c\n")
	require.Equal(t, "<p>a <strong>b</strong> c</p>", md)
	require.Equal(t, md, mdx)
	md, mdx = compile(t, "{1+1} :smile:\n")
	require.NotEqual(t, md, mdx)
}
