package apparmor

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
)

// Dir is where profiles include from.
const Dir = "/etc/apparmor.d"

// Loaded is a profile of anybody's making, with what it includes.
type Loaded struct {
	*Policy
	Line     synth.Line // its head
	Unjudged []synth.Unjudged
}

// includeDepth guards against files that include each other.
const includeDepth = 16

// loader reads profiles as apparmor_parser(8) does. What it does not know it
// notes and goes on.
type loader struct {
	dir      fs.FS
	vars     map[string][]string
	profiles []*Loaded
	all      map[string]*Policy
	current  *Loaded   // nil outside of profiles
	blocks   []*Policy // that are open, the innermost last; nil where rules are not looked at
	open     int       // includes
	tops     []synth.Unjudged
}

// Load reads the profiles in a text; what they include is looked up in dir, which
// stands for [Dir]. Lines that mean nothing to the evaluator are noted in
// Unjudged. It fails when the text is no AppArmor profile at all.
func Load(name string, text []byte, dir fs.FS) ([]*Loaded, error) {
	l := &loader{dir: dir, vars: tunables(), all: map[string]*Policy{}}
	if err := l.file(name, text); err != nil {
		return nil, err
	}
	if l.current != nil {
		return nil, fmt.Errorf("%s: profile %s has no end", name, l.current.Name)
	}
	if len(l.profiles) == 0 {
		return nil, fmt.Errorf("%s: no profile in the text", name)
	}
	for _, p := range l.profiles {
		p.Unjudged = append(slices.Clone(l.tops), p.Unjudged...)
	}
	return l.profiles, nil
}

// The scanner takes a variable's name, its operator and what follows for one
// word, and a # for a comment.
var (
	spacedAssignment = regexp.MustCompile(`(?m)^([ \t]*@\{\w+\})[ \t]*(\+?=)[ \t]*`)
	hashInclude      = regexp.MustCompile(`(?m)^([ \t]*)#include\b`)
)

func (l *loader) file(name string, text []byte) error {
	in := hashInclude.ReplaceAllString(spacedAssignment.ReplaceAllString(string(text), "$1$2"), "${1}include")
	s := &scanner{in: in, line: 1}
	for {
		s.skip()
		start, line := s.at, s.line
		words, err := s.statement()
		if err != nil {
			return fmt.Errorf("%s:%d: %w", name, s.line, err)
		}
		if words == nil {
			return nil
		}
		at := synth.Line{File: name, Number: line, Text: strings.Join(strings.Fields(s.in[start:s.at]), " ")}
		if err := l.statement(at, words, s.in[s.at-1] == '{'); err != nil {
			return err
		}
	}
}

// skip goes to where the next statement begins.
func (s *scanner) skip() {
	for s.at < len(s.in) {
		switch s.in[s.at] {
		case '\n':
			s.line++
			s.at++
		case ' ', '\t', '\r':
			s.at++
		case '#':
			s.at += strings.IndexByte(s.in[s.at:]+"\n", '\n')
		default:
			return
		}
	}
}

func (l *loader) statement(at synth.Line, words []word, opens bool) error {
	first := words[0]
	switch {
	case opens:
		return l.begin(at, words)
	case first.text == "}" && !first.quoted:
		return l.end(at)
	case isAssignment(first.text) && !first.quoted:
		l.assign(words)
	case first.text == "include" && !first.quoted:
		return l.include(at, texts(words[1:]))
	case first.text == "abi" || l.skips():
	case l.current == nil:
		l.note(at, "it stands outside of a profile")
	default:
		if why := l.blocks[len(l.blocks)-1].rule(at, words, l.vars); why != "" {
			l.note(at, why)
		}
	}
	return nil
}

func (l *loader) note(at synth.Line, why string) {
	u := synth.Unjudged{Line: at, Why: why}
	if l.current == nil {
		l.tops = append(l.tops, u)
		return
	}
	l.current.Unjudged = append(l.current.Unjudged, u)
}

// skips says whether the text stands in a block whose rules are not looked at.
func (l *loader) skips() bool { return slices.Contains(l.blocks, nil) }

