// Command osapi-profile learns from a running worker what it needs and writes
// that down as systemd and AppArmor profiles.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/osapi-io/osapi-profile/trace/record/launch"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == launch.Name {
		os.Exit(launch.Main()) // the recorder's stopped copy, which becomes the worker
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole program. Here alone errors become text and exit status.
func run(args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.Execute()
	if err == nil {
		return 0
	}
	code := exitTrouble
	if e, ok := errors.AsType[*exitError](err); ok {
		code = e.code
		if err = e.err; err == nil {
			return code
		}
	}
	fmt.Fprintf(stderr, "osapi-profile: %v\n", err)
	return code
}
