package synth

import (
	"cmp"
	"path"
	"slices"

	"github.com/osapi-io/osapi-profile/trace"
)

// Program is what one program of the worker needs by itself. A format that can
// confine programs one by one starts from these.
type Program struct {
	Name trace.Path // script or executable; "" for what a program did that could not be told
	// Image is what the kernel reads and maps to start it: the script, its
	// interpreter, the ELF interpreter.
	Image  []ExecGrant
	Starts []trace.Path // the programs that it executes, by their names, sorted
	// Outside says that something outside of the worker starts it, such as the
	// service manager, or that its start was not seen.
	Outside bool
	// Needs are the grants of its own facts, folded as those of the whole worker
	// are. Execs are what it executes and maps, without its own image.
	Needs *Profile
	// Handed are files that a shell opens for it to read or write: what a program
	// finds open when it starts it uses without opening it. Rule handed.
	Handed []FileGrant
}

// inferPrograms splits the facts by program. Programs of one name are one.
func inferPrograms(t *trace.Trace, by subjects, folds *folder, whole *Profile, opt Options) []*Program {
	programs := map[trace.Path]*Program{}
	own := t.ByName(by.name)
	for _, s := range append([]trace.Subject{{}}, t.Subjects...) {
		name := by.name(s.ID)
		if programs[name] == nil {
			programs[name] = &Program{Name: name, Needs: needsOf(name, own[name], by, folds, whole, opt)}
		}
	}
	seen := map[trace.Path]bool{}
	for _, e := range t.Execs {
		from, target := programs[by.name(e.Subject)], by.name(e.Target)
		switch {
		case !restsOnPermission(e.Outcome) || programs[target] == nil:
			continue
		case e.Subject == 0:
			programs[target].Outside = true
		default:
			from.Starts = append(from.Starts, target)
		}
		seen[target] = true
	}
	out := make([]*Program, 0, len(programs))
	for name, p := range programs {
		p.Image = imageOf(name, t, by, folds)
		p.Starts = sortedSet(p.Starts)
		p.Outside = p.Outside || !seen[name] || slices.ContainsFunc(t.Runs, func(r trace.Run) bool { return r.Worker == name })
		if name != "" || p.Needs.asksForSomething() {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b *Program) int { return cmp.Compare(a.Name, b.Name) })
	if !opt.Strict {
		hand(out)
	}
	return out
}

// needsOf is the profile of a program's own facts, nil when it has none.
func needsOf(name trace.Path, own *trace.Trace, by subjects, folds *folder, whole *Profile, opt Options) *Profile {
	if own == nil {
		own = &trace.Trace{}
	}
	if name == "" {
		// The recorder's own child, which executes the worker, is no program.
		own.Execs = slices.DeleteFunc(own.Execs, func(e trace.Exec) bool { return e.Subject == 0 })
	}
	w := whole.Worker
	w.Runtimes, w.Subjects = nil, []trace.Path{name}
	for _, s := range own.Subjects {
		w.Runtimes = append(w.Runtimes, s.Runtime)
	}
	own.Subjects = nil
	p := &Profile{Worker: w, Blind: whole.Blind}
	p.Syscalls = inferSyscalls(own, by, w, opt)
	p.Capabilities = inferCapabilities(own, by)
	p.Execs = inferExecs(own, by, folds, w)
	p.Files, p.Absent = inferFiles(own, by, folds)
	p.Sockets = inferSockets(own, by, folds)
	p.NoSockets = missingSockets(own, by, folds)
	p.Arguments = inferArguments(own, by)
	return p
}

func (p *Profile) asksForSomething() bool {
	return len(p.Syscalls)+len(p.Capabilities)+len(p.Execs)+len(p.Files)+len(p.Sockets)+len(p.Arguments) > 0
}

// imageOf is what the kernel opens to start a program.
func imageOf(name trace.Path, t *trace.Trace, by subjects, folds *folder) []ExecGrant {
	u := execUnion{grants: map[string]*ExecGrant{}, folds: folds}
	for _, s := range t.Subjects {
		if by.name(s.ID) != name {
			continue
		}
		e := Evidence{Rules: []string{RuleSubject}}
		if s.Script != "" {
			u.add(s.Script, KindScript, e)
			u.add(s.Exe, KindInterpreter, e)
		} else {
			u.add(s.Exe, KindProgram, e)
		}
		u.add(s.Loader, KindLoader, e)
	}
	return u.sorted()
}

// shells hand open files to what they start: redirections. Other programs, and
// the runtimes of languages, open what is their own with O_CLOEXEC.
var shells = set("sh", "dash", "bash", "rbash", "ksh", "ksh93", "mksh", "zsh", "ash", "busybox", "posh", "yash")

func (p *Program) shell() bool {
	return slices.ContainsFunc(p.Image, func(x ExecGrant) bool {
		return (x.Kind == KindProgram || x.Kind == KindInterpreter) && shells[path.Base(string(x.Path))]
	})
}

// hand gives each program what the shells before it opened, whatever stands
// between: what a program was handed it hands on.
func hand(all []*Program) {
	byName := map[trace.Path]*Program{}
	for _, p := range all {
		byName[p.Name] = p
	}
	handed := map[trace.Path]map[string]FileGrant{}
	for changed := true; changed; {
		changed = false
		for _, p := range all {
			gives := map[string]FileGrant{}
			if p.shell() {
				gives = p.opened()
			}
			for key, g := range handed[p.Name] {
				gives[key] = g
			}
			for _, name := range p.Starts {
				if handed[name] == nil {
					handed[name] = map[string]FileGrant{}
				}
				for key, g := range gives {
					if _, ok := handed[name][key]; !ok && name != p.Name {
						handed[name][key] = g
						changed = true
					}
				}
			}
		}
	}
	for name, files := range handed {
		if p := byName[name]; p != nil {
			for _, g := range files {
				p.Handed = append(p.Handed, g)
			}
			slices.SortFunc(p.Handed, func(a, b FileGrant) int {
				return cmp.Or(cmp.Compare(a.Name().key(), b.Name().key()), cmp.Compare(a.Access, b.Access))
			})
		}
	}
}

// opened are the files that a program opened itself, as what it starts may be
// handed them: with the access they were opened for and nothing more.
func (p *Program) opened() map[string]FileGrant {
	out := map[string]FileGrant{}
	image := map[string]bool{}
	for _, x := range p.Image {
		image[x.Name().key()] = true
	}
	for _, g := range p.Needs.Files {
		var access trace.Access
		if g.Access&trace.AccessRead != 0 {
			access |= trace.AccessRead
		}
		if g.Access&(trace.AccessWrite|trace.AccessAppend|trace.AccessCreate|trace.AccessTruncate) != 0 {
			access |= trace.AccessWrite
		}
		byOpen := slices.ContainsFunc(g.Facts, func(f FactRef) bool { return opensFile[f.Syscall] })
		mapped := g.Access&trace.AccessExecMap != 0
		if access == 0 || !byOpen || mapped || image[g.Name().key()] || g.Type == "dir" || g.Type == "socket" {
			continue
		}
		h := FileGrant{
			Path: g.Path, Pattern: g.Pattern, Names: g.Names, Access: access, Type: g.Type, Owned: g.Owned, Mode: g.Mode,
			Subjects: g.Subjects, Evidence: Evidence{Facts: g.Facts, Rules: append(slices.Clone(g.Rules), RuleHanded)},
		}
		out[h.Name().key()+"\x00"+string(p.Name)] = h
	}
	return out
}

var opensFile = set("open", "openat", "openat2", "creat")
