package synth

import (
	"cmp"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/trace"
)

// inferCapabilities classes every capability that was checked. One is granted
// when at least one check was an ordinary one, was answered with yes, and was
// about the initial user namespace; evidence then holds those checks alone.
// All others are kept with the reason why they are not granted.
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
	for name, reasons := range checks {
		g := CapabilityGrant{Name: name, Need: Required, UserNS: inside[name]}
		facts := reasons[""]
		if len(facts) == 0 {
			g.Need, g.Reason, facts = dismiss(reasons)
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

// Reasons not to grant a capability.
const (
	reasonMemory   = "only memory accounting asked (vm_enough_memory), to choose how much to lend; never to refuse"
	reasonNoAudit  = "the kernel only asked in order to choose, without audit; a no is harmless"
	reasonOverride = "asked under credentials the kernel had put in place of the worker's own"
	reasonUserNS   = "asked of a user namespace of the worker's own, which the bounding set does not decide"
	reasonDenied   = "was refused, and the call that asked went on all the same"
	reasonMissed   = "was refused, and the call that asked failed; the run went on without"
	reasonBuffer   = "only lifts the limit of a socket's buffer (SO_SNDBUFFORCE, SO_RCVBUFFORCE; net.core.*mem_max); " +
		"systemd's libraries ask for it everywhere and go on with a smaller buffer"
)

// onlyChoosing are kernel functions that go on whatever the answer is. The
// kernel audits these checks all the same, so that no flag tells them apart.
//
//	dev_load  net/core/dev_ioctl.c: an ioctl on a network interface that is not
//	          there; who may, has a module of that name loaded first
var onlyChoosing = map[string]string{
	"dev_load": "the kernel only asked whether to load a module for a network interface that is not there (dev_load); " +
		"on a no it goes on without",
}

// interfaceQueries are the requests of netdevice(7) that anybody may make. In
// them nothing but dev_load asks for a capability.
var interfaceQueries = map[string]bool{
	"0x8913": true, // SIOCGIFFLAGS
	"0x891d": true, // SIOCGIFMETRIC
	"0x8921": true, // SIOCGIFMTU
	"0x8927": true, // SIOCGIFHWADDR
	"0x8929": true, // SIOCGIFSLAVE
	"0x8933": true, // SIOCGIFINDEX
	"0x8942": true, // SIOCGIFTXQLEN
	"0x8970": true, // SIOCGIFMAP
}

// asker is the kernel function that made a check. Some kernels have dev_load
// inlined in its caller, which asks for nothing itself in a query, and never for
// CAP_SYS_MODULE.
func asker(c trace.Capability) string {
	if c.Caller == "dev_ioctl" && (c.Name == "CAP_SYS_MODULE" || interfaceQueries[c.Argument]) {
		return "dev_load"
	}
	return c.Caller
}

// Needs says whether the worker's outcome rests on a check.
func Needs(c trace.Capability) bool { return notNeeded(c) == "" }

// notNeeded is why one check does not call for a grant, "" if it does.
func notNeeded(c trace.Capability) string {
	switch {
	case c.Optional == trace.Memory:
		return reasonMemory
	case c.Optional == trace.Override:
		return reasonOverride
	case c.Optional != trace.Needed:
		return reasonNoAudit
	case c.UserNS:
		return reasonUserNS
	case c.Syscall == "setsockopt" && (c.Argument == "SO_SNDBUFFORCE" || c.Argument == "SO_RCVBUFFORCE"):
		return reasonBuffer
	case onlyChoosing[asker(c)] != "":
		return onlyChoosing[asker(c)]
	case c.Outcome != trace.OK:
		return reasonDenied
	}
	return ""
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
