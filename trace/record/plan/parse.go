package plan

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"go.yaml.in/yaml/v3"

	"github.com/osapi-io/osapi-profile/trace"
)

// ReadFile reads the plan in the named file. The error is an [*Error], or says
// why the file cannot be read.
func ReadFile(name string) (*Plan, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(filepath.Dir(name))
	if err != nil {
		return nil, err
	}
	return Parse(name, dir, data)
}

// Parse reads a plan. name is for errors, each an [*Error]; relative names of
// files in the plan start at dir, which is absolute.
func Parse(name, dir string, data []byte) (*Plan, error) {
	r := &reader{file: name, dir: dir}
	top := r.document(data)
	p := r.plan(top)
	if r.err != nil {
		return nil, r.err
	}
	return p, nil
}

// yamlError is how the library begins its errors.
var yamlError = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// document is the one value in a file.
func (r *reader) document(data []byte) *yaml.Node {
	if len(data) > maxSize {
		r.fail(nil, "larger than 1 MiB; a plan is a list of what to do")
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var node, second yaml.Node
	err := decoder.Decode(&node)
	if err == nil && decoder.Decode(&second) != io.EOF {
		r.fail(&second, "a second document; a plan is one")
		return nil
	}
	if errors.Is(err, io.EOF) || err == nil && len(node.Content) == 0 {
		r.fail(nil, "empty; say when the worker is ready, and list operations")
		return nil
	}
	if err != nil {
		text := err.Error()
		at := &yaml.Node{}
		if m := yamlError.FindStringSubmatch(text); m != nil {
			text = text[len(m[0]):]
			if at.Line, _ = strconv.Atoi(m[1]); m[1] == "" && !strings.HasPrefix(text, "unknown anchor") {
				at.Line = 1 // the library leaves out the first line's number
			}
		}
		r.fail(at, "no YAML: %s; see docs/docs/sidebar/plan.md for an example", text)
		return nil
	}
	return node.Content[0]
}

func (r *reader) plan(top *yaml.Node) *Plan {
	m := r.mapping(top, "a plan", "ready", "timeout", "settle", "output", "without", "operations", "reset")
	defaults := Operation{
		Timeout: r.duration(m["timeout"], defaultTimeout),
		Settle:  r.settle(m["settle"], defaultSettle),
	}
	p := &Plan{Dir: r.dir, Output: r.path(m["output"]), Ready: r.ready(m["ready"], top)}
	p.Ready.Settle = defaults.Settle
	p.Reset = r.reset(m["reset"], defaults)
	list := r.list(m["operations"], "operations")
	if len(list) == 0 {
		r.fail(top, "no operations; list under operations: what the worker is there for")
	}
	if len(list) > maxOperations {
		r.fail(m["operations"], "%d operations; no more than %d can be told apart", len(list), maxOperations)
		return p
	}
	lines := map[string]int{}
	for i, node := range list {
		o := r.operation(node, defaults)
		if line, ok := lines[o.Name]; ok {
			r.fail(node, "operation %s is there already, in line %d; give it another name, or let that one repeat:", o.Name, line)
		}
		if o.Name == trace.OperationShutdown && i < len(list)-1 {
			r.fail(node, "shutdown ends the worker; put it last")
		}
		lines[o.Name] = resolve(node).Line
		p.Operations = append(p.Operations, o)
	}
	if _, ok := lines[trace.OperationShutdown]; !ok {
		p.Operations = append(p.Operations, Operation{Name: trace.OperationShutdown, Signal: syscall.SIGTERM, Timeout: defaultShutdown, Repeat: 1})
	}
	p.Missing = r.missing(m["without"], lines)
	return p
}

// missing lists the standard operations that nothing is said of.
func (r *reader) missing(node *yaml.Node, lines map[string]int) []string {
	open := slices.DeleteFunc(trace.StandardOperations(), func(name string) bool {
		return name == trace.OperationStartup || name == trace.OperationShutdown
	})
	may := strings.Join(open, ", ")
	for _, item := range r.list(node, "without") {
		name := r.text(item)
		line, there := lines[name]
		i := slices.Index(open, name)
		switch {
		case there:
			r.fail(item, "without %s, yet line %d has it; leave out one of the two", name, line)
		case i < 0:
			r.fail(item, "without %q: only %s can be declared to mean nothing to a worker, each once", name, may)
			return nil
		default:
			open = slices.Delete(open, i, i+1)
		}
	}
	return slices.DeleteFunc(open, func(name string) bool { return lines[name] != 0 })
}

func (r *reader) ready(node, top *yaml.Node) Ready {
	const ways = "command:, shell:, port:, line: or wait:"
	if node == nil {
		r.fail(top, "nothing says when the worker is ready; add ready: with "+ways)
		return Ready{}
	}
	m := r.mapping(node, "ready", "command", "shell", "port", "line", "file", "wait", "timeout")
	ready := Ready{
		Command: r.command(m["command"], m["shell"]), Port: r.port(m["port"]), File: r.path(m["file"]),
		Wait: r.duration(m["wait"], 0), Timeout: r.duration(m["timeout"], defaultReady),
	}
	if m["line"] != nil {
		line, err := regexp.Compile(r.text(m["line"]))
		if err != nil {
			r.fail(m["line"], "%v; line: is a regular expression (https://go.dev/s/re2syntax)", err)
		}
		ready.Line = line
	}
	r.one(node, m, "ready needs one of "+ways, "command", "shell", "port", "line", "wait")
	if m["file"] != nil && m["line"] == nil {
		r.fail(m["file"], "file: without line:; say which line of it to wait for")
	}
	return ready
}

// reset is the command that makes a plan fit to be run again.
func (r *reader) reset(node *yaml.Node, defaults Operation) *Operation {
	if node == nil {
		return nil
	}
	m := r.mapping(node, "reset", "command", "shell", "timeout")
	o := Operation{Name: "reset", Command: r.command(m["command"], m["shell"]), Timeout: r.duration(m["timeout"], defaults.Timeout), Repeat: 1}
	r.one(node, m, "reset needs one of command: or shell:", "command", "shell")
	return &o
}

// implied are the actions of standard operations that name none.
func implied(name string) (o Operation, ok bool) {
	switch name {
	case trace.OperationIdle:
		return Operation{Wait: defaultIdle}, true
	case trace.OperationReload:
		return Operation{Signal: syscall.SIGHUP}, true
	case trace.OperationShutdown:
		return Operation{Signal: syscall.SIGTERM}, true
	}
	return Operation{}, false
}

func (r *reader) operation(node *yaml.Node, defaults Operation) Operation {
	m := r.mapping(node, "an operation", "name", "command", "shell", "signal", "wait", "timeout", "settle", "repeat", "expect")
	if r.err != nil {
		return Operation{}
	}
	if m["name"] == nil {
		r.fail(node, "an operation without a name; add name:")
		return Operation{}
	}
	o := Operation{
		Name: r.text(m["name"]), Command: r.command(m["command"], m["shell"]), Signal: r.signal(m["signal"]),
		Wait: r.duration(m["wait"], 0), Timeout: r.duration(m["timeout"], defaults.Timeout),
		Settle: r.settle(m["settle"], defaults.Settle), Repeat: r.count(m["repeat"]), Fails: r.fails(m["expect"]),
	}
	if err := trace.CheckOperation(o.Name); err != nil {
		r.fail(m["name"], "%v", err)
	}
	if action, ok := implied(o.Name); ok && m["command"] == nil && m["shell"] == nil && m["signal"] == nil && m["wait"] == nil {
		o.Signal, o.Wait = action.Signal, action.Wait
	} else {
		r.one(node, m, "operation "+o.Name+" needs one of command:, shell:, signal: or wait:", "command", "shell", "signal", "wait")
	}
	if m["expect"] != nil && o.Command == nil {
		r.fail(m["expect"], "expect: is about the exit status of command: or shell:")
	}
	switch o.Name {
	case trace.OperationStartup:
		r.fail(node, "startup runs by itself before all others; say under ready: when it is over")
	case trace.OperationShutdown:
		if m["timeout"] == nil {
			o.Timeout = defaultShutdown
		}
		if m["repeat"] != nil || m["wait"] != nil || m["settle"] != nil {
			r.fail(node, "shutdown lasts until the worker has ended: it takes no repeat:, wait: or settle:")
		}
	}
	return o
}
