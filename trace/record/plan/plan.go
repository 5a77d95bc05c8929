// Package plan reads training plans: what is to be done with a worker while it
// is recorded. It reads only; who runs a plan is the recorder.
package plan

import (
	"fmt"
	"regexp"
	"syscall"
	"time"
)

// Plan is a training plan. All defaults are filled in.
type Plan struct {
	Dir        string // where commands run: the directory of the plan's file
	Output     string // file that receives what commands say; "" for the recorder's stderr
	Ready      Ready
	Operations []Operation // in the order to be run; the last one is shutdown
	Reset      *Operation  // what takes back what the others changed, so that they can be run again; nil for nothing
	Missing    []string    // standard operations that the plan neither has nor declares to be without
}

// Ready says how to find out that startup is over. One of Command, Port, Line
// and Wait is set.
type Ready struct {
	Command []string       // has exit status 0
	Port    string         // "127.0.0.1:8080" accepts a TCP connection
	Line    *regexp.Regexp // is found in a line that the worker writes
	File    string         // where that line is looked for; "" for the worker's stdout and stderr
	Wait    time.Duration  // has passed
	Timeout time.Duration  // after which the worker counts as not having started
	Settle  time.Duration  // how long startup goes on after that
}

// Operation is one step of a plan. One of Command, Signal and Wait is set.
type Operation struct {
	Name    string
	Command []string       // program and arguments
	Signal  syscall.Signal // sent to the worker's main process
	Wait    time.Duration  // nothing is done for so long
	Timeout time.Duration  // of Command; for shutdown, of the worker's end
	Settle  time.Duration  // how long what the worker does afterwards still belongs to this operation
	Repeat  int            // how many times it is run, at least 1
	Fails   bool           // Command is meant to have another exit status than 0
}

// Defaults of a plan.
const (
	defaultReady    = 60 * time.Second
	defaultTimeout  = 60 * time.Second
	defaultSettle   = 500 * time.Millisecond
	defaultIdle     = 30 * time.Second
	defaultShutdown = 90 * time.Second // as systemd's DefaultTimeoutStopSec=
)

// Limits of a plan.
const (
	maxSize       = 1 << 20 // bytes of the file
	maxOperations = 1000
	maxRepeat     = 1000
	maxDuration   = 24 * time.Hour
)

// Error is what is wrong with a plan: the first fault that was found.
type Error struct {
	File string
	Line int // from 1; 0 for the file as a whole
	Text string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.File, e.Text)
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text)
}
