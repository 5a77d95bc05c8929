package unit

import (
	"context"
	"fmt"
	"strings"
)

// Outcome is what became of a service, as systemd tells it.
type Outcome struct {
	State    string // "active", "inactive", "failed", …
	Result   string // "success", "exit-code", "signal", … (systemd.service(5))
	Code     int    // how the main process ended: one of the CLD constants, 0 if it has not
	Status   int    // its exit status or signal
	Commands []Command
}

// Command is a line of the unit that executes something.
type Command struct {
	Directive string   // "ExecStart", "ExecStartPost", …
	Argv      []string // as systemd read the line
	PID       int      // 0 if it has not run
	Code      int      // how it ended: one of the CLD constants, 0 if it has not
	Status    int      // its exit status or signal
}

// How a process ended, as si_code of SIGCHLD tells it (sigaction(2)).
const (
	Exited = 1 // CLD_EXITED: Status is the exit status
	Killed = 2 // CLD_KILLED: Status is the signal
	Dumped = 3 // CLD_DUMPED: the same, with a core
)

// directives that execute something, in the order in which a service goes through
// them.
func directives() []string {
	return []string{"ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost", "ExecReload", "ExecStop", "ExecStopPost"}
}

// Outcome asks systemd what became of the service and of each of its commands. To
// be told of a service that ends well, ask while it runs: systemd forgets its
// commands as soon as it is inactive, while one that failed is kept.
func (s *Service) Outcome(ctx context.Context) (Outcome, error) {
	p, err := s.host.conn.GetAllPropertiesContext(ctx, s.Name)
	if err != nil {
		return Outcome{}, fmt.Errorf("asking systemd about %s: %w", s.Name, err)
	}
	o := Outcome{
		State: property[string](p, "ActiveState"), Result: property[string](p, "Result"),
		Code: int(property[int32](p, "ExecMainCode")), Status: int(property[int32](p, "ExecMainStatus")),
	}
	for _, d := range directives() {
		for _, line := range property[[][]any](p, d) {
			if len(line) != 10 { // path, argv, ignore, four times, pid, code, status
				return o, fmt.Errorf("systemd tells %s of %s in %d parts, and 10 are known", d, s.Name, len(line))
			}
			argv, _ := line[1].([]string)
			pid, _ := line[7].(uint32)
			code, _ := line[8].(int32)
			status, _ := line[9].(int32)
			o.Commands = append(o.Commands, Command{d, argv, int(pid), int(code), int(status)})
		}
	}
	return o, nil
}

// property is one of a unit's, zero when it has no such.
func property[T any](p map[string]any, name string) T {
	v, _ := p[name].(T)
	return v
}

// String is one line for people.
func (o Outcome) String() string {
	ended := ""
	switch o.Code {
	case Exited:
		ended = fmt.Sprintf(", exit status %d", o.Status)
	case Killed, Dumped:
		ended = fmt.Sprintf(", signal %d", o.Status)
	}
	return strings.TrimSpace(o.State + " (" + o.Result + ended + ")")
}
