package strace

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

var (
	exited     = regexp.MustCompile(`^\+\+\+ (?:exited with [0-9]+|killed by SIG[A-Z0-9_]+(?: \(core dumped\))?) \+\+\+$`)
	superseded = regexp.MustCompile(`^\+\+\+ superseded by execve in pid ([0-9]+) \+\+\+$`)
	mode       = regexp.MustCompile(`^\[ Process PID=([0-9]+) runs in (32 bit|64 bit|x32) mode\. \]$`)
	resumed    = regexp.MustCompile(`^<\.\.\. ([a-z0-9_]+|\?+) resumed>(.*)$`)
	called     = regexp.MustCompile(`^([a-z_][a-z0-9_]*|syscall_0x[0-9a-f]+|\?+)\((.*)$`)
)

// nameless is a call at whose entry the thread was killed before strace could
// look which it is. The kernel did not make it either.
func nameless(name string) bool { return strings.HasPrefix(name, "?") }

const unfinished = " <unfinished ...>"

var abis = map[string]string{"64 bit": "", "32 bit": "i386", "x32": "x32"}

// parser keeps what one line leaves open for later ones.
type parser struct {
	records []Record
	line    int
	begun   map[int]begun  // by thread: a call whose end is still to come
	abi     map[int]string // by thread
}

// begun is the first half of a call.
type begun struct{ name, text, abi string }

// Parse reads a whole log.
func Parse(r io.Reader) ([]Record, error) {
	p := &parser{begun: map[int]begun{}, abi: map[int]string{}}
	in := bufio.NewReader(r)
	for {
		text, err := in.ReadString('\n')
		if err == io.EOF && text == "" {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("strace: line %d: %w", p.line+1, err)
		}
		p.line++
		if err := p.read(strings.TrimSuffix(text, "\n")); err != nil {
			return nil, fmt.Errorf("strace: line %d: %w: %s", p.line, err, strings.TrimSuffix(text, "\n"))
		}
	}
	if len(p.begun) > 0 {
		return nil, fmt.Errorf("strace: the log ends within %d calls", len(p.begun))
	}
	return p.records, nil
}

// read takes one line.
func (p *parser) read(text string) error {
	column, text, _ := strings.Cut(text, " ")
	pid, err := strconv.Atoi(column)
	if err != nil || pid <= 0 {
		return fmt.Errorf("no thread at the start: %q", column)
	}
	text = strings.TrimLeft(text, " ")
	if m := called.FindStringSubmatch(text); m != nil {
		return p.call(pid, m[1], m[2])
	}
	if m := resumed.FindStringSubmatch(text); m != nil {
		b, ok := p.begun[pid]
		if !ok || b.name != m[1] {
			return fmt.Errorf("thread %d resumes %s, which it had not begun", pid, m[1])
		}
		delete(p.begun, pid)
		return p.finish(pid, b, b.text+m[2])
	}
	return p.event(pid, text)
}

// event takes a line that is not a call.
func (p *parser) event(pid int, text string) error {
	switch {
	case exited.MatchString(text):
		if b, ok := p.begun[pid]; ok {
			delete(p.begun, pid)
			p.cutOff(pid, b)
		}
		delete(p.abi, pid)
		p.add(Record{Kind: KindExit, PID: pid})
		return nil
	case superseded.MatchString(text):
		other, err := strconv.Atoi(superseded.FindStringSubmatch(text)[1])
		if err != nil {
			return err
		}
		return p.supersede(pid, other)
	case mode.MatchString(text):
		m := mode.FindStringSubmatch(text)
		if m[1] != strconv.Itoa(pid) {
			return fmt.Errorf("thread %d tells the mode of %s", pid, m[1])
		}
		p.abi[pid] = abis[m[2]]
		return nil
	}
	return fmt.Errorf("not understood: %q", text)
}

// supersede gives the call that thread other has begun to pid: after execve(2)
// the thread that called it has the number of its process.
func (p *parser) supersede(pid, other int) error {
	if b, ok := p.begun[pid]; ok {
		p.cutOff(pid, b)
	}
	b, ok := p.begun[other]
	if !ok {
		return fmt.Errorf("thread %d is superseded by %d, which is in no call", pid, other)
	}
	p.begun[pid] = b
	delete(p.begun, other)
	p.abi[pid] = p.abi[other]
	p.add(Record{Kind: KindSuperseded, PID: pid, Other: other})
	return nil
}

// call takes the start of a call and, mostly, its end.
func (p *parser) call(pid int, name, rest string) error {
	if b, ok := p.begun[pid]; ok {
		return fmt.Errorf("thread %d calls %s within %s", pid, name, b.name)
	}
	b := begun{name: name, abi: p.mode(pid)}
	text, open := strings.CutSuffix(rest, unfinished)
	if !open {
		return p.finish(pid, b, text)
	}
	b.text = text
	p.begun[pid] = b
	return nil
}

// cutOff takes a call whose thread ended within it.
func (p *parser) cutOff(pid int, b begun) {
	if !nameless(b.name) {
		p.add(Record{PID: pid, Call: Call{Name: b.name, ABI: b.abi, Result: Result{None: true}}})
	}
}

// gone ends a call of which strace could not see the end, because the thread was
// killed while it was stopped there.
var gone = regexp.MustCompile(`(?:, *)?\) += \?(?: <unavailable>)?$`)

// finish reads the arguments and the result of a complete call. One that death
// cut off after some of its arguments has "<unfinished ...>" in place of the rest,
// or nothing.
func (p *parser) finish(pid int, b begun, text string) error {
	if nameless(b.name) {
		if !strings.HasSuffix(text, ") = ?") {
			return fmt.Errorf("a call without a name has a result: %q", text)
		}
		return nil
	}
	if before, after, cut := strings.Cut(text, unfinished+")"); cut {
		text = strings.TrimRight(before, ", ") + ")" + after
	}
	text = gone.ReplaceAllString(text, ") = ?")
	args, rest, err := scan(text, ')')
	if err != nil {
		return fmt.Errorf("%s: %w", b.name, err)
	}
	res, err := parseResult(rest)
	if err != nil {
		return fmt.Errorf("%s: %w", b.name, err)
	}
	if makers[b.name] && res.OK() {
		if child := int(res.Value); p.unknown(child) {
			p.abi[child] = b.abi
		}
	}
	p.add(Record{PID: pid, Call: Call{Name: b.name, ABI: b.abi, Args: args, Result: res}})
	return nil
}

// makers are the calls that return the number of a new thread.
var makers = map[string]bool{"clone": true, "clone3": true, "fork": true, "vfork": true}

// mode says which ABI a thread calls by. The log tells changes only, and a new
// thread begins as the one that made it, whose call may not have returned yet.
func (p *parser) mode(pid int) string {
	if p.unknown(pid) {
		p.abi[pid] = ""
		for _, b := range p.begun {
			if makers[b.name] && b.abi != "" {
				p.abi[pid] = b.abi
			}
		}
	}
	return p.abi[pid]
}

func (p *parser) unknown(pid int) bool {
	_, ok := p.abi[pid]
	return !ok
}

func (p *parser) add(r Record) {
	r.Line = p.line
	p.records = append(p.records, r)
}
