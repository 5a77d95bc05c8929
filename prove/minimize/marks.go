package minimize

import (
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/check"
	"github.com/osapi-io/osapi-profile/trace"
)

// classify marks what no run can tell of, and lists what runs are to tell of: first
// those, so many, which nothing in the training asks for, then the rest, each in order.
func (r *runner) classify() (likely int, open []int, err error) {
	groups, named := check.HostGroups(), names(r.Profile)
	var surplus, rest []int
	for i := range r.state.Grants {
		g := &r.state.Grants[i]
		force, err := inForce(*g, r.Profile, r.Systemd, groups)
		if err != nil {
			return 0, nil, err
		}
		trained := named.uses(g.Entry, r.Training.Confined())
		rules := ruled(*g, r.Granted)
		sound := slices.ContainsFunc(g.Used, func(name string) bool { return !r.state.flaky(Failure{Operation: name}) })
		g.Mark, g.Why = synth.MarkUnproven, ""
		switch {
		case !force:
			g.Why = "nothing else in the profile refuses it: without its line it would be let through all the same"
		case sound:
			g.Mark = ""
			rest = append(rest, i)
		case len(g.Used) > 0:
			g.Why = "only flaky operations use it: " + strings.Join(g.Used, ", ")
		case len(trained) > 0:
			g.Why = "the plan does not use it; the training did in " + strings.Join(trained, ", ")
		case len(rules) > 0:
			g.Why = "no operation uses it, a rule grants it: " + strings.Join(rules, ", ")
		default:
			g.Mark = ""
			surplus = append(surplus, i)
		}
	}
	return len(surplus), append(surplus, rest...), nil
}

// require marks what a run went wrong without, and says how.
func (r *runner) require(i int, away []int) {
	g := &r.state.Grants[i]
	g.Mark, g.Why = synth.MarkRequired, "without it a run went wrong"
	for _, a := range slices.Backward(r.state.Runs) {
		others := slices.DeleteFunc(slices.Clone(a.Without), func(w int) bool { return slices.Contains(away, w) })
		if len(a.Failures) == 0 || !slices.Equal(others, []int{i}) {
			continue
		}
		if !a.Unstarted && !slices.ContainsFunc(a.Failures, func(f Failure) bool { return !r.state.flaky(f) }) {
			g.Mark, g.Why = synth.MarkUnproven, "without it only what is flaky went wrong: "+a.Failures[0].String()
			return
		}
		g.Why = "without it " + a.Failures[0].String()
		return
	}
}

func (r *runner) tolerate(i int, confirmed bool) {
	g := &r.state.Grants[i]
	switch {
	case !confirmed:
		g.Mark, g.Why = synth.MarkUnproven, "all went well without it once, and not when that was tried again"
	case len(g.Used) == 0:
		g.Mark, g.Why = synth.MarkTolerated, "nothing that was seen asks for it"
	default:
		g.Mark, g.Why = synth.MarkTolerated, "all operations went well without it, "+strings.Join(g.Used, ", ")+" among them"
	}
}

// failures are what of a run went otherwise than in training, in an operation that is
// not known to be flaky.
func (r *runner) failures(operations []trace.Operation, broken string) []Failure {
	var out []Failure
	for _, o := range operations {
		if f := (Failure{o.Name, o.Detail}); o.Outcome == trace.OperationFailed && !r.state.flaky(f) && !r.failedInTraining(o.Name) {
			out = append(out, f)
		}
	}
	if f := (Failure{"", broken}); broken != "" && len(out) == 0 && !r.state.flaky(f) {
		out = append(out, f)
	}
	return out
}

// failedInTraining says whether an operation never went well when it was trained.
func (r *runner) failedInTraining(name string) bool {
	found := false
	for _, run := range r.Training.Runs {
		for _, o := range run.Operations {
			if o.Name == name && o.Outcome == trace.OperationOK {
				return false
			}
			found = found || o.Name == name
		}
	}
	return found
}
