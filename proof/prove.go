package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/osapi-io/osapi-profile/proof/page"
	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/test/place"
)

// result is what the second run of a daemon showed.
type result struct {
	Daemon     string
	Version    string // of Debian's package
	Kernel     string
	Systemd    string // its version, as its package has it
	AppArmor   string // version of the parser, whose profile was enforced too; "" where the kernel has none
	Operations int    // of the plan
	Passed     int    // of these, under the profile
	Failed     []string
	Denials    []string // what was refused, and was not before
	Acts       triedActs
	Shipped    float64  // score of Debian's unit; 0 if it has none
	Score      float64  // with the drop-in
	Why        []string // what keeps it above the limit
	page.Weight
}

// limit is the score that a unit is to reach.
const limit = 2.0

func (r result) proven() bool {
	worked := len(r.Failed) == 0 && len(r.Denials) == 0 && r.Operations > 0 && r.Passed == r.Operations
	return worked && r.Acts.Denied > 0 && len(r.Acts.Open) == 0 && (r.Score <= limit || len(r.Why) > 0)
}

// prepareHere makes this machine one for proofs.
func prepareHere() error {
	if err := os.MkdirAll("kept", 0o755); err != nil {
		return err
	}
	if !enforcing() {
		return nil
	}
	// Else the kernel would leave out denials that come in numbers.
	return os.WriteFile("/proc/sys/kernel/printk_ratelimit", []byte("0"), 0)
}

// enforcing says whether the kernel has AppArmor.
func enforcing() bool {
	_, err := os.Stat("/sys/kernel/security/apparmor/profiles")
	return err == nil
}

// files of a daemon that are kept.
func (d daemon) file(what string) string { return filepath.Join("kept", d.Name+what) }

func (d daemon) profile() string { return "proof-" + d.Name }

// prove trains a daemon, emits its profiles and trains it again under them. What
// goes wrong on the way is told as a failure.
func prove(ctx context.Context, d daemon) (r result) {
	r = result{Daemon: d.Name}
	if err := d.prove(ctx, &r); err != nil {
		r.Failed = append(r.Failed, err.Error())
	}
	return r
}

// version is that of a package.
func version(ctx context.Context, name string) (string, error) {
	return place.Output(exec.CommandContext(ctx, "dpkg-query", "--show", "--showformat=${Version}", name))
}

// versions tells what the daemon is run under.
func (d daemon) versions(ctx context.Context, r *result) (err error) {
	if r.Version, err = version(ctx, d.Package); err != nil {
		return err
	}
	if r.Systemd, err = version(ctx, "systemd"); err != nil || !enforcing() {
		return err
	}
	r.AppArmor, err = version(ctx, "apparmor")
	return err
}

func (d daemon) prove(ctx context.Context, r *result) error {
	if err := d.versions(ctx, r); err != nil {
		return err
	}
	defer func() { _ = d.stop(ctx) }()
	first, err := d.trainWhole(ctx, ".jsonl")
	if err != nil {
		return err
	}
	if bad := first.failed(); len(bad) > 0 {
		return fmt.Errorf("without a profile: %q", bad)
	}
	r.Kernel = first.trace.Runs[0].Kernel
	if r.Shipped, _, err = d.score(ctx, ".shipped"); err != nil {
		return err
	}
	if err := d.confine(ctx); err != nil {
		return err
	}
	if d.Own {
		r.Shipped = 0
	}
	p := synth.Infer(first.trace, synth.Options{})
	if err := d.weigh(ctx, p, r); err != nil {
		return err
	}
	second, err := d.trainWhole(ctx, ".again.jsonl")
	if err != nil {
		return err
	}
	r.Operations = len(second.trace.Runs[0].Operations)
	r.Failed = append(r.Failed, second.failed()...)
	r.Passed = r.Operations - len(second.failed())
	r.Denials, err = d.denials(ctx, first, second)
	if err := errors.Join(err, d.confined(ctx), d.stop(ctx)); err != nil {
		return err
	}
	r.Acts, err = d.act(ctx)
	return err
}

// weigh tells how much the profile grants, and what that means for the score.
func (d daemon) weigh(ctx context.Context, p *synth.Profile, r *result) error {
	text, err := os.ReadFile(d.file(".conf"))
	if err != nil {
		return err
	}
	r.Weight = page.Weigh(p, string(text))
	var checks []exposure
	if r.Score, checks, err = d.score(ctx, ".proven"); err != nil || r.Score <= limit {
		return err
	}
	r.Why, err = reasons(ctx, checks, string(text), p)
	return err
}
