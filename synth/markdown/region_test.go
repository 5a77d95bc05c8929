package markdown

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func shout(r Region) (string, error) {
	if r.Format == "fail" {
		return "", errors.New("no such trace")
	}
	return Fence("text", fmt.Sprintf("%s of %s %v", r.Format, strings.Join(r.Traces, "+"), r.Values)), nil
}

func TestRender(t *testing.T) {
	const begin, end = "<!-- osapi-profile:begin format=unit trace=a.jsonl -->\n", "<!-- osapi-profile:end -->\n"
	const body = "\n```text\nunit of a.jsonl map[]\n```\n\n"
	for name, c := range map[string]struct{ file, page, want string }{
		"empty":        {"p.md", "", ""},
		"no region":    {"p.md", "# x\r\n\ny\x00\xff\n", "# x\r\n\ny\x00\xff\n"},
		"fresh":        {"p.md", "a\n" + begin + end + "b", "a\n" + begin + body + end + "b"},
		"stale":        {"p.md", begin + "\nold\n" + end, begin + body + end},
		"up to date":   {"p.md", begin + body + end, begin + body + end},
		"two":          {"p.md", begin + end + begin + "x\n" + end, begin + body + end + begin + body + end},
		"no last line": {"p.md", begin + strings.TrimSuffix(end, "\n"), begin + body + strings.TrimSuffix(end, "\n")},
		"mixed ends": {
			"p.md", "a\n" + strings.ReplaceAll(begin, "\n", "\r\n") + "x\n" + end + "b\r\n",
			"a\n" + strings.ReplaceAll(begin+body, "\n", "\r\n") + end + "b\r\n",
		},
		"mdx": {
			"p.mdx", "{/* osapi-profile:begin format=unit trace=a.jsonl */}\nx\n{/* osapi-profile:end */}\n",
			"{/* osapi-profile:begin format=unit trace=a.jsonl */}\n" + body + "{/* osapi-profile:end */}\n",
		},
		"values": {
			"p.md", "  <!--osapi-profile:begin  trace=b format=files trace=\"a c\" user=osapi  -->\n" + end,
			"  <!--osapi-profile:begin  trace=b format=files trace=\"a c\" user=osapi  -->\n\n```text\nfiles of b+a c map[user:osapi]\n```\n\n" + end,
		},
		"in a code block":   {"p.md", "```md\n" + begin + "```\n" + end[:0], "```md\n" + begin + "```\n"},
		"in a longer fence": {"p.md", "~~~~\n~~~\n```\n" + begin + "~~~~\n", "~~~~\n~~~\n```\n" + begin + "~~~~\n"},
		"in a list's block": {"p.md", "- ```md\n  " + begin + "  ```\n", "- ```md\n  " + begin + "  ```\n"},
		"in a quote":        {"p.md", "> ```\n> " + begin + "> ```\n", "> ```\n> " + begin + "> ```\n"},
		"not a fence":       {"p.md", "``` a ` b\n" + begin + end, "``` a ` b\n" + begin + body + end},
		"end in a block":    {"p.md", begin + "```\n" + end + "```\n" + end, begin + body + end},
		"inline":            {"p.md", "Write `<!-- osapi-profile:begin -->`.\n", "Write `<!-- osapi-profile:begin -->`.\n"},
		"another's comment": {"p.md", "<!-- prettier-ignore -->\n", "<!-- prettier-ignore -->\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Render(c.file, []byte(c.page), shout)
			require.NoError(t, err)
			require.Equal(t, c.want, string(got))
			again, err := Render(c.file, got, shout)
			require.NoError(t, err)
			require.Equal(t, c.want, string(again))
		})
	}
}

