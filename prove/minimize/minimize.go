// Package minimize finds out which entries of a profile a worker needs, by running it
// without them. The search is pure; what a run shows is kept, so that a search that
// was ended goes on where it was.
package minimize

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/osapi-io/osapi-profile/prove"
	"github.com/osapi-io/osapi-profile/synth/check"
	"github.com/osapi-io/osapi-profile/trace"
)

// Options say what is to be minimized, and how.
type Options struct {
	prove.Options          // as for a proof, with a Plan
	Kinds         []string // of entries that are taken away; the others stay
	Repeat        int      // how often the plan is run with nothing taken away, at least 1
	Thorough      bool     // as of [Search]
	State         *State   // what is known from before; nil for nothing
	Save          func(*State) error
	Advance       func(Progress) // told before each run; may be nil
}

// Progress is how far a search is.
type Progress struct {
	Done int           // runs
	Left int           // of which about so many are to come; 0 when that cannot be told
	Time time.Duration // that these will take
	What string        // what is being run
}

// Errors by which nothing is begun.
var (
	ErrNothing = errors.New("the profile has nothing that could be taken away by itself")
	ErrOther   = errors.New("what is known there is of another profile, plan or command")
)

// Run does what the options say. The state is whole or as far as it got; with an
// error of the context a later call goes on from there.
func Run(ctx context.Context, o Options) (*State, error) {
	return engine{prove.Run, prove.Try}.run(ctx, o)
}

// engine is what runs a worker.
type engine struct {
	prove func(context.Context, prove.Options) (*prove.Result, error)
	try   func(context.Context, prove.Options, func(trace.Operation) bool) (prove.Trial, error)
}

func (e engine) run(ctx context.Context, o Options) (*State, error) {
	all, err := grants(o.Profile, o.Kinds, check.HostGroups())
	switch {
	case err != nil:
		return nil, err
	case len(all) == 0:
		return nil, ErrNothing
	case o.Plan == nil:
		return nil, errors.New("without a plan nobody knows whether the worker does what it is there for")
	}
	r := &runner{Options: o, engine: e, state: o.State}
	key, err := o.key()
	switch {
	case err != nil:
		return nil, err
	case r.state == nil:
		r.state = &State{Format: format, Key: key, Worker: o.Training.Runs[0].Worker, Systemd: o.Systemd, Kernel: kernel(), Grants: all}
	case r.state.Key != key:
		return nil, ErrOther
	case r.state.Finished:
		return r.state, nil
	}
	return r.state, r.all(ctx)
}

// key is one of all that the outcome of runs depends on. The name of a unit that is
// made for the run alone is another one each time, and stands in its text.
func (o *Options) key() (string, error) {
	plain := func(text []byte) string {
		if o.Command == nil {
			return string(text)
		}
		return string(bytes.ReplaceAll(text, []byte(strings.TrimSuffix(o.Name, ".service")), []byte("NAME")))
	}
	about := []any{format, o.Command, o.Plan, o.Kinds, o.Systemd}
	if o.Command == nil {
		about = append(about, o.Name)
	}
	for _, f := range o.Profile.Unit {
		about = append(about, plain(f.Text))
	}
	if o.Profile.AppArmor != nil {
		about = append(about, plain(o.Profile.AppArmor.Text))
	}
	text, err := json.Marshal(about)
	return fmt.Sprintf("sha256:%x", sha256.Sum256(text)), err
}

// runner is one call.
type runner struct {
	Options
	engine engine
	state  *State
	left   int // runs to come, about
}

func (r *runner) all(ctx context.Context) error {
	if err := r.baseline(ctx); err != nil {
		return err
	}
	surplus, open, err := r.classify()
	if err != nil {
		return err
	}
	if err := r.save(); err != nil {
		return err
	}
	s := Search{Thorough: r.Thorough, Works: func(without []int) (bool, error) {
		grants := make([]int, 0, len(without))
		for _, i := range without {
			grants = append(grants, open[i])
		}
		return r.works(ctx, grants, false)
	}, Settled: r.settled}
	found, err := s.Run(surplus, len(open))
	if err != nil {
		return err
	}
	confirmed := true
	away := []int{}
	for _, i := range found.Tolerated {
		away = append(away, open[i])
	}
	if len(away) > 0 {
		r.left = 1
		if confirmed, err = r.works(ctx, away, true); err != nil {
			return err
		}
	}
	for _, i := range found.Required {
		r.require(open[i], away)
	}
	for _, i := range away {
		r.tolerate(i, confirmed)
	}
	r.state.Finished = true
	return r.save()
}

// settled estimates what is to come: of each group of that size one run, and the
// halving of it. A failure is a run more.
func (r *runner) settled(open, group int) {
	r.left = 1 // which confirms
	if group > 0 {
		halving := 0
		for span := group; span > 1; span = (span + 1) / 2 {
			halving++
		}
		r.left += (open + group - 1) / group * (1 + halving) * 3 / 2
	}
}

func (r *runner) save() error {
	if r.Save == nil {
		return nil
	}
	return r.Save(r.state)
}

// advance tells that a run begins.
func (r *runner) advance(what string) {
	if r.Advance == nil {
		return
	}
	var took int64
	for _, a := range r.state.Runs {
		took += a.Milliseconds
	}
	p := Progress{Done: len(r.state.Runs), Left: r.left, What: what}
	if p.Done > 0 {
		p.Time = time.Duration(took/int64(p.Done)*int64(r.left)) * time.Millisecond
	}
	r.Advance(p)
}
