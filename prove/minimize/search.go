package minimize

// Works runs the plan with items taken away, and says whether all went as it did
// with nothing taken away. Items are numbers; the slice is the callee's to keep.
type Works func(without []int) (bool, error)

// Search finds out which of a number of items are needed, by few runs.
//
// Items are tried in their order, in groups: a group that can be taken away as a
// whole is settled by one run, and of one that cannot the first needed item is found
// by halving. How many items a group has follows from how far apart needed items lay
// so far, so that where nearly nothing is needed a run settles many items, and where
// nearly all is, none is spent on groups.
//
// Each answer is a run's, none is concluded: what is tolerated was away together in a
// run that went well, the last of them being the one that is left over; and for what
// is required a run went wrong in which it was taken away beside what was tolerated by
// then. So of two items that replace each other the first is tolerated and the second
// required.
type Search struct {
	Works Works
	// Thorough tries each required item once more beside all that was tolerated later,
	// until nothing changes. It matters where taking away one thing makes another
	// superfluous, and costs a run for each required item.
	Thorough bool
	Settled  func(left, group int) // told after each decision how many items are open, and the size of the next group; may be nil

	away     []int // tolerated so far
	open     []int // not decided, in their order
	required []verdict
	runs     int
}

// verdict is an item that a run went wrong without, beside so many others.
type verdict struct{ item, beside int }

// Result is what a search found. Together they are all items, each in order of being
// decided.
type Result struct {
	Required  []int
	Tolerated []int // all of them were away in one run that went well
	Runs      int   // how often Works was asked
}

// Run decides on items 0 to n-1, of which the first so many are likely to be
// superfluous: they are the first group. With an error comes what was decided before.
func (s *Search) Run(likely, n int) (Result, error) {
	for i := range n {
		s.open = append(s.open, i)
	}
	size := likely
	if size == 0 {
		size = firstGroup(n)
	}
	err := s.all(size, n-likely)
	if err == nil && s.Thorough {
		err = s.again()
	}
	out := Result{Required: []int{}, Tolerated: append([]int{}, s.away...), Runs: s.runs}
	for _, v := range s.required {
		out.Required = append(out.Required, v.item)
	}
	return out, err
}

// firstGroup is the size of the first group of items of which nothing is known: where
// all are needed, larger ones are runs for nothing.
func firstGroup(n int) int { return (n + 3) / 4 }

// all decides on everything. The last so many items are those that are not likely to
// be superfluous.
func (s *Search) all(size, unlikely int) error {
	for len(s.open) > 0 {
		if unlikely > 0 && len(s.open) == unlikely {
			size = firstGroup(unlikely)
		}
		if len(s.open) > unlikely {
			size = min(size, len(s.open)-unlikely)
		}
		size = min(size, len(s.open))
		s.settled(size)
		ok, err := s.try(s.open[:size])
		switch {
		case err != nil:
			return err
		case ok:
			s.accept(size)
			size *= 2
		default:
			if size, err = s.narrow(size); err != nil {
				return err
			}
		}
	}
	s.settled(0)
	return nil
}

// narrow finds the first required one of the next so many open items, which cannot be
// taken away together, and gives the size of the next group.
func (s *Search) narrow(size int) (next int, err error) {
	passed := 0
	for size > 1 {
		half := size / 2
		ok, err := s.try(s.open[:half])
		switch {
		case err != nil:
			return 0, err
		case ok:
			s.accept(half)
			passed, size = passed+half, size-half
		default:
			size = half
		}
		s.settled(size)
	}
	s.required = append(s.required, verdict{s.open[0], len(s.away)})
	s.open = s.open[1:]
	return passed + 1, nil
}

// again goes through what is required until nothing of it can be taken away.
func (s *Search) again() error {
	for i := 0; i < len(s.required); i++ {
		v := s.required[i]
		if v.beside == len(s.away) {
			continue
		}
		s.settled(1)
		ok, err := s.try([]int{v.item})
		if err != nil {
			return err
		}
		s.required[i].beside = len(s.away)
		if ok {
			s.away = append(s.away, v.item)
			s.required = append(s.required[:i], s.required[i+1:]...)
			i = -1 // the others may have become superfluous by that
		}
	}
	return nil
}

func (s *Search) try(more []int) (bool, error) {
	s.runs++
	return s.Works(append(append([]int{}, s.away...), more...))
}

func (s *Search) accept(n int) {
	s.away = append(s.away, s.open[:n]...)
	s.open = s.open[n:]
}

func (s *Search) settled(group int) {
	if s.Settled != nil {
		s.Settled(len(s.open), group)
	}
}