// begin takes in the head of a block.
func (l *loader) begin(at synth.Line, words []word) error {
	var p *Policy
	switch head := texts(words); {
	case l.skips():
	case l.current == nil && head[0] == "if":
		l.note(at, "conditions are not evaluated")
		l.current = &Loaded{Policy: &Policy{}} // its rules go nowhere
	case l.current == nil:
		p = l.policy("", words)
		loaded := &Loaded{Policy: p, Line: at}
		l.profiles, l.current = append(l.profiles, loaded), loaded
	case head[0] != "profile" || len(l.blocks) > 1:
		l.note(at, "what runs in a hat, under a condition or in a child's child is not looked at")
	default:
		p = l.policy(l.current.Name+"//", words)
	}
	l.blocks = append(l.blocks, p)
	return nil
}

// policy begins a profile: [profile] NAME [PROGRAMS] [flags=(...)].
func (l *loader) policy(prefix string, words []word) *Policy {
	if words[0].text == "profile" && len(words) > 1 {
		words = words[1:]
	}
	p := &Policy{Name: prefix + words[0].text, All: l.all, partial: true}
	attached := words[0].text
	for i, w := range words[1:] {
		if i == 0 && (strings.HasPrefix(w.text, "/") || strings.HasPrefix(w.text, "@{")) {
			attached = w.text
			continue
		}
		p.Flags = strings.TrimSpace(p.Flags + " " + w.text)
	}
	p.Complain = strings.Contains(p.Flags, "complain")
	if strings.HasPrefix(attached, "/") || strings.HasPrefix(attached, "@{") {
		p.programs, _ = compile(attached, l.vars) // else none that is known
	}
	l.all[p.Name] = p
	return p
}

func (l *loader) end(at synth.Line) error {
	if len(l.blocks) == 0 {
		return fmt.Errorf("%s:%d: a '}' without its opening one", at.File, at.Number)
	}
	if l.blocks = l.blocks[:len(l.blocks)-1]; len(l.blocks) == 0 {
		l.current = nil
	}
	return nil
}

// assign gives a variable its values, or further ones.
func (l *loader) assign(words []word) {
	name, rest, _ := strings.Cut(words[0].text, "}")
	more := strings.HasPrefix(rest, "+")
	rest = strings.TrimPrefix(strings.TrimPrefix(rest, "+"), "=")
	values := texts(words[1:])
	if rest != "" {
		values = append([]string{rest}, values...)
	}
	if name = strings.TrimPrefix(name, "@{"); more {
		values = append(slices.Clone(l.vars[name]), values...)
	}
	l.vars[name] = values
}

// include reads a file, or all files of a directory.
func (l *loader) include(at synth.Line, words []string) error {
	exists := len(words) > 2 && words[0] == "if" && words[1] == "exists"
	if len(words) == 0 || l.skips() {
		return nil
	}
	name := strings.Trim(words[len(words)-1], "<>")
	inDir := strings.TrimPrefix(path.Clean(strings.TrimPrefix(name, Dir)), "/")
	if path.IsAbs(name) && !strings.HasPrefix(name, Dir+"/") || !fs.ValidPath(inDir) {
		l.note(at, "only files in "+Dir+" are included")
		return nil
	}
	if l.open >= includeDepth {
		return fmt.Errorf("%s:%d: includes are nested more than %d deep", at.File, at.Number, includeDepth)
	}
	names := []string{inDir}
	if entries, err := fs.ReadDir(l.dir, inDir); err == nil {
		names = nil
		for _, e := range entries {
			if !e.IsDir() && !ignored(e.Name()) {
				names = append(names, path.Join(inDir, e.Name()))
			}
		}
	}
	for _, n := range names {
		text, err := fs.ReadFile(l.dir, n)
		switch {
		case err != nil && !exists:
			l.note(at, "what it includes is not here, so that what that grants is not known")
			continue
		case err != nil:
			continue
		}
		l.open++
		err = l.file(path.Join(Dir, n), text)
		l.open--
		if err != nil {
			return err
		}
	}
	return nil
}

// ignored says whether the parser leaves a file of an included directory out.
func ignored(name string) bool {
	return strings.HasPrefix(name, ".") || slices.ContainsFunc([]string{".dpkg-new", ".dpkg-old", ".dpkg-dist", ".dpkg-bak", ".rpmnew", ".rpmsave", ".orig", ".rej", "~"},
		func(suffix string) bool { return strings.HasSuffix(name, suffix) })
}
