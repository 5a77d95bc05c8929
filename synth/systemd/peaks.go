package systemd

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// peaks finds limits that the recorded worker went beyond.
func (s *Sandbox) peaks(t *trace.Trace) []Refusal {
	var out []Refusal
	for _, r := range t.Runs {
		if r.End == nil {
			continue
		}
		for _, p := range []struct {
			directive, what string
			peak            uint64
		}{{"TasksMax", "tasks", r.End.Resources.TasksPeak}, {"LimitNOFILE", "descriptors of one process", r.End.Resources.FilesPeak}} {
			limit, hard, known := limits(s.value(p.directive))
			switch {
			case !known:
				s.doubt(p.directive, "how much that is depends on the host")
			case p.peak > hard && !(p.directive == "LimitNOFILE" && s.raises(t)):
				of := synth.Peak{Run: r.Run, Name: p.what, Value: p.peak}
				out = append(out, Refusal{p.directive, fmt.Sprintf("%d %s", p.peak, p.what), of})
			case p.peak > limit:
				s.doubt(p.directive, fmt.Sprintf("a process had %d descriptors: it would have to raise its limit by itself", p.peak))
			}
		}
		if limit, _, known := limits(s.value("MemoryMax")); !known || r.End.Resources.MemoryPeak > limit {
			s.doubt("MemoryMax", fmt.Sprintf("the processes had %d MiB resident, in which what they share is counted for each", r.End.Resources.MemoryPeak>>20))
		}
	}
	return out
}

// raises says whether the worker may go beyond a hard limit.
func (s *Sandbox) raises(t *trace.Trace) bool {
	return slices.ContainsFunc(t.Capabilities, func(c trace.Capability) bool {
		return c.Name == "CAP_SYS_RESOURCE" && c.Outcome == trace.OK && s.refusesCapability(c.Name) == ""
	})
}

// limits reads a limit, SOFT:HARD or one for both, with the suffixes of bytes;
// false for a share of what the host has.
func limits(value string) (soft, hard uint64, known bool) {
	first, second, both := strings.Cut(value, ":")
	soft, known = limit(first)
	hard = soft
	if both {
		var ok bool
		hard, ok = limit(second)
		known = known && ok
	}
	return soft, hard, known
}

func limit(value string) (uint64, bool) {
	if value == "" || value == "infinity" {
		return math.MaxUint64, true
	}
	shift := 0
	if at := strings.IndexByte("KMGT", value[len(value)-1]); at >= 0 {
		value, shift = value[:len(value)-1], 10*(at+1)
	}
	n, err := strconv.ParseFloat(value, 64)
	return uint64(n * float64(uint64(1)<<shift)), err == nil && n >= 0
}

// masked finds files that the worker made for others of its own processes, which
// run as somebody else, and that UMask= would keep from them.
func (s *Sandbox) masked(t *trace.Trace) []Refusal {
	mask, err := strconv.ParseUint(s.value("UMask"), 8, 32)
	if err != nil {
		return nil
	}
	made, set := map[trace.Path]bool{}, map[trace.Path]bool{}
	for _, f := range t.Files {
		switch {
		case !f.Succeeded():
		case f.Access&trace.AccessCreate != 0:
			made[f.Path] = true
		case f.Access&trace.AccessChmod != 0: // it does not rest on the mask
			set[f.Path] = true
		}
	}
	var out []Refusal
	for _, f := range t.Files {
		if f.Succeeded() && made[f.Path] && !set[f.Path] && f.FSUID != 0 && f.FSUID != f.UID && f.Type != "" && takenBy(uint32(mask), f) {
			out = append(out, Refusal{"UMask", fmt.Sprintf("%s of %s", f.Access, f.Path), f})
		}
	}
	return out
}

// takenBy says whether a mask takes a permission that a use of somebody else's
// file needs, whether that was the group's or everybody's.
func takenBy(mask uint32, f trace.File) bool {
	var need uint32
	for _, n := range []struct {
		access trace.Access
		bit    uint32
	}{{trace.AccessRead, 4}, {data, 2}, {trace.AccessExec, 1}} {
		if f.Access&n.access != 0 {
			need |= n.bit
		}
	}
	group, all := f.Mode&^mask>>3, f.Mode&^mask
	return need != 0 && need&^group != 0 && need&^all != 0
}

// doubtCalls notes which calls are about what a directive changes, though facts do
// not tell whether it would matter.
func (s *Sandbox) doubtCalls(t *trace.Trace) {
	if s.value("KeyringMode") != "private" {
		return
	}
	for _, c := range t.Syscalls {
		if slices.Contains([]string{"add_key", "request_key", "keyctl"}, c.Name) {
			s.doubt("KeyringMode", "whether a key was in the user's keyring is not told; of a service of the system it is what holds without the line")
		}
	}
}
