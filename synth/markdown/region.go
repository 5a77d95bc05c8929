package markdown

import (
	"bytes"
	"fmt"
	gopath "path"
	"regexp"
	"strings"
)

// Region is a part of a page that is generated. Its markers are comments, each
// a line of its own:
//
//	<!-- osapi-profile:begin format=unit trace=traces/agent.jsonl user=osapi -->
//	<!-- osapi-profile:end -->
//
// and in MDX, which has no HTML comments, {/* osapi-profile:begin … */}. A value
// with spaces stands in double quotes. Markers within fenced code blocks are
// part of the code.
type Region struct {
	Format string
	Traces []string          // of trace=, which may be there several times
	Values map[string]string // all other keys
	Line   int               // of the begin marker, from 1
}

// PageError is a fault of a page.
type PageError struct {
	File string
	Line int
	Text string
}

func (e *PageError) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text) }

// Render gives the page with what stands between markers replaced by what
// render makes of them. Everything else stays as it is, byte for byte; new
// lines end as the line of the begin marker does. file is for errors, which
// are each a *PageError or one of render's with file and line in front.
func Render(file string, page []byte, render func(Region) (string, error)) ([]byte, error) {
	var out bytes.Buffer
	var region *Region
	var fence fence
	for n, line := range lines(page) {
		fail := func(format string, args ...any) error {
			return &PageError{file, n + 1, fmt.Sprintf(format, args...)}
		}
		m, fault := fence.marker(line)
		switch {
		case fault != "":
			return nil, fail("%s", fault)
		case m != nil && !m.mdx && isMDX(file):
			return nil, fail("MDX has no HTML comments: write {/* osapi-profile:%s … */}", m.kind)
		case m != nil && m.kind == "begin" && region != nil:
			return nil, fail("a region begins within the one of line %d; end that first", region.Line)
		case m != nil && m.kind == "end" && region == nil:
			return nil, fail("a region ends that did not begin")
		case m != nil && m.kind == "begin":
			m.Line = n + 1
			region = &m.Region
			out.Write(line)
			body, err := render(m.Region)
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %w", file, n+1, err)
			}
			if err := place(&out, body, line); err != nil {
				return nil, fail("%v", err)
			}
		case m != nil:
			region = nil
			out.Write(line)
		case region == nil:
			out.Write(line)
		}
	}
	if region != nil {
		return nil, &PageError{file, region.Line, "the region has no end; add <!-- osapi-profile:end --> outside of any code block"}
	}
	return out.Bytes(), nil
}

func isMDX(file string) bool { return strings.EqualFold(gopath.Ext(file), ".mdx") }

// lines splits and keeps the ends of lines.
func lines(page []byte) [][]byte {
	if len(page) == 0 {
		return nil
	}
	all := bytes.SplitAfter(page, []byte("\n"))
	if len(all[len(all)-1]) == 0 {
		all = all[:len(all)-1]
	}
	return all
}

// place writes a body between blank lines, with the page's own line ends. It
// refuses one that would be read differently next time.
func place(out *bytes.Buffer, body string, marker []byte) error {
	body = strings.Trim(strings.ReplaceAll(body, "\r\n", "\n"), "\n")
	var fence fence
	for _, line := range lines([]byte(body)) {
		if m, fault := fence.marker(line); m != nil || fault != "" {
			return fmt.Errorf("what was generated has a marker of a region in it")
		}
	}
	if fence.open() {
		return fmt.Errorf("what was generated has a code block in it that does not end")
	}
	end := "\n"
	if bytes.HasSuffix(marker, []byte("\r\n")) {
		end = "\r\n"
	} else if !bytes.HasSuffix(marker, []byte("\n")) {
		return fmt.Errorf("the region has no end; add <!-- osapi-profile:end -->")
	}
	if body != "" {
		body = "\n" + body + "\n"
	}
	out.WriteString(strings.ReplaceAll(body+"\n", "\n", end))
	return nil
}

// fence follows the fenced code blocks of a page.
type fence struct {
	char byte // '`' or '~', 0 outside of a block
	size int
}

func (f *fence) open() bool { return f.char != 0 }

// What may stand before a fence: quotes, bullets, numbers, any indentation.
var (
	fenceLine = regexp.MustCompile("^(?:[ \t]|>|[-*+][ \t]|[0-9]{1,9}[.)][ \t])*(`{3,}|~{3,})(.*)$")
	closeLine = regexp.MustCompile("^[ \t>]*(`{3,}|~{3,})[ \t]*$")
)

// marker takes the next line, and gives the marker that is on it, outside of
// code blocks, or says what is wrong with one.
func (f *fence) marker(line []byte) (*marker, string) {
	text := strings.TrimRight(string(line), "\r\n")
	if f.open() {
		if m := closeLine.FindStringSubmatch(text); m != nil && m[1][0] == f.char && len(m[1]) >= f.size {
			*f = fence{}
		}
		return nil, ""
	}
	if m := fenceLine.FindStringSubmatch(text); m != nil && (m[1][0] == '~' || !strings.Contains(m[2], "`")) {
		*f = fence{m[1][0], len(m[1])}
		return nil, ""
	}
	return parseMarker(text)
}
