package seccomp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
)

// withoutTolerated is the profile without calls that the worker did as well without.
func withoutTolerated(p *synth.Profile) *synth.Profile {
	less := *p
	less.Syscalls = slices.DeleteFunc(slices.Clone(p.Syscalls), func(s synth.SyscallGrant) bool {
		return tolerated(p, s.Name)
	})
	return &less
}

func tolerated(p *synth.Profile, call string) bool {
	return p.Marks.Of(synth.EntrySyscall, call) == synth.MarkTolerated
}

// marks say on top what running the worker without some of the calls has shown.
func marks(p *synth.Profile, opt Options) []string {
	if p.Marks == nil {
		return nil
	}
	count := map[synth.Mark]int{}
	for _, e := range p.Marks.Entries {
		if e.Kind == synth.EntrySyscall {
			count[e.Mark]++
		}
	}
	left := ""
	if n := count[synth.MarkTolerated]; n > 0 && opt.OnlyRequired {
		left = fmt.Sprintf("; the %d tolerated ones are left out", n)
	}
	return []string{fmt.Sprintf("marks of minimize, which ran the worker without one call or another: %d required, %d tolerated, %d unproven%s; only these operations vouch for that: %s",
		count[synth.MarkRequired], count[synth.MarkTolerated], count[synth.MarkUnproven], left, synth.Printable(strings.Join(p.Marks.Operations, ", ")))}
}
