package synth

import "path"

// takenAmong gives the names that others made and the worker took away, where two of
// one directory are alike but for what looks made up in them, as those of a queue are:
// what was taken is gone, and what comes next has another name.
func takenAmong(gone, made map[string]bool) map[string]bool {
	alike, taken := map[string][]string{}, map[string]bool{}
	for name, is := range gone {
		if !is || made[name] || shipped(name) {
			continue
		}
		dir, base := path.Split(name)
		if frame, varies := withoutSpans(base, madeSpans(base, 0, true)); varies {
			alike[dir+frame] = append(alike[dir+frame], name)
		}
	}
	for _, names := range alike {
		for _, name := range names {
			taken[name] = len(names) > 1
		}
	}
	return taken
}

// withoutSpans puts a NUL in the place of each stretch that is folded, and says whether
// there is one.
func withoutSpans(base string, spans []span) (frame string, varies bool) {
	folded := make([]bool, len(base))
	for _, s := range spans {
		for i := s.from; i < s.to; i++ {
			folded[i] = true
		}
	}
	var out []byte
	for i := range len(base) {
		switch {
		case !folded[i]:
			out = append(out, base[i])
		case i == 0 || !folded[i-1]:
			out, varies = append(out, 0), true
		}
	}
	return string(out), varies
}
