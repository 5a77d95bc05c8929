package apparmor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// Judge lists the facts of a trace that the profile would refuse, and what it
// cannot say. Programs that the profile starts under another one, or under none,
// are not judged by it.
func (p *Loaded) Judge(t *trace.Trace) ([]Denial, []synth.Unjudged) {
	unjudged := slices.Clone(p.Unjudged)
	note := func(text, why string) {
		unjudged = append(unjudged, synth.Unjudged{Line: synth.Line{File: p.Line.File, Text: text}, Why: why})
	}
	if p.Complain {
		note("flags="+strings.TrimPrefix(p.Flags, "flags="), "in complain mode nothing is refused; judged as if it were enforced")
	}
	elsewhere := p.elsewhere(t)
	for _, s := range t.Subjects {
		if elsewhere[s.ID] {
			note("profile of "+cmp.Or(s.Script, s.Exe).String(), "it runs under another profile, or under none, which is not looked at")
		}
	}
	t = t.Without(func(id int) bool { return elsewhere[id] })
	if slices.ContainsFunc(t.Syscalls, func(s trace.Syscall) bool {
		return s.Outcome == trace.OK && slices.Contains([]string{"mount", "umount2", "pivot_root", "move_mount"}, s.Name)
	}) {
		note("mount", "the worker mounts or unmounts, and whether that is allowed is not looked at")
	}
	return p.Denied(t), unjudged
}

// elsewhere are the subjects that run under another profile: what is executed by
// a rule that changes it, and whatever that starts. A program that is also
// started within the profile stays.
func (p *Policy) elsewhere(t *trace.Trace) map[int]bool {
	byID := map[int]trace.Subject{}
	inside := map[int]bool{0: true}
	for _, s := range t.Subjects {
		byID[s.ID] = s
		inside[s.ID] = !slices.ContainsFunc(t.Execs, func(e trace.Exec) bool { return e.Target == s.ID })
	}
	leaves := func(e trace.Exec) bool {
		return e.Subject != 0 && p.moves(string(cmp.Or(byID[e.Target].Script, byID[e.Target].Exe)))
	}
	outside := map[int]bool{}
	for more := true; more; {
		more = false
		for _, e := range t.Execs {
			if inside[e.Subject] && !inside[e.Target] && !leaves(e) {
				inside[e.Target], more = true, true
			}
			if !outside[e.Target] && (outside[e.Subject] || leaves(e)) {
				outside[e.Target], more = true, true
			}
		}
	}
	for id := range inside {
		outside[id] = outside[id] && !inside[id]
	}
	return outside
}

// moves says whether executing a file leaves the profile.
func (p *Policy) moves(name string) bool {
	return slices.ContainsFunc(p.files, func(r pathRule) bool { return r.moves() && r.name.match(name) })
}

// Why names the rule behind a denial: the one that denies, or one that matches
// and does not give enough.
func (p *Policy) Why(d Denial) string {
	near := ""
	for _, r := range p.files {
		matches := (d.Kind == "file" || d.Kind == "exec") && (r.name.match(d.Name) || r.name.match(d.Name+"/"))
		switch {
		case matches && r.deny:
			return "denied by " + r.at.String()
		case matches && near == "" && r.at.Text != "":
			near = fmt.Sprintf("no rule grants %s; not enough is %s", d.Asks, r.at)
		}
	}
	if slices.ContainsFunc(p.denied, func(rule string) bool { return strings.HasPrefix(d.Asks, rule) }) {
		return "denied by a deny rule for " + d.Asks
	}
	return cmp.Or(near, "no rule grants "+d.Asks)
}
