// Command acts tries the forbidden acts under the profile of OSAPI's worker of
// February 2026, in the container or the guest, and writes what comes of it into a
// page.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/osapi-io/osapi-profile/test/place"
)

// there tries the acts on an ordinary host.
const there = `
./osapi-profile acts --yes --quiet --markdown traces/osapi-2026-02.jsonl >acts.md
`

func main() {
	guest := flag.Bool("guest", false, "run in the guest, on Debian's own kernel and under AppArmor, instead of the container")
	write := flag.String("write", "", "renew the table between the markers of this `PAGE`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *guest, *write); err != nil {
		fmt.Fprintln(os.Stderr, "acts:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, guest bool, page string) error {
	root, err := place.Root()
	if err != nil {
		return err
	}
	job := place.Job{
		Guest:    guest,
		Programs: map[string]string{"osapi-profile": "./cmd/osapi-profile"},
		Trees:    map[string]string{"traces": "docs/traces"},
		Command:  []string{"bash", "-c", place.Ordinary + there},
		Env:      []string{"CONTAINER_TIMEOUT=600", "VM_TIMEOUT=3000"},
	}
	return place.Run(ctx, root, job, func(dir string) error {
		table, err := os.ReadFile(filepath.Join(dir, "acts.md"))
		if err != nil {
			return err
		}
		fmt.Print(string(table))
		if page == "" || len(table) == 0 {
			return nil
		}
		return place.RenewTable(page, "acts", guest, func(string) string { return string(table) + "\n" })
	})
}
