package synth

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/trace"
)

// inferCapabilities classes every capability that was checked. One is granted
// when at least one check was an ordinary one, was answered with yes, and was
// about the initial user namespace, unless a broader one that is granted answers
// all of them as well; evidence then holds those checks alone. All others are kept with the reason why they are not granted.
func inferCapabilities(t *trace.Trace, by subjects) []CapabilityGrant {
	checks := map[string]map[string][]trace.Capability{} // name → reason ("" for needed)
	inside := map[string]bool{}                          // granted in a user namespace of the worker's own
	callers := map[string][]string{}
	failed := failedCalls(t)
	for _, c := range t.Capabilities {
		if checks[c.Name] == nil {
			checks[c.Name] = map[string][]trace.Capability{}
		}
		reason := notNeeded(c)
		if reason == reasonDenied && failed[failedCall{c.Subject, c.Operation, c.Syscall}] {
			reason = reasonMissed
		}
		if c.Caller != "" {
			callers[c.Name] = append(callers[c.Name], c.Caller)
		}
		checks[c.Name][reason] = append(checks[c.Name][reason], c)
		if reason == reasonUserNS && c.Outcome == trace.OK {
			inside[c.Name] = true
		}
	}
	grants := make([]CapabilityGrant, 0, len(checks))
	needed := func(name string) bool { return len(checks[name][""]) > 0 }
	for name, reasons := range checks {
		g := CapabilityGrant{Name: name, Need: Required, UserNS: inside[name]}
		facts := reasons[""]
		if len(facts) == 0 {
			g.Need, g.Reason, facts = dismiss(reasons)
		} else if other := standsFor(facts); other != "" && needed(other) {
			g.Need, g.Instead, g.Reason = OptionalCheck, other, fmt.Sprintf(reasonInstead, other)
		}
		for _, c := range facts {
			g.Facts = append(g.Facts, by.ref(c.Seen, c.Syscall))
		}
		if asked := callers[name]; asked != nil {
			g.Callers = sortedSet(asked)
		}
		g.normalise()
		grants = append(grants, g)
	}
	slices.SortFunc(grants, func(a, b CapabilityGrant) int { return cmp.Compare(a.Name, b.Name) })
	return grants
}

// failedCall is a call that was refused, as capability checks point at it.
type failedCall struct {
	subject  int
	op, call string
}

func failedCalls(t *trace.Trace) map[failedCall]bool {
	failed := map[failedCall]bool{}
	for _, s := range t.Syscalls {
		if s.Outcome == "EPERM" || s.Outcome == "EACCES" {
			failed[failedCall{s.Subject, s.Operation, s.Name}] = true
		}
	}
	return failed
}

// dismiss joins the reasons of a capability that is not granted. One that a call
// failed without is missed; denied stands only where no check was optional.
func dismiss(reasons map[string][]trace.Capability) (Need, string, []trace.Capability) {
	need := DeniedHarmless
	var words []string
	var facts []trace.Capability
	for reason, checks := range reasons {
		switch {
		case reason == reasonMissed:
			need = DeniedMissed
		case reason != reasonDenied && need != DeniedMissed:
			need = OptionalCheck
		}
		words = append(words, reason)
		facts = append(facts, checks...)
	}
	slices.Sort(words)
	return need, strings.Join(words, "; "), facts
}

// Required lists the capabilities that the profile grants, sorted.
func (p *Profile) Required() []string {
	names := []string{}
	for _, c := range p.Capabilities {
		if c.Need == Required {
			names = append(names, c.Name)
		}
	}
	return names
}
