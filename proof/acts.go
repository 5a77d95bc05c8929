package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/osapi-io/osapi-profile/prove/acts"
	"github.com/osapi-io/osapi-profile/test/place"
)

// triedActs is what became of the forbidden acts under a daemon's profile.
type triedActs struct {
	Denied      int
	NotEnforced int      // possible, because the machine lacks what a line needs
	Granted     []string // possible, with what grants it
	Open        []string // possible, and nothing grants it
}

// act tries the forbidden acts in the daemon's sandbox, under the AppArmor profile too
// where the kernel has AppArmor.
func (d daemon) act(ctx context.Context) (t triedActs, err error) {
	if _, err := place.Output(exec.CommandContext(ctx, "bash", "-c", place.Ordinary)); err != nil {
		return t, err
	}
	args := []string{"acts", "--yes", "--quiet", "--json", "--quick", "--unit", d.Unit}
	if enforcing() {
		args = append(args, "--profile", d.file(".apparmor"))
	}
	said, err := place.Output(exec.CommandContext(ctx, "./osapi-profile", append(args, d.file(".jsonl"))...))
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 1 {
		err = nil // one is possible
	}
	if err != nil {
		return t, err
	}
	var report acts.Report
	if err := json.Unmarshal([]byte(said), &report); err != nil {
		return t, err
	}
	return count(report.Acts), nil
}

// count puts acts with the same reason together, in their order.
func count(all []acts.Tried) (t triedActs) {
	names, why := map[string][]string{}, []string{}
	for _, a := range all {
		switch {
		case a.Outcome == acts.Denied:
			t.Denied++
		case a.Outcome == acts.NotEnforced:
			t.NotEnforced++
		case a.Outcome == acts.Possible && !a.Explained:
			t.Open = append(t.Open, a.Act+": "+a.Why)
		case a.Outcome == acts.Possible:
			if names[a.Why] == nil {
				why = append(why, a.Why)
			}
			names[a.Why] = append(names[a.Why], "`"+a.Act+"`")
		}
	}
	for _, w := range why {
		t.Granted = append(t.Granted, fmt.Sprintf("%s: %s", strings.Join(names[w], " "), w))
	}
	return t
}
