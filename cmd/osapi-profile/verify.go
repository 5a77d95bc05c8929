package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"

	"github.com/spf13/cobra"

	"github.com/osapi-io/osapi-profile/prove"
	"github.com/osapi-io/osapi-profile/prove/unit"
)

type verifyOptions struct {
	emit     emitOptions
	plan     string
	systemd  bool
	apparmor bool
	profiles []string
	unit     string
	fix      string
	trace    string
	json     bool
	yes      bool
	quiet    bool
}

func (o *verifyOptions) addFlags(cmd *cobra.Command) {
	o.addRunFlags(cmd, "prove")
	f := cmd.Flags()
	f.StringVar(&o.fix, "fix", "", "where something was denied, write to `FILE` the unit that allows it, and an AppArmor profile to FILE.apparmor")
	f.StringVarP(&o.trace, "output", "o", "", "keep the trace of the run in `FILE`, which must not exist yet")
	f.BoolVar(&o.json, "json", false, "write the report as JSON")
	f.StringVar(&o.emit.name, "name", "", "`NAME` of the unit and the AppArmor profile that --fix writes (default: the worker's)")
}

// addRunFlags are those of every command that runs a worker under its profile; verb is
// what it does to the profile.
func (o *verifyOptions) addRunFlags(cmd *cobra.Command, verb string) {
	f := cmd.Flags()
	f.StringVarP(&o.plan, "plan", "p", "", "put the worker through the training plan in `FILE`, as in training")
	f.BoolVar(&o.systemd, "systemd", false, verb+" the unit alone (default: the unit, and the AppArmor profile where the kernel has AppArmor)")
	f.BoolVar(&o.apparmor, "apparmor", false, verb+" the AppArmor profile alone; with --systemd both, and neither may be missing")
	f.StringArrayVar(&o.profiles, "profile", nil, verb+" the unit, drop-in or AppArmor profile in `FILE` instead of what emit writes; may be repeated")
	f.StringVar(&o.unit, "unit", "", "instead of a command run the service `NAME`, which is installed, with the profile as a drop-in")
	f.BoolVarP(&o.yes, "yes", "y", false, "do not ask before this machine is changed")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "say nothing but warnings and the report")
	e := &o.emit
	f.StringVarP(&e.user, "user", "u", "", "make the profile for, and run the worker as, `NAME` (default: as recorded)")
	f.BoolVar(&e.limits, "limits", false, "as of emit: set the limits on memory, CPU and tasks")
	o.emit.addFlagsOfText(cmd)
}

// addFlagsOfText are those of emit that decide on the text that is tried.
func (e *emitOptions) addFlagsOfText(cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntVar(&e.systemd, "systemd-version", 0, "write for systemd `N` (default: the one that runs)")
	f.BoolVar(&e.strict, "strict", false, "as of emit: grant what was seen only")
	f.BoolVar(&e.execs, "exec-files", false, "as of emit: list each program in ExecPaths=")
	f.StringVar(&e.syscalls, "syscalls", listed, "as of emit: write SystemCallFilter= as `FORM`, list or groups")
	f.StringVar(&e.fold, "fold", "stable", "as of emit: which names become patterns, `HOW` is none, stable or broad")
}

// arguments takes the traces and the command of a command line apart.
func (o *verifyOptions) arguments(cmd *cobra.Command, args []string) (traces, command []string, err error) {
	traces = args
	if dash := cmd.ArgsLenAtDash(); dash >= 0 {
		traces, command = args[:dash], args[dash:]
	}
	switch {
	case o.unit == "" && len(command) == 0:
		err = usageError(cmd, "name the command to run behind --, or a service with --unit")
	case o.unit != "" && len(command) > 0:
		err = usageError(cmd, "name a command or a --unit, not both")
	default:
		if wrong := o.emit.check(); wrong != nil {
			err = usageError(cmd, "--%v", wrong)
		}
	}
	return traces, command, err
}

