package unit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// journal asks journalctl(1), which reads every format that a journal was ever
// written in.
func journal(ctx context.Context, args ...string) ([]byte, error) {
	if err := exec.CommandContext(ctx, "journalctl", "--sync").Run(); err != nil {
		return nil, fmt.Errorf("the journal does not answer, and without it nobody knows what systemd ignores: %w", err)
	}
	out, err := exec.CommandContext(ctx, "journalctl", append([]string{"--quiet", "--boot", "--no-pager"}, args...)...).Output()
	if e := (&exec.ExitError{}); errors.As(err, &e) {
		return nil, fmt.Errorf("journalctl: %s", bytes.TrimSpace(e.Stderr))
	}
	return out, err
}

// journalEnd is the cursor of the last entry.
func journalEnd(ctx context.Context) (string, error) {
	out, err := journal(ctx, "--lines=1", "--output=json")
	if err != nil {
		return "", err
	}
	var entry struct {
		Cursor string `json:"__CURSOR"`
	}
	if err := json.Unmarshal(out, &entry); err != nil || entry.Cursor == "" {
		return "", errors.New("the journal is empty: nobody would know what systemd ignores")
	}
	return entry.Cursor, nil
}

// refusals are words by which systemd says that something in a unit has no effect.
func refusals() []string {
	return []string{"ignoring", "ignored", "unknown key", "unknown section", "failed to parse", "not supported", "does not support"}
}

// Refused are the lines of the journal in which systemd says that it does not take
// something in the unit, so that what runs is not what the text says.
func (s *Service) Refused(ctx context.Context) ([]string, error) {
	out, err := journal(ctx, "--after-cursor="+s.cursor, "--output=json", "--all")
	if err != nil {
		return nil, err
	}
	var lines []string
	for decoder := json.NewDecoder(bytes.NewReader(out)); decoder.More(); {
		var e struct {
			Message  any    `json:"MESSAGE"` // a list of numbers where it is no text
			Unit     string `json:"UNIT"`    // that systemd speaks of; a service cannot set it
			Facility string `json:"_UID"`
		}
		if err := decoder.Decode(&e); err != nil {
			return lines, fmt.Errorf("journalctl: %w", err)
		}
		text, _ := e.Message.(string)
		if e.Unit != s.Name && !strings.Contains(text, "/"+s.Name) || e.Facility != "0" {
			continue
		}
		for _, word := range refusals() {
			if strings.Contains(strings.ToLower(text), word) {
				lines = append(lines, text)
				break
			}
		}
	}
	return lines, nil
}

// Kernel are the lines that the kernel has logged since the service was installed,
// by itself or through the audit system, and that contain a text.
func (s *Service) Kernel(ctx context.Context, text string) ([]string, error) {
	out, err := journal(ctx, "--after-cursor="+s.cursor, "--output=cat", "_TRANSPORT=kernel", "+", "_TRANSPORT=audit")
	var lines []string
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, text) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines, err
}

// Talk is what the service and systemd have said of it, the last lines of it.
func (s *Service) Talk(ctx context.Context, lines int) (string, error) {
	out, err := journal(ctx, "--after-cursor="+s.cursor, "--unit="+s.Name, "--output=cat")
	all := strings.SplitAfter(string(out), "\n")
	return strings.Join(all[max(0, len(all)-lines):], ""), err
}
