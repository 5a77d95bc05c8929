package apparmor

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// label is what a process runs under: one profile, or a stack of them that are
// all asked. Sorted by name.
type label []*Policy

func (l label) with(p *Policy) label {
	if slices.Contains(l, p) {
		return l
	}
	out := append(slices.Clone(l), p)
	slices.SortFunc(out, func(a, b *Policy) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// name is what the kernel calls it, and compares with what stands behind peer=.
func (l label) name() string {
	var names []string
	for _, p := range l {
		names = append(names, p.Name)
	}
	return strings.Join(names, "//&")
}

// programsOf gives the program of each subject, by the name that execve(2) asks
// for: "" for what could not be told.
func programsOf(t *trace.Trace) map[int]trace.Path {
	by := map[int]trace.Path{}
	for _, s := range t.Subjects {
		by[s.ID] = cmp.Or(s.Script, s.Exe)
	}
	return by
}

// followed is where the executions of a trace lead.
type followed struct {
	under  map[trace.Path]label // the profiles that a program comes to run under, in any of its labels
	labels []label              // all that a program has
}

// follow goes along the executions of a trace, from what starts the worker, and
// gives the profiles that each program would come to run under: none for one that
// is left to itself, or to a profile that is not known. What could not be told may
// run under any. Executions that would be refused are denials.
func (p *Policy) follow(t *trace.Trace) (followed, []Denial) {
	by := programsOf(t)
	f := follower{trace: t, by: by, starts: map[trace.Path][]trace.Exec{}, seen: map[string]bool{}, to: followed{under: map[trace.Path]label{}}}
	inside, outside := map[trace.Path]bool{}, map[trace.Path]bool{}
	for _, r := range t.Runs {
		outside[r.Worker] = true
	}
	for _, e := range t.Execs {
		switch {
		case !synth.RestsOnPermission(e.Seen):
		case e.Subject == 0:
			outside[by[e.Target]] = true
		default:
			inside[by[e.Target]] = true
			f.starts[by[e.Subject]] = append(f.starts[by[e.Subject]], e)
		}
	}
	for _, s := range t.Subjects {
		if name := by[s.ID]; outside[name] || !inside[name] {
			f.visit(place{name, label{p}})
		}
	}
	f.goOn()
	for _, s := range t.Subjects { // how it came to run, the trace does not show
		if name := by[s.ID]; !f.seen[string(name)] && len(p.All) == 1 {
			f.visit(place{name, label{p}})
			f.goOn()
		}
	}
	for _, profile := range p.All {
		if !p.partial || profile == p || slices.ContainsFunc(f.to.labels, func(l label) bool { return slices.Contains(l, profile) }) {
			f.to.under[""] = f.to.under[""].with(profile)
		}
	}
	return f.to, f.denied
}

// place is a program under a label.
type place struct {
	program trace.Path
	label   label
}

// follower is on its way through the executions of a trace.
type follower struct {
	trace  *trace.Trace
	by     map[int]trace.Path
	starts map[trace.Path][]trace.Exec // by who executes
	seen   map[string]bool             // programs, labels, and both
	queue  []place
	to     followed
	denied []Denial
}

func (f *follower) visit(at place) {
	name := at.label.name()
	both := string(at.program) + "\x00" + name
	if f.seen[both] {
		return
	}
	f.seen[both], f.seen[string(at.program)] = true, true
	f.queue = append(f.queue, at)
	for _, profile := range at.label {
		f.to.under[at.program] = f.to.under[at.program].with(profile)
	}
	if !f.seen["\x00"+name] && len(at.label) > 0 {
		f.seen["\x00"+name] = true
		f.to.labels = append(f.to.labels, at.label)
	}
}

// goOn visits what those in the queue execute.
func (f *follower) goOn() {
	for len(f.queue) > 0 {
		at := f.queue[0]
		f.queue = f.queue[1:]
		for _, e := range f.starts[at.program] {
			next, denied := at.label.execute(imageOf(f.trace, e.Target))
			for _, d := range denied {
				d.Of = e
				f.denied = append(f.denied, d)
			}
			f.visit(place{f.by[e.Target], next})
		}
	}
}

// imageOf is what starting a program asks for: the name that is executed first,
// then what the kernel reads and maps.
func imageOf(t *trace.Trace, subject int) []string {
	i := slices.IndexFunc(t.Subjects, func(s trace.Subject) bool { return s.ID == subject })
	if i < 0 {
		return []string{""}
	}
	s := t.Subjects[i]
	if s.Script != "" {
		return []string{string(s.Script), string(s.Exe), string(s.Loader)}
	}
	return []string{string(s.Exe), string(s.Exe), string(s.Loader)}
}

// execute gives the label after an execve(2). Profiles that come anew are asked
// for the image.
func (l label) execute(image []string) (next label, out []Denial) {
	if !strings.HasPrefix(image[0], "/") {
		return l, nil
	}
	for _, p := range l {
		to, ok := p.transition(image[0])
		if !ok {
			out = append(out, Denial{Kind: "exec", Name: image[0], Asks: "ix", Profile: p.Name})
			to = label{p}
		}
		for _, profile := range to {
			next = next.with(profile)
		}
	}
	for _, p := range next {
		for _, file := range image[1:] {
			if !slices.Contains(l, p) && strings.HasPrefix(file, "/") && p.permsOf(file, false)&(permRead|permMap) != permRead|permMap {
				out = append(out, Denial{Kind: "exec", Name: file, Asks: "mr", Profile: p.Name})
			}
		}
	}
	return next, out
}

// transition is what a profile becomes when a program is executed under it; ok is
// false when that is refused. A rule for exactly the name goes before others.
func (p *Policy) transition(name string) (to label, ok bool) {
	if p.permsOf(name, false)&permExec == 0 {
		return nil, false
	}
	var found *pathRule
	for i, r := range p.files {
		if r.exec == "" || r.deny || r.owner || !r.name.match(name) {
			continue
		}
		if found == nil || r.name.re == nil {
			found = &p.files[i]
		}
	}
	if found == nil {
		return nil, false
	}
	how := strings.ToLower(found.exec)
	target, stacked := strings.CutPrefix(found.to, "&")
	child := strings.Contains(how, "c")
	switch profile := p.target(target, name, child); {
	case how == "ix":
		return label{p}, true
	case profile != nil && stacked:
		return label{p}.with(profile), true
	case profile != nil:
		return label{profile}, true
	case child && strings.Contains(how, "i"):
		return label{p}, true
	case child && !strings.Contains(how, "u"):
		return nil, false
	}
	// Under no profile, or under one that may be loaded besides these.
	return nil, p.partial
}

// target is the profile that a rule leads to: the one that it names, else the one
// that is attached to the program.
func (p *Policy) target(named, program string, child bool) *Policy {
	prefix := ""
	if child {
		prefix = p.Name + "//"
	}
	if named != "" {
		return p.All[prefix+named]
	}
	for _, name := range slices.Sorted(maps.Keys(p.All)) {
		inner, ok := strings.CutPrefix(name, prefix)
		other := p.All[name]
		if ok && !strings.Contains(inner, "//") && other.programs != nil && other.programs.match(program) {
			return other
		}
	}
	return nil
}
