package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/apparmor"
	"github.com/osapi-io/osapi-profile/synth/explain"
	"github.com/osapi-io/osapi-profile/synth/written"
	"github.com/osapi-io/osapi-profile/trace"
)

type explainOptions struct {
	profile string
	line    int
	at      bool // line was given
	json    bool
	emitOptions
}

func (o *explainOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.profile, "profile", "", "explain the lines of the unit, drop-in, AppArmor profile or seccomp filter in `FILE`")
	f.IntVar(&o.line, "line", 0, "with --profile: explain line `N` only")
	f.BoolVar(&o.json, "json", false, "write JSON")
	f.StringVarP(&o.user, "user", "u", "", "the profile was made for a worker that runs as `NAME` (default: as recorded)")
	f.BoolVar(&o.strict, "strict", false, "the profile was made without what a rule adds")
	f.IntVar(&o.systemd, "systemd-version", 0, "the unit was made for systemd `N` (default: the recorded host's, or 252)")
}

func newExplain() *cobra.Command {
	var opt explainOptions
	cmd := &cobra.Command{
		Use:   "explain [WHAT] [--profile FILE [--line N]] [--json] [TRACE]...",
		Short: "Tell what stands behind a line, and which lines a fact causes",
		Long: `explain leads from a line of a unit, drop-in, AppArmor profile or seccomp filter
(there a call, by its name) to the facts behind it (which program, by which call, with which outcome, in which operation,
how often, first and last when) or to the rule that it follows from; and from a
fact to the lines that it causes. Facts come from the traces named, or else from
the last one recorded.

WHAT is one of

  FILE:LINE       a line of a profile as it is deployed, edited or not
  NAME=VALUE      a line of a unit; NAME alone for a directive and, if it is not
                  written, for what keeps it from being
  a rule          a line of an AppArmor profile, such as "/etc/x r,"
  a path, a capability, a system call, an address, a port, an address family
                  all that is known of it, and the lines it causes; of a
                  directory what lies below it

Without WHAT and --profile everything that emit would write is explained, format
by format. An argument that holds a trace is a trace, whatever it is called.

A line that no fact and no rule asks for is said to be so. Comments of a profile
are explained with the line that follows them.

Exit status: 0 on success, 1 if nothing stands behind a line or nothing is known
of a name, 2 on trouble.`,
		Example: `  osapi-profile explain /etc/systemd/system/nginx.service.d/50-osapi-profile.conf:40
  osapi-profile explain 'ReadWritePaths=-/var/lib/worker' worker.jsonl
  osapi-profile explain ProtectProc worker.jsonl
  osapi-profile explain CAP_NET_RAW worker.jsonl
  osapi-profile explain /run/dbus/system_bus_socket worker.jsonl
  osapi-profile explain --profile /etc/apparmor.d/osapi --json worker.jsonl`,
		DisableFlagsInUseLine: true,
		Args:                  cobra.ArbitraryArgs,
		PreRunE: func(cmd *cobra.Command, _ []string) error {
			if opt.at = cmd.Flags().Changed("line"); opt.at && opt.profile == "" {
				return usageError(cmd, "--line is a line of the file that --profile names")
			}
			if err := opt.check(); err != nil {
				return usageError(cmd, "--%v", err)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runExplain(opt, args, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	opt.addFlags(cmd)
	return cmd
}

func runExplain(opt explainOptions, args []string, stdout, stderr io.Writer) error {
	what := ""
	if opt.profile == "" && len(args) > 0 && !isTrace(args[0]) {
		what, args = args[0], args[1:]
		if file, line, ok := fileAndLine(what); ok {
			what, opt.profile, opt.line, opt.at = "", file, line, true
		}
	}
	t, err := load(args, stderr)
	if err != nil {
		return err
	}
	opt.settle(t)
	x, err := explain.New(opt.infer(t), explain.Options{Systemd: opt.toSystemd(), AppArmor: apparmor.Options{User: opt.user}})
	if err != nil {
		return err
	}
	lines, err := explainedLines(x, opt, what)
	switch {
	case err != nil:
		return err
	case lines == nil:
		return explainFact(x, t, what, opt, stdout)
	}
	if err := tell(opt.json, stdout, lines, func(w io.Writer) error { return explain.WriteText(w, lines) }); err != nil {
		return err
	}
	if len(lines) == 1 && !lines[0].Explained() && lines[0].Means == "" {
		return &exitError{code: exitNo}
	}
	return nil
}

// explainedLines are those that were asked for; nil when a fact was.
func explainedLines(x *explain.Explainer, opt explainOptions, what string) ([]synth.Explanation, error) {
	switch {
	case opt.profile != "":
		f, err := written.Read(opt.profile)
		if err != nil {
			return nil, err
		}
		if !opt.at {
			return x.File(f)
		}
		e, err := x.At(f, opt.line)
		return []synth.Explanation{e}, err
	case what == "":
		return x.Everything()
	}
	lines, ok := x.Text(what)
	if !ok {
		return nil, nil
	}
	if len(lines) == 0 {
		return nil, errors.New("that directive is not written, and nothing keeps it from being: nothing in the trace has to do with it")
	}
	return lines, nil
}

func explainFact(x *explain.Explainer, t *trace.Trace, what string, opt explainOptions, stdout io.Writer) error {
	a, err := x.Fact(t, what)
	if err != nil {
		return err
	}
	if !a.Found() {
		err := fmt.Errorf("nothing is known of %s: no fact of the trace is about it, and it is no line of a profile", synth.OneLine(what))
		return &exitError{exitNo, err}
	}
	return tell(opt.json, stdout, a, a.WriteText)
}
