package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/osapi-io/osapi-profile/trace/record"
)

type recordOptions struct {
	output  string
	force   bool
	quiet   bool
	user    string
	ambient []string
	attach  record.Attach
	plan    string
}

func (o *recordOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SetInterspersed(false) // what follows the command belongs to it
	f.StringVarP(&o.output, "output", "o", "", "write the trace to `FILE`, which must not exist yet")
	f.BoolVarP(&o.force, "force", "f", false, "replace FILE if it exists")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "say nothing but warnings")
	f.StringVarP(&o.user, "user", "u", "", "run the worker as `NAME`, with that user's groups and no capabilities")
	f.StringSliceVar(&o.ambient, "ambient", nil, "with --user: let the worker keep capability `CAP`; may be repeated")
	f.StringVar(&o.attach.Unit, "unit", "", "record the systemd service `NAME`, started unless it runs")
	f.BoolVar(&o.attach.Restart, "restart", false, "with --unit: restart a service that runs, so that its start-up is seen")
	f.IntVar(&o.attach.PID, "pid", 0, "record process `N`, which runs already, and its descendants")
	f.StringVar(&o.attach.Cgroup, "cgroup", "", "record all processes of the cgroup at `PATH` and below")
	f.StringVarP(&o.plan, "plan", "p", "", "put the worker through the training plan in `FILE`, then shut it down")
}

const recordHelp = `record runs CMD, and records what it and every process that it starts do until
the last of them has ended: system calls, executed programs, files,
capabilities and sockets. It needs root, and a kernel with BTF; doctor tells.

The trace goes to FILE, or else to a new file in the state directory, where it
is the one that the other commands read when no trace is named. The state
directory is /var/lib/osapi-profile/traces for root, osapi-profile in
$XDG_STATE_HOME or ~/.local/state for others, or $OSAPI_PROFILE_STATE. Traces
hold names of files, but no arguments, no environment and no contents.

With --plan the recorder waits until the worker is ready, runs the plan's
operations one after another, tags each fact with the operation it was seen in,
and shuts the worker down. Without a plan, mark names operations by hand. With
--unit it is systemd that starts and stops the worker; a unit that ran before,
which --restart allows, is started again when the recording is over.

SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1 and SIGUSR2 are passed on to the
worker; the trace is closed when it has ended.

In place of CMD, record can attach to what is not started by it:

  --unit NAME    a systemd service. It is started unless it runs, and with
                 --restart anew if it does. The commands of the unit are
                 recorded (ExecStart=, ExecStartPre=, ExecReload= and so on) and
                 all that they start, but not what systemd does before it
                 executes one. Programs of lines that begin with + or ! are
                 marked, since the unit's sandbox does not apply to them.
                 Recording ends when the service has stopped.
  --pid N        a process, its threads and its descendants. Recording ends when
                 all have ended.
  --cgroup PATH  all processes of a cgroup (v2) and below, and those that
                 execute a program there later. Recording ends when the cgroup
                 is removed.

SIGINT, SIGTERM, SIGHUP or SIGQUIT then ends the recording and leaves alone what
was recorded. What a process did before is a hole in the trace: start services
and commands with record, or restart them, to see what they need to start.

Exit status: the worker's own; 128+N if signal N ended it, but 0 if that was the
plan's shutdown; 124 if an operation of the plan failed or never ran; 125 if
recording failed; 126 if CMD cannot be executed; 127 if it is not found. Without
CMD 0, 1 if the service did not start, 125 if recording failed.`

func newRecord() *cobra.Command {
	var opt recordOptions
	cmd := &cobra.Command{
		Use: "record [-o FILE] [--plan FILE] [--user NAME [--ambient CAP]...] [--] CMD [ARG]...\n" +
			"  osapi-profile record [-o FILE] {--unit NAME [--restart] [--plan FILE] | --pid N | --cgroup PATH}",
		Short: "Run a worker, or attach to one, and record what it does",
		Long:  recordHelp,
		Example: `  sudo osapi-profile record -- /usr/local/bin/osapi job worker start
  sudo osapi-profile record --plan redis.yaml -- redis-server --port 6379
  sudo osapi-profile record --user osapi --ambient CAP_NET_RAW -o worker.jsonl -- osapi agent start
  sudo osapi-profile record --unit nginx --restart
  sudo osapi-profile record --unit nginx --restart --plan nginx.yaml
  sudo osapi-profile record --pid $(pidof osapi)
  sudo osapi-profile record --cgroup system.slice/cron.service`,
		DisableFlagsInUseLine: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := opt.check(args); err != nil {
				return &exitError{exitRecorder, usageError(cmd, "%v", err)}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRecord(cmd.Context(), opt, args, cmd.ErrOrStderr())
		},
	}
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &exitError{exitRecorder, usageError(cmd, "%v", err)}
	})
	opt.addFlags(cmd)
	return cmd
}

