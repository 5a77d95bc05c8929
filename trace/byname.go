package trace

// ByName parts the facts by what name says of their subjects, each part with these
// subjects. Executions count for the one who executes. Parts have no runs and no
// holes of their own.
func (t *Trace) ByName(name func(id int) Path) map[Path]*Trace {
	parts := map[Path]*Trace{}
	of := func(id int) *Trace {
		key := name(id)
		if parts[key] == nil {
			parts[key] = &Trace{}
		}
		return parts[key]
	}
	for _, s := range t.Subjects {
		p := of(s.ID)
		p.Subjects = append(p.Subjects, s)
	}
	share(t.Syscalls, of, func(p *Trace) *[]Syscall { return &p.Syscalls })
	share(t.Execs, of, func(p *Trace) *[]Exec { return &p.Execs })
	share(t.Files, of, func(p *Trace) *[]File { return &p.Files })
	share(t.Capabilities, of, func(p *Trace) *[]Capability { return &p.Capabilities })
	share(t.Sockets, of, func(p *Trace) *[]Socket { return &p.Sockets })
	share(t.Arguments, of, func(p *Trace) *[]Argument { return &p.Arguments })
	return parts
}

// share puts each fact into the list of the part that its subject belongs to.
func share[T any, P factOf[T]](facts []T, of func(id int) *Trace, list func(*Trace) *[]T) {
	for i := range facts {
		to := list(of(P(&facts[i]).seen().Subject))
		*to = append(*to, facts[i])
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
