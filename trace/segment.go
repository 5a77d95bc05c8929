package trace

import (
	"errors"
	"fmt"
)

// segment is one run as it is being read, its subjects under the ids that the
// file gives them. Equal facts are joined as they come, so that a long
// recording's repeated counts take no memory.
type segment struct {
	run          Run
	operations   []Operation
	subjects     map[int]Subject
	syscalls     set[Syscall]
	execs        set[Exec]
	files        set[File]
	capabilities set[Capability]
	sockets      set[Socket]
	arguments    set[Argument]
	holes        map[Hole]uint64
	damaged      uint64
}

func newSegment(h Header) *segment {
	return &segment{
		run:          Run{Header: h},
		subjects:     map[int]Subject{},
		syscalls:     set[Syscall]{},
		execs:        set[Exec]{},
		files:        set[File]{},
		capabilities: set[Capability]{},
		sockets:      set[Socket]{},
		arguments:    set[Argument]{},
		holes:        map[Hole]uint64{},
	}
}

// record takes in any record but a header.
func (s *segment) record(kind string, line []byte) error {
	if s.run.End != nil {
		return errors.New("follows the closing record")
	}
	switch kind {
	case typeSubject:
		return s.subject(line)
	case typeSyscall:
		return take(s.syscalls, line, Syscall.check)
	case typeExec:
		return take(s.execs, line, Exec.check)
	case typeFile:
		return take(s.files, line, File.check)
	case typeCapability:
		return take(s.capabilities, line, Capability.check)
	case typeSocket:
		return take(s.sockets, line, Socket.check)
	case typeArgument:
		return take(s.arguments, line, Argument.check)
	case typeOperation:
		o, err := decode(line, Operation.check)
		if err == nil {
			s.operations = append(s.operations, o)
		}
		return err
	case typeHole:
		h, err := decode(line, Hole.check)
		if err == nil {
			addHoles(s.holes, []Hole{h.clean()}, greatest)
		}
		return err
	case typeEnd:
		return s.end(line)
	}
	return fmt.Errorf("unknown record type %q", kind)
}

// take decodes one fact into its set.
func take[T comparable, P factOf[T]](s set[T], line []byte, check func(T) error) error {
	f, err := decode(line, check)
	if err == nil {
		add[T, P](s, f, greatest)
	}
	return err
}

func (s *segment) subject(line []byte) error {
	v, err := decode(line, Subject.check)
	if err != nil {
		return err
	}
	if old, ok := s.subjects[v.ID]; ok && old != v {
		return fmt.Errorf("subject %d was %s before", v.ID, old.Exe)
	}
	s.subjects[v.ID] = v
	return nil
}

func (s *segment) end(line []byte) error {
	e, err := decode(line, End.check)
	if err != nil {
		return err
	}
	for i, h := range e.Holes {
		e.Holes[i] = h.clean()
	}
	addHoles(s.holes, e.Holes, greatest)
	s.run.End = &e
	return nil
}

// damage notes a line that could not be read.
func (s *segment) damage(number int, err error) {
	s.damaged++
	if s.damaged <= maxDamage {
		h := Hole{Kind: HoleDamaged, Detail: fmt.Sprintf("line %d: %v", number, err)}
		addHoles(s.holes, []Hole{h.clean()}, greatest)
	}
}

// trace gives what was read, subjects renumbered. Facts of a subject that the
// file does not declare go to subject 0.
func (s *segment) trace() *Trace {
	s.run.Operations = joinOperations(s.operations)
	if s.run.End == nil {
		detail := "the trace ends without a closing record: the recorder was killed"
		if in := s.run.interrupted(); in != "" {
			detail += " in operation " + in
		}
		s.holes[Hole{Kind: HoleTruncated, Detail: detail}] = 0
	}
	if s.damaged > maxDamage {
		s.holes[Hole{Kind: HoleDamaged, Detail: "further lines"}] = s.damaged - maxDamage
	}
	raw := &Trace{
		Syscalls:     unordered(s.syscalls),
		Execs:        unordered(s.execs),
		Files:        unordered(s.files),
		Capabilities: unordered(s.capabilities),
		Sockets:      unordered(s.sockets),
		Arguments:    unordered(s.arguments),
	}
	for _, v := range s.subjects {
		raw.Subjects = append(raw.Subjects, v)
	}
	if n := raw.undeclared(); n > 0 {
		s.holes[Hole{Kind: HoleDamaged, Detail: "facts name subjects that are not declared"}] = n
	}
	raw.Holes = listHoles(s.holes)
	t := union([]*Trace{raw}, sum)
	t.Runs = []Run{s.run}
	return t
}

// undeclared counts the facts whose subject is neither declared nor 0.
func (t *Trace) undeclared() uint64 {
	known := map[int]bool{0: true}
	for _, s := range t.Subjects {
		known[s.ID] = true
	}
	var n uint64
	note := func(ids ...int) {
		for _, id := range ids {
			if !known[id] {
				n++
				return
			}
		}
	}
	for _, f := range t.Syscalls {
		note(f.Subject)
	}
	for _, f := range t.Execs {
		note(f.Subject, f.Target)
	}
	for _, f := range t.Files {
		note(f.Subject)
	}
	for _, f := range t.Capabilities {
		note(f.Subject)
	}
	for _, f := range t.Sockets {
		note(f.Subject)
	}
	for _, f := range t.Arguments {
		note(f.Subject)
	}
	return n
}
