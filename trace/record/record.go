// Package record watches a command with eBPF probes and writes what it saw as
// a trace: loading and attaching, the scope, draining, resolving names.
package record

import (
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/osapi-io/osapi-profile/trace"
	"github.com/osapi-io/osapi-profile/trace/record/plan"
)

// Options say what to record and where the trace goes.
type Options struct {
	Command  []string  // program and arguments; looked up in PATH as execvp(3) does
	Attach   *Attach   // record this in place of a Command
	Identity *Identity // run the worker as somebody else; nil keeps the recorder's own
	Trace    io.Writer // receives JSON Lines, complete lines in each Write
	Tool     string    // version of osapi-profile for the header
	Stdin    *os.File  // the worker's; usually os.Stdin and so on
	Stdout   *os.File
	Stderr   *os.File
	Signals  <-chan os.Signal // each one received is passed on to the worker; one that would end it ends a recording by Attach
	Status   func(Status)     // called about once a second, from one goroutine; may be nil
	Warn     func(string)     // told once of each thing that makes the trace incomplete; may be nil

	Plan     *plan.Plan            // what to do with a Command or a Unit, from its start on; nil leaves that to others
	Output   *os.File              // receives what the plan's commands say; nil for Stderr
	Marks    <-chan Mark           // each one received begins an operation; only without a Plan
	Progress func(trace.Operation) // called at the end of each operation, from the goroutine of Status; may be nil
}

// Identity is whom the worker runs as. Supplementary groups are those given.
type Identity struct {
	Name    string
	UID     uint32
	GID     uint32
	Groups  []uint32
	Ambient []string // "CAP_NET_RAW": capabilities kept across the change of user and across exec
}

// Status is how far a recording is.
type Status struct {
	Elapsed time.Duration
	Facts   map[string]int // distinct facts by kind: "syscall", "exec", "file", "capability", "socket", "argument"
	Recent  int            // of these, new in the last 30 s
	Lost    uint64         // events dropped so far; some may have come again
	Tasks   int            // processes of the worker now

	Operation string // what is running of the plan or since the last mark, "" if nothing has a name
}

// Result is how a recording ended.
type Result struct {
	Exit      int            // the worker's exit status
	Signal    syscall.Signal // or the signal that ended it, 0 if none
	Facts     map[string]int
	Holes     []trace.Hole
	Resources trace.Resources

	Operations []trace.Operation // in the order they ended, skipped ones last
	Failed     int               // of these, those that failed, and those of the plan that never ran
	Stopped    bool              // the worker ended as the plan's shutdown has it: by that signal, or with status 0
}

// NotExecutedError says that the command could not be executed. The exit
// status for it is 127 when Err is ENOENT, else 126, as env(1) has it.
type NotExecutedError struct {
	Name string
	Err  error
}

func (e *NotExecutedError) Error() string { return fmt.Sprintf("cannot execute %q: %v", e.Name, e.Err) }

// Unwrap gives the errno.
func (e *NotExecutedError) Unwrap() error { return e.Err }
