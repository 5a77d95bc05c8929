package place

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/prove/journal"
)

// Output runs a command and gives what it wrote to its standard output. With an
// error comes what it wrote to the other one.
func Output(c *exec.Cmd) (string, error) {
	var talk bytes.Buffer
	c.Stderr = &talk
	out, err := c.Output()
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", c, err, &talk)
	}
	return string(out), err
}

// Systemctl asks the systemd of this machine.
func Systemctl(ctx context.Context, args ...string) (string, error) {
	return Output(exec.CommandContext(ctx, "systemctl", args...))
}

// Trouble is what daemons say when they miss something.
var Trouble = regexp.MustCompile(`(?i)denied|not permitted|fail|error|cannot|can't|could not|unable|warn|fatal|refus`)

var (
	numbers = regexp.MustCompile(`0x[0-9a-f]+|[0-9]+`)
	strange = regexp.MustCompile(`[^ -~]`)
)

// Alike is a line without what differs in every run.
func Alike(line string) string {
	return strange.ReplaceAllString(numbers.ReplaceAllString(strings.TrimSpace(line), "N"), "?")
}

// Cursor is where the journal ends.
func Cursor(ctx context.Context) (string, error) {
	if _, err := Output(exec.CommandContext(ctx, "journalctl", "--sync")); err != nil {
		return "", err
	}
	text, err := Output(exec.CommandContext(ctx, "journalctl", "--quiet", "--lines=0", "--show-cursor"))
	_, cursor, ok := strings.Cut(strings.TrimSpace(text), "cursor: ")
	if !ok && err == nil {
		err = fmt.Errorf("the journal tells no cursor: %q", text)
	}
	return cursor, err
}

// Since is what the journal has behind a cursor, of the entries that match, a line each.
func Since(ctx context.Context, cursor string, matches ...string) (string, error) {
	args := append([]string{"--quiet", "--all", "--output=json", "--cursor=" + cursor}, matches...)
	text, err := Output(exec.CommandContext(ctx, "journalctl", args...))
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 1 && text == "" {
		err = nil // there are none
	}
	if err != nil {
		return "", err
	}
	entries, err := journal.After([]byte(text), cursor)
	var said strings.Builder
	for _, e := range entries {
		said.WriteString(e.Text() + "\n")
	}
	return said.String(), err
}

// Complaints are the lines of a unit's journal after a cursor that tell of trouble,
// alike and each once.
func Complaints(ctx context.Context, unit, cursor string) ([]string, error) {
	if _, err := Cursor(ctx); err != nil {
		return nil, err
	}
	text, err := Since(ctx, cursor, "_SYSTEMD_UNIT="+unit, "+", "UNIT="+unit)
	var lines []string
	for line := range strings.Lines(text) {
		if Trouble.MatchString(line) {
			lines = append(lines, Alike(line))
		}
	}
	slices.Sort(lines)
	return slices.Compact(lines), err
}
