package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// The exit statuses of all commands but diff and record, which have their own. As
// with diff(1) and grep(1), an answer and a failure can be told apart.
const (
	exitNo      = 1 // the answer is no: check found what would be denied, docs --check a stale page
	exitTrouble = 2 // the command could not do what it was asked to
)

// The exit statuses of record besides the worker's own, as of env(1) but for
// the first. A worker that signal N ended gives 128+N, as in a shell.
const (
	exitOperation     = 124 // an operation of the plan failed or never ran
	exitRecorder      = 125 // the recorder failed
	exitNotExecutable = 126 // the worker is there, but could not be executed
	exitNotFound      = 127 // the worker is not there
	exitSignal        = 128
)

// exitError gives an error its exit status. Without err nothing is printed:
// everything was said already.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return fmt.Sprintf("exit status %d: %v", e.code, e.err) }

func (e *exitError) Unwrap() error { return e.err }

// usageError says what is wrong with a command line and where help is.
func usageError(cmd *cobra.Command, format string, args ...any) error {
	return fmt.Errorf("%s\nTry '%s --help'.", fmt.Sprintf(format, args...), cmd.CommandPath())
}
