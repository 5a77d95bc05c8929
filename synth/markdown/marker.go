package markdown

import (
	"fmt"
	"regexp"
	"strings"
)

// marker is a line that begins or ends a region.
type marker struct {
	Region
	kind string // "begin" or "end"
	mdx  bool   // whether it is a comment of MDX
}

var (
	markerStart = regexp.MustCompile(`^[ \t]*(<!--|\{/\*)[ \t]*osapi-profile:`)
	markerLine  = regexp.MustCompile(`^ {0,3}(?:<!--|\{/\*)[ \t]*osapi-profile:([a-z-]*)((?:[ \t].*)?)(-->|\*/\})[ \t]*$`)
	keyValue    = regexp.MustCompile(`^([a-z][a-z0-9-]*)=("([^"]*)"|[^\s"]+)(?:[ \t]+|$)`)
)

// parseMarker reads a line; most lines are none, and some are bad ones.
func parseMarker(text string) (*marker, string) {
	start := markerStart.FindStringSubmatch(text)
	if start == nil {
		return nil, ""
	}
	mdx := start[1] != "<!--"
	closing := "-->"
	if mdx {
		closing = "*/}"
	}
	line := markerLine.FindStringSubmatch(text)
	switch {
	case line == nil || line[3] != closing:
		return nil, fmt.Sprintf("a marker is a comment on one line of its own, indented by three spaces at most, and ends with %s", closing)
	case strings.Contains(line[2], closing):
		return nil, "text after the end of the marker's comment"
	}
	m := &marker{kind: line[1], mdx: mdx}
	switch rest := strings.Trim(line[2], " \t"); m.kind {
	case "begin":
		return m.values(rest)
	case "end":
		if rest != "" {
			return nil, fmt.Sprintf("an end marker has no values: %q", rest)
		}
		return m, ""
	}
	return nil, fmt.Sprintf("unknown marker osapi-profile:%s; there are begin and end", m.kind)
}

// values reads key=value pairs.
func (m *marker) values(text string) (*marker, string) {
	m.Values = map[string]string{}
	for text != "" {
		pair := keyValue.FindStringSubmatch(text)
		if pair == nil {
			return nil, fmt.Sprintf("key=value is expected at %q", text)
		}
		text = text[len(pair[0]):]
		key, value := pair[1], pair[2]
		if value[0] == '"' {
			value = pair[3]
		}
		switch _, again := m.Values[key]; {
		case again || key == "format" && m.Format != "":
			return nil, fmt.Sprintf("%s= is there twice", key)
		case key == "format":
			m.Format = value
		case key == "trace":
			m.Traces = append(m.Traces, value)
		default:
			m.Values[key] = value
		}
	}
	if m.Format == "" || len(m.Traces) == 0 {
		return nil, "a region needs format= and trace=, such as format=unit trace=traces/agent.jsonl"
	}
	return m, ""
}
