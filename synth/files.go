package synth

import (
	"cmp"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/trace"
)

// coversShown is how many of the folded paths a grant lists.
const coversShown = 8

// fileUnion gathers the facts about one path or pattern.
type fileUnion struct {
	FileGrant
	types, devices, systems, covers, targets []string
	foreign                                  bool // somebody else than the owner had access
}

// inferFiles grants what was done to each path, and lists beside it what was
// looked for in vain.
func inferFiles(t *trace.Trace, by subjects, folds *folder) ([]FileGrant, []Absence) {
	unions := map[string]*fileUnion{}
	absent := map[trace.Path]*Absence{}
	moves := pairRenames(t)
	for i, f := range t.Files {
		if f.Anon || !absolute(f.Path) {
			continue
		}
		if !restsOnPermission(f.Outcome) {
			addAbsence(absent, f, by)
			continue
		}
		pattern, rules := folds.fold(f.Path)
		key := nameOf(f.Path, pattern).key()
		u := unions[key]
		if u == nil {
			u = &fileUnion{FileGrant: FileGrant{Pattern: pattern}}
			if pattern == nil {
				u.Path = f.Path
			}
			unions[key] = u
		}
		u.add(f, by, rules)
		if from, ok := moves[i]; ok {
			u.Moves = append(u.Moves, from...)
		}
	}
	grants := make([]FileGrant, 0, len(unions))
	for _, u := range unions {
		grants = append(grants, u.grant())
	}
	if !folds.strict {
		grants = append(grants, rotatedNames(grants)...)
	}
	slices.SortFunc(grants, func(a, b FileGrant) int { return cmp.Compare(a.Name().key(), b.Name().key()) })
	return grants, absences(absent)
}

// absolute says whether a name was told in full. A trace by hand may have others.
func absolute(p trace.Path) bool { return strings.HasPrefix(string(p), "/") }

func (u *fileUnion) add(f trace.File, by subjects, rules []string) {
	u.Access |= f.Access
	u.Mode |= f.Mode
	u.Uses = use(u.Uses, f.Operation, f.Access)
	if f.Type == "char" || f.Type == "block" {
		u.Devices = append(u.Devices, f.Type+" "+f.Device)
	}
	u.types, u.devices, u.systems = append(u.types, f.Type), append(u.devices, f.Device), append(u.systems, f.FS)
	u.Subjects = append(u.Subjects, by.name(f.Subject))
	u.Facts = append(u.Facts, by.ref(f.Seen, f.Syscall))
	u.Rules = append(u.Rules, rules...)
	if u.Pattern != nil {
		u.covers = append(u.covers, string(f.Path))
	}
	if f.Access&trace.AccessLinkTo != 0 && absolute(f.Target) {
		u.targets = append(u.targets, string(f.Target))
		u.Moves = append(u.Moves, Move{From: f.Target, Link: true})
	}
	u.Others = u.Others || f.Type != "" && f.UID != 0 && f.UID != f.FSUID
	u.foreign = u.foreign || f.Type == "" || f.UID != f.FSUID
}

func (u *fileUnion) grant() FileGrant {
	g := u.FileGrant
	g.Type, g.Device, g.FS = only(u.types), only(u.devices), only(u.systems)
	if len(g.Devices) > 0 {
		g.Devices = sortedSet(g.Devices)
	}
	if all := slices.DeleteFunc(sortedSet(u.systems), func(s string) bool { return s == "" }); len(all) > 1 {
		g.Systems = all
	}
	g.Owned = !u.foreign
	g.Subjects = sortedSet(g.Subjects)
	slices.SortFunc(g.Uses, func(a, b Use) int { return cmp.Compare(a.Operation, b.Operation) })
	covers := sortedSet(u.covers)
	g.Names = len(covers)
	for _, c := range covers {
		if len(g.Covers) < coversShown {
			g.Covers = append(g.Covers, trace.Path(c))
		}
	}
	if targets := sortedSet(u.targets); len(targets) > 0 {
		g.Target = trace.Path(targets[0])
	}
	slices.SortFunc(g.Moves, func(a, b Move) int { return cmp.Compare(a.From, b.From) })
	g.Moves = slices.Compact(g.Moves)
	g.normalise()
	return g
}

// only is the one value that is known, "" where several are.
func only(values []string) string {
	values = slices.DeleteFunc(sortedSet(values), func(v string) bool { return v == "" })
	if len(values) == 1 {
		return values[0]
	}
	return ""
}

// pairRenames finds for each new name of a rename the old one. A trace that
// knows says so in Target; else the two facts of one call share everything but
// the name, the millisecond included.
func pairRenames(t *trace.Trace) map[int][]Move {
	type call struct {
		subject     int
		op, syscall string
		first       int64
	}
	from := map[call][]trace.Path{}
	key := func(f trace.File) call { return call{f.Subject, f.Operation, f.Syscall, f.First} }
	for _, f := range t.Files {
		if f.Access&trace.AccessRenameFrom != 0 && restsOnPermission(f.Outcome) && absolute(f.Path) {
			from[key(f)] = append(from[key(f)], f.Path)
		}
	}
	moves := map[int][]Move{}
	for i, f := range t.Files {
		switch {
		case f.Access&trace.AccessRenameTo == 0 || !restsOnPermission(f.Outcome):
		case absolute(f.Target):
			moves[i] = []Move{{From: f.Target}}
		default:
			moves[i] = likely(f.Path, from[key(f)])
		}
	}
	return moves
}

// likely picks the old names that a new one may have had: those in its own
// directory, which most renames stay in, or else all of the same millisecond.
func likely(to trace.Path, old []trace.Path) []Move {
	var near, all []Move
	for _, from := range old {
		all = append(all, Move{From: from})
		if Literal(from).Dir() == Literal(to).Dir() {
			near = append(near, Move{From: from})
		}
	}
	if near != nil {
		return near
	}
	return all
}

func addAbsence(absent map[trace.Path]*Absence, f trace.File, by subjects) {
	a := absent[f.Path]
	if a == nil {
		a = &Absence{Path: f.Path}
		absent[f.Path] = a
	}
	a.Access |= f.Access
	a.Outcomes = append(a.Outcomes, f.Outcome)
	a.Facts = append(a.Facts, by.ref(f.Seen, f.Syscall))
}

func absences(absent map[trace.Path]*Absence) []Absence {
	out := make([]Absence, 0, len(absent))
	for _, a := range absent {
		a.Outcomes = sortedSet(a.Outcomes)
		a.normalise()
		out = append(out, *a)
	}
	slices.SortFunc(out, func(a, b Absence) int { return cmp.Compare(a.Path, b.Path) })
	return out
}
