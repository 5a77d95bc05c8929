package synth

import (
	"cmp"
	"slices"

	"github.com/osapi-io/osapi-profile/trace"
)

type syscallKey struct{ name, abi string }

// inferSyscalls grants every call that was seen, whatever it returned: a
// non-blocking connect only ever fails, and a call that fails still tells the
// worker something. ENOSYS alone tells it to do without.
//
// A call that a seccomp filter refused (trace.Seccomp) is granted as well. The
// worker makes it, and where the filter is its own, the filter goes on to refuse
// it: of two filters the stricter answer counts, so that a profile that leaves
// the call out would turn the errno the worker expects into its end. Where the
// filter was that of the machine the trace was made on, it says nothing of the
// machine the profile is for, which is true of its ENOSYS too.
func inferSyscalls(t *trace.Trace, by subjects, w Worker, opt Options) []SyscallGrant {
	seen := map[syscallKey]*Evidence{}
	for _, s := range t.Syscalls {
		if s.Outcome == "ENOSYS" {
			continue
		}
		key := syscallKey{s.Name, s.ABI}
		if seen[key] == nil {
			seen[key] = &Evidence{}
		}
		seen[key].Facts = append(seen[key].Facts, by.ref(s.Seen, ""))
	}
	ruled := map[string][]string{}
	for _, r := range syscallRules() {
		if opt.Strict && !r.always || !r.applies(seen, w) {
			continue
		}
		for _, name := range r.calls {
			if seen[syscallKey{name, ""}] == nil && exists(name, w.Arch) {
				ruled[name] = append(ruled[name], r.Name)
			}
		}
	}
	for name, rules := range ruled {
		seen[syscallKey{name, ""}] = &Evidence{Rules: rules}
	}
	grants := make([]SyscallGrant, 0, len(seen))
	for key, e := range seen {
		e.normalise()
		grants = append(grants, SyscallGrant{Name: key.name, ABI: key.abi, Evidence: *e})
	}
	slices.SortFunc(grants, func(a, b SyscallGrant) int {
		return cmp.Or(cmp.Compare(a.ABI, b.ABI), cmp.Compare(a.Name, b.Name))
	})
	return grants
}

// applies says whether the worker has what the rule is about. Only what was
// seen counts, not what other rules added, so that the order of rules does not
// matter.
func (r syscallRule) applies(seen map[syscallKey]*Evidence, w Worker) bool {
	if r.sibling {
		return slices.ContainsFunc(r.calls, func(name string) bool { return seen[syscallKey{name, ""}] != nil })
	}
	return r.runtime == "" || slices.Contains(w.Runtimes, r.runtime)
}
