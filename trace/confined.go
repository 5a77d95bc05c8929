package trace

import "slices"

// Confined is what the sandbox of a unit applies to: t without the facts of
// commands whose line lifts all of it, and of what they started. What is lifted
// of user and capabilities alone stays, since the rest applies.
func (t *Trace) Confined() *Trace {
	free := map[int]bool{}
	for _, s := range t.Subjects {
		free[s.ID] = s.Lifted == LiftedAll
	}
	isFree := func(id int) bool { return free[id] }
	if !slices.ContainsFunc(t.Subjects, func(s Subject) bool { return free[s.ID] }) {
		return t
	}
	out := t.Without(isFree)
	out.Subjects = without(t.Subjects, func(s Subject) bool { return free[s.ID] })
	out.Execs = without(out.Execs, func(e Exec) bool { return free[e.Target] })
	for _, p := range t.parts {
		out.parts = append(out.parts, p.Confined())
	}
	return out
}

// Without is t without the facts of some subjects, by their ids. It cannot be
// merged again.
func (t *Trace) Without(subject func(id int) bool) *Trace {
	return &Trace{
		Runs: t.Runs, Subjects: t.Subjects, Holes: t.Holes,
		Syscalls:     others(t.Syscalls, subject),
		Execs:        others(t.Execs, subject),
		Files:        others(t.Files, subject),
		Capabilities: others(t.Capabilities, subject),
		Sockets:      others(t.Sockets, subject),
		Arguments:    others(t.Arguments, subject),
	}
}

// others leaves out the facts of some subjects.
func others[T any, P factOf[T]](facts []T, leave func(id int) bool) []T {
	return without(facts, func(f T) bool { return leave(P(&f).seen().Subject) })
}
