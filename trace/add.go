package trace

// Add appends a fact, of whichever kind it is. What is no fact is left out.
func (t *Trace) Add(fact any) {
	switch f := fact.(type) {
	case Syscall:
		t.Syscalls = append(t.Syscalls, f)
	case Exec:
		t.Execs = append(t.Execs, f)
	case File:
		t.Files = append(t.Files, f)
	case Capability:
		t.Capabilities = append(t.Capabilities, f)
	case Socket:
		t.Sockets = append(t.Sockets, f)
	case Argument:
		t.Arguments = append(t.Arguments, f)
	}
}
