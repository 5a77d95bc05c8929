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

// executed points at an execution. That of the worker itself, and of each command
// of a unit, is by nobody who is watched.
func (s subjects) executed(e trace.Exec, starter string) FactRef {
	ref := s.ref(e.Seen, "execve")
	if e.Subject == 0 && ref.Subject == "" {
		ref.Starter = starter
	}
	return ref
}

// starterOf is who executed what was recorded first.
func starterOf(t *trace.Trace) string {
	const systemd, recorder = "systemd (before the unit's command)", "the recorder (before the worker)"
	units := 0
	for _, r := range t.Runs {
		switch {
		case r.Attached == trace.AttachedPID || r.Attached == trace.AttachedCgroup:
			return "" // whoever put a process there
		case r.Unit != "":
			units++
		}
	}
	switch units {
	case 0:
		return recorder
	case len(t.Runs):
		return systemd
	}
	return "systemd or the recorder (before the worker)"
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
		return cmp.Or(cmp.Compare(a.Subject, b.Subject), cmp.Compare(a.Starter, b.Starter), cmp.Compare(a.Operation, b.Operation),
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
