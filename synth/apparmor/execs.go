package apparmor

import (
	"slices"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// programs grants executing and mapping. execve(2) asks for x on the name that
// was executed and for nothing else: not for the interpreter of a #! line, whose
// own opening of the script asks for r, nor for what the kernel reads and maps as
// long as the profile stays the same (measured on 6.1). Where it changes, the new
// one is asked for the image.
func (f *fileRules) programs(d document) {
	f.add(synth.Literal("/dev/null"), asFile, permRead|permWrite, true, false, synth.Evidence{Rules: []string{ruleStandard}})
	if e := d.hugePages(); len(e.Facts) > 0 {
		f.add(synth.Literal("/"), asFile, permRead|permWrite, true, false, e)
	}
	if len(d.layout.all) == 1 {
		for _, g := range d.profile.Execs {
			f.exec(g, d.startedOutside(g))
		}
		return
	}
	for _, p := range d.home.holds {
		for _, g := range p.Image {
			f.exec(g, true)
		}
	}
	for _, g := range d.profile.Execs {
		switch g.Kind {
		case synth.KindLibrary:
			f.exec(g, false)
		case synth.KindProgram, synth.KindScript:
			f.execInto(d, g)
		}
	}
}

// hugePages are mappings that found no memory. One of huge pages is of a file of the
// kernel's own, for which AppArmor is asked, by the name "/", before the pages are looked
// for; what succeeded does not tell whether it was one.
func (d document) hugePages() synth.Evidence {
	e := synth.Evidence{Rules: []string{ruleHuge}}
	for _, g := range d.profile.Syscalls {
		for _, f := range g.Facts {
			if (g.Name == "mmap" || g.Name == "mmap2") && f.Outcome == "ENOMEM" {
				e.Facts = append(e.Facts, f)
			}
		}
	}
	return e
}

// execInto grants executing a program, which may change the profile.
func (f *fileRules) execInto(d document, g synth.ExecGrant) {
	words, why := "ix", ruleSame
	if g.Path != "" {
		words, why = d.layout.transition(d.home, g.Path)
	}
	e := g.Evidence
	e.Rules = append(slices.Clone(e.Rules), why)
	p := permExec
	if words == "ix" {
		p |= permRead // of what turns out to be in no known format; an image has a rule of its own
		words = ""
	}
	if r := f.add(g.Name(), asFile, p, true, false, e); r != nil && words != "" {
		r.change = words
	}
}

// exec grants a file that is executed, or read and mapped to execute another.
func (f *fileRules) exec(g synth.ExecGrant, imageOnly bool) {
	e := g.Evidence
	p := permRead | permMap
	switch g.Kind {
	case synth.KindProgram:
		p |= permExec
		e.Rules = append(slices.Clone(e.Rules), ruleImage)
	case synth.KindScript:
		p = permRead | permExec
	case synth.KindInterpreter, synth.KindLoader:
		e.Rules = append(slices.Clone(e.Rules), ruleImage)
	}
	if imageOnly {
		p &^= permExec
	}
	f.add(g.Name(), asFile, p, true, false, e)
}

// startedOutside says whether the worker's own file was executed by nothing but
// what started the worker: the unit does that from outside of the profile.
func (d document) startedOutside(g synth.ExecGrant) bool {
	inside := slices.ContainsFunc(g.From, func(p trace.Path) bool { return p != "" })
	return g.Path == d.profile.Worker.Exe && !inside && !slices.Contains(g.Rules, synth.RuleSubject)
}
