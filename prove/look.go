package prove

import (
	"strings"

	"github.com/osapi-io/osapi-profile/trace"
)

// looksRefused finds refused looks into another process below /proc, and the checks of
// capabilities that refused them.
//
// Who has all capabilities of another process may look into it as a debugger may
// (security/commoncap.c, cap_ptrace_access_check), and is asked for CAP_SYS_PTRACE
// only when not. A worker that was trained with all of them was so never asked, and is
// refused as soon as a profile takes one away. No profile grants CAP_SYS_PTRACE for
// that, with which every process can be taken over: what is lost is told instead, and
// an operation that depends on it fails. What training did need the capability for is
// no such look, nor is one that a line about the path refuses. Whether training took it
// does not matter: a longer training would not be asked either.
func (c *comparison) looksRefused(refused []refusal) (map[any]bool, error) {
	type call struct{ subject, name, operation string }
	at := func(r refusal) call { return call{string(r.fact.Subject), r.fact.Syscall, r.fact.Operation} }
	asked := map[call][]any{}
	for _, r := range refused {
		if f, ok := r.seen.(trace.Capability); ok && looks(f) && !c.trained(r) {
			asked[at(r)] = append(asked[at(r)], r.seen)
		}
	}
	out := map[any]bool{}
	for _, r := range refused {
		f, ok := r.seen.(trace.File)
		checks := asked[at(r)]
		if !ok || len(checks) == 0 || !denies(f.Outcome) || !ofProcess(f.Path) {
			continue
		}
		if lines, err := c.responsible(r); err != nil {
			return nil, err
		} else if len(lines) > 0 {
			continue
		}
		out[r.seen] = true
		for _, check := range checks {
			out[check] = true
		}
	}
	return out, nil
}

// looks says whether a capability was asked for to look into another process. Newer
// kernels, 6.18 among them, then ask for CAP_PERFMON and CAP_SYS_ADMIN as well, either
// of which will do (kernel/fork.c, mm_access).
func looks(c trace.Capability) bool {
	return c.Name == "CAP_SYS_PTRACE" || c.Caller == "mm_access" && (c.Name == "CAP_PERFMON" || c.Name == "CAP_SYS_ADMIN")
}

// ofProcess says whether a path is that of something about one process.
func ofProcess(p trace.Path) bool {
	rest, below := strings.CutPrefix(string(p), "/proc/")
	pid, name, is := strings.Cut(rest, "/")
	return below && is && name != "" && pid != "" && strings.Trim(pid, "0123456789") == ""
}

// trained says whether something follows from training.
func (c *comparison) trained(r refusal) bool {
	return len(c.granted.Refuses(of([]any{r.allowed}, &trace.Trace{Runs: c.seen.Runs, Subjects: c.seen.Subjects}, &trace.Trace{}))) == 0
}
