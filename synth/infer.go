package synth

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/trace"
)

// Options steer the inference.
type Options struct {
	// Strict leaves out what only a rule grants: siblings of system calls,
	// sets of language runtimes, versions of libraries.
	Strict bool
	// User is the identity the profile is made for; "" for the recorded one.
	User string
	// Fold says which names become patterns; "" is FoldStable.
	Fold Fold
}

// HoleIdentity is the hole of a profile made for a user that no run had: root
// owns most files, so a run as root asks for fewer permissions.
const HoleIdentity = "identity"

// Infer makes the profile of a trace, which may be the union of several runs.
// Commands of a unit that its sandbox does not apply to have no part in it.
func Infer(t *trace.Trace, opt Options) *Profile {
	t = t.Confined()
	by := subjectsOf(t)
	folds := newFolder(t, opt)
	t = attributed(t, folds)
	p := &Profile{Worker: workerOf(t), Operations: inferOperations(t), Blind: blind(t), Resources: peak(t)}
	p.Syscalls = inferSyscalls(t, by, p.Worker, opt)
	p.Capabilities = inferCapabilities(t, by)
	seen := slices.Clone(p.Capabilities)
	if opt.User != "" && opt.User != "root" && !slices.Contains(p.Worker.Users, opt.User) {
		var needed []CapabilityGrant
		p.Replayed, needed = replay(t, by, p.Worker, opt.User)
		p.Capabilities = withReplayed(p.Capabilities, needed)
	}
	p.Execs = inferExecs(t, by, folds, p.Worker)
	p.Files, p.Absent = inferFiles(t, by, folds)
	p.Sockets = inferSockets(t, by, folds)
	p.NoSockets = missingSockets(t, by, folds)
	p.Arguments = inferArguments(t, by)
	p.Dynamic = inferDynamic(t, by, p.Worker, seen)
	p.Programs = inferPrograms(t, by, folds, p, opt)
	p.Escapes = inferEscapes(p)
	p.ChosenIn = folds.listed()
	p.Holes = holesOf(t, p, opt)
	return p
}

func workerOf(t *trace.Trace) Worker {
	var w Worker
	var exes []trace.Path
	for _, r := range t.Runs {
		exes = append(exes, r.Worker)
		w.Users = append(w.Users, r.User)
		w.Runs = append(w.Runs, r.Run)
		w.Arch = append(w.Arch, r.Arch)
		if r.Kernel != "" {
			w.Kernels = append(w.Kernels, r.Kernel)
		}
	}
	for _, s := range t.Subjects {
		w.Subjects = append(w.Subjects, s.Exe)
		if s.Script != "" {
			w.Subjects[len(w.Subjects)-1] = s.Script
		}
		if s.Runtime != "" {
			w.Runtimes = append(w.Runtimes, s.Runtime)
		}
	}
	if exes = sortedSet(exes); len(exes) > 0 {
		w.Exe = exes[0]
	}
	w.Called = calledBy(t, w.Exe)
	w.Name = cmp.Or(unitName(t), plainName(string(cmp.Or(w.Called, w.Exe))))
	w.Users, w.Runs, w.Arch = sortedSet(w.Users), sortedSet(w.Runs), sortedSet(w.Arch)
	w.Kernels, w.Subjects, w.Runtimes = sortedSet(w.Kernels), sortedSet(w.Subjects), sortedSet(w.Runtimes)
	return w
}

// unitName is the name of the unit that all runs recorded, without its suffix;
// "" when they recorded something else, or when files cannot be named after it.
func unitName(t *trace.Trace) string {
	if len(t.Runs) == 0 {
		return ""
	}
	name := strings.TrimSuffix(t.Runs[0].Unit, ".service")
	for _, r := range t.Runs {
		if name == "" || r.Unit != t.Runs[0].Unit || plainName(name) != name {
			return ""
		}
	}
	return name
}

// calledBy is the link that the worker was started by, "" if by its own name.
// Programs such as busybox go by it. The recorder's own child is subject 0.
func calledBy(t *trace.Trace, exe trace.Path) trace.Path {
	by := subjectsOf(t)
	var names []trace.Path
	for _, e := range t.Execs {
		if target := by[e.Target]; e.Subject == 0 && target.Exe == exe && target.Script == "" && e.Called != "" && e.Called != exe {
			names = append(names, e.Called)
		}
	}
	if names = sortedSet(names); len(names) > 0 {
		return names[0]
	}
	return ""
}

// plainName is the base name with everything that a unit or profile name could
// stumble over replaced.
func plainName(exe string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-', r == '_', r == '.':
			return r
		}
		return '_'
	}, path.Base(exe))
	if name = strings.TrimLeft(name, ".-"); name == "" || exe == "" || exe == "/" {
		return "worker"
	}
	return name
}

// factKinds are the kinds that a probe can stand behind.
var factKinds = [...]string{"syscall", "exec", "file", "capability", "socket", "argument"}

// blind lists the kinds that at least one run had no probe for.
func blind(t *trace.Trace) []string {
	out := []string{}
	for _, kind := range factKinds {
		seen := len(t.Runs) > 0
		for _, r := range t.Runs {
			seen = seen && slices.ContainsFunc(r.Probes, func(p trace.Probe) bool { return p.Fact == kind && p.Hook != "" })
		}
		if !seen {
			out = append(out, kind)
		}
	}
	return out
}

// peak is the largest value of each measure over all runs.
func peak(t *trace.Trace) trace.Resources {
	var all trace.Resources
	for _, r := range t.Runs {
		if r.End != nil {
			all = most(all, r.End.Resources)
		}
	}
	return all
}

// holesOf copies the trace's holes and adds those that follow from the profile.
func holesOf(t *trace.Trace, p *Profile, opt Options) []trace.Hole {
	holes := slices.Concat(t.Holes, t.Untrained(), t.Failed(), t.Mixed())
	for _, kind := range p.Blind {
		if !slices.ContainsFunc(holes, func(h trace.Hole) bool {
			return h.Kind == trace.HoleNoProbe && strings.Contains(h.Detail, kind)
		}) {
			holes = append(holes, trace.Hole{Kind: trace.HoleNoProbe, Detail: "no probe saw facts of kind " + kind})
		}
	}
	truncated := slices.ContainsFunc(holes, func(h trace.Hole) bool { return h.Kind == trace.HoleTruncated })
	for _, r := range t.Runs {
		if r.End == nil && !truncated {
			holes = append(holes, trace.Hole{Kind: trace.HoleTruncated, Detail: "run " + r.Run + " has no closing record"})
		}
	}
	if opt.User != "" && !slices.Contains(p.Worker.Users, opt.User) {
		holes = append(holes, trace.Hole{Kind: HoleIdentity, Detail: fmt.Sprintf(
			"recorded as %s, made for %s: file accesses were replayed against owner, group and mode, directories that no fact tells the mode "+
				"of taken for root's; what else asks for root (polkit, PAM, programs that look at their user id) was not seen",
			strings.Join(p.Worker.Users, ", "), opt.User)})
	}
	slices.SortFunc(holes, func(a, b trace.Hole) int {
		return strings.Compare(a.Kind+"\x00"+a.Detail, b.Kind+"\x00"+b.Detail)
	})
	if holes == nil {
		return []trace.Hole{}
	}
	return slices.Compact(holes)
}
