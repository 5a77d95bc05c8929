package prove

import (
	"os"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// refusal is something that failed in the run and not so in training: as it was
// seen, and as it would have been had it been allowed.
type refusal struct {
	seen, allowed any
	fact          synth.Fact // of seen
}

// succeeds gives a fact of any kind with another outcome.
func succeeds(of any) any {
	switch f := of.(type) {
	case trace.Syscall:
		f.Outcome = trace.OK
		return f
	case trace.Exec:
		f.Outcome = trace.OK
		return f
	case trace.File:
		f.Outcome = trace.OK
		return f
	case trace.Capability:
		f.Outcome = trace.OK
		return f
	case trace.Socket:
		f.Outcome = trace.OK
		return f
	case trace.Argument:
		f.Outcome = trace.OK
		return f
	}
	panic("prove: not a fact")
}

// key tells facts apart by what was done, not by who did it and when.
func key(f synth.Fact) string { return f.Kind + "\x00" + string(f.Name) + "\x00" + f.What }

// passing are outcomes that no profile gives.
func passing() []string {
	return []string{"", trace.OK, trace.Seccomp + trace.OK, "EINPROGRESS", "EAGAIN", "EINTR", "ERESTARTSYS", "ERESTARTNOINTR",
		"ERESTARTNOHAND", "ERESTART_RESTARTBLOCK", "EEXIST", "EINVAL", "ENOTTY", "EPIPE", "ECONNRESET"}
}

// refusals lists what failed in the run and did not fail like that in training. Of
// a call by itself that is what a filter refused: what else became of a call is
// told by the fact of what it was about. What training was never permitted may be
// refused for another reason now: a read-only file system is told of before the
// permissions of a file.
func refusals(seen, training *trace.Trace) []refusal {
	before, permitted, forbidden := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, f := range synth.Facts(training) {
		before[key(f)+"\x00"+f.Outcome] = true
		if permission(f.Outcome) {
			forbidden[key(f)] = true
		} else {
			permitted[key(f)] = true
		}
	}
	w := synth.NewTeller(seen)
	var out []refusal
	for of := range synth.Each(seen) {
		f := w.Fact(of)
		allowed := succeeds(of)
		filtered := strings.HasPrefix(f.Outcome, trace.Seccomp)
		switch {
		case slices.Contains(passing(), f.Outcome), before[key(f)+"\x00"+f.Outcome]:
		case permission(f.Outcome) && forbidden[key(f)] && !permitted[key(f)]:
		case f.Kind == "syscall" && !filtered:
		case w.Fact(allowed).Idle != "": // such as an optional check of a capability
		case f.Outcome == "ENOENT" && f.Kind == "file" && missing(f.Name):
		default:
			out = append(out, refusal{of, allowed, f})
		}
	}
	return out
}

// missing says whether a file is not there on the host either.
func missing(p trace.Path) bool {
	_, err := os.Lstat(string(p))
	return os.IsNotExist(err)
}

// denies says whether an outcome is one by which permission is refused, whatever
// else is known.
func denies(outcome string) bool {
	return strings.HasPrefix(outcome, trace.Seccomp) || permission(outcome)
}

// permission says whether an outcome is one by which the kernel refuses permission.
func permission(outcome string) bool {
	return slices.Contains([]string{"EPERM", "EACCES", "EROFS"}, outcome)
}

// of collects facts in a trace, beside what their evaluation depends on: who they
// are of, what was executed, and the names that the worker made.
func of(facts []any, from, training *trace.Trace) *trace.Trace {
	t := &trace.Trace{Runs: from.Runs, Subjects: from.Subjects, Execs: slices.Clone(from.Execs)}
	const makes = trace.AccessCreate | trace.AccessRenameTo | trace.AccessLinkTo | trace.AccessBind
	for _, f := range training.Files {
		if f.Access&makes != 0 && f.Succeeded() {
			t.Files = append(t.Files, f)
		}
	}
	for _, f := range facts {
		t.Add(f)
	}
	return t
}

// asIf is the run as it would have been, had these things been allowed.
func asIf(seen *trace.Trace, refused []refusal) *trace.Trace {
	changed := map[any]bool{}
	for _, r := range refused {
		changed[r.seen] = true
	}
	out := &trace.Trace{Runs: seen.Runs, Subjects: seen.Subjects, Holes: seen.Holes}
	var facts []any
	for f := range synth.Each(seen) {
		if changed[f] {
			f = succeeds(f)
		}
		facts = append(facts, f)
	}
	all := of(facts, &trace.Trace{}, &trace.Trace{})
	all.Runs, all.Subjects, all.Holes = out.Runs, out.Subjects, out.Holes
	return all
}
