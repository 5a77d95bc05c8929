package apparmor

import (
	"cmp"
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

func (l label) key() string {
	var b strings.Builder
	for _, p := range l {
		b.WriteString(p.Name + "//&")
	}
	return b.String()
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

// follow goes along the executions of a trace, from what starts the worker, and
// gives the profiles that each program would come to run under. What could not be
// told may run under any. Executions that would be refused are denials.
func (p *Policy) follow(t *trace.Trace) (under map[trace.Path]label, out []Denial) {
	by := programsOf(t)
	starts := map[trace.Path][]trace.Exec{}
	inside := map[trace.Path]bool{}
	outside := map[trace.Path]bool{}
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
			starts[by[e.Subject]] = append(starts[by[e.Subject]], e)
		}
	}
	type place struct {
		program trace.Path
		label   label
	}
	var queue []place
	under = map[trace.Path]label{}
	seen := map[string]bool{}
	visit := func(at place) {
		if key := string(at.program) + "\x00" + at.label.key(); !seen[key] {
			seen[key] = true
			queue = append(queue, at)
			for _, profile := range at.label {
				under[at.program] = under[at.program].with(profile)
			}
		}
	}
	for _, s := range t.Subjects {
		if name := by[s.ID]; len(p.All) == 1 || outside[name] || !inside[name] {
			visit(place{name, label{p}})
		}
	}
	for _, profile := range p.All {
		under[""] = under[""].with(profile)
	}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for _, e := range starts[at.program] {
			next, denied := at.label.execute(imageOf(t, e.Target))
			for _, d := range denied {
				d.Of = e
				out = append(out, d)
			}
			visit(place{by[e.Target], next})
		}
	}
	return under, out
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
	target, stacked := strings.CutPrefix(found.to, "&")
	if found.exec == "Cx" {
		target = p.Name + "//" + target
	}
	switch profile := p.All[target]; {
	case found.exec == "ix":
		return label{p}, true
	case profile == nil:
		return nil, p.partial
	case stacked:
		return label{p}.with(profile), true
	default:
		return label{profile}, true
	}
}
