package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/test/place"
	"github.com/osapi-io/osapi-profile/trace"
)

// denials compares the run under the profile with the one before it: what was
// refused now and not then, what the daemon and AppArmor complain of now and did not
// then, and what the profiles would refuse of what went well.
func (d daemon) denials(ctx context.Context, first, second run) ([]string, error) {
	lines := newlyRefused(first.trace, second.trace)
	for _, c := range without(second.complaints, first.complaints) {
		if strings.Contains(c, "denied") || strings.Contains(c, "not permitted") || strings.Contains(c, "Read-only") {
			lines = append(lines, "complains: "+c)
		}
	}
	lines = append(lines, without(second.kernel, first.kernel)...)
	enforced := []string{".conf"}
	if enforcing() {
		enforced = append(enforced, ".apparmor")
	}
	for _, format := range enforced {
		said, err := place.Output(exec.CommandContext(ctx, "./osapi-profile", "check", d.file(format), d.file(".again.jsonl")))
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 1 {
			lines = append(lines, "check says otherwise: "+said)
		} else if err != nil {
			return nil, err
		}
	}
	slices.Sort(lines)
	return slices.Compact(lines), nil
}

// without lists what is in a and not in b.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}

// newlyRefused words the facts of the second run that were refused, or not found,
// and in the first run were not.
func newlyRefused(first, second *trace.Trace) []string {
	p := synth.Infer(first, synth.Options{})
	ended := map[string]map[string]bool{} // what was tried in the first run → how it ended
	for _, f := range synth.Facts(first.Confined()) {
		key := tried(f)
		if ended[key] == nil {
			ended[key] = map[string]bool{}
		}
		ended[key][f.Outcome] = true
	}
	var lines []string
	spared := sparedCalls(p, second)
	for _, f := range synth.Facts(second.Confined()) {
		before := ended[tried(f)]
		if !refused(f.Outcome) && (f.Outcome != "ENOENT" || !before[trace.OK]) || before[f.Outcome] {
			continue
		}
		// A capability that nothing depends on is asked for again, and refused now.
		if f.Kind == "capability" && !slices.Contains(p.Required(), string(f.Name)) ||
			f.Kind == "syscall" && f.Outcome == "EPERM" && spared[string(f.Subject)+" "+string(f.Name)] {
			continue
		}
		lines = append(lines, fmt.Sprintf("%s %s %s: %s (%s in %s)", f.Kind, f.What, f.Name, f.Outcome, f.Who(), f.Operation))
	}
	return lines
}

// tried is what a fact is about, without what differs in every run.
func tried(f synth.Fact) string {
	return f.Kind + " " + f.What + " " + place.Alike(string(f.Name)) + " " + string(f.Subject)
}

// refused says whether an outcome is a sandbox's. A filter that says ENOSYS has the
// caller take another way.
func refused(outcome string) bool {
	switch outcome {
	case "EPERM", "EACCES", "EROFS":
		return true
	}
	return strings.HasPrefix(outcome, trace.Seccomp) && outcome != trace.Seccomp+"ENOSYS"
}

// sparedCalls are the calls, each with its program, that were refused for want of a
// capability that nothing depends on.
func sparedCalls(p *synth.Profile, t *trace.Trace) map[string]bool {
	calls := map[string]bool{}
	for _, f := range synth.Facts(t.Confined()) {
		if f.Kind == "capability" && f.Outcome != trace.OK && !slices.Contains(p.Required(), string(f.Name)) {
			calls[string(f.Subject)+" "+f.Syscall] = true
		}
	}
	return calls
}
