package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/osapi-io/osapi-profile/trace"
	"github.com/osapi-io/osapi-profile/trace/record/control"
)

type markOptions struct {
	trace string
}

func (o *markOptions) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.trace, "trace", "", "tell the recorder that writes `FILE`, when several are running")
}

func newMark() *cobra.Command {
	var opt markOptions
	cmd := &cobra.Command{
		Use:   "mark NAME [--trace FILE]",
		Short: "Tell a running recorder which operation begins",
		Long: `mark names what is done with the worker from now on: facts that are seen until
the next mark, or the end, are of operation NAME. It returns when that has taken
effect. What came before the first mark is of no operation.

NAME is made of letters, digits and . _ -. What is seen in an operation named
idle is told to be of no other: mark idle while nobody asks for anything.

A recorder that follows a plan begins its operations itself, and takes no marks.

Exit status: 0 on success, 2 on trouble.`,
		Example: `  sudo osapi-profile record -- redis-server &
  sudo osapi-profile mark save && redis-cli save
  sudo osapi-profile mark idle && sleep 30`,
		DisableFlagsInUseLine: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError(cmd, "name one operation")
			}
			if err := trace.CheckOperation(args[0]); err != nil {
				return usageError(cmd, "%v", err)
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return runMark(opt, args[0]) },
	}
	opt.addFlags(cmd)
	return cmd
}

func runMark(opt markOptions, operation string) error {
	dir, err := control.Dir()
	if err != nil {
		return err
	}
	running, err := control.Running(dir)
	if err != nil {
		return err
	}
	recorder, err := choose(running, opt.trace)
	if err != nil {
		return err
	}
	return control.Mark(dir, recorder, operation)
}

// choose picks the one recorder that is meant.
func choose(running []control.Recorder, traceName string) (control.Recorder, error) {
	if len(running) == 0 {
		hint := ""
		if os.Geteuid() != 0 {
			hint = "; those that root started are found by root only"
		}
		return control.Recorder{}, fmt.Errorf("no recorder is running: start one with 'osapi-profile record -- CMD'%s", hint)
	}
	if traceName == "" && len(running) == 1 {
		return running[0], nil
	}
	var list []string
	for _, r := range running {
		if traceName != "" && r.Same(traceName) {
			return r, nil
		}
		list = append(list, fmt.Sprintf("\n  --trace %s (worker %s, process %d)", r.Trace, r.Worker, r.PID))
	}
	if traceName != "" {
		return control.Recorder{}, fmt.Errorf("no recorder writes %s; running are:%s", traceName, strings.Join(list, ""))
	}
	return control.Recorder{}, fmt.Errorf("%d recorders are running; choose one:%s", len(running), strings.Join(list, ""))
}
