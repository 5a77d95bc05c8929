package trace

// OfOperations is t with the facts of some operations alone, by their names; ""
// stands for what belongs to none. Runs, subjects and holes stay. It cannot be
// merged again.
func (t *Trace) OfOperations(in func(name string) bool) *Trace {
	return &Trace{
		Runs: t.Runs, Subjects: t.Subjects, Holes: t.Holes,
		Syscalls:     during(t.Syscalls, in),
		Execs:        during(t.Execs, in),
		Files:        during(t.Files, in),
		Capabilities: during(t.Capabilities, in),
		Sockets:      during(t.Sockets, in),
		Arguments:    during(t.Arguments, in),
	}
}

func during[T any, P factOf[T]](facts []T, in func(name string) bool) []T {
	return without(facts, func(f T) bool { return !in(P(&f).seen().Operation) })
}
