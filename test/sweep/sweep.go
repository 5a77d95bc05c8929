package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace/record/launch"
)

// result is what a sweep found.
type result struct {
	Daemon   string
	Kernel   string
	Probe    string    // what capability checks were seen by
	Required []string  // what the trace says it requires
	Asked    []asked   // what was asked for and is not required
	Missing  []string  // what was lost with exactly the required ones: must be empty
	Without  []without // the required ones less one: each must lose something
	Unseen   asked     // a required one whose loss cannot be observed here, and what it is
	Others   []without // all less one that is not required: none must lose anything; empty unless -each
}

// asked is a capability that was checked and is not required.
type asked struct{ Capability, Need, Reason string }

// without is a run that lacked a capability, and what was observed there and not in
// a whole one.
type without struct {
	Capability string
	Lost       []string
}

// sweepHere sweeps daemons under the systemd of this machine, which must be one to
// throw away, and leaves results.json.
func sweepHere(ctx context.Context, daemons []string, patience int, each bool) error {
	var results []result
	var failed error
	if err := os.Mkdir("traces", 0o755); err != nil {
		return err
	}
	for _, name := range daemons {
		r, err := sweepOne(ctx, name, patience, each)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", name, err))
			continue
		}
		results = append(results, *r)
	}
	text, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	return errors.Join(failed, os.WriteFile("results.json", text, 0o644))
}

func sweepOne(ctx context.Context, name string, patience int, each bool) (*result, error) {
	d, err := newDaemon(ctx, name, patience)
	if err != nil {
		return nil, err
	}
	return d.sweep(each)
}

func (d *daemon) sweep(each bool) (*result, error) {
	full, err := boundingSet("1")
	if err != nil {
		return nil, err
	}
	file := filepath.Join("traces", d.name+".jsonl")
	whole, err := d.run(full, file)
	if err != nil {
		return nil, err
	}
	d.say("recorded", whole)
	again, err := d.run(full, "")
	if err != nil {
		return nil, err
	}
	if differs := lost(whole, again); len(differs) > 0 {
		return nil, fmt.Errorf("two runs with all capabilities differ: %q", differs)
	}
	t, err := readTrace(file)
	if err != nil {
		return nil, err
	}
	p := synth.Infer(t, synth.Options{})
	r := &result{Daemon: d.name, Kernel: t.Runs[0].Kernel, Required: p.Required()}
	for _, probe := range t.Runs[0].Probes {
		if probe.Fact == "capability" {
			r.Probe = probe.Hook
		}
	}
	for _, c := range p.Capabilities {
		if c.Need != synth.Required {
			r.Asked = append(r.Asked, asked{c.Name, string(c.Need), c.Reason})
		}
	}
	unseen, err := d.script("unseen")
	if err != nil {
		return nil, err
	}
	r.Unseen.Capability, r.Unseen.Reason, _ = strings.Cut(strings.TrimSpace(unseen), " ")
	exact, err := d.run(r.Required, "")
	if err != nil {
		return nil, err
	}
	r.Missing = lost(whole, exact)
	d.say("exactly "+strings.Join(r.Required, " "), r.Missing)
	if r.Without, err = d.without(whole, r.Required, r.Required); err != nil || !each {
		return r, err
	}
	others := slices.DeleteFunc(slices.Clone(full), func(c string) bool { return slices.Contains(r.Required, c) })
	r.Others, err = d.without(whole, full, others)
	return r, err
}

// without runs the daemon with all but one of these capabilities, for each in turn.
func (d *daemon) without(whole, capabilities, each []string) ([]without, error) {
	var all []without
	for _, c := range each {
		rest := slices.DeleteFunc(slices.Clone(capabilities), func(other string) bool { return other == c })
		seen, err := d.run(rest, "")
		if err != nil {
			return nil, fmt.Errorf("without %s: %w", c, err)
		}
		all = append(all, without{c, lost(whole, seen)})
		d.say("without "+c, lost(whole, seen))
	}
	return all, nil
}

func (d *daemon) say(what string, lines []string) {
	fmt.Printf("%s: %s\n", d.name, what)
	for _, line := range lines {
		fmt.Printf("    %s\n", line)
	}
}

// boundingSet is that of a process; of PID 1, what there is to take away from. The
// container lacks some.
func boundingSet(pid string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join("/proc", pid, "status"))
	if err != nil {
		return nil, err
	}
	_, rest, _ := strings.Cut(string(text), "\nCapBnd:")
	line, _, _ := strings.Cut(rest, "\n")
	set, err := strconv.ParseUint(strings.TrimSpace(line), 16, 64)
	if err != nil {
		return nil, err
	}
	var names []string
	for n := range uint8(64) {
		if set&(1<<n) != 0 {
			names = append(names, launch.CapabilityName(n))
		}
	}
	return names, nil
}

// lost are the lines of a run that were not observed in a whole one. A line that is
// absent has another in its place, since each observation is made either way.
func lost(whole, seen []string) []string {
	var lines []string
	for _, line := range seen {
		if !slices.Contains(whole, line) {
			lines = append(lines, line)
		}
	}
	return lines
}
