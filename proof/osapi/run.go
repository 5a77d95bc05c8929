package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/osapi-io/osapi-profile/proof/page"
	"github.com/osapi-io/osapi-profile/prove"
	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/test/place"
	"github.com/osapi-io/osapi-profile/trace"
)

// root is the user that every worker can be run as.
const root = "root"

// worker is one of OSAPI's that has a plan in test/osapi.
type worker struct {
	Name   string // of its plan
	Is     string
	Traces map[string]string // by user: what docs/traces has, of Debian 12 in the guest
}

func workers() []worker {
	return []worker{
		{Name: "february", Is: "that of February 2026, osapi job worker start", Traces: map[string]string{
			root: "osapi-2026-02.jsonl", "osapi": "osapi-2026-02-user.jsonl",
		}},
		{Name: "agent", Is: "the agent of August 2026, osapi agent start", Traces: map[string]string{
			root: "osapi-agent-2026-08.jsonl.gz", "osapi": "user/osapi-agent-2026-08.jsonl.gz",
		}},
	}
}

// run is one of a worker under its profile.
type run struct {
	Worker worker
	User   string
	OSAPI  string // file of the binary
}

func (r run) String() string { return r.Worker.Name + " as " + r.User }

// choose makes a run of each binary that is given, and each user.
func choose(osapi map[string]*string, users []string) ([]run, error) {
	var chosen []run
	for _, w := range workers() {
		file := *osapi[w.Name]
		if file == "" {
			continue
		}
		if _, err := os.Stat(file); err != nil {
			return nil, fmt.Errorf("-%s: %w", w.Name, err)
		}
		for _, user := range users {
			if w.Traces[user] == "" {
				return nil, fmt.Errorf("-as: no worker is run as %q", user)
			}
			chosen = append(chosen, run{w, user, file})
		}
	}
	if len(chosen) == 0 {
		return nil, errors.New("name a binary of OSAPI, with -february or -agent")
	}
	return chosen, nil
}

// here is where workers are run.
type here struct {
	root  string // of the repository
	guest bool   // in the guest, instead of the container
	suite string // Debian's release there
	keep  string // directory of recordings and reports
}

// file is one that is kept of a run.
func (h here) file(r run, what string) string {
	where := "container"
	if h.guest {
		where = "guest"
	}
	return filepath.Join(h.keep, strings.Join([]string{r.Worker.Name, r.User, where, h.suite}, "-")+what)
}

// training finds the recording that a profile is made of, or makes it.
func (h here) training(ctx context.Context, r run) (string, error) {
	name := h.file(r, ".jsonl")
	if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
		return name, err
	}
	if h.guest && h.suite == place.Bookworm {
		return filepath.Join(h.root, "docs/traces", r.Worker.Traces[r.User]), nil
	}
	// As a user that is not root most operations fail, and the script says so. What
	// counts is that there is a recording, from the worker's beginning to its end.
	err := h.record(ctx, r, name)
	t, readErr := trace.ReadFile(name)
	switch {
	case readErr != nil:
		return "", errors.Join(err, readErr)
	case len(t.Runs) != 1 || t.Runs[0].End == nil:
		return "", errors.Join(err, fmt.Errorf("%s: the recording has no end", name))
	}
	return name, nil
}

// record has test/osapi/record.sh do its work, which gives the trace.
func (h here) record(ctx context.Context, r run, to string, env ...string) error {
	c := exec.CommandContext(ctx, filepath.Join(h.root, "test/osapi/record.sh"), r.Worker.Name, r.OSAPI, to)
	c.Env = append(os.Environ(), "VM_SUITE="+h.suite, "VM_TIMEOUT="+cmp.Or(os.Getenv("VM_TIMEOUT"), "14000"))
	c.Env = append(c.Env, env...)
	if r.User != root {
		c.Env = append(c.Env, "RUN_AS="+r.User)
	}
	if !h.guest {
		c.Env = append(c.Env, "CONTAINER=yes")
	}
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	c.Cancel, c.WaitDelay = func() error { return c.Process.Signal(os.Interrupt) }, 10*time.Second
	return c.Run()
}

// prove runs a worker under its profile.
func (h here) prove(ctx context.Context, r run) (result, error) {
	training, err := h.training(ctx, r)
	if err != nil {
		return result{}, err
	}
	name, versions := h.file(r, ".report.json"), h.file(r, ".versions")
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return result{}, err
	}
	runErr := h.record(ctx, r, h.file(r, ".again.jsonl"), "VERIFY="+training, "REPORT="+name, "VERSIONS="+versions)
	text, err := os.ReadFile(name)
	if err != nil {
		return result{}, errors.Join(runErr, err)
	}
	var report prove.Report
	if err := json.Unmarshal(text, &report); err != nil {
		return result{}, errors.Join(runErr, fmt.Errorf("%s: %w", name, err))
	}
	got := read(r, &report)
	if got.Systemd, got.AppArmor, err = readVersions(versions); err != nil {
		return result{}, err
	}
	got.Weight, err = weigh(training, report.Systemd)
	return got, err
}

// weigh tells how much a profile grants, as verify writes it.
func weigh(training string, version int) (w page.Weight, err error) {
	t, err := trace.ReadFile(training)
	if err != nil {
		return w, err
	}
	p := synth.Infer(t, synth.Options{User: t.Runs[0].User})
	var unit bytes.Buffer
	if err := systemd.Unit(&unit, p, systemd.Options{Version: version}); err != nil {
		return w, err
	}
	return page.Weigh(p, unit.String()), nil
}

// readVersions gives those of systemd and of AppArmor, "" where the kernel has none.
func readVersions(name string) (systemd, apparmor string, err error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return "", "", err
	}
	versions := map[string]string{}
	for line := range strings.Lines(string(text)) {
		pkg, version, _ := strings.Cut(strings.TrimSpace(line), " ")
		versions[pkg] = version
	}
	if versions["systemd"] == "" {
		err = fmt.Errorf("%s names no version of systemd", name)
	}
	return versions["systemd"], versions["apparmor"], err
}
