package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/osapi-io/osapi-profile/proof/page"
	"github.com/osapi-io/osapi-profile/prove/minimize"
	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/test/place"
)

// minimized is what running a daemon without its capabilities showed.
type minimized struct {
	Daemon  string
	Version string // of Debian's package
	Kernel  string
	Failed  string // why there is no result
	Marks   *minimize.State
}

// minimizeDaemon trains a daemon and runs it without the capabilities of its profile. What goes
// wrong on the way is told as a failure.
func minimizeDaemon(ctx context.Context, d daemon) minimized {
	m := minimized{Daemon: d.Name}
	if err := d.minimize(ctx, &m); err != nil {
		m.Failed = err.Error()
	}
	return m
}

func (d daemon) minimize(ctx context.Context, m *minimized) (err error) {
	if m.Version, err = version(ctx, d.Package); err != nil {
		return err
	}
	defer func() { _ = d.stop(ctx) }()
	first, err := d.train(ctx, ".jsonl")
	if err != nil {
		return err
	}
	if bad := first.failed(); len(bad) > 0 {
		return fmt.Errorf("without a profile: %q", bad)
	}
	m.Kernel = first.trace.Runs[0].Kernel
	if len(synth.Infer(first.trace, synth.Options{}).Required()) == 0 {
		m.Marks = &minimize.State{Finished: true}
		return nil
	}
	profile, marks, plan := d.file(".conf"), d.file(".marks.json"), filepath.Join("daemons", d.Name, "minimize.yaml")
	if _, err := place.Output(exec.CommandContext(ctx, "./osapi-profile", "emit", "--format", "systemd", "-o", profile,
		"--name", strings.TrimSuffix(d.Unit, ".service"), d.file(".jsonl"))); err != nil {
		return err
	}
	if err := d.planWithReset(plan); err != nil {
		return err
	}
	said, err := place.Output(d.command(ctx, "./osapi-profile", "minimize", "--yes", "--quiet", "--unit", d.Unit, "--plan", plan,
		"--profile", profile, "--kinds", synth.EntryCapability, "--marks", marks, d.file(".jsonl")))
	if err != nil {
		return err
	}
	fmt.Printf("%s:\n%s", d.Name, said)
	m.Marks, err = minimize.ReadFile(marks)
	return err
}

// planWithReset writes the daemon's plan with what brings fresh state back before each
// run.
func (d daemon) planWithReset(name string) error {
	text, err := os.ReadFile(filepath.Join("daemons", d.Name, "plan.yaml"))
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, "\nreset: {command: [./prepare]}\n"...), 0o644)
}

const minimizedHead = "| Daemon | Debian's version | Linux | Capabilities | Required | Tolerated | Unproven | Runs |\n" +
	"| --- | --- | --- | --- | --- | --- | --- | --- |\n"

// minimizedCells are those of a row, without the daemon's name.
func minimizedCells(m minimized) string {
	by := map[synth.Mark][]string{}
	for _, g := range m.Marks.Grants {
		by[g.Mark] = append(by[g.Mark], "`"+g.Name+"`")
	}
	list := func(mark synth.Mark) string {
		if len(by[mark]) == 0 {
			return "none"
		}
		return strings.Join(by[mark], " ")
	}
	return fmt.Sprintf("%s | %s | %d | %s | %s | %s | %d", m.Version, m.Kernel, len(m.Marks.Grants),
		list(synth.MarkRequired), list(synth.MarkTolerated), list(synth.MarkUnproven), len(m.Marks.Runs))
}

// renewMinimized is a table in which daemons have new results; the others keep theirs.
func renewMinimized(old string, results []minimized) string {
	t := page.Table{Head: minimizedHead, Order: names()}
	t.Read(old)
	for _, m := range results {
		if m.Failed == "" {
			t.Put(m.Daemon, minimizedCells(m))
		}
	}
	return t.String()
}

// minimizedVerdict is an error that names each daemon of which nothing was found out.
func minimizedVerdict(results []minimized) error {
	var all []error
	for _, m := range results {
		if m.Failed != "" {
			all = append(all, fmt.Errorf("%s: %s", m.Daemon, m.Failed))
		}
	}
	return errors.Join(all...)
}
