package prove

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/osapi-io/osapi-profile/prove/unit"
	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// notExecuted is the exit status by which systemd says that it could not execute
// the command; lowestOwn and highestOwn are the first and the last of all by which it
// tells of a sandbox that it could not set up (systemd.exec(5), "Process exit
// codes").
const (
	lowestOwn   = 200
	notExecuted = 203
	highestOwn  = 245
)

// talked is how many lines of what the service said are shown where it broke.
const talked = 10

// ended says so where the worker ended otherwise than in training.
func (r *run) ended(ctx context.Context, c *comparison) error {
	o, err := r.service.Outcome(ctx)
	nothing := c.seen.Empty() && o.Code == 0 // a unit that was skipped is as one that ended well
	if err != nil || endedAsTrained(o, c.training) && !nothing || r.result.Broken != "" {
		return err
	}
	r.result.Broken = o.String()
	if nothing {
		r.result.Broken = "systemd executed nothing of it"
		if r.unstarted != nil {
			r.result.Broken += ": " + r.unstarted.Error()
		}
	}
	if noSandbox(o) {
		r.result.Broken += "; by this status systemd says that it could not make the sandbox or execute the command in it"
	}
	if talk, err := r.service.Talk(ctx, talked); err == nil && talk != "" {
		r.result.Broken += "\n" + indent(talk)
	}
	if o.Code == unit.Exited && o.Status == notExecuted {
		return r.result.refusedStart(c)
	}
	return nil
}

func indent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimRight(text, "\n")) {
		b.WriteString("  " + synth.OneLine(strings.TrimRight(line, "\n")) + "\n")
	}
	return b.String()
}

func endedAsTrained(o unit.Outcome, training *trace.Trace) bool {
	return o.Result == "success" || asTrained(o, training)
}

// noSandbox says whether the service ended before the command was executed.
func noSandbox(o unit.Outcome) bool {
	return o.Code == unit.Exited && o.Status >= lowestOwn && o.Status <= highestOwn
}

// asTrained says whether a run of training ended in the same way.
func asTrained(o unit.Outcome, training *trace.Trace) bool {
	for _, r := range training.Runs {
		switch {
		case r.End == nil:
		case o.Code == unit.Exited && r.End.Signal == "" && r.End.Exit == o.Status:
			return true
		case o.Code != unit.Exited && o.Code != 0 && r.End.Signal == fmt.Sprint(unix.SignalName(unix.Signal(o.Status))):
			return true
		}
	}
	return false
}

// refusedStart finds what keeps the command itself from being executed: the
// recorder sees a command only once it is.
func (r *Result) refusedStart(c *comparison) error {
	files := map[trace.Path]bool{c.training.Runs[0].Worker: true}
	for _, s := range c.training.Subjects {
		if files[s.Exe] || files[s.Script] {
			files[s.Exe], files[s.Loader], files[s.Script] = true, true, true
		}
	}
	for p := range files {
		if p == "" {
			continue
		}
		f := trace.File{Seen: trace.Seen{Outcome: "EACCES", Operation: trace.OperationStartup}, Path: p, Access: trace.AccessExec, Type: "file", Syscall: "execve", Mode: 0o755}
		refused := refusal{seen: f, allowed: succeeds(f), fact: synth.NewTeller(c.seen).Fact(f)}
		verdicts, err := c.responsible(refused)
		if err != nil {
			return err
		}
		if len(verdicts) > 0 {
			r.False = append(r.False, c.denial(refused, verdicts, r.wider))
		}
	}
	return nil
}
