package html

import (
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// program is a program in the tree of who executes whom.
type program struct {
	Name   string // in full
	Base   string
	By     string // of what executes it, in full; "" at the root
	Via    string // interpreter of a script
	Gains  bool   // executing it changes credentials
	Above  bool   // what it executes stands further up already
	Caps   []string
	Counts []cell
	Starts []*program
}

// tree lays out what executed what. A program that several execute is shown
// below each of them, what it executes itself only the first time.
func tree(p *synth.Profile) []*program {
	t := forest{p, map[trace.Path]*synth.Program{}, map[trace.Path]bool{}, map[trace.Path]bool{}}
	for _, program := range p.Programs {
		t.by[program.Name] = program
	}
	for _, x := range p.Execs {
		t.gains[x.Path] = t.gains[x.Path] || x.Gains
	}
	var roots []*program
	add := func(is func(*synth.Program) bool) {
		for _, program := range p.Programs {
			if program.Name != "" && !t.told[program.Name] && is(program) {
				roots = append(roots, t.grow(program, "", 0))
			}
		}
	}
	add(func(program *synth.Program) bool { return program.Name == p.Worker.Exe })
	add(func(program *synth.Program) bool { return program.Outside })
	add(func(*synth.Program) bool { return true }) // those that only execute one another
	return roots
}

type forest struct {
	profile *synth.Profile
	by      map[trace.Path]*synth.Program
	told    map[trace.Path]bool
	gains   map[trace.Path]bool
}

// deepest is how deep the tree is drawn; a chain of so many programs is of the
// worker's making.
const deepest = 40

func (t forest) grow(of *synth.Program, by trace.Path, depth int) *program {
	out := &program{Name: of.Name.String(), Base: base(of.Name), Gains: t.gains[of.Name]}
	if by != "" {
		out.By = by.String()
	}
	for _, x := range of.Image {
		if x.Kind == synth.KindInterpreter {
			out.Via = base(x.Path)
		}
	}
	for _, c := range of.Needs.Capabilities {
		if c.Need == synth.Required {
			out.Caps = append(out.Caps, shown(c.Name))
		}
	}
	count := ofProgram(t.profile, of)
	for _, c := range []struct{ kind, words string }{
		{"change", "file changed|files changed"}, {"read", "read|read"}, {"socket", "socket|sockets"}, {"syscall", "call|calls"},
	} {
		n := count(column{Kind: c.kind})
		one, many, _ := strings.Cut(c.words, "|")
		if n != 1 {
			one = many
		}
		out.Counts = append(out.Counts, cell{Count: n, Kind: c.kind, Title: one})
	}
	if t.told[of.Name] || depth > deepest {
		out.Above = slices.ContainsFunc(of.Starts, func(n trace.Path) bool { return n != of.Name })
		return out
	}
	t.told[of.Name] = true
	for _, name := range of.Starts {
		if next := t.by[name]; next != nil && name != of.Name {
			out.Starts = append(out.Starts, t.grow(next, of.Name, depth+1))
		}
	}
	return out
}
