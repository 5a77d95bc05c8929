package systemd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// waysOut names what leads out of the sandbox: what facts force open, and what
// comes open because systemd can only grant a directory as a whole.
func (d *draft) waysOut(t *text) {
	var open []string
	for _, e := range d.Escapes {
		what := quoted(e.Path)
		if e.Capability != "" {
			what = plainText(e.Capability)
		}
		open = append(open, fmt.Sprintf("%s: %s (%s)", what, e.Why, because(e.Evidence)))
	}
	open = append(open, d.writableAndExecutable()...)
	open = append(open, d.inherited()...)
	for _, p := range d.plan.write.sorted() {
		var inside []string
		for _, r := range synth.Routes() {
			if !r.Socket && r.Path != p && synth.Within(r.Path, p) {
				inside = append(inside, quoted(r.Path))
			}
		}
		if len(inside) > 0 {
			open = append(open, fmt.Sprintf("%s is writable as a whole, because names in it are made or renamed; ReadOnlyPaths= "+
				"keeps what root obeys there only where it exists when the service starts: %s", quoted(p), few(inside)))
		}
	}
	if len(open) == 0 {
		t.say("WAYS OUT of the sandbox that are open: none known.")
		return
	}
	t.say("WAYS OUT of the sandbox that are open; by any of them the worker can get past every line below")
	for _, o := range open {
		t.item("%s", o)
	}
}

// writableAndExecutable names what the worker may execute and that no mount
// keeps it from changing.
func (d *draft) writableAndExecutable() []string {
	if !d.writes("NoExecPaths") {
		return nil
	}
	var places []string
	bound := d.writes("BindReadOnlyPaths")
	for _, p := range d.plan.exec.sorted() {
		if !(bound && slices.Contains(d.plan.bindRO, p)) && !in(p, apiTrees) {
			places = append(places, quoted(p))
		}
	}
	if len(places) == 0 {
		return nil
	}
	return []string{few(places) + ": both writable and executable, so any program is within the worker's reach"}
}

// inherited names who gets the worker's capabilities without asking.
func (d *draft) inherited() []string {
	ambient := d.ambient()
	if len(ambient) == 0 {
		return nil
	}
	var programs []string
	for _, x := range d.Execs {
		if len(x.From) > 0 {
			programs = append(programs, name(x.Name()))
		}
	}
	if len(programs) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("AmbientCapabilities= passes %s to every program that the worker executes: %s",
		strings.Join(ambient, " "), few(programs))}
}

// conflicts says what the profile does without because of one thing that the
// worker does, and what would win it back.
func (d *draft) conflicts(t *text) {
	if mounts := d.mounts(); len(mounts) > 0 {
		t.comment()
		t.say("CONFLICT: what the worker mounts, it alone will see, because the directives below give it a mount " +
			"namespace of its own. Where others must see it, none of them can be used.")
		t.item("%s (%s)", mounts[0].what, because(mounts[0].evidence))
	}
	gains := d.gains()
	if len(gains) == 0 {
		return
	}
	lost := []string{"NoNewPrivileges="}
	if d.filtersCostPrivileges() {
		for _, r := range table() {
			if r.filter && d.Version >= r.since {
				lost = append(lost, r.name+"=")
			}
		}
	}
	t.comment()
	t.say("CONFLICT: what gains privileges when it is executed cannot be had together with %s.", strings.Join(lost, ", "))
	for _, c := range gains {
		t.item("%s (%s)", c.what, because(c.evidence))
	}
	t.say("They are won back by doing without: the capability that the program is there for, in "+
		"AmbientCapabilities=%s; a polkit rule where it only asks a service to act; a group where it only opens a file.", d.askedByGaining())
	if len(lost) > 1 {
		t.say("systemd %d and newer installs filters without NoNewPrivileges=, so that it alone is lost.", keepsPrivileges)
	}
}

// askedByGaining lists the capabilities that programs with privileges of their own,
// and what these execute, asked for.
func (d *draft) askedByGaining() string {
	var names []string
	for _, c := range d.Capabilities {
		if c.Need == synth.Required && slices.ContainsFunc(c.Facts, d.byGaining) {
			names = append(names, plainText(c.Name))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return " (it asked for " + strings.Join(names, ", ") + ")"
}

// byGaining says whether a program with privileges of its own did something, or one
// that nothing else executes: what root has, it hands on by itself.
func (d *draft) byGaining(f synth.FactRef) bool { return d.gained[f.Subject] }

// gainedPrograms are those that gain privileges, and those that none executes which
// has the worker's alone. Of what ran before the recorder came, it is not known who
// executed it.
func gainedPrograms(p *synth.Profile) map[trace.Path]bool {
	attached := slices.ContainsFunc(p.Holes, func(h trace.Hole) bool { return h.Kind == trace.HoleAttached })
	starts, plain := map[trace.Path][]trace.Path{}, map[trace.Path]bool{}
	var next []trace.Path
	for _, program := range p.Programs {
		starts[program.Name] = program.Starts
		if program.Outside || attached {
			next = append(next, program.Name)
		}
	}
	for len(next) > 0 {
		name := next[0]
		next = next[1:]
		if plain[name] || slices.ContainsFunc(p.Execs, func(x synth.ExecGrant) bool { return x.Gains && x.Name().Match(name) }) {
			continue
		}
		plain[name] = true
		next = append(next, starts[name]...)
	}
	gained := map[trace.Path]bool{}
	for _, program := range p.Programs {
		gained[program.Name] = !plain[program.Name]
	}
	return gained
}
