package trace

// OfSubjects is the facts of some subjects alone, with these subjects. Executions
// count for the one who executes. It has no runs and no holes of its own.
func (t *Trace) OfSubjects(in func(id int) bool) *Trace {
	out := func(id int) bool { return !in(id) }
	return &Trace{
		Subjects:     without(t.Subjects, func(s Subject) bool { return out(s.ID) }),
		Syscalls:     others(t.Syscalls, out),
		Execs:        others(t.Execs, out),
		Files:        others(t.Files, out),
		Capabilities: others(t.Capabilities, out),
		Sockets:      others(t.Sockets, out),
		Arguments:    others(t.Arguments, out),
	}
}

// Parts are the recordings that a merged trace was made of, each by itself; of
// one that was not merged, itself.
func (t *Trace) Parts() []*Trace {
	if t.parts == nil {
		return []*Trace{t}
	}
	return t.parts
}
