package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/osapi-io/osapi-profile/prove/minimize"
	"github.com/osapi-io/osapi-profile/prove/unit"
	"github.com/osapi-io/osapi-profile/synth"
)

type minimizeOptions struct {
	verifyOptions
	marks    string
	kinds    []string
	repeat   int
	thorough bool
	restart  bool
}

func (o *minimizeOptions) addFlags(cmd *cobra.Command) {
	o.addRunFlags(cmd, "minimize")
	f := cmd.Flags()
	f.StringVarP(&o.marks, "marks", "m", "", "keep what runs have shown in `FILE`, and go on from what is there (default: the worker's name and .marks.json)")
	f.BoolVar(&o.restart, "restart", false, "begin anew, whatever is in the file")
	f.StringSliceVar(&o.kinds, "kinds", synth.EntryKinds(), "take away entries of these `KINDS` only")
	f.IntVar(&o.repeat, "repeat", 2, "run the plan `N` times with nothing taken away, to find operations that are flaky")
	f.BoolVar(&o.thorough, "thorough", false, "in the end try each required grant once more, beside all that was tolerated later")
	f.BoolVar(&o.json, "json", false, "write the result as JSON")
}

const minimizeHelp = `minimize runs a worker again and again under its profile with parts of it taken
away, and marks what was taken away as required, when something went otherwise than
in training, or tolerated, when nothing did. Taken away are capabilities, system
calls that are called out as a risk, writable paths and executable paths, of the
unit or drop-in that emit writes from the traces, or of the one named by --profile;
and where the kernel has AppArmor, the rules of its profile.

The first run is that of verify, with nothing taken away: a profile that does not
pass is refused. It tells what the plan makes use of; a grant that the plan does not
use, but training did, or that stands on a rule alone, is unproven. So is what
another line lets through all the same. Later runs are watched by nobody, which is
quicker: all operations must go as in training, and the worker must end as in it.

Grants are taken away in groups, and groups that are needed are halved, so that a
hundred grants of which few are needed take tens of runs. Of two that replace each
other the first is tolerated and the second required. All that is tolerated was away
together in one run, which is repeated in the end.

A failure counts when it comes twice. An operation that goes well and wrong in equal
runs is flaky: it is told, and nothing is judged by it from then on.

What runs have shown is kept in a file; after Ctrl-C, or a kill, the same command
goes on from there. The file is about one profile, plan and command, and is refused
for another one, unless --restart begins it anew. emit --marks FILE puts the marks
into the profile, and with --only-required leaves out what is tolerated.

What is changed on this machine, and taken back, is as of verify, for each run. Give
the plan a reset: that brings back what each run begins with.

Exit status: 0 when each grant has its mark, 2 on trouble.`

func newMinimize() *cobra.Command {
	var opt minimizeOptions
	var traces, command []string
	cmd := &cobra.Command{
		Use: "minimize --plan FILE [--profile FILE]... [--marks FILE] [TRACE]... -- CMD [ARG]...\n" +
			"  osapi-profile minimize --plan FILE [--profile FILE]... [--marks FILE] --unit NAME [TRACE]...",
		Short: "Find out which grants of its profile a worker needs, by taking them away",
		Long:  minimizeHelp,
		Example: `  sudo osapi-profile minimize --plan redis.yaml redis.jsonl -- redis-server --port 7379
  sudo osapi-profile minimize --plan nginx.yaml --unit nginx --kinds capability --yes nginx.jsonl
  sudo osapi-profile emit --format unit --marks redis-server.marks.json --only-required redis.jsonl`,
		DisableFlagsInUseLine: true,
		Args: func(cmd *cobra.Command, args []string) (err error) {
			if traces, command, err = opt.arguments(cmd, args); err != nil {
				return err
			}
			return opt.check(cmd)
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runMinimize(cmd.Context(), opt, traces, command, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	opt.addFlags(cmd)
	return cmd
}

func (o *minimizeOptions) check(cmd *cobra.Command) error {
	switch {
	case o.plan == "":
		return usageError(cmd, "name the training plan with --plan: it says whether the worker does what it is there for")
	case o.repeat < 1:
		return usageError(cmd, "--repeat %d: the plan is run at least once", o.repeat)
	case len(o.kinds) == 0:
		return usageError(cmd, "--kinds: there are %s", strings.Join(synth.EntryKinds(), ", "))
	}
	for _, k := range o.kinds {
		if !slices.Contains(synth.EntryKinds(), k) {
			return usageError(cmd, "--kinds %q: there are %s", k, strings.Join(synth.EntryKinds(), ", "))
		}
	}
	slices.Sort(o.kinds)
	o.kinds = slices.Compact(o.kinds)
	return nil
}

func runMinimize(ctx context.Context, opt minimizeOptions, traces, command []string, stdout, stderr io.Writer) error {
	training, run, err := opt.begin("minimize", traces, command, stderr)
	if err != nil {
		return err
	}
	defer training.close()
	o := minimize.Options{Options: run, Kinds: opt.kinds, Repeat: opt.repeat, Thorough: opt.thorough}
	name := opt.marks
	if name == "" {
		name = o.Granted.Worker.Name + ".marks.json"
	}
	if o.State, err = opt.known(name, stderr); err != nil {
		return err
	}
	changes := append(o.Changes(), "this is done again and again, with less of the profile each time; what is found out is kept in "+name)
	if err := opt.agree(changes, os.Stdin, stderr); err != nil {
		return err
	}
	if o.Output == nil { // tens of times the same
		if o.Output, err = os.OpenFile(os.DevNull, os.O_WRONLY, 0); err != nil {
			return err
		}
		defer func() { _ = o.Output.Close() }()
	}
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, stop := signal.NotifyContext(ctx, endedBy()...)
	defer stop()
	talk := newTalk(stderr, opt.quiet)
	o.Save = func(s *minimize.State) error { return s.Save(name) }
	o.Stderr, o.Tool, o.Warn = os.Stderr, version(), talk.warn
	o.Advance = talk.advance
	if !opt.quiet {
		o.Say = func(text string) { talk.clear(); note(stderr, "%s", text) }
	}
	state, err := minimize.Run(ctx, o)
	talk.clear()
	switch {
	case errors.Is(err, minimize.ErrOther):
		return fmt.Errorf("%s: %w: name another file with --marks, or begin anew with --restart", name, err)
	case errors.Is(err, context.Canceled) && !errors.Is(err, unit.ErrLeft):
		return fmt.Errorf("ended after %d runs, which are kept in %s: the same command goes on from there", len(state.Runs), name)
	case err != nil:
		return err
	}
	return tell(opt.json, stdout, state, state.WriteText)
}

// known is what the file has from before.
func (o *minimizeOptions) known(name string, stderr io.Writer) (*minimize.State, error) {
	if o.restart {
		return nil, nil
	}
	state, err := minimize.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w; name another file with --marks, or begin anew with --restart", err)
	}
	if !o.quiet {
		note(stderr, "%s has %d runs already", name, len(state.Runs))
	}
	return state, nil
}

// advance draws how far a search is, where there is a terminal.
func (t *talk) advance(p minimize.Progress) {
	if t.width == 0 || t.quiet {
		return
	}
	line := fmt.Sprintf("run %d", p.Done+1)
	if p.Left > 0 {
		line += fmt.Sprintf(", about %d more", p.Left)
	}
	if p.Time > 0 {
		line += fmt.Sprintf(", %s", p.Time.Round(time.Second))
	}
	t.redraw(line + ": " + p.What)
}
