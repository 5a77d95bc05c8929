package apparmor

import (
	"fmt"
	"slices"
	"strconv"
)

// children says, for the top of the file, which profiles there are and how much
// they confine.
func (p *policy) children() []string {
	if len(p.layout.all) == 1 {
		if len(p.whole.Programs) > 1 {
			return []string{"", "One profile: everything that the worker executes may do what any of it may."}
		}
		return nil
	}
	n := len(p.layout.all) - 1
	var shared int
	for _, c := range p.layout.all {
		if c.name == sharedName {
			shared = len(c.programs)
		}
	}
	out := []string{"", "PROFILES: " + p.opt.Name + " is the worker's; " + strconv.Itoa(n) + " more" + " for what it executes."}
	if shared > 0 {
		out = append(out, fmt.Sprintf("  %s, which need no more than everybody may do, share %s.", counted(shared, "program"), p.sharedFull()))
	}
	if p.layout.stacked {
		out = append(out,
			"  They are stacked, for a unit with NoNewPrivileges=: each program runs under its own profile and under",
			"  all of those it was started from. What starts others therefore has to hold what they need, and confines",
			"  itself little; what starts nothing is confined to its own needs:")
		out = append(out, p.outer()...)
	} else {
		out = append(out,
			"  They are for a unit without NoNewPrivileges=: a program leaves the profile it is started from. Started so,",
			"  it runs in secure-execution mode (ld.so(8)): LD_PRELOAD, TMPDIR and the like are taken out of its environment.",
			"  Under NoNewPrivileges= such programs cannot be executed at all (EPERM).")
	}
	return append(out,
		"  What a program is handed open, by others than a shell, a trace does not show: look for file_inherit in the",
		"  kernel's log while the profile complains (--complain) before it is enforced.")
}

func (p *policy) sharedFull() string {
	return p.layout.fullName(&confined{name: sharedName})
}

// outer says of each profile that holds more than its own needs how much of it
// that is.
func (p *policy) outer() []string {
	var out []string
	for _, d := range p.docs {
		sections, _ := d.sections()
		all, own := rulesIn(sections), d.own()
		if len(d.home.holds) > len(d.home.programs) && !slices.Equal(d.home.holds, d.home.programs) && all > own {
			out = append(out, fmt.Sprintf("    %s: of %d rules %d for itself", p.layout.fullName(d.home), all, own))
		}
	}
	return out
}