const verifyHelp = `verify runs a worker again under its profile, and compares with its training. The
profile is what emit writes from the traces named, or else from the last one
recorded; with --profile it is the one in a file, edited or not.

The unit is installed from exactly that text below /run/systemd/system, with the
command in a drop-in, read back from systemd over D-Bus, and started; the AppArmor
profile is loaded in enforce mode, and refused if it is one that complains. The
recorder watches. Without a plan the run ends with the service, or with the first
SIGINT or SIGTERM, which stops it; a second one does not wait for that. The service
has systemd's environment, and / as its directory unless the unit names another.

The report says which operations went otherwise than in training, and what was
denied that training was not: by which line or rule, and which line would allow
it. What the training did and is denied now is a fault of the profile; what it never
did, one of the training. A line that systemd ignores is a fault as well, and so
is a worker that ends otherwise than in training, or that systemd did not execute at
all. What this machine could not enforce is told as not proven.

An operation of the training that was not run is told as well. It counts when no
plan is named, since then none is run; a plan may be another one than in training,
such as one that was held out.

With --fix the facts of this run are merged into the training, as if nothing had
been denied, and the profile of both is written: read it before you use it, since
it grants all that was asked for.

Before anything is changed verify says what, and asks on a terminal; in a script
say --yes. What it made is gone afterwards, also after a signal, and after a kill -9
when it is run the next time. A service that ran (--unit) is started again. What the
worker and the commands of the plan change stays; the plan's reset: is run before
and after, to take it back.

Exit status: 0 if all that was run went as in training and nothing was denied that
training was not, 1 if not, 2 on trouble.`

func newVerify() *cobra.Command {
	var opt verifyOptions
	var traces, command []string
	cmd := &cobra.Command{
		Use: "verify [--plan FILE] [--systemd] [--apparmor] [--profile FILE]... [TRACE]... -- CMD [ARG]...\n" +
			"  osapi-profile verify [--plan FILE] [--systemd] [--apparmor] [--profile FILE]... --unit NAME [TRACE]...",
		Short: "Run a worker under its profile, and tell what it is denied",
		Long:  verifyHelp,
		Example: `  sudo osapi-profile verify --plan redis.yaml redis.jsonl -- redis-server --port 7379
  sudo osapi-profile verify --plan nginx.yaml --unit nginx --yes nginx.jsonl
  sudo osapi-profile verify --plan worker.yaml --profile worker.service worker.jsonl -- /usr/local/bin/worker
  sudo osapi-profile verify --yes --json --fix worker.service worker.jsonl -- /usr/local/bin/worker`,
		DisableFlagsInUseLine: true,
		Args: func(cmd *cobra.Command, args []string) (err error) {
			traces, command, err = opt.arguments(cmd, args)
			return err
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runVerify(cmd.Context(), opt, traces, command, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	opt.addFlags(cmd)
	return cmd
}

func runVerify(ctx context.Context, opt verifyOptions, traces, command []string, stdout, stderr io.Writer) (err error) {
	training, run, err := opt.begin("verify", traces, command, stderr)
	if err != nil {
		return err
	}
	defer training.close()
	if err := opt.agree(run.Changes(), os.Stdin, stderr); err != nil {
		return err
	}
	if opt.trace != "" {
		file, openErr := openTrace(opt.trace, "choose another name")
		if openErr != nil {
			return openErr
		}
		defer func() {
			if closeErr := file.close(file.written()); err == nil {
				err = closeErr
			}
		}()
		run.Trace = file
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, endedBy()...)
	defer signal.Stop(signals)
	talk := newTalk(stderr, opt.quiet)
	run.Signals, run.Stderr, run.Tool = signals, os.Stderr, version()
	run.Status, run.Warn, run.Progress = talk.status(), talk.warn, talk.operation
	if !opt.quiet {
		run.Say = func(text string) { talk.clear(); note(stderr, "%s", text) }
	}
	if ctx == nil {
		ctx = context.Background()
	}
	result, err := prove.Run(ctx, run)
	talk.clear()
	switch {
	case errors.Is(err, context.Canceled) && !errors.Is(err, unit.ErrLeft):
		return errors.New("interrupted; what was made is gone")
	case err != nil:
		return err
	}
	if err := tell(opt.json, stdout, result.Report, result.WriteText); err != nil {
		return err
	}
	if opt.fix != "" {
		if err := opt.writeFix(result, run.Profile, stderr); err != nil {
			return err
		}
	}
	if !result.OK {
		return &exitError{code: exitNo}
	}
	return nil
}
