package record

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/osapi-io/osapi-profile/trace"
)

// holes gathers what the trace cannot vouch for, and says each kind once.
type holes struct {
	warn    func(string)
	known   map[trace.Hole]uint64 // without Count → Count
	written map[trace.Hole]uint64 // likewise, as the trace has it
	first   map[string]string     // detail → the name that was met first
}

func newHoles(warn func(string)) *holes {
	if warn == nil {
		warn = func(string) {}
	}
	return &holes{warn: warn, known: map[trace.Hole]uint64{}, written: map[trace.Hole]uint64{}, first: map[string]string{}}
}

// write puts what is new into the trace, so that a recorder that is killed has
// said what it had missed.
func (h *holes) write(out *trace.Writer) error {
	for _, hole := range h.list() {
		key := trace.Hole{Kind: hole.Kind, Detail: hole.Detail}
		if h.written[key] == hole.Count {
			continue
		}
		if err := out.Hole(hole); err != nil {
			return err
		}
		h.written[key] = hole.Count
	}
	return nil
}

// set says how large a hole is by now; 0 is no hole.
func (h *holes) set(kind, detail string, count uint64) {
	key := trace.Hole{Kind: kind, Detail: detail}
	if count == 0 {
		return
	}
	if _, ok := h.known[key]; !ok {
		h.warn(detail)
	}
	h.known[key] = count
}

// add makes a hole larger by one.
func (h *holes) add(kind, detail string) {
	h.set(kind, detail, h.known[trace.Hole{Kind: kind, Detail: detail}]+1)
}

// addNamed makes a hole larger by one, and names the path that it was met with first.
func (h *holes) addNamed(kind, detail, path string) {
	if h.first[detail] == "" {
		h.first[detail] = path
	}
	h.add(kind, fmt.Sprintf("%s, such as %q", detail, h.first[detail]))
}

func (h *holes) list() []trace.Hole {
	list := make([]trace.Hole, 0, len(h.known))
	for hole, count := range h.known {
		hole.Count = count
		list = append(list, hole)
	}
	slices.SortFunc(list, func(a, b trace.Hole) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Detail, b.Detail))
	})
	return list
}