func TestRenderRefuses(t *testing.T) {
	const begin, end = "<!-- osapi-profile:begin format=unit trace=a.jsonl -->\n", "<!-- osapi-profile:end -->\n"
	for page, want := range map[string]string{
		"x\n" + begin:                                           "p.md:2: the region has no end",
		begin + "```\n" + end:                                   "p.md:1: the region has no end",
		strings.TrimSuffix(begin, "\n"):                         "p.md:1: the region has no end",
		end:                                                     "p.md:1: a region ends that did not begin",
		begin + begin + end + end:                               "p.md:2: a region begins within the one of line 1",
		begin + end + "\n" + end:                                "p.md:4: a region ends that did not begin",
		"<!-- osapi-profile:start -->\n":                        "p.md:1: unknown marker osapi-profile:start",
		"<!-- osapi-profile:begin -->\n":                        "p.md:1: a region needs format= and trace=",
		"<!-- osapi-profile:begin format=a -->":                 "p.md:1: a region needs format= and trace=",
		"<!-- osapi-profile:begin formt -->\n":                  `p.md:1: key=value is expected at "formt"`,
		"<!-- osapi-profile:begin a=\"b -->\n":                  "p.md:1: key=value is expected",
		"<!-- osapi-profile:begin a=1 a=2 -->\n":                "p.md:1: a= is there twice",
		"<!-- osapi-profile:begin a=1\n":                        "p.md:1: a marker is a comment on one line",
		"<!-- osapi-profile:end --> x\n":                        "p.md:1: a marker is a comment on one line",
		"    <!-- osapi-profile:end -->\n":                      "p.md:1: a marker is a comment on one line",
		"<!-- osapi-profile:end x -->\n":                        "p.md:1: an end marker has no values",
		"<!-- osapi-profile:end --> <!-- -->\n":                 "p.md:1: text after the end",
		"{/* osapi-profile:end -->\n":                           "p.md:1: a marker is a comment on one line of its own, indented by three spaces at most, and ends with */}",
		"y\n<!-- osapi-profile:begin format=fail trace=a -->\n": "p.md:2: no such trace",
	} {
		_, err := Render("p.md", []byte(page), shout)
		require.ErrorContains(t, err, want, page)
	}
	_, err := Render("p.mdx", []byte(begin+end), shout)
	require.ErrorContains(t, err, "p.mdx:1: MDX has no HTML comments: write {/* osapi-profile:begin")
	for _, body := range []string{"```\nx", end, begin} {
		_, err := Render("p.md", []byte(begin+end), func(Region) (string, error) { return body, nil })
		require.ErrorContains(t, err, "p.md:1: what was generated has")
	}
}

// FuzzRender: what is outside of regions stays, and a page once rendered stays
// as it is.
func FuzzRender(f *testing.F) {
	const begin, end = "<!-- osapi-profile:begin format=unit trace=a.jsonl -->\n", "<!-- osapi-profile:end -->\n"
	for _, page := range []string{
		"", "a\n" + begin + "x\n" + end + "b", "```\n" + begin + "```\n", "~~~\n" + end, begin + "````\n" + end + "````\n" + end, "\r\n" + begin,
		"{/* osapi-profile:begin format=a trace=b k=\"v w\" */}\r\n{/* osapi-profile:end */}\r\n", "> ```\n- ~~~\n1. ```\n",
	} {
		f.Add([]byte(page), "````\n```\n````")
	}
	f.Fuzz(func(t *testing.T, page []byte, body string) {
		render := func(Region) (string, error) { return Fence("text", strings.ReplaceAll(body, "\r", "")), nil }
		got, err := Render("p.md", page, render)
		if err != nil {
			var fault *PageError
			require.ErrorAs(t, err, &fault)
			require.Positive(t, fault.Line)
			require.LessOrEqual(t, fault.Line, len(lines(page)))
			return
		}
		again, err := Render("p.md", got, render)
		require.NoError(t, err)
		require.Equal(t, string(got), string(again))
		require.Equal(t, outside(t, page), outside(t, got))
		if !bytes.Contains(page, []byte("osapi-profile:begin")) {
			require.Equal(t, string(page), string(got))
		}
	})
}

// outside is a page without what its regions hold.
func outside(t *testing.T, page []byte) string {
	var b strings.Builder
	var fence fence
	inside := false
	for _, line := range lines(page) {
		m, fault := fence.marker(line)
		require.Empty(t, fault)
		if m != nil {
			inside = m.kind == "begin"
		}
		if m != nil || !inside {
			b.Write(line)
		}
	}
	return b.String()
}
