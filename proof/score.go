package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"

	"github.com/osapi-io/osapi-profile/test/place"
)

// exposure is one of the checks of systemd-analyze security.
type exposure struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Exposure    string `json:"exposure"`
}

var overall = regexp.MustCompile(`Overall exposure level for .*: ([0-9.]+)`)

// score is that of the unit with its drop-ins, and, where it is above the limit, the
// checks that cost something.
func (d daemon) score(ctx context.Context, what string) (float64, []exposure, error) {
	// All of the unit in one file, since the tool finds a template's instance in none.
	text, err := place.Systemctl(ctx, "cat", d.Unit)
	if err != nil {
		return 0, nil, err
	}
	dir := d.file(what)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, nil, err
	}
	name := d.Name + ".service"
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		return 0, nil, err
	}
	analyze := func(more ...string) (string, error) {
		c := exec.CommandContext(ctx, "systemd-analyze", append([]string{"security", "--offline=true", "--no-pager", name}, more...)...)
		c.Dir = dir
		return place.Output(c)
	}
	said, err := analyze()
	if err != nil {
		return 0, nil, err
	}
	found := overall.FindStringSubmatch(said)
	if found == nil {
		return 0, nil, fmt.Errorf("systemd-analyze tells no score: %s", said)
	}
	score, err := strconv.ParseFloat(found[1], 64)
	if err != nil || score <= limit {
		return score, nil, err
	}
	said, err = analyze("--json=short")
	if err != nil {
		return 0, nil, err
	}
	var checks []exposure
	if err := json.Unmarshal([]byte(said), &checks); err != nil {
		return 0, nil, err
	}
	return score, checks, nil
}
