package apparmor

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// fileRules are the rules about names in the file system.
type fileRules struct {
	byName    map[glob]*fileRule
	links     map[string][]synth.Evidence // "link A -> B"
	unwritten []string
}

// fileRule is one name and what may be done to it.
type fileRule struct {
	perms    perms
	change   string // what executing it does to the profile, "" for ix
	foreign  bool   // not always by the owner
	socket   bool
	names    int // how many of a pattern were seen
	evidence []synth.Evidence
}

func (d document) files() *fileRules {
	f := &fileRules{byName: map[glob]*fileRule{}, links: map[string][]synth.Evidence{}}
	owners := d.opt.User == "" || len(d.profile.Worker.Users) == 1 && d.profile.Worker.Users[0] == d.opt.User
	f.programs(d)
	for _, g := range d.profile.Files {
		e := g.Evidence
		p := needs(g.Access)
		for _, fact := range g.Facts {
			if asked := flockAsks(p, fact.Syscall); asked != p {
				p, e.Rules = asked, append(slices.Clone(e.Rules), ruleFlock)
			}
		}
		if p&permExec != 0 && !slices.ContainsFunc(g.Facts, func(fact synth.FactRef) bool { return !opensInterpreter(fact.Syscall, fact.Outcome) }) {
			p &^= permExec
		}
		if r := f.add(g.Name(), trailingOf(g), p, !g.Owned || !owners || everybodys(g), g.Type == "socket", e); r != nil {
			r.names = max(r.names, g.Names)
		}
		f.hardLinks(g, d.profile.Files)
	}
	for _, g := range d.profile.Sockets {
		f.socket(g)
	}
	return f
}

// opensInterpreter says whether a fact is of the kernel opening an interpreter
// within an execve, as function probes see it: the program itself is an Exec
// fact when it ran, and no x is asked for beyond it (see exec).
func opensInterpreter(syscall, outcome string) bool {
	return (syscall == "execve" || syscall == "execveat") && outcome == trace.OK
}

// everybodys says whether the file's mode lets everybody do what was done to
// it. "owner" would then protect nothing, and break the service on the day when
// one of its processes looks at the file under another uid than in training.
// A pattern keeps it: the names it covers and nobody saw may have other modes.
func everybodys(g synth.FileGrant) bool {
	if g.Pattern != nil {
		return false
	}
	if g.Access&trace.AccessModifies != 0 {
		return g.Mode&0o002 != 0
	}
	return g.Mode&0o004 != 0
}

// add returns the rule, nil when there is nothing to grant or no way to write it.
func (f *fileRules) add(name synth.Pattern, end trailing, p perms, foreign, socket bool, e synth.Evidence) *fileRule {
	if p == 0 {
		return nil
	}
	g, err := globOf(name, end)
	if err != nil {
		f.unwritten = append(f.unwritten, err.Error())
		return nil
	}
	r := f.byName[g]
	if r == nil {
		r = &fileRule{}
		f.byName[g] = r
	}
	r.perms |= p
	r.foreign = r.foreign || foreign
	r.socket = r.socket || socket
	r.evidence = append(r.evidence, e)
	return r
}

// socket grants the name of a UNIX socket.
func (f *fileRules) socket(g synth.SocketGrant) {
	name := g.Pattern
	if len(name) == 0 {
		if g.Path == "" || g.Path[0] != '/' {
			return // unnamed, abstract, or bound to a relative name that was not resolved
		}
		name = synth.Literal(g.Path)
	}
	switch g.Action {
	case "connect", "send":
		f.add(name, asFile, needs(trace.AccessConnect), true, true, g.Evidence)
	case "bind":
		f.add(name, asFile, needs(trace.AccessBind), true, true, g.Evidence)
	}
}

// hardLinks pairs new names with what they may be links to. A link rule without
// "subset" leaves out the test that the link's permissions are among those of
// its target, which would make the outcome hang on unrelated rules.
func (f *fileRules) hardLinks(g synth.FileGrant, all []synth.FileGrant) {
	if g.Access&trace.AccessLinkTo == 0 {
		return
	}
	for _, m := range g.Moves {
		if !m.Link {
			continue
		}
		// The old name is folded where its own grant is.
		from := synth.Literal(m.From)
		for _, old := range all {
			if old.Access&trace.AccessLinkFrom != 0 && old.Name().Match(m.From) {
				from = old.Name()
			}
		}
		link, err := globOf(g.Name(), asFile)
		target, err2 := globOf(from, asFile)
		if err := cmp.Or(err, err2); err != nil {
			f.unwritten = append(f.unwritten, err.Error())
			continue
		}
		text := fmt.Sprintf("link %s -> %s", link, target)
		f.links[text] = append(f.links[text], g.Evidence)
	}
}

// sections groups the rules by what a reader looks for.
func (f *fileRules) sections() []section {
	changes := section{title: []string{"Programs that run under a profile of their own"}}
	programs := section{title: []string{"Programs of this profile, and what they are loaded with"}}
	sockets := section{title: []string{"UNIX sockets by name"}}
	changed := section{title: []string{"Files and directories that are changed"}}
	read := section{title: []string{"Files and directories that are only read"}}
	links := section{title: []string{"Hard links"}}
	for _, name := range slices.Sorted(maps.Keys(f.byName)) {
		r := f.byName[name]
		s := &read
		switch {
		case r.change != "":
			s = &changes
		case r.perms&(permExec|permMap) != 0:
			s = &programs
		case r.socket:
			s = &sockets
		case r.perms&permWrite != 0:
			s = &changed
		}
		owner := "owner "
		if r.foreign {
			owner = ""
		}
		why := because(r.evidence...)
		if r.names > 0 {
			why.words += "; " + counted(r.names, "name")
		}
		if rest, ok := strings.CutPrefix(string(name), "@{HOMEDIRS}*/"); ok && !r.foreign {
			name = glob("@{HOME}/" + rest)
		}
		s.add(why, "%s%s %s", owner, name, r)
	}
	for _, text := range sortedKeys(f.links) {
		links.add(because(f.links[text]...), "%s", text)
	}
	return []section{changes, programs, read, changed, sockets, links}
}

// String is the permissions, as a rule has them.
func (r *fileRule) String() string {
	if r.change == "" {
		return r.perms.String()
	}
	return (r.perms &^ permExec).String() + r.change
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
