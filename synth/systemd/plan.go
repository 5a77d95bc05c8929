package systemd

import (
	"slices"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// plan is the file system that the service will see: which paths are mounted
// how. The directives that make mounts depend on one another, so all of them
// are decided here, and the table only writes the decisions down.
type plan struct {
	home    string // ProtectHome=: "yes", "tmpfs", "read-only" or "" for none
	homeWhy []conflict
	tmp     []conflict // facts against PrivateTmp=; none: it is written

	strict  []conflict // facts against ProtectSystem=strict
	system  string     // ProtectSystem=: "strict", "full", "yes" or "" for none
	write   entries    // ReadWritePaths=
	noWrite []trace.Path

	noExec  []conflict // facts against NoExecPaths=
	exec    entries    // ExecPaths=
	bindRO  []trace.Path
	execOff []trace.Path // NoExecPaths= beside "/"
	hide    []synth.Route

	reads allowList // TemporaryFileSystem= and what it leaves
}

func newPlan(d *draft) *plan {
	pl := &plan{write: entries{}, exec: entries{}, reads: allowList{read: entries{}}}
	pl.home, pl.homeWhy = homeMode(d)
	pl.tmp = againstPrivateTmp(d)
	pl.planWrites(d)
	for _, c := range d.files("is itself moved or removed", func(g synth.FileGrant) bool {
		return changesEntry(g.Access) && slices.ContainsFunc(homeTrees, g.Name().Match)
	}) {
		pl.home, pl.homeWhy, pl.strict = "", append(pl.homeWhy, c), append(pl.strict, c)
		pl.loosen(d)
	}
	for _, t := range homeTrees {
		if e := pl.write[t]; e != nil && pl.home == "read-only" {
			// Of two mounts on one path systemd takes the stricter.
			pl.home, pl.homeWhy = "", []conflict{{"names in " + quoted(t) + " itself are changed", e.evidence[0]}}
			pl.write, pl.strict = entries{}, pl.strict[:0]
			pl.planWrites(d)
		}
	}
	pl.system = pl.systemMode(d)
	pl.planExecs(d)
	pl.carveOut(d)
	pl.planHidden(d)
	pl.planReads(d)
	return pl
}

// systemMode is the strictest ProtectSystem= that the facts allow. What cannot be
// had for all of the tree, because a move would cross it, may be had for the parts
// that belong to the distribution and to root, when nothing in these is changed.
func (pl *plan) systemMode(d *draft) string {
	if len(pl.strict) == 0 {
		return "strict"
	}
	for _, mode := range []string{"full", "yes"} {
		if !slices.ContainsFunc(systemTrees[mode], func(t trace.Path) bool { return modifiesIn(d, t) }) {
			return mode
		}
	}
	return ""
}

// systemTrees are made read-only by the lesser values of ProtectSystem=.
var systemTrees = map[string][]trace.Path{
	"full": {"/usr", "/boot", "/efi", "/etc"},
	"yes":  {"/usr", "/boot", "/efi"},
}

// apiTrees are left writable by ProtectSystem=strict.
var apiTrees = []trace.Path{"/proc", "/sys", "/dev"}

// homeTrees are left to ProtectHome=.
var homeTrees = []trace.Path{"/home", "/root", "/run/user"}

// tmpTrees are replaced by PrivateTmp=.
var tmpTrees = []trace.Path{"/tmp", "/var/tmp"}

func in(p trace.Path, trees []trace.Path) bool {
	return slices.ContainsFunc(trees, func(t trace.Path) bool { return synth.Within(p, t) })
}

// free says whether a path stays writable without a line of its own.
func (pl *plan) free(p trace.Path) bool {
	home := pl.home == "" && in(p, homeTrees) && !synth.Within(p, "/run/user") // /run is read-only, see carveOut
	return in(p, apiTrees) || home || len(pl.tmp) == 0 && in(p, tmpTrees)
}

// special says whether only the data of a device, FIFO or socket is written:
// a read-only mount does not hinder that.
func special(g synth.FileGrant) bool {
	data := trace.AccessWrite | trace.AccessAppend | trace.AccessTruncate
	return g.Access&trace.AccessModifies&^data == 0 && slices.Contains([]string{"char", "block", "fifo", "socket"}, g.Type)
}

// changesEntry says whether the directory must be writable. A hard link needs
// both its names on one mount.
func changesEntry(a trace.Access) bool {
	return a&(trace.AccessEntry|trace.AccessLinkFrom) != 0
}

// planWrites gathers what must stay writable: the file where it is changed in
// place, the directory where names in it change.
func (pl *plan) planWrites(d *draft) {
	for _, g := range d.Files {
		if g.Access&trace.AccessModifies == 0 || special(g) {
			continue
		}
		where, rules := g.Path, []string(nil)
		if changesEntry(g.Access) || where == "" {
			where, rules = g.Name().Dir(), []string{synth.RuleEntryDir}
		}
		if slices.Contains(g.Rules, synth.RuleRotation) { // others change the directory
			rules = []string{synth.RuleRotation}
		}
		if dir := spellableDir(where); dir != where {
			where, rules = dir, append(rules, synth.RuleDirectory)
		}
		if pl.free(where) {
			continue
		}
		if where == "/" {
			pl.strict = append(pl.strict, conflict{"names in the top directory are changed", g.Evidence})
			continue
		}
		pl.write.add(where, "", g.Evidence, rules...)
	}
	pl.write.collapse(pl.bounds()...)
	for pl.joinMoves(d) {
		pl.write.collapse(pl.bounds()...)
	}
	if len(pl.strict) > 0 {
		pl.loosen(d)
	}
}

// loosen drops what is pointless without ProtectSystem=strict and would only
// make mounts, across which nothing can be renamed.
func (pl *plan) loosen(d *draft) {
	for _, g := range d.Files {
		for _, m := range g.Moves {
			from, to := pl.bound(synth.Literal(m.From).Dir()), pl.bound(g.Name().Dir())
			if from != to && (in(from, homeTrees) || in(to, homeTrees)) {
				pl.home, pl.homeWhy = "", append(pl.homeWhy, conflict{moveAcross(m, g), g.Evidence})
			}
		}
	}
	for p := range pl.write {
		if pl.home == "" || !in(p, homeTrees) {
			delete(pl.write, p)
		}
	}
}

// bounds are the trees that protection makes mounts of.
func (pl *plan) bounds() []trace.Path {
	out := slices.Concat(apiTrees, homeTrees)
	if len(pl.tmp) == 0 {
		out = append(out, tmpTrees...)
	}
	return out
}

// writable is the entry that makes a path writable, "" if none.
func (pl *plan) writable(p trace.Path) trace.Path { return pl.write.over(p, pl.bounds()...) }

// joinMoves makes the two names of a rename or link lie in one entry: each
// entry is a mount of its own, and a rename between mounts fails with EXDEV. It
// says whether something changed.
func (pl *plan) joinMoves(d *draft) bool {
	for _, g := range d.Files {
		for _, m := range g.Moves {
			from, to := synth.Literal(m.From).Dir(), g.Name().Dir()
			if pl.mount(from) == pl.mount(to) {
				continue
			}
			both := spellableDir(commonDir(from, to))
			if both == "/" || pl.bound(from) != pl.bound(to) || pl.free(both) {
				if !slices.ContainsFunc(pl.strict, func(c conflict) bool { return c.what == moveAcross(m, g) }) {
					pl.strict = append(pl.strict, conflict{moveAcross(m, g), g.Evidence})
				}
				continue
			}
			pl.write.add(both, "", g.Evidence, synth.RuleEntryDir)
			return true
		}
	}
	return false
}

// mount names the mount that a path will be on: an entry, or a tree that
// protection makes a mount of.
func (pl *plan) mount(p trace.Path) trace.Path {
	if up := pl.writable(p); up != "" {
		return up
	}
	return pl.bound(p)
}

// bound is the tree that a path lies in, "" if none.
func (pl *plan) bound(p trace.Path) trace.Path {
	for _, t := range pl.bounds() {
		if synth.Within(p, t) {
			return t
		}
	}
	return ""
}

func moveAcross(m synth.Move, g synth.FileGrant) string {
	return quoted(m.From) + " is moved to " + name(g.Name()) + ", which no mount may separate"
}

// commonDir is the deepest directory that both lie in, "/" for names that are not
// told in full.
func commonDir(a, b trace.Path) trace.Path {
	for !synth.Within(b, a) {
		up := parent(a)
		if up == a {
			return "/"
		}
		a = up
	}
	return a
}

// carveOut keeps root's own configuration read-only inside directories that
// have to be writable.
func (pl *plan) carveOut(d *draft) {
	for _, r := range synth.Routes() {
		// What strict protection does not cover is writable unless a lesser one does.
		left := len(pl.strict) > 0 && !slices.ContainsFunc(systemTrees[pl.system], func(t trace.Path) bool { return synth.Within(r.Path, t) })
		if !r.Socket && pl.write[r.Path] == nil && (pl.writable(r.Path) != "" || left) && !modifiesIn(d, r.Path) {
			pl.noWrite = append(pl.noWrite, r.Path)
		}
	}
	if len(pl.strict) == 0 && pl.write["/run"] == nil {
		// ProtectProc=, ProtectKernelTunables= and ProtectControlGroups= see to it
		// that there is a /run; ProtectSystem= does not reach it then (measured on
		// 252).
		pl.noWrite = append(pl.noWrite, "/run")
	}
	slices.Sort(pl.noWrite)
}

// modifiesIn says whether a grant changes something at or below dir, or could.
func modifiesIn(d *draft, dir trace.Path) bool {
	return slices.ContainsFunc(d.Files, func(g synth.FileGrant) bool {
		return g.Access&trace.AccessModifies != 0 && !special(g) && g.Name().MayLieIn(dir)
	})
}

// name words a pattern for a comment.
func name(p synth.Pattern) string {
	if p.IsLiteral() && len(p) > 0 {
		return quoted(p[0].Text)
	}
	return quoted(trace.Path(p.String()))
}
