package plan

import (
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"go.yaml.in/yaml/v3"
	"golang.org/x/sys/unix"
)

// reader takes values out of YAML and keeps the first fault. After one, what it
// gives means nothing. A nil node is a key that is not there.
type reader struct {
	file, dir string
	err       error
}

func (r *reader) fail(at *yaml.Node, format string, args ...any) {
	if r.err != nil {
		return
	}
	line := 0
	if at != nil {
		line = at.Line
	}
	r.err = &Error{File: r.file, Line: line, Text: fmt.Sprintf(format, args...)}
}

// resolve follows an alias to what it stands for.
func resolve(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode && node.Alias != nil {
		return node.Alias
	}
	return node
}

// kind words what a value is.
func kind(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	if node.Tag == "!!null" {
		return "nothing"
	}
	return "a text"
}

// mapping gives the values of a mapping that may have these keys and no other.
func (r *reader) mapping(node *yaml.Node, what string, keys ...string) map[string]*yaml.Node {
	if r.err != nil || node == nil {
		return nil
	}
	node = resolve(node)
	if node.Kind != yaml.MappingNode {
		r.fail(node, "%s is a mapping of %s, and this is %s", what, strings.Join(keys, ", "), kind(node))
		return nil
	}
	values := map[string]*yaml.Node{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode || !slices.Contains(keys, key.Value):
			r.fail(key, "%s has no key %q; there are %s", what, key.Value, strings.Join(keys, ", "))
			return nil
		case values[key.Value] != nil:
			r.fail(key, "%s: is there already, in line %d; leave out one of the two", key.Value, values[key.Value].Line)
			return nil
		case kind(resolve(value)) == "nothing":
			r.fail(key, "%s: has no value; give it one, or leave it out", key.Value)
			return nil
		}
		values[key.Value] = value
	}
	return values
}

// one wants exactly one of the keys to be there.
func (r *reader) one(at *yaml.Node, m map[string]*yaml.Node, need string, keys ...string) {
	var have []string
	for _, k := range keys {
		if m[k] != nil {
			have = append(have, k+":")
		}
	}
	switch len(have) {
	case 0:
		r.fail(at, "%s", need)
	case 1:
	default:
		r.fail(at, "%s, and has %s", need, strings.Join(have, " and "))
	}
}

func (r *reader) list(node *yaml.Node, what string) []*yaml.Node {
	if r.err != nil || node == nil {
		return nil
	}
	if node = resolve(node); node.Kind != yaml.SequenceNode {
		r.fail(node, "%s: is a list, and this is %s; begin each item with a hyphen", what, kind(node))
		return nil
	}
	return node.Content
}

// text is a value as it is written: a number or a yes is its letters.
func (r *reader) text(node *yaml.Node) string {
	if r.err != nil || node == nil {
		return ""
	}
	if node = resolve(node); node.Kind != yaml.ScalarNode || node.Tag == "!!null" {
		r.fail(node, "a text belongs here, and this is %s", kind(node))
		return ""
	}
	if strings.ContainsRune(node.Value, 0) {
		r.fail(node, "a text with a NUL byte in it, which no program can be given")
	}
	return node.Value
}

// command is a program and its arguments, or a line for the shell.
func (r *reader) command(words, shell *yaml.Node) []string {
	if shell != nil {
		script := r.text(shell)
		if strings.TrimSpace(script) == "" {
			r.fail(shell, "shell: is empty; say what to do")
		}
		return []string{"/bin/sh", "-c", script}
	}
	if words == nil || r.err != nil {
		return nil
	}
	if kind(resolve(words)) == "a text" {
		r.fail(words, "command: is a list of words, such as [redis-cli, ping]; for a line of shell use shell:")
		return nil
	}
	var command []string
	for _, node := range r.list(words, "command") {
		command = append(command, r.text(node))
	}
	if len(command) == 0 || command[0] == "" {
		r.fail(words, "command: names no program")
	}
	return command
}

// path is the name of a file, made absolute.
func (r *reader) path(node *yaml.Node) string {
	name := r.text(node)
	if name == "" {
		if node != nil {
			r.fail(node, "the name of a file belongs here")
		}
		return ""
	}
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(r.dir, name)
}

func (r *reader) duration(node *yaml.Node, otherwise time.Duration) time.Duration {
	d := r.settle(node, otherwise)
	if node != nil && d <= 0 {
		r.fail(node, "a time above 0 belongs here, such as 30s")
	}
	return d
}

// settle is a duration that may be 0.
func (r *reader) settle(node *yaml.Node, otherwise time.Duration) time.Duration {
	if node == nil {
		return otherwise
	}
	text := r.text(node)
	d, err := time.ParseDuration(text)
	if _, bare := strconv.ParseFloat(text, 64); bare == nil && d == 0 && text != "0" {
		r.fail(node, "%s has no unit; write %ss, %sms or %sm", text, text, text, text)
	} else if err != nil || d < 0 || d > maxDuration {
		r.fail(node, "%q is no time up to a day; write it as 500ms, 30s or 1m30s", text)
	}
	return d
}

func (r *reader) count(node *yaml.Node) int {
	if node == nil {
		return 1
	}
	n, err := strconv.Atoi(r.text(node))
	if err != nil || n < 1 || n > maxRepeat {
		r.fail(node, "repeat: is a number from 1 to %d", maxRepeat)
		return 1
	}
	return n
}

func (r *reader) fails(node *yaml.Node) bool {
	switch r.text(node) {
	case "failure":
		return true
	case "success", "":
		if node == nil || r.text(node) != "" {
			return false
		}
	}
	r.fail(node, "expect: is success or failure")
	return false
}

func (r *reader) signal(node *yaml.Node) syscall.Signal {
	if node == nil {
		return 0
	}
	name := strings.TrimPrefix(strings.ToUpper(r.text(node)), "SIG")
	s := unix.SignalNum("SIG" + name)
	if s == 0 {
		r.fail(node, "%q is no signal; name one as signal(7) does, such as HUP", name)
	}
	return s
}

// port is where a TCP server is to be found; a number alone is one of this host.
func (r *reader) port(node *yaml.Node) string {
	if node == nil {
		return ""
	}
	text := r.text(node)
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		host, port = "127.0.0.1", text
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 || host == "" {
		r.fail(node, "%q is no port; write 8080, 127.0.0.1:8080 or [::1]:8080", text)
	}
	return net.JoinHostPort(host, port)
}
