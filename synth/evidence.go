package synth

import (
	"cmp"
	"slices"

	"github.com/osapi-io/osapi-profile/trace"
)

// subjects gives each subject's name by its id.
type subjects map[int]trace.Subject

func subjectsOf(t *trace.Trace) subjects {
	byID := make(subjects, len(t.Subjects))
	for _, s := range t.Subjects {
		byID[s.ID] = s
	}
	return byID
}

// name is the script or executable of a subject, "" when it could not be told.
func (s subjects) name(id int) trace.Path {
	subject := s[id]
	if subject.Script != "" {
		return subject.Script
	}
	return subject.Exe
}

// ref points at a fact.
func (s subjects) ref(seen trace.Seen, syscall string) FactRef {
	return FactRef{
		Subject: s.name(seen.Subject), Operation: seen.Operation, Syscall: syscall,
		Outcome: seen.Outcome, Count: max(seen.Count, 1), First: seen.First, Last: max(seen.First, seen.Last),
	}
}

// normalise brings evidence into one form: facts that differ only in count and
// time are one, everything is sorted.
func (e *Evidence) normalise() {
	byKey := map[FactRef]FactRef{}
	for _, f := range e.Facts {
		key := f
		key.Count, key.First, key.Last = 0, 0, 0
		if old, ok := byKey[key]; ok {
			f.Count += old.Count
			f.First, f.Last = min(f.First, old.First), max(f.Last, old.Last)
		}
		byKey[key] = f
	}
	e.Facts = e.Facts[:0]
	for _, f := range byKey {
		e.Facts = append(e.Facts, f)
	}
	slices.SortFunc(e.Facts, func(a, b FactRef) int {
		return cmp.Or(cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Operation, b.Operation),
			cmp.Compare(a.Syscall, b.Syscall), cmp.Compare(a.Outcome, b.Outcome))
	})
	e.Rules = sortedSet(e.Rules)
}

// sortedSet sorts and drops duplicates. It never gives nil, for JSON's sake.
func sortedSet[T cmp.Ordered](in []T) []T {
	out := slices.Clone(in)
	if out == nil {
		out = []T{}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
