package unit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/osapi-io/osapi-profile/prove/journal"
)

// ask asks journalctl(1), which reads every format that a journal was ever
// written in.
func ask(ctx context.Context, args ...string) ([]byte, error) {
	if err := exec.CommandContext(ctx, "journalctl", "--sync").Run(); err != nil {
		return nil, fmt.Errorf("the journal does not answer, and without it nobody knows what systemd ignores: %w", err)
	}
	out, err := exec.CommandContext(ctx, "journalctl", append([]string{"--quiet", "--boot", "--no-pager"}, args...)...).Output()
	if e := (&exec.ExitError{}); errors.As(err, &e) {
		if e.ExitCode() == 1 && len(out)+len(e.Stderr) == 0 {
			return nil, nil // nothing matches
		}
		return nil, fmt.Errorf("journalctl: %s", bytes.TrimSpace(e.Stderr))
	}
	return out, err
}

// journalEnd is the cursor of the last entry.
func journalEnd(ctx context.Context) (string, error) {
	out, err := ask(ctx, "--lines=1", "--output=json")
	if err != nil {
		return "", err
	}
	var last journal.Entry
	if err := json.Unmarshal(out, &last); err != nil || last.Cursor == "" {
		return "", errors.New("the journal is empty: nobody would know what systemd ignores")
	}
	return last.Cursor, nil
}

// entries are those since the service was installed that match.
func (s *Service) entries(ctx context.Context, matches ...string) ([]journal.Entry, error) {
	out, err := ask(ctx, append([]string{"--cursor=" + s.cursor, "--output=json", "--all"}, matches...)...)
	if err != nil {
		return nil, err
	}
	return journal.After(out, s.cursor)
}

// refusals are words by which systemd says that something in a unit has no effect.
func refusals() []string {
	return []string{"ignoring", "ignored", "unknown key", "unknown section", "failed to parse", "not supported", "does not support"}
}

// Refused are the lines of the journal in which systemd says that it does not take
// something in the unit, so that what runs is not what the text says.
func (s *Service) Refused(ctx context.Context) ([]string, error) {
	entries, err := s.entries(ctx)
	var lines []string
	for _, e := range entries {
		text := e.Text()
		if e.Unit != s.Name && !strings.Contains(text, "/"+s.Name) || e.User != "0" {
			continue
		}
		for _, word := range refusals() {
			if strings.Contains(strings.ToLower(text), word) {
				lines = append(lines, text)
				break
			}
		}
	}
	return lines, err
}

// Kernel are the lines that the kernel has logged since the service was installed,
// by itself or through the audit system, and that contain a text.
func (s *Service) Kernel(ctx context.Context, text string) ([]string, error) {
	entries, err := s.entries(ctx, "_TRANSPORT=kernel", "+", "_TRANSPORT=audit")
	var lines []string
	for _, e := range entries {
		if line := e.Text(); strings.Contains(line, text) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines, err
}

// Talk is what the service and systemd have said of it, the last lines of it.
func (s *Service) Talk(ctx context.Context, lines int) (string, error) {
	entries, err := s.entries(ctx, "--unit="+s.Name)
	var said strings.Builder
	for _, e := range entries {
		said.WriteString(e.Text() + "\n")
	}
	all := strings.SplitAfter(said.String(), "\n")
	return strings.Join(all[max(0, len(all)-lines):], ""), err
}
