package oracle

import (
	"bufio"
	"debug/elf"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/osapi-io/osapi-profile/test/recall/strace"
)

// execute makes the process run another program.
func execute(t target) effect {
	return func(p *process, c strace.Call) error {
		at, err := p.find(c, t)
		if err != nil {
			return err
		}
		if at.node == nil || at.node.base == "" {
			return fmt.Errorf("executes %q, which was not there before the workload", at.path())
		}
		program, err := p.interpreter(at)
		if err != nil {
			return err
		}
		name := at.path()
		if program.node != at.node {
			name += " (" + program.path() + ")"
		}
		p.add("exec", name)
		p.subject = name
		return p.loader(program)
	}
}

// interpreter follows the #! lines of scripts to a program.
func (p *process) interpreter(at place) (place, error) {
	for range 5 { // as deep as the kernel goes
		f, err := os.Open(at.node.base)
		if err != nil {
			return place{}, err
		}
		line, err := bufio.NewReader(io.LimitReader(f, 256)).ReadString('\n')
		if closing := f.Close(); closing != nil {
			return place{}, closing
		}
		if !strings.HasPrefix(line, "#!") {
			return at, nil
		}
		words := strings.Fields(line[2:])
		if err != nil || len(words) == 0 {
			return place{}, fmt.Errorf("no interpreter in the first line of %q", at.path())
		}
		if at, err = p.walk(p.fs.cwd, words[0], true); err != nil {
			return place{}, err
		}
		if at.node == nil {
			return place{}, fmt.Errorf("no interpreter %q", at.path())
		}
	}
	return at, nil
}

// loader puts down the ELF interpreter, which the kernel maps within execve.
func (p *process) loader(program place) error {
	f, err := elf.Open(program.node.base)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, prog := range f.Progs {
		if prog.Type != elf.PT_INTERP {
			continue
		}
		name, err := io.ReadAll(prog.Open())
		if err != nil {
			return err
		}
		at, err := p.walk(p.fs.cwd, strings.TrimRight(string(name), "\x00"), true)
		if err != nil {
			return err
		}
		p.add("exec-map", at.path())
	}
	return nil
}

// mapped is a file mapped for execution.
func mapped(p *process, c strace.Call) error {
	if len(c.Args) < 5 || !c.Args[2].Flags()["PROT_EXEC"] || c.Args[3].Flags()["MAP_ANONYMOUS"] {
		return nil
	}
	at, err := p.opened(c.Args[4])
	if err != nil {
		return err
	}
	p.add("exec-map", at.path())
	return nil
}
