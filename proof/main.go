package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/osapi-io/osapi-profile/test/place"
)

func main() {
	var at where
	flag.BoolVar(&at.guest, "guest", false, "run in the guest, on Debian's own kernel and under AppArmor, instead of the container")
	flag.BoolVar(&at.own, "own", false, "run in the container over this machine's own files, instead of the guest's")
	flag.BoolVar(&at.apart, "children", false, "give programs that a daemon starts AppArmor profiles of their own (emit --children auto)")
	write := flag.String("write", "", "renew the table between the markers of this `PAGE`")
	keep := flag.String("keep", "", "keep traces, units and profiles in this `DIR`")
	less := flag.Bool("minimize", false, "find out without which capabilities of its profile each daemon works as well")
	within := flag.Bool("within", false, "run here: set by this program in the container and the guest")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: proof [-guest|-own] [-children|-minimize] [-write PAGE] [-keep DIR] [DAEMON]...")
		flag.PrintDefaults()
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	suite, err := place.Suite(), error(nil)
	if *within {
		suite, err = suiteHere()
	}
	if err != nil {
		exit(err)
	}
	chosen, err := choose(suite, flag.Args())
	switch {
	case err != nil:
	case *within && *less:
		err = here(chosen, func(d daemon) minimized { return minimizeDaemon(ctx, d) })
	case *within:
		err = here(chosen, func(d daemon) result {
			d.Apart = at.apart
			r := prove(ctx, d)
			say(r)
			return r
		})
	case *less:
		err = minimizeThere(ctx, at, *write, *keep, chosen)
	default:
		err = proveThere(ctx, at, *write, *keep, chosen)
	}
	if err != nil {
		exit(err)
	}
}

func exit(err error) {
	fmt.Fprintln(os.Stderr, "proof:", err)
	os.Exit(1)
}

// where daemons are run: by default in the container, over the guest's files.
type where struct {
	guest bool // in the guest
	own   bool // in the container over this machine's own files
	apart bool // with AppArmor profiles for programs that they start
}

func proveThere(ctx context.Context, at where, page, keep string, chosen []daemon) error {
	root, err := place.Root()
	if err != nil {
		return err
	}
	results, err := proveIn(ctx, root, at, keep, chosen)
	if err == nil && page != "" {
		err = writePage(page, at, results)
	}
	fmt.Print(table(results))
	return errors.Join(err, verdict(results))
}

func minimizeThere(ctx context.Context, at where, page, keep string, chosen []daemon) error {
	root, err := place.Root()
	if err != nil {
		return err
	}
	results, err := there[minimized](ctx, root, at, keep, chosen, "-minimize")
	if err == nil && page != "" {
		err = place.RenewTable(page, "minimize", at.guest, func(old string) string { return renewMinimized(old, results) + "\n" })
	}
	fmt.Print(renewMinimized("", results))
	return errors.Join(err, minimizedVerdict(results))
}

func proveIn(ctx context.Context, root string, at where, keep string, chosen []daemon) ([]result, error) {
	if at.apart {
		return there[result](ctx, root, at, keep, chosen, "-children")
	}
	return there[result](ctx, root, at, keep, chosen)
}

// there has the daemons run in the container or the guest. With an error come the
// results that there are.
func there[R any](ctx context.Context, root string, at where, keep string, chosen []daemon, more ...string) (results []R, err error) {
	command := append([]string{"./proof", "-within"}, more...)
	for _, d := range chosen {
		command = append(command, d.Name)
	}
	job := place.Job{
		Guest:    at.guest,
		Image:    !at.own,
		Programs: map[string]string{"osapi-profile": "./cmd/osapi-profile", "proof": "./proof", "client": "./test/client"},
		Trees:    map[string]string{"daemons": "proof/daemons"},
		Command:  command,
		Packages: guestPackages(place.Suite()),
		// Debian's haproxy is built for processors with cx16.
		Env: []string{"CONTAINER_TIMEOUT=6000", "VM_TIMEOUT=14000", "VM_MEMORY=2048", "VM_CPU=max"},
	}
	err = place.Run(ctx, root, job, func(dir string) error {
		if keep != "" {
			from := filepath.Join(dir, "kept") + "/."
			if err := errors.Join(os.MkdirAll(keep, 0o755), exec.CommandContext(ctx, "cp", "-r", from, keep).Run()); err != nil {
				return fmt.Errorf("keeping what was made: %w", err)
			}
		}
		text, err := os.ReadFile(filepath.Join(dir, "results.json"))
		if err != nil {
			return err
		}
		return json.Unmarshal(text, &results)
	})
	return results, err
}

// here takes daemons one after another under the systemd of this machine, which must
// be one to throw away. What was found so far is in results.json.
func here[R any](chosen []daemon, take func(daemon) R) error {
	if err := prepareHere(); err != nil {
		return err
	}
	var results []R
	for _, d := range chosen {
		results = append(results, take(d))
		text, err := json.MarshalIndent(results, "", "  ")
		if err == nil {
			err = os.WriteFile("results.json", text, 0o644)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func say(r result) {
	fmt.Printf("%s: %d of %d operations, %d denials, %d acts denied, %d not enforced, %d open, score %.1f (%.1f)\n",
		r.Daemon, r.Passed, r.Operations, len(r.Denials), r.Acts.Denied, r.Acts.NotEnforced, len(r.Acts.Open), r.Score, r.Shipped)
	for _, line := range slices.Concat(r.Failed, r.Denials, r.Acts.Open, r.Acts.Granted, r.Why) {
		fmt.Printf("    %s\n", line)
	}
}

// verdict is an error that names each daemon which is not proven.
func verdict(results []result) error {
	var all []error
	for _, r := range results {
		if !r.proven() {
			all = append(all, fmt.Errorf("%s is not proven: %q", r.Daemon, slices.Concat(r.Failed, r.Denials, r.Acts.Open)))
		}
	}
	return errors.Join(all...)
}
