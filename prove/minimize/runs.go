package minimize

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/osapi-io/osapi-profile/prove"
	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/osapi-io/osapi-profile/trace/record/plan"
)

// baseline runs the plan with nothing taken away: once as a proof, which tells what is
// made use of, and then as each later run. An operation that went well in one of these
// and failed in another is flaky.
func (r *runner) baseline(ctx context.Context) error {
	have := 0
	for _, a := range r.state.Runs {
		if len(a.Without) == 0 {
			have++
		}
	}
	wanted := max(r.Repeat, 1)
	if have == 0 {
		r.left = wanted
		if err := r.first(ctx); err != nil {
			return err
		}
		have = 1
	}
	for ; have < wanted; have++ {
		r.left = wanted - have
		r.advance("everything as it is")
		a, operations, err := r.try(ctx, r.Options.Options, nil, 0)
		if err != nil {
			return err
		}
		r.measure(operations)
		if err := r.keep(a); err != nil {
			return err
		}
	}
	return r.steady(wanted)
}

// first is the run that is watched.
func (r *runner) first(ctx context.Context) error {
	var file bytes.Buffer
	o := r.Options.Options
	o.Trace = &file
	if r.Trace != nil {
		o.Trace = io.MultiWriter(&file, r.Trace)
	}
	r.advance("everything as it is, watched")
	began := time.Now()
	result, err := r.engine.prove(ctx, o)
	if err != nil {
		return err
	}
	if ctx.Err() != nil || result.Broken == "it was interrupted" {
		return errors.Join(ctx.Err(), context.Canceled)
	}
	if len(result.NotTaken) > 0 || len(result.False) > 0 {
		return fmt.Errorf("%w: %s%s", ErrUnproven, result.Summary(), firstOf(result.Report))
	}
	if more := result.Denied(); more > 0 && r.Warn != nil { // the worker does as in training all the same
		r.Warn(fmt.Sprintf("the profile denies %d that the training never did%s; verify tells all", more, firstOf(result.Report)))
	}
	seen, err := trace.Read(&file)
	if err != nil {
		return err
	}
	named := names(r.Profile)
	for i := range r.state.Grants {
		g := &r.state.Grants[i]
		g.Used = named.uses(g.Entry, seen.Confined())
	}
	operations := seen.Runs[0].Operations
	r.measure(operations)
	return r.keep(Attempt{Without: []int{}, Failures: r.failures(operations, result.Broken), Milliseconds: time.Since(began).Milliseconds()})
}

// firstOf names the first thing that a report finds fault with.
func firstOf(r prove.Report) string {
	for _, line := range r.NotTaken {
		return "; not taken by systemd: " + synth.OneLine(line)
	}
	for _, d := range slices.Concat(r.False, r.Untrained, r.Unexplained) {
		return fmt.Sprintf("; first of all %s %s: %s = %s", d.Kind, synth.OneLine(d.Name.String()), synth.OneLine(d.What), d.Outcome)
	}
	return ""
}

// ErrUnproven says that the worker does not do what it did in training with nothing
// taken away.
var ErrUnproven = errors.New("the profile does not pass as it is, so that nothing can be told by taking something away; run verify, which says what is denied, and by which line")

// measure keeps how long operations took.
func (r *runner) measure(operations []trace.Operation) {
	for _, o := range operations {
		if o.Outcome == trace.OperationSkipped {
			continue
		}
		at := r.state.operation(o.Name)
		if at == nil {
			r.state.Operations = append(r.state.Operations, Operation{Name: o.Name})
			at = &r.state.Operations[len(r.state.Operations)-1]
		}
		at.Took = max(at.Took, o.Last-o.First)
	}
}

// steady finds out what differed between the runs with nothing taken away. What went
// wrong in all of them is nothing to go by.
func (r *runner) steady(wanted int) error {
	failed := map[string][]string{}
	for _, a := range r.state.Runs {
		for _, f := range a.Failures {
			if len(a.Without) == 0 && !slices.Contains(failed[f.Operation], f.Detail) {
				failed[f.Operation] = append(failed[f.Operation], f.Detail)
			}
		}
	}
	for name, details := range failed {
		times := 0
		for _, a := range r.state.Runs {
			if len(a.Without) == 0 && slices.ContainsFunc(a.Failures, func(f Failure) bool { return f.Operation == name }) {
				times++
			}
		}
		o := r.state.operation(cmp.Or(name, trace.OperationShutdown))
		if times >= wanted || o == nil {
			return fmt.Errorf("%w: %s", ErrUnproven, Failure{name, details[0]})
		}
		o.Flaky = fmt.Sprintf("failed in %d of %d runs with nothing taken away: %s", times, wanted, details[0])
	}
	return nil
}

