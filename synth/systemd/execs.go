package systemd

import (
	"regexp"
	"slices"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// libraryDir are directories that hold libraries rather than programs.
var libraryDir = regexp.MustCompile(`/lib[^/]*/|/lib[^/]*$`)

// packaged says whether a package manager replaces what lies in a directory,
// at any time and without a restart of the worker.
func packaged(dir trace.Path) bool {
	return synth.Within(dir, "/usr") && !synth.Within(dir, "/usr/local") && dir != "/usr"
}

// planExecs gathers what must stay executable. A path in ExecPaths= is a mount:
// a file is bound by its inode, so that what replaces the file from outside is
// refused until the service is restarted. What packages hold is therefore
// granted by directory, unless the operator asks for each program; the worker's
// own executable is not, because its upgrade restarts it, unless the service itself
// executes it: sshd does for each connection, and refused all after an upgrade. Nor is
// what the worker writes in place: a mount of its own, which its directory does not
// speak for.
func (pl *plan) planExecs(d *draft) {
	for _, x := range d.Execs {
		where, rules := x.Path, slices.Clone(x.Rules)
		dir := x.Name().Dir()
		library := x.Kind == synth.KindLibrary || x.Kind == synth.KindLoader
		switch {
		case where == "":
			where = dir
		case library && libraryDir.MatchString(string(dir)) && pl.writable(x.Path) == "" && !pl.free(dir):
			where, rules = dir, []string{synth.RuleLibDir}
		case !d.ExecFiles && (x.Path != d.Worker.Exe || byService(x)) && packaged(dir) && pl.writable(x.Path) == "":
			where, rules = dir, append(rules, synth.RuleProgramDir)
		}
		for where != "/" && replaces(d, where) {
			// A mount point can't be renamed over or removed.
			where, rules = synth.Literal(where).Dir(), append(rules, synth.RuleEntryDir)
		}
		if up := spellableDir(where); up != where {
			where, rules = up, append(rules, synth.RuleDirectory)
		}
		if where == "/" || synth.Within(where, "/proc") || synth.Within(where, "/sys") {
			pl.noExec = append(pl.noExec, conflict{name(x.Name()) + " is executed, which no path but a whole tree would cover", x.Evidence})
			continue
		}
		pl.exec.add(where, x.Kind, x.Evidence, rules...)
	}
	pl.noExec = append(pl.noExec, movesAcrossExec(d, pl)...)
	// Writable paths are mounts of their own, which entries above do not reach.
	pl.exec.collapse(slices.Concat(pl.bounds(), pl.write.sorted(), []trace.Path{"/dev/shm"})...)
	pl.bindReadOnly(d)
	pl.executableOff(d)
}

// byService says whether one of the service's processes, and not systemd alone,
// executes a program.
func byService(x synth.ExecGrant) bool {
	return slices.ContainsFunc(x.Facts, func(f synth.FactRef) bool { return f.Subject != "" })
}

// replaces says whether the worker itself changes the name of a file.
func replaces(d *draft, p trace.Path) bool {
	return slices.ContainsFunc(d.Files, func(g synth.FileGrant) bool {
		return changesEntry(g.Access) && g.Name().Match(p)
	})
}

// movesAcrossExec finds renames that the mounts of ExecPaths= would separate.
func movesAcrossExec(d *draft, pl *plan) []conflict {
	var out []conflict
	for _, g := range d.Files {
		for _, m := range g.Moves {
			if pl.exec.over(synth.Literal(m.From).Dir()) != pl.exec.over(g.Name().Dir()) {
				out = append(out, conflict{moveAcross(m, g), g.Evidence})
			}
		}
	}
	return out
}

// bindReadOnly lists the executable paths that nothing writes to. The mounts
// that ExecPaths= makes are left out when ProtectSystem= turns the tree
// read-only (measured on 252: files in them can be written), and ReadOnlyPaths=
// on the same path is dropped as redundant together with the permission to
// execute. A read-only bind mount of the path onto itself has both.
func (pl *plan) bindReadOnly(d *draft) {
	for _, p := range pl.exec.sorted() {
		written := slices.ContainsFunc(d.Files, func(g synth.FileGrant) bool {
			if g.Access&trace.AccessModifies == 0 || special(g) || !g.Name().MayLieIn(p) {
				return false
			}
			// An entry below p is a mount of its own and stays writable.
			by := pl.writable(g.Name().Dir())
			if pl.write[g.Path] != nil {
				by = g.Path
			}
			return by == p || !synth.Within(by, p)
		})
		if !written && !in(p, apiTrees) {
			pl.bindRO = append(pl.bindRO, p)
		}
	}
}

// executableOff lists the mounts that NoExecPaths=/ does not reach, because
// other directives make them: each writable path, the trees that strict protection
// leaves alone, and those that lesser protection makes read-only, in which most
// programs are.
func (pl *plan) executableOff(d *draft) {
	off := pl.write.sorted()
	if len(pl.tmp) == 0 {
		off = append(off, tmpTrees...)
	}
	if pl.home == "read-only" || pl.home == "" && len(pl.strict) == 0 {
		off = append(off, homeTrees...)
	}
	off = append(append(append(off, systemTrees[pl.system]...), pl.implied(d)...), "/dev/shm")
	for _, p := range off {
		if pl.exec[p] == nil && !slices.Contains(pl.execOff, p) {
			pl.execOff = append(pl.execOff, p)
		}
	}
	slices.Sort(pl.execOff)
}

// implied are trees that are mounts only for what other lines say (measured on 252): /dev
// where strict protection leaves it writable and PrivateDevices= does not replace it,
// and /run, which ProtectProc=, ProtectKernelTunables= and ProtectControlGroups= see to.
// Strict protection has /run read-only already, see carveOut. /proc and /sys are such
// mounts as well, and the kernel executes nothing on their file systems.
func (pl *plan) implied(d *draft) []trace.Path {
	switch {
	case len(pl.strict) > 0:
		return []trace.Path{"/run"}
	case len(againstPrivateDevices(d)) > 0 && !executesIn(d, "/dev"):
		return []trace.Path{"/dev"}
	}
	return nil
}

// executesIn says whether something in a tree is executed or mapped executable.
func executesIn(d *draft, tree trace.Path) bool {
	return slices.ContainsFunc(d.Execs, func(x synth.ExecGrant) bool { return x.Name().MayLieIn(tree) }) ||
		slices.ContainsFunc(d.Files, func(g synth.FileGrant) bool {
			return g.Access&(trace.AccessExec|trace.AccessExecMap) != 0 && g.Name().MayLieIn(tree)
		})
}

func writeNoExec(d *draft, t *text) {
	if len(systemTrees[d.plan.system]) > 0 {
		t.say("So are the trees that ProtectSystem= makes read-only.")
	}
	t.list("NoExecPaths", append([]string{"/"}, words("-", d.plan.execOff)...))
}
