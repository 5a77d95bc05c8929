package record

import (
	"time"

	"github.com/osapi-io/osapi-profile/trace"
)

// entry is a fact that has been written, kept to be written again when its
// tally has grown by the end.
type entry[F any] struct {
	fact    F
	changed bool
}

// set keeps the facts of one kind by their identity: the fact itself with its
// tally taken out. F is one of the fact types of package trace.
type set[F comparable] struct {
	entries map[F]*entry[F]
	order   []*entry[F]
	seen    func(*F) *trace.Seen
	write   func(F) error
}

func newSet[F comparable](seen func(*F) *trace.Seen, write func(F) error) *set[F] {
	return &set[F]{entries: map[F]*entry[F]{}, seen: seen, write: write}
}

func (s *set[F]) identity(fact F) F {
	seen := s.seen(&fact)
	seen.Count, seen.First, seen.Last = 0, 0, 0
	return fact
}

// see takes a fact that was observed. A new one is written at once.
func (s *set[F]) see(fact F) (fresh bool, err error) {
	key := s.identity(fact)
	return s.put(key, s.entries[key], fact)
}

// again takes a fact of which each sighting is an event of its own.
func (s *set[F]) again(fact F) (fresh bool, err error) {
	key := s.identity(fact)
	known := s.entries[key]
	if known != nil {
		s.seen(&fact).Count += s.seen(&known.fact).Count
	}
	return s.put(key, known, fact)
}

func (s *set[F]) put(key F, known *entry[F], fact F) (fresh bool, err error) {
	if known == nil {
		e := &entry[F]{fact: fact}
		s.entries[key] = e
		s.order = append(s.order, e)
		return true, s.write(fact)
	}
	old, now := s.seen(&known.fact), s.seen(&fact)
	if now.Count > old.Count || now.Last > old.Last {
		old.Count, old.Last = max(old.Count, now.Count), max(old.Last, now.Last)
		known.changed = true
	}
	return false, nil
}

// finish writes the facts whose tallies have changed since they were written.
func (s *set[F]) finish() error {
	for _, e := range s.order {
		if !e.changed {
			continue
		}
		if err := s.write(e.fact); err != nil {
			return err
		}
		e.changed = false
	}
	return nil
}

// collector is everything seen so far, and the file it goes to. It belongs to
// one goroutine.
type collector struct {
	out          *trace.Writer
	began        uint64 // CLOCK_MONOTONIC at Header.Started, ns
	syscalls     *set[trace.Syscall]
	execs        *set[trace.Exec]
	files        *set[trace.File]
	capabilities *set[trace.Capability]
	sockets      *set[trace.Socket]
	arguments    *set[trace.Argument]
	subjects     map[trace.Subject]int // identity, with ID 0 → ID
	holes        *holes
	fresh        []time.Time // when each of the newest facts came, for Status.Recent
}

func newCollector(out *trace.Writer, began uint64, h *holes) *collector {
	return &collector{
		out: out, began: began, holes: h, subjects: map[trace.Subject]int{},
		syscalls:     newSet(func(f *trace.Syscall) *trace.Seen { return &f.Seen }, out.Syscall),
		execs:        newSet(func(f *trace.Exec) *trace.Seen { return &f.Seen }, out.Exec),
		files:        newSet(func(f *trace.File) *trace.Seen { return &f.Seen }, out.File),
		capabilities: newSet(func(f *trace.Capability) *trace.Seen { return &f.Seen }, out.Capability),
		sockets:      newSet(func(f *trace.Socket) *trace.Seen { return &f.Seen }, out.Socket),
		arguments:    newSet(func(f *trace.Argument) *trace.Seen { return &f.Seen }, out.Argument),
	}
}

// subject gives a program its number in the trace and writes it when it is new.
func (c *collector) subject(s trace.Subject) (int, error) {
	s.ID = 0
	if id, ok := c.subjects[s]; ok {
		return id, nil
	}
	id := len(c.subjects) + 1
	c.subjects[s] = id
	s.ID = id
	return id, c.out.Subject(s)
}

// milliseconds since the start, from CLOCK_MONOTONIC in nanoseconds.
func (c *collector) milliseconds(ns uint64) int64 {
	if ns < c.began {
		return 0
	}
	return int64((ns - c.began) / 1e6)
}

func (c *collector) note(fresh bool) {
	if fresh {
		c.fresh = append(c.fresh, time.Now())
	}
}

// recent counts the facts that came in the last 30 s.
func (c *collector) recent(now time.Time) int {
	for len(c.fresh) > 0 && now.Sub(c.fresh[0]) > 30*time.Second {
		c.fresh = c.fresh[1:]
	}
	return len(c.fresh)
}

func (c *collector) counts() map[string]int {
	return map[string]int{
		"syscall": len(c.syscalls.order), "exec": len(c.execs.order), "file": len(c.files.order),
		"capability": len(c.capabilities.order), "socket": len(c.sockets.order), "argument": len(c.arguments.order),
	}
}

func (c *collector) finish() error {
	for _, finish := range []func() error{
		c.syscalls.finish, c.execs.finish, c.files.finish, c.capabilities.finish, c.sockets.finish, c.arguments.finish,
	} {
		if err := finish(); err != nil {
			return err
		}
	}
	return nil
}
