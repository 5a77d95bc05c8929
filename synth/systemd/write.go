package systemd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// words spells paths for a list, each with a prefix; those that a unit cannot
// spell are never in a plan.
func words(prefix string, paths []trace.Path) []string {
	out := make([]string, 0, len(paths))
	for _, p := range paths {
		out = append(out, word(prefix, p))
	}
	return out
}

func writeBoundingSet(d *draft, t *text) {
	for _, c := range d.Capabilities {
		if c.Need == synth.Required {
			t.item("%s%s: %s%s", plainText(c.Name), d.inBrackets(synth.EntryCapability, c.Name), because(c.Evidence), site(c))
		}
	}
	for _, c := range d.Capabilities {
		if c.Need != synth.Required {
			t.item("not %s: %s (%s%s)", plainText(c.Name), plainText(c.Reason), because(c.Evidence), site(c))
		}
	}
	t.line("CapabilityBoundingSet=")
	t.list("CapabilityBoundingSet", keys(setOf(d.Required())))
}

// site names where in the kernel a capability was asked for.
func site(c synth.CapabilityGrant) string {
	if len(c.Callers) == 0 {
		return ""
	}
	return ", asked by " + few(each(c.Callers, plainText))
}

func each[T any](in []T, f func(T) string) []string {
	out := make([]string, 0, len(in))
	for _, v := range in {
		out = append(out, f(v))
	}
	return out
}

// writeAmbient gives a user's worker the capabilities that it and what it
// executes ask for. What only programs with privileges of their own asked for,
// those programs bring along.
func writeAmbient(d *draft, t *text) {
	if d.User == "" || d.User == "root" {
		return
	}
	t.line("AmbientCapabilities=")
	t.list("AmbientCapabilities", d.ambient())
}

func (d *draft) ambient() []string {
	if d.User == "" || d.User == "root" {
		return nil
	}
	names := map[string]bool{}
	for _, c := range d.Capabilities {
		own := slices.ContainsFunc(c.Facts, func(f synth.FactRef) bool { return !d.byGaining(f) })
		if c.Need == synth.Required && own {
			names[c.Name] = true
		}
	}
	return keys(names)
}

func writeReadWrite(d *draft, t *text) {
	if len(d.plan.write) == 0 {
		return
	}
	if d.dropIn {
		t.line("ReadWritePaths=")
	}
	t.say(`A "-" lets the service start when the path is missing. A file is bound by its inode: when somebody else ` +
		`puts a new file in its place, restart the service.`)
	for _, p := range d.plan.write.sorted() {
		e := d.plan.write[p]
		t.item("%s%s%s", d.before(synth.EntryWrite, p), needers(e.evidence...), ruleNote(e.rules))
		t.line("ReadWritePaths=" + word("-", p))
	}
}

func ruleNote(rules []string) string {
	if len(rules) == 0 {
		return ""
	}
	rules = slices.Clone(rules)
	slices.Sort(rules)
	return " [" + strings.Join(rules, ", ") + "]"
}

func writeSystem(d *draft, t *text) {
	if d.plan.system == "strict" {
		t.say("Everything is read-only, except for what ReadWritePaths= lists and what directives below decide on: /dev, /proc, /sys and home directories.")
	} else {
		c := d.plan.strict[0]
		t.say("%s are read-only. Not all is, because %s (%s).", commas(systemTrees[d.plan.system]), c.what, because(c.evidence))
	}
	t.line("ProtectSystem=" + d.plan.system)
}

func commas(paths []trace.Path) string {
	last := len(paths) - 1
	return strings.Join(each(paths[:last], func(p trace.Path) string { return string(p) }), ", ") + " and " + string(paths[last])
}

func writeHome(d *draft, t *text) {
	why := ""
	if len(d.plan.homeWhy) > 0 {
		c := d.plan.homeWhy[0]
		why = fmt.Sprintf(", because %s (%s)", c.what, because(c.evidence))
	}
	switch d.plan.home {
	case "yes":
		t.say("/home, /root and /run/user are out of reach.")
	case "tmpfs":
		t.say("/home, /root and /run/user are empty%s.", why)
	default:
		t.say("/home, /root and /run/user are read-only%s.", why)
	}
	t.line("ProtectHome=" + d.plan.home)
}

func writeInaccessible(d *draft, t *text) {
	var paths []trace.Path
	for _, h := range d.plan.hide {
		paths = append(paths, h.Path)
	}
	t.list("InaccessiblePaths", words("-", paths))
}

// writeExec lists programs by who executes them, libraries by directory.
func writeExec(d *draft, t *text) {
	if d.ExecFiles {
		t.say("Programs one by one: when an upgrade replaces one, it is refused until the service is restarted.")
	} else {
		t.say("By directory what packages replace while the service runs; emit --exec-files lists each program instead.")
	}
	if d.dropIn {
		t.line("ExecPaths=")
	}
	by := map[string][]trace.Path{}
	for _, p := range d.plan.exec.sorted() {
		head := d.before(synth.EntryExec, p) + d.execHead(p, d.plan.exec[p])
		by[head] = append(by[head], p)
	}
	heads := make([]string, 0, len(by))
	for k := range by {
		heads = append(heads, k)
	}
	slices.Sort(heads)
	for _, head := range heads {
		t.item("%s", head)
		t.list("ExecPaths", words("-", by[head]))
	}
}

// execHead words who executes a path.
func (d *draft) execHead(p trace.Path, e *entry) string {
	head := needers(e.evidence...)
	switch {
	case slices.Equal(e.kinds, []string{synth.KindLibrary}) || slices.Contains(e.kinds, synth.KindLoader):
		head = "libraries"
	case p == d.Worker.Exe:
		head = "the worker itself"
	case head == "":
		head = "a program whose start was not seen"
	}
	return head + ruleNote(e.rules)
}

// writeUMask takes away what no file that the worker made had: permissions of
// group and others.
func writeUMask(d *draft, t *text) {
	var mode uint32
	made := 0
	for _, g := range d.Files {
		if g.Access&trace.AccessCreate != 0 && g.Type != "symlink" && g.Mode != 0 {
			mode |= g.Mode
			made++
		}
	}
	if made == 0 || mode&0o077 != 0 {
		return
	}
	t.say("No file that the worker made (%d were seen) was for group or others.", made)
	t.line("UMask=0077")
}
