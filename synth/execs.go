package synth

import (
	"cmp"
	"slices"

	"github.com/osapi-io/osapi-profile/trace"
)

// execUnion gathers grants by name and kind.
type execUnion struct {
	grants map[string]*ExecGrant
	folds  *folder
}

// inferExecs grants every file that was executed or mapped executable, with the
// interpreters that stand between a name and what runs.
func inferExecs(t *trace.Trace, by subjects, folds *folder, w Worker) []ExecGrant {
	u := execUnion{grants: map[string]*ExecGrant{}, folds: folds}
	starter := starterOf(t)
	for _, e := range t.Execs {
		if !restsOnPermission(e.Outcome) {
			continue
		}
		ref := by.executed(e, starter)
		target := by[e.Target]
		kind, file := KindProgram, target.Exe
		if target.Script != "" {
			kind, file = KindScript, target.Script
			u.add(target.Exe, KindInterpreter, Evidence{Facts: []FactRef{ref}})
		}
		if g := u.add(file, kind, Evidence{Facts: []FactRef{ref}}); g != nil {
			g.From = append(g.From, by.name(e.Subject))
			g.Gains = g.Gains || e.UID || e.GID || e.Caps
		}
		u.add(target.Loader, KindLoader, Evidence{Facts: []FactRef{ref}})
	}
	for _, r := range t.Runs {
		u.rule(r.Worker, KindProgram, RuleWorker)
	}
	for _, s := range t.Subjects {
		if s.Script != "" {
			u.rule(s.Script, KindScript, RuleSubject)
			u.rule(s.Exe, KindInterpreter, RuleSubject)
		} else {
			u.rule(s.Exe, KindProgram, RuleSubject)
		}
		u.rule(s.Loader, KindLoader, RuleSubject)
	}
	for _, f := range t.Files {
		if f.Anon || !restsOnPermission(f.Outcome) || u.has(f.Path) {
			continue
		}
		e := Evidence{Facts: []FactRef{by.ref(f.Seen, f.Syscall)}}
		if f.Access&trace.AccessExec != 0 {
			// No program came of it: a shell runs what has no #! line by itself (ENOEXEC).
			if g := u.add(f.Path, KindProgram, e); g != nil {
				g.From = append(g.From, by.name(f.Subject))
			}
		}
	}
	for _, f := range t.Files {
		if f.Access&trace.AccessExecMap != 0 && !f.Anon && restsOnPermission(f.Outcome) && !u.has(f.Path) {
			u.add(f.Path, KindLibrary, Evidence{Facts: []FactRef{by.ref(f.Seen, f.Syscall)}})
		}
	}
	return u.sorted()
}

// add merges one observation; "" is no file.
func (u execUnion) add(path trace.Path, kind string, e Evidence) *ExecGrant {
	if path == "" || path[0] != '/' {
		return nil
	}
	pattern, rules := u.folds.fold(path)
	key := kind + "\x00" + nameOf(path, pattern).key()
	g := u.grants[key]
	if g == nil {
		g = &ExecGrant{Path: path, Pattern: pattern, Kind: kind}
		if pattern != nil {
			g.Path = ""
		}
		u.grants[key] = g
	}
	g.Facts = append(g.Facts, e.Facts...)
	g.Rules = append(append(g.Rules, e.Rules...), rules...)
	return g
}

// rule grants by a rule what no fact has granted, of whatever kind: the
// interpreter of a script may have been executed by name as well.
func (u execUnion) rule(path trace.Path, kind, rule string) {
	if path != "" && !u.has(path) {
		u.add(path, kind, Evidence{Rules: []string{rule}})
	}
}

// has says whether the file is granted as anything but a library.
func (u execUnion) has(path trace.Path) bool {
	pattern, _ := u.folds.fold(path)
	name := nameOf(path, pattern).key()
	for _, kind := range []string{KindProgram, KindScript, KindInterpreter, KindLoader} {
		if u.grants[kind+"\x00"+name] != nil {
			return true
		}
	}
	return false
}

func (u execUnion) sorted() []ExecGrant {
	out := make([]ExecGrant, 0, len(u.grants))
	for key, g := range u.grants {
		// What is executed by name needs no second line as an interpreter.
		name := g.Name().key()
		if g.Kind == KindInterpreter && u.grants[KindProgram+"\x00"+name] != nil {
			program := u.grants[KindProgram+"\x00"+name]
			program.Facts = append(program.Facts, g.Facts...)
			program.Rules = append(program.Rules, g.Rules...)
			delete(u.grants, key)
		}
	}
	for _, g := range u.grants {
		g.From = sortedSet(g.From)
		g.normalise()
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b ExecGrant) int {
		return cmp.Or(cmp.Compare(a.Name().key(), b.Name().key()), cmp.Compare(a.Kind, b.Kind))
	})
	return out
}
