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
// cannot say. Programs that it starts under another profile of the same text, such as
// a child, are judged by that; those under one that is not there, or under none, are
// not judged.
func (p *Loaded) Judge(t *trace.Trace) ([]Denial, []synth.Unjudged) {
	unjudged := slices.Clone(p.Unjudged)
	note := func(text, why string) {
		unjudged = append(unjudged, synth.Unjudged{Line: synth.Line{File: p.Line.File, Text: text}, Why: why})
	}
	if p.Complain {
		note("flags="+strings.TrimPrefix(p.Flags, "flags="), "in complain mode nothing is refused; judged as if it were enforced")
	}
	to, _ := p.follow(t)
	by := programsOf(t)
	for _, s := range t.Subjects {
		if len(to.under[by[s.ID]]) == 0 {
			note("profile of "+by[s.ID].String(), "it runs under another profile, or under none, which is not looked at")
		}
	}
	for _, other := range to.under[""] {
		if other != p.Policy && other.Complain && !p.Complain {
			note("profile "+other.Name+" "+other.Flags, "in complain mode nothing is refused; judged as if it were enforced")
		}
	}
	if slices.ContainsFunc(t.Syscalls, func(s trace.Syscall) bool {
		return s.Outcome == trace.OK && slices.Contains([]string{"mount", "umount2", "pivot_root", "move_mount"}, s.Name)
	}) {
		note("mount", "the worker mounts or unmounts, and whether that is allowed is not looked at")
	}
	return p.Denied(t), unjudged
}

// Why names the rule behind a denial: the one that denies, or one that matches
// and does not give enough.
func (p *Policy) Why(d Denial) string {
	if other := p.All[d.Profile]; other != nil {
		p = other
	}
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
