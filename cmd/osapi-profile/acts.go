package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/spf13/cobra"

	"github.com/osapi-io/osapi-profile/prove/acts"
	"github.com/osapi-io/osapi-profile/prove/unit"
	"github.com/osapi-io/osapi-profile/synth/apparmor"
	"github.com/osapi-io/osapi-profile/synth/explain"
	"github.com/osapi-io/osapi-profile/trace/record"
)

// actsOptions are those of verify that choose a profile, and how to tell.
type actsOptions struct {
	verifyOptions
	markdown bool
	quick    bool
}

func (o *actsOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.systemd, "systemd", false, "try the unit alone (default: the unit, and the AppArmor profile where the kernel has AppArmor)")
	f.BoolVar(&o.apparmor, "apparmor", false, "try the AppArmor profile alone; with --systemd both, and neither may be missing")
	f.StringArrayVar(&o.profiles, "profile", nil, "try the unit, drop-in or AppArmor profile in `FILE` instead of what emit writes; may be repeated")
	f.StringVar(&o.unit, "unit", "", "try the sandbox of the service `NAME`, which is installed, and left alone; its AppArmor profile is to be named by --profile")
	f.BoolVar(&o.json, "json", false, "write the report as JSON")
	f.BoolVar(&o.quick, "quick", false, "find out whether each act is denied, and not by which line")
	f.BoolVar(&o.markdown, "markdown", false, "write the report as a table in Markdown")
	f.BoolVarP(&o.yes, "yes", "y", false, "do not ask before this machine is changed")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "say nothing but the report")
	e := &o.emit
	f.StringVarP(&e.user, "user", "u", "", "make the profile for a worker that runs as `NAME` (default: as recorded)")
	o.emit.addFlagsOfText(cmd)
}

const actsHelp = `acts tries, inside a profile's sandbox, what the profile is to prevent: writing to
/usr, executing a shell, tracing another process, loading a module, leaving by PID
1's socket and more. The profile is what emit writes from the traces named, or else
from the last one recorded; with --profile it is the one in a file, and with --unit
that of an installed service. With these a trace is needed only to tell why
something is possible.

A small program takes the worker's place, in a service that is made for it. It does
all acts under the whole profile, with no profile, with the profile without each of
its lines, and with each line alone; all that is some 0.2 s a line. With --quick it
takes the whole profile and none alone, and no line is blamed. None of the acts
changes anything when it is possible; "open" means that a file is opened and closed.

Each act is reported as

  denied         only by a line: without it the act is possible; or by each of
                 several: each of them alone denies it
  possible       with what grants it: a fact of the training, a word of a list, a
                 directive that is left out because of a fact
  not possible here
                 no profile is needed to prevent it, or there is nothing here that it
                 could be done to
  not enforced here
                 possible, because this machine lacks what the line needs that is to
                 prevent it, such as a systemd that is built with BPF

What it made is gone afterwards, also after a signal, and after a kill -9 when acts
or verify is run the next time.

Exit status: 0 if no act is possible but for what the profile grants, 1 if one is,
2 on trouble.`

func newActs() *cobra.Command {
	var opt actsOptions
	cmd := &cobra.Command{
		Use:   "acts [--systemd] [--apparmor] [--profile FILE]... [--unit NAME] [TRACE]...",
		Short: "Try what a profile is to prevent, and tell which line prevents it",
		Long:  actsHelp,
		Example: `  sudo osapi-profile acts worker.jsonl
  sudo osapi-profile acts --unit nginx
  sudo osapi-profile acts --yes --json --profile worker.service worker.jsonl`,
		DisableFlagsInUseLine: true,
		Args:                  cobra.ArbitraryArgs,
		PreRunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case opt.json && opt.markdown:
				return usageError(cmd, "choose --json or --markdown")
			}
			if err := opt.emit.check(); err != nil {
				return usageError(cmd, "--%v", err)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if ctx == nil {
				ctx = context.Background()
			}
			return runActs(ctx, opt, args, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	opt.addFlags(cmd)
	return cmd
}

// prepare reads what is to be tried, or writes it from the traces.
func (o *actsOptions) prepare(names []string, stderr io.Writer) (acts.Options, error) {
	run := acts.Options{Systemd: record.SystemdVersion(), Quick: o.quick}
	if run.Systemd == 0 {
		return run, errors.New("systemd does not run here, and acts needs it to make the sandbox; try it in a container or a virtual machine that systemd runs in")
	}
	if o.emit.systemd == 0 {
		o.emit.systemd = run.Systemd
	}
	var err error
	if run.Lacking, err = o.lacking(); err != nil {
		return run, err
	}
	if o.unit != "" && len(o.profiles) == 0 {
		run.Lacking = "no AppArmor profile was named"
	}
	if o.unit != "" {
		run.Name = strings.TrimSuffix(o.unit, ".service") + ".service"
	}
	if len(o.profiles) > 0 {
		given, err := o.given(false)
		if err != nil {
			return run, err
		}
		if len(given.Unit) > 0 && o.unit != "" {
			return run, errors.New("name a unit in a --profile, or a service by --unit, not both; a service's AppArmor profile may be named")
		}
		run.Unit, run.AppArmor = given.Unit, given.AppArmor
		if given.AppArmor == nil {
			run.Lacking = "no AppArmor profile was named"
		}
	}
	chosen := run.Name != "" || len(o.profiles) > 0
	if chosen && len(names) == 0 {
		return run, nil
	}
	t, err := load(names, stderr)
	if err != nil {
		return run, err
	}
	if user := t.Runs[0].User; o.emit.user == "" && user != "root" {
		o.emit.user = user
	}
	run.Granted = o.emit.infer(t)
	run.Explain, err = explain.New(run.Granted, explain.Options{Systemd: o.emit.toSystemd(), AppArmor: apparmor.Options{User: o.emit.user}})
	if err != nil || chosen {
		return run, err
	}
	p, err := o.write(t, "", false, run.Lacking == "")
	run.Unit, run.AppArmor = p.Unit, p.AppArmor
	return run, err
}

func runActs(ctx context.Context, opt actsOptions, traces []string, stdout, stderr io.Writer) error {
	run, err := opt.prepare(traces, stderr)
	if err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return errors.New("acts needs root: it installs units and loads a profile")
	}
	if err := opt.agree(run.Changes(), os.Stdin, stderr); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, endedBy()...)
	defer stop()
	talk := newTalk(stderr, opt.quiet)
	if !opt.quiet {
		run.Say = func(text string) { talk.clear(); note(stderr, "%s", text) }
		run.Progress = talk.counted("services")
	}
	report, err := acts.Run(ctx, run)
	talk.clear()
	switch {
	case ctx.Err() != nil && !errors.Is(err, unit.ErrLeft):
		return errors.New("interrupted; what was made is gone")
	case err != nil:
		return err
	}
	text := report.WriteText
	if opt.markdown {
		text = report.WriteMarkdown
	}
	if err := tell(opt.json, stdout, report, text); err != nil {
		return err
	}
	if !report.OK {
		return &exitError{code: exitNo}
	}
	return nil
}
