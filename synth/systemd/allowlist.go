package systemd

import (
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// emptyTrees are the directories that a read allow-list empties. What they hold is
// this host's own: its configuration, its services' data, what its administrator
// installed. Not among them is what packages install in /usr, which anybody can
// look up elsewhere and which is full of links that a trace does not show; nor
// /var, where /var/run is such a link; nor what other directives take care of.
// Each is there on every Debian and RHEL: systemd would make one that is not.
var emptyTrees = []trace.Path{
	"/etc", "/media", "/mnt", "/opt", "/srv", "/usr/local", "/var/cache", "/var/lib", "/var/local", "/var/log", "/var/opt", "/var/spool",
}

// systemLinks are names in these trees that are links on some hosts, by where they
// lead to: a trace has only that.
var systemLinks = []struct {
	name trace.Path
	to   []trace.Path // nil: always
}{
	{"/etc/alternatives", nil},
	{"/etc/localtime", []trace.Path{"/usr/share/zoneinfo"}},
	{"/etc/resolv.conf", []trace.Path{"/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager", "/run/connman"}},
	{"/etc/os-release", []trace.Path{"/usr/lib/os-release"}},
	{"/etc/machine-id", []trace.Path{"/var/lib/dbus/machine-id"}},
	{"/var/lib/dbus", []trace.Path{"/etc/machine-id"}},
	{"/etc/ssl", []trace.Path{"/usr/share/ca-certificates", "/usr/local/share/ca-certificates"}},
	{"/etc/crypto-policies", []trace.Path{"/usr/share/crypto-policies"}},
}

// allowList is what of the trees is left to be seen.
type allowList struct {
	empty []trace.Path // TemporaryFileSystem=
	whole []conflict   // why others of the trees are left as they are
	read  entries      // BindReadOnlyPaths=
	write []trace.Path // BindPaths=: those of ReadWritePaths= that lie in them
}

// planReads decides what of the trees is hidden. Whatever is needed is brought back
// by the name directly in the tree: it belongs to one package or service, so that
// the links in it go on leading somewhere, and an upgrade replaces files in it.
func (pl *plan) planReads(d *draft) {
	seen := !slices.ContainsFunc([]string{"file", "exec", "socket"}, func(kind string) bool { return !d.Sees(kind) })
	if !d.ReadAllowlist || !seen || len(pl.strict) > 0 {
		return
	}
	for _, tree := range emptyTrees {
		found, why := pl.readsIn(d, tree)
		if len(why) > 0 {
			pl.reads.whole = append(pl.reads.whole, why[0])
			continue
		}
		pl.reads.empty = append(pl.reads.empty, tree)
		for p, e := range found {
			pl.reads.read[p] = e
		}
		for _, p := range pl.write.sorted() {
			if synth.Within(p, tree) {
				pl.reads.write = append(pl.reads.write, p)
				delete(pl.reads.read, p)
			}
		}
	}
	for _, l := range systemLinks {
		hidden := in(l.name, pl.reads.empty) && pl.reads.read.over(l.name) == ""
		if hidden && (l.to == nil || slices.ContainsFunc(l.to, func(to trace.Path) bool { return touched(d, to) })) {
			pl.reads.read.add(l.name, "", synth.Evidence{}, "link-of-the-system")
		}
	}
	for _, p := range pl.reads.read.sorted() {
		if pl.exec[p] == nil && !slices.Contains(pl.execOff, p) {
			pl.execOff = append(pl.execOff, p)
		}
	}
	slices.Sort(pl.execOff)
}

// readsIn gathers what is needed of a tree, by the names directly in it, or why it
// must be left as it is.
func (pl *plan) readsIn(d *draft, tree trace.Path) (entries, []conflict) {
	out := entries{}
	var why []conflict
	need := func(p synth.Pattern, ev synth.Evidence) {
		if !p.MayLieIn(tree) {
			return
		}
		top, inside := topIn(p, tree)
		switch {
		case p.IsLiteral() && p[0].Text == tree:
			why = append(why, conflict{quoted(tree) + " itself is more than looked at", ev})
		case !inside || !top.IsLiteral() || !spellable(top[0].Text):
			why = append(why, conflict{"which of the names in " + quoted(tree) + " are used differs: " + name(p), ev})
		case p.IsLiteral() && pl.write.over(p[0].Text, tree) != "" || !p.IsLiteral() && pl.write.over(p.Dir(), tree) != "":
			// brought back as a writable one
		default:
			out.add(top[0].Text, "", ev)
		}
	}
	for _, w := range pl.write.sorted() {
		if synth.Within(tree, w) {
			why = append(why, conflict{"names in " + quoted(tree) + " are changed", pl.write[w].evidence[0]})
		}
	}
	for _, g := range d.Files {
		if g.Path != tree || g.Access != trace.AccessStat {
			need(g.Name(), g.Evidence)
		}
	}
	for _, x := range d.Execs {
		need(x.Name(), x.Evidence)
	}
	for _, s := range d.Sockets {
		if g := (synth.FileGrant{Path: s.Path, Pattern: s.Pattern}); len(g.Name()) > 0 {
			need(g.Name(), s.Evidence)
		}
	}
	if called := d.Worker.Called; called != "" {
		need(synth.Literal(called), synth.Evidence{Rules: []string{synth.RuleWorker}})
	}
	return out, why
}

// readRows make a read allow-list, when one is asked for.
func readRows() []row {
	against := func(d *draft) []conflict { return d.plan.strict }
	asked := func(opt Options) bool { return opt.ReadAllowlist }
	unless := "it is not asked for (--read-allowlist), or a move crosses what would be two mounts"
	return []row{
		{
			name: "TemporaryFileSystem", since: 238, kinds: []string{"file", "exec", "socket"}, asked: asked, against: against, write: writeEmpty,
			unless: unless + "; of a directory that is listed, or in which names are changed or differ from run to run",
		},
		{
			name: "BindPaths", since: 233, kinds: []string{"file", "exec", "socket"}, asked: asked, against: against, beside: "TemporaryFileSystem",
			unless: unless,
			write: func(d *draft, t *text) {
				if len(d.plan.reads.write) > 0 {
					t.say("What ReadWritePaths= lists in these, brought back with what it holds.")
					t.list("BindPaths", words("-", d.plan.reads.write))
				}
			},
		},
	}
}

// emptied is how a tree is mounted over.
const emptied = ":ro,noexec,nosuid,nodev"

func writeEmpty(d *draft, t *text) {
	t.say("Nothing is to be seen in these but what BindReadOnlyPaths= and BindPaths= bring back. A link in one of them that leads elsewhere " +
		"is gone, unless one of those names holds it: a trace has the names that links lead to.")
	for _, c := range d.plan.reads.whole {
		t.item("left as it is: %s", c)
	}
	for _, tree := range d.plan.reads.empty {
		t.line("TemporaryFileSystem=" + word("", tree) + emptied)
	}
}

const boundReadOnly = "ExecPaths= makes mounts that ProtectSystem= leaves writable: this makes them read-only."

// writeBindReadOnly brings back what is read in emptied directories, and makes the
// mounts of ExecPaths= read-only.
func writeBindReadOnly(d *draft, t *text) {
	read := d.plan.reads.read
	if len(read) > 0 {
		t.say(`What is read in the directories that TemporaryFileSystem= empties: the whole of what has one name there. A file is bound by its ` +
			`inode: when somebody else puts a new one in its place, restart the service.`)
	}
	for _, p := range read.sorted() {
		e := read[p]
		head := needers(e.evidence...)
		switch {
		case len(e.evidence) == 0:
			head = "a link on some hosts"
		case head == "":
			head = "the worker itself"
		}
		t.item("%s%s", head, ruleNote(e.rules))
		t.line("BindReadOnlyPaths=" + word("-", p))
	}
	if !d.writes("NoExecPaths") {
		return
	}
	var rest []trace.Path
	for _, p := range d.plan.bindRO {
		if read[p] == nil {
			rest = append(rest, p)
		}
	}
	if len(rest) > 0 {
		t.say("%s", boundReadOnly)
		t.list("BindReadOnlyPaths", words("-", rest))
	}
}

// reading is what stands behind a word of a read allow-list.
func (x *Explainer) reading(w string) ([]synth.Grant, []string) {
	text, _, _ := strings.Cut(w, ":")
	p, ok := machinePath(strings.TrimLeft(text, "-+"))
	if !ok {
		return nil, nil
	}
	at := trace.Path(p)
	grants := append(x.grantsOfFiles(func(n synth.Pattern) bool { return n.MayLieIn(at) }), x.executed(at)...)
	e := x.d.plan.reads.read[at]
	switch {
	case e == nil:
		return grants, nil
	case len(e.rules) > 0:
		return grants, e.rules
	}
	return grants, []string{"beside-what-is-read"}
}

func (x *Explainer) grantsOfFiles(is func(synth.Pattern) bool) []synth.Grant {
	var out []synth.Grant
	for _, g := range x.d.Files {
		if is(g.Name()) {
			out = append(out, g.Grant())
		}
	}
	for _, s := range x.d.Sockets {
		if g := (synth.FileGrant{Path: s.Path, Pattern: s.Pattern}); len(g.Name()) > 0 && is(g.Name()) {
			out = append(out, s.Grant())
		}
	}
	return out
}
