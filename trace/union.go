package trace

import (
	"cmp"
	"math"
	"slices"
)

// seen gives all kinds of facts one way to what they have in common.
func (s *Seen) seen() *Seen { return s }

// factOf is a pointer to a fact of type T.
type factOf[T any] interface {
	*T
	seen() *Seen
}

// set holds each distinct fact once, by everything but Count, First and Last.
type set[T comparable] map[T]tally

type tally struct {
	count       uint64
	first, last int64
}

// add puts f into the set; count says what becomes of the counts of equal ones.
func add[T comparable, P factOf[T]](s set[T], f T, count func(a, b uint64) uint64) {
	seen := P(&f).seen()
	t := tally{max(seen.Count, 1), seen.First, max(seen.First, seen.Last)}
	seen.Count, seen.First, seen.Last = 0, 0, 0
	if old, ok := s[f]; ok {
		t = tally{count(old.count, t.count), min(old.first, t.first), max(old.last, t.last)}
	}
	s[f] = t
}

// list gives the facts in order, nil when there is none.
func list[T comparable, P factOf[T]](s set[T], compare func(a, b T) int) []T {
	facts := unordered[T, P](s)
	slices.SortFunc(facts, compare)
	return facts
}

func unordered[T comparable, P factOf[T]](s set[T]) []T {
	if len(s) == 0 {
		return nil
	}
	facts := make([]T, 0, len(s))
	for f, t := range s {
		seen := P(&f).seen()
		seen.Count, seen.First, seen.Last = t.count, t.first, t.last
		facts = append(facts, f)
	}
	return facts
}

// greatest is for counts of the same run, which are cumulative.
func greatest(a, b uint64) uint64 { return max(a, b) }

// sum is for counts of different runs.
func sum(a, b uint64) uint64 {
	if a > math.MaxUint64-b {
		return math.MaxUint64
	}
	return a + b
}

// union is the facts, subjects and holes of all parts, without their runs. It
// renumbers subjects by their order, so that the parts' own ids do not matter.
func union(parts []*Trace, count func(a, b uint64) uint64) *Trace {
	subjects, ids := subjectUnion(parts)
	var (
		syscalls     = set[Syscall]{}
		execs        = set[Exec]{}
		files        = set[File]{}
		capabilities = set[Capability]{}
		sockets      = set[Socket]{}
		arguments    = set[Argument]{}
		holes        = map[Hole]uint64{}
	)
	for i, p := range parts {
		addAll(syscalls, p.Syscalls, ids[i], count)
		for _, f := range p.Execs {
			f.Target = ids[i][f.Target]
			addAll(execs, []Exec{f}, ids[i], count)
		}
		addAll(files, p.Files, ids[i], count)
		addAll(capabilities, p.Capabilities, ids[i], count)
		addAll(sockets, p.Sockets, ids[i], count)
		addAll(arguments, p.Arguments, ids[i], count)
		addHoles(holes, p.Holes, count)
	}
	return &Trace{
		Subjects:     subjects,
		Syscalls:     list(syscalls, compareSyscalls),
		Execs:        list(execs, compareExecs),
		Files:        list(files, compareFiles),
		Capabilities: list(capabilities, compareCapabilities),
		Sockets:      list(sockets, compareSockets),
		Arguments:    list(arguments, compareArguments),
		Holes:        listHoles(holes),
	}
}

func addAll[T comparable, P factOf[T]](s set[T], facts []T, ids map[int]int, count func(a, b uint64) uint64) {
	for _, f := range facts {
		seen := P(&f).seen()
		seen.Subject = ids[seen.Subject] // 0 for one that was never declared
		add[T, P](s, f, count)
	}
}

// subjectUnion lists the distinct subjects of all parts and, for each part,
// the new id of each old one.
func subjectUnion(parts []*Trace) ([]Subject, []map[int]int) {
	number := map[Subject]int{}
	var subjects []Subject
	for _, p := range parts {
		for _, s := range p.Subjects {
			s.ID = 0
			if _, ok := number[s]; !ok {
				number[s] = 0
				subjects = append(subjects, s)
			}
		}
	}
	slices.SortFunc(subjects, compareSubjects)
	for i, s := range subjects {
		number[s] = i + 1
		subjects[i].ID = i + 1
	}
	ids := make([]map[int]int, len(parts))
	for i, p := range parts {
		ids[i] = map[int]int{}
		for _, s := range p.Subjects {
			old := s.ID
			s.ID = 0
			ids[i][old] = number[s]
		}
	}
	return subjects, ids
}

func addHoles(s map[Hole]uint64, holes []Hole, count func(a, b uint64) uint64) {
	for _, h := range holes {
		n := h.Count
		h.Count = 0
		if old, ok := s[h]; ok {
			n = count(old, n)
		}
		s[h] = n
	}
}

func listHoles(s map[Hole]uint64) []Hole {
	var holes []Hole
	for h, n := range s {
		h.Count = n
		holes = append(holes, h)
	}
	slices.SortFunc(holes, func(a, b Hole) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Detail, b.Detail), cmp.Compare(a.Count, b.Count))
	})
	return holes
}

// without gives the elements that drop does not hold for, nil when none is left.
func without[T any](list []T, drop func(T) bool) []T {
	var kept []T
	for _, e := range list {
		if !drop(e) {
			kept = append(kept, e)
		}
	}
	return kept
}
