package systemd

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// Judged is a fact that a unit would refuse, with the line that does.
type Judged struct {
	Refusal
	Line synth.Line
}

// Judge lists the facts of a trace that a unit of anybody's making would refuse,
// and the lines whose effect it cannot tell. Facts of commands that the sandbox
// does not apply to are left out by the caller ([trace.Trace.Confined]).
func Judge(all []Assignment, t *trace.Trace, version int, groups Groups) ([]Judged, []synth.Unjudged, error) {
	u := understand(all, t, groups)
	box, err := NewSandbox(u.settings, version)
	if err != nil {
		return nil, nil, err
	}
	box.exact = true
	var out []Judged
	for _, r := range slices.Concat(box.Refuses(t), box.ambient(t), box.peaks(t), box.masked(t)) {
		out = append(out, Judged{r, lineOf(all, r)})
	}
	box.doubtCalls(t)
	for _, d := range box.doubts {
		u.unjudged = append(u.unjudged, synth.Unjudged{Line: lineOf(all, Refusal{Directive: d.Directive, Of: trace.File{Path: d.At}}), Why: d.Why})
	}
	if user := box.value("User"); user != "" && slices.ContainsFunc(t.Runs, func(r trace.Run) bool {
		return r.User != user && !(r.User == "root" && isRoot(user))
	}) {
		u.unjudged = append(u.unjudged, synth.Unjudged{
			Line: synth.Line{Text: "User=" + user},
			Why:  "the trace was made as another user: what owners and modes of files refuse to this one is not told",
		})
	}
	return out, u.unjudged, nil
}

// ambient finds capabilities that a service which does not run as root has no
// more, because AmbientCapabilities= does not hand them on.
func (s *Sandbox) ambient(t *trace.Trace) []Refusal {
	user := s.value("User")
	if isRoot(user) {
		return nil
	}
	words, _, err := s.words("AmbientCapabilities")
	if err != nil {
		return nil
	}
	for i, w := range words {
		words[i] = strings.ToUpper(w)
	}
	plain := plainSubjects(t)
	var out []Refusal
	for _, c := range t.Capabilities {
		if !synth.Suffices(c, func(name string) bool { return slices.Contains(words, name) }) && plain[c.Subject] && s.refusesCapability(c.Name) == "" {
			out = append(out, Refusal{"AmbientCapabilities", fmt.Sprintf("%s as user %s", c.Name, user), c})
		}
	}
	return out
}

// plainSubjects are the programs that have at some time run with the service's own
// privileges: all but those that bring some along, by a setuid bit or file
// capabilities, and what nothing but these executes. Of what ran before the recorder
// came, it is not known who executed it.
func plainSubjects(t *trace.Trace) map[int]bool {
	attached := slices.ContainsFunc(t.Holes, func(h trace.Hole) bool { return h.Kind == trace.HoleAttached })
	exe, gains := map[int]trace.Path{}, map[trace.Path]bool{}
	for _, s := range t.Subjects {
		exe[s.ID] = s.Exe
	}
	plain, started := map[int]bool{0: true}, map[int]bool{}
	for _, e := range t.Execs {
		started[e.Target] = started[e.Target] || e.Succeeded()
		gains[exe[e.Target]] = gains[exe[e.Target]] || e.UID || e.Caps
	}
	for _, s := range t.Subjects {
		plain[s.ID] = (attached || !started[s.ID]) && !gains[s.Exe]
	}
	for more := true; more; {
		more = false
		for _, e := range t.Execs {
			if e.Succeeded() && plain[e.Subject] && !plain[e.Target] && !gains[exe[e.Target]] {
				plain[e.Target], more = true, true
			}
		}
	}
	return plain
}

// lineOf is the line behind a refusal: of a list of paths the one with the path
// nearest to the fact's, of others the first that says something, and the
// directive's name where the refusal follows from several.
func lineOf(all []Assignment, r Refusal) synth.Line {
	var p trace.Path
	switch f := r.Of.(type) {
	case trace.File:
		p = f.Path
	case trace.Socket:
		p = f.Path
	}
	out, near := synth.Line{}, -1
	for _, a := range all {
		if a.Section != "Service" || cmp.Or(oldNames[a.Name], a.Name) != r.Directive {
			continue
		}
		if a.Value == "" {
			out, near = a.Line, -1 // what came before counts no more
			continue
		}
		closeness := 0
		for _, at := range a.mountPoints() {
			if synth.Within(p, at) {
				closeness = max(closeness, len(at))
			}
		}
		if closeness > near {
			out, near = a.Line, closeness
		}
	}
	if out.Text == "" {
		return synth.Line{Text: r.Directive + "="}
	}
	return out
}

// mountPoints are the paths that a list of paths makes mounts of.
func (a Assignment) mountPoints() []trace.Path {
	binds := a.Name == "BindPaths" || a.Name == "BindReadOnlyPaths"
	if !binds && a.Name != "TemporaryFileSystem" && !pathLists[cmp.Or(oldNames[a.Name], a.Name)] {
		return nil
	}
	words, err := splitColons(a.Value)
	if err != nil {
		return nil
	}
	var out []trace.Path
	for _, parts := range words {
		at := parts[0]
		if binds && len(parts) > 1 {
			at = parts[1]
		}
		if p, ok := machinePath(strings.TrimLeft(at, "-+")); ok {
			out = append(out, trace.Path(p))
		}
	}
	return out
}

// Directives lists the directives that can be written, in their order.
func Directives() []string {
	var out []string
	for _, r := range table() {
		out = append(out, r.name)
	}
	return out
}