// works says whether all goes well without some grants. What is known of a run is not
// run again, unless it is to be confirmed.
func (r *runner) works(ctx context.Context, without []int, confirms bool) (bool, error) {
	without = slices.Sorted(slices.Values(without))
	for _, a := range r.state.Runs {
		if slices.Equal(a.Without, without) && a.Confirms == confirms {
			return len(a.Failures) == 0, nil
		}
	}
	o, what := r.Options.Options, "without "+r.words(without)
	var away []synth.Entry
	for _, i := range without {
		away = append(away, r.state.Grants[i].Entry)
	}
	var err error
	if o.Profile, err = Without(o.Profile, away); err != nil {
		return false, err
	}
	r.advance(what)
	first, _, err := r.try(ctx, o, without, 1)
	if err != nil {
		return false, err
	}
	first.Confirms = confirms
	if len(first.Failures) == 0 || first.Unstarted {
		return len(first.Failures) == 0, r.keep(first)
	}
	r.advance(what + ", once more")
	second, _, err := r.try(ctx, o, without, 3)
	if err != nil {
		return false, err
	}
	second.Confirms = confirms
	second.Milliseconds += first.Milliseconds
	if len(second.Failures) == 0 {
		r.differed(first.Failures[0])
	}
	return len(second.Failures) == 0, r.keep(second)
}

// differed notes that the same run went wrong once and well once.
func (r *runner) differed(f Failure) {
	if o := r.state.operation(cmp.Or(f.Operation, trace.OperationShutdown)); o != nil && o.Flaky == "" {
		o.Flaky = "went wrong and well in two equal runs: " + f.Detail
	}
}

// words names what was taken away, if that is little.
func (r *runner) words(without []int) string {
	const shown = 3
	var names []string
	for _, i := range without {
		if len(names) == shown {
			return fmt.Sprintf("%s and %d more", strings.Join(names, ", "), len(without)-shown)
		}
		names = append(names, r.state.Grants[i].String())
	}
	return strings.Join(names, ", ")
}

// try runs the plan once, with so much patience. Only with nothing taken away does it
// go on after a failure.
func (r *runner) try(ctx context.Context, o prove.Options, without []int, patience int) (Attempt, []trace.Operation, error) {
	a := Attempt{Without: append([]int{}, without...)}
	var enough func(trace.Operation) bool
	if len(without) > 0 {
		enough = func(op trace.Operation) bool { return len(r.failures([]trace.Operation{op}, "")) > 0 }
	}
	o.Plan = r.limited(patience)
	began := time.Now()
	t, err := r.engine.try(ctx, o, enough)
	a.Milliseconds, a.Unstarted = time.Since(began).Milliseconds(), t.Unstarted
	switch {
	case err != nil:
		return a, nil, err
	case t.Unstarted:
		a.Failures = []Failure{{"", t.Broken}}
	default:
		a.Failures = r.failures(t.Operations, t.Broken)
		if len(a.Failures) > 0 && a.Failures[0].Operation != "" && t.Broken != "" {
			a.Failures[0].Detail += "; the service is " + t.Broken
		}
	}
	return a, t.Operations, ctx.Err()
}

// Of what an operation took at most with nothing taken away, it may take so many times
// as long, and a little, before it counts as hanging: each as often as there is
// patience.
const (
	slower    = 4
	allowance = 10 * time.Second
)

// limited is the plan with limits by which a worker that hangs is told sooner than by
// its own; with no patience, the plan as it is.
func (r *runner) limited(patience int) *plan.Plan {
	if patience == 0 {
		return r.Plan
	}
	limit := func(name string, given time.Duration) time.Duration {
		o := r.state.operation(name)
		if o == nil {
			return given
		}
		return min(given, time.Duration(patience)*(slower*time.Duration(o.Took)*time.Millisecond+allowance))
	}
	p := *r.Plan
	p.Ready.Timeout = limit(trace.OperationStartup, p.Ready.Timeout)
	p.Operations = slices.Clone(p.Operations)
	for i := range p.Operations {
		p.Operations[i].Timeout = limit(p.Operations[i].Name, p.Operations[i].Timeout)
	}
	return &p
}

func (r *runner) keep(a Attempt) error {
	r.state.Runs = append(r.state.Runs, a)
	return r.save()
}

func kernel() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}