// check says what of a command line does not go together.
func (o *recordOptions) check(command []string) error {
	ways := 0
	for _, given := range []bool{o.attach.Unit != "", o.attach.PID != 0, o.attach.Cgroup != ""} {
		if given {
			ways++
		}
	}
	switch {
	case o.attach.PID < 0:
		return fmt.Errorf("--pid %d: process ids are above 0", o.attach.PID)
	case o.attach.Restart && o.attach.Unit == "":
		return errors.New("--restart needs --unit")
	case ways > 1 || ways == 1 && len(command) > 0:
		return errors.New("name one of a command, --unit, --pid and --cgroup")
	case ways == 0 && len(command) == 0:
		return errors.New("name the command to record, or what to attach to: --unit, --pid or --cgroup")
	case ways == 1 && o.plan != "" && o.attach.Unit == "":
		return errors.New("--plan is for a command or a --unit, which it starts and shuts down; mark names the operations of what runs already")
	case ways == 1 && (o.user != "" || len(o.ambient) > 0):
		return errors.New("--user and --ambient are for a command; what runs already keeps its identity")
	}
	return nil
}

// label is what the trace is stored under.
func (o *recordOptions) label(command []string) string {
	switch {
	case o.attach.Unit != "":
		return strings.TrimSuffix(o.attach.Unit, ".service")
	case o.attach.PID != 0:
		return fmt.Sprintf("pid-%d", o.attach.PID)
	case o.attach.Cgroup != "":
		return o.attach.Cgroup
	}
	return command[0]
}

func runRecord(ctx context.Context, opt recordOptions, command []string, stderr io.Writer) error {
	identity, err := identityOf(opt.user, opt.ambient)
	if err != nil {
		return &exitError{exitRecorder, err}
	}
	training, err := readTraining(opt.plan)
	if err != nil {
		return &exitError{exitRecorder, err}
	}
	defer training.close()
	file, err := createTrace(opt.output, opt.label(command), opt.force)
	if err != nil {
		return &exitError{exitRecorder, err}
	}
	signals := passedOn()
	defer signal.Stop(signals)
	talk := newTalk(stderr, opt.quiet)
	var attach *record.Attach
	if len(command) == 0 {
		attach = &opt.attach
	}
	if err := training.listen(opt.label(command), file.Name()); err != nil {
		talk.warn("osapi-profile mark will not find this recorder: " + err.Error())
	}
	result, err := record.Run(ctx, record.Options{
		Command: command, Attach: attach, Identity: identity, Trace: file, Tool: version(),
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Signals: signals, Status: talk.status(), Warn: talk.warn,
		Plan: training.plan, Output: training.output, Marks: training.marks, Progress: talk.operation,
	})
	talk.clear()
	if closeErr := file.finish(result, err); err == nil {
		err = closeErr
	}
	if file.kept {
		talk.summary(file.Name(), result)
	}
	return recordExit(result, err)
}

// recordExit is what record exits with.
func recordExit(result record.Result, err error) error {
	if notExecuted, ok := errors.AsType[*record.NotExecutedError](err); ok {
		if errors.Is(notExecuted.Err, syscall.ENOENT) {
			return &exitError{exitNotFound, err}
		}
		return &exitError{exitNotExecutable, err}
	}
	switch {
	case errors.Is(err, record.ErrUnitFailed):
		return &exitError{exitNo, err}
	case err != nil:
		return &exitError{exitRecorder, err}
	case result.Failed > 0:
		return &exitError{code: exitOperation}
	case result.Stopped:
		return nil
	case result.Signal != 0:
		return &exitError{code: exitSignal + int(result.Signal)}
	case result.Exit != 0:
		return &exitError{code: result.Exit}
	}
	return nil
}

// passedOn is where the signals meant for the worker arrive. Those that the
// caller ignores, as nohup(1) does, stay ignored, for the worker too.
func passedOn() chan os.Signal {
	c := make(chan os.Signal, 16)
	for _, s := range []os.Signal{
		syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
	} {
		if !signal.Ignored(s) {
			signal.Notify(c, s)
		}
	}
	// A closed stderr must not end the recorder before the worker. To ignore
	// SIGPIPE would make the worker ignore it as well.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	return c
}
