// Package diff compares two profiles by what they grant: what a release of the
// worker needs that the one before did not, and the other way round. How often
// and by whom a grant was used makes no difference.
package diff

import (
	"slices"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// Changes are what leads from one profile to another.
type Changes struct {
	More   []synth.Grant  `json:"more"`   // needed by the new one alone
	Less   []synth.Grant  `json:"less"`   // needed by the old one alone
	Opened []synth.Escape `json:"opened"` // ways out of the sandbox that only the new one needs
	Closed []synth.Escape `json:"closed"` // and those that only the old one did
	// What the profiles cannot vouch for: a hole in the new one makes Less
	// uncertain, a hole in the old one More.
	OldHoles []trace.Hole `json:"old_holes"`
	NewHoles []trace.Hole `json:"new_holes"`
}

// Of compares two profiles. Swapping them swaps More with Less.
func Of(before, after *synth.Profile) Changes {
	return Changes{
		More: missing(before, after), Less: missing(after, before),
		Opened: escapes(before, after), Closed: escapes(after, before),
		OldHoles: before.Holes, NewHoles: after.Holes,
	}
}

// missing lists what want grants and have does not. It is never nil.
func missing(have, want *synth.Profile) []synth.Grant {
	out := []synth.Grant{}
	add := func(ok bool, g synth.Grant) {
		if !ok {
			out = append(out, g)
		}
	}
	for _, g := range want.Capabilities {
		add(g.Need != synth.Required || slices.ContainsFunc(have.Capabilities, func(h synth.CapabilityGrant) bool {
			return h.Name == g.Name && h.Need == synth.Required
		}), g.Grant())
	}
	for _, g := range want.Execs {
		add(slices.ContainsFunc(have.Execs, func(h synth.ExecGrant) bool {
			return covers(h.Name(), g.Name()) && how(h) == how(g)
		}), execution(g))
	}
	for _, g := range want.Files {
		if left := refused(have, g); left != 0 {
			g.Access = left
			out = append(out, g.Grant())
		}
	}
	for _, g := range want.Sockets {
		add(slices.ContainsFunc(have.Sockets, func(h synth.SocketGrant) bool { return sameSocket(h, g) }), g.Grant())
	}
	for _, g := range want.Syscalls {
		add(slices.ContainsFunc(have.Syscalls, func(h synth.SyscallGrant) bool { return h.Name == g.Name && h.ABI == g.ABI }), g.Grant())
	}
	for _, g := range want.Arguments {
		add(slices.ContainsFunc(have.Arguments, func(h synth.ArgumentGrant) bool {
			return h.Syscall == g.Syscall && h.Name == g.Name && h.Value == g.Value && h.Target == g.Target
		}), g.Grant())
	}
	return out
}

// covers says whether one name stands for all that another does. A pattern is
// covered by its like alone.
func covers(have, want synth.Pattern) bool {
	if want.IsLiteral() && len(want) > 0 {
		return have.Match(want[0].Text)
	}
	return slices.Equal(have, want)
}

// refused are the accesses of a grant that another profile does not have.
func refused(have *synth.Profile, g synth.FileGrant) trace.Access {
	left := g.Access &^ (trace.AccessExec | trace.AccessExecMap) // what is executed is told by itself
	for _, h := range have.Files {
		if left != 0 && covers(h.Name(), g.Name()) {
			left &^= h.Access
		}
	}
	return left
}

// how says what becomes of a file that is executed.
func how(g synth.ExecGrant) string {
	switch {
	case g.Kind == synth.KindLibrary || g.Kind == synth.KindLoader:
		return "map executable"
	case g.Gains:
		return "execute, with a gain of privileges"
	}
	return "execute"
}

func execution(g synth.ExecGrant) synth.Grant {
	out := g.Grant()
	out.What = how(g)
	return out
}

func sameSocket(h, g synth.SocketGrant) bool {
	return h.Action == g.Action && h.Family == g.Family && h.Type == g.Type && h.Protocol == g.Protocol && h.Address == g.Address &&
		h.Port == g.Port && h.Abstract == g.Abstract && h.Path == g.Path && slices.Equal(h.Pattern, g.Pattern)
}

// escapes lists the ways out that only want has open.
func escapes(have, want *synth.Profile) []synth.Escape {
	out := []synth.Escape{}
	for _, e := range want.Escapes {
		if !slices.ContainsFunc(have.Escapes, func(h synth.Escape) bool { return h.Name() == e.Name() && h.Why == e.Why }) {
			out = append(out, e)
		}
	}
	return out
}

// Same says whether nothing changed.
func (c Changes) Same() bool { return len(c.More)+len(c.Less)+len(c.Opened)+len(c.Closed) == 0 }

// NeedsMore says whether the new profile grants anything that the old did not.
func (c Changes) NeedsMore() bool { return len(c.More)+len(c.Opened) > 0 }
