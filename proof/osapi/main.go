// Osapi runs OSAPI's workers again under the profiles that were derived from watching
// them, each with its whole plan (test/osapi), and writes what came of it into a page.
// OSAPI is no package of Debian: its binaries are given.
//
//	go run ./proof/osapi [-guest] [-as USERS] [-write PAGE] [-keep DIR] [-february FILE] [-agent FILE]
//
// What a profile is made of is a recording of the same place and user: that of
// docs/traces, or the one in DIR, or one that is made first.
//
// Exit status: 0 if all are proven, 1 if not and on trouble, 2 on bad usage.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/osapi-io/osapi-profile/test/place"
)

func main() {
	osapi := map[string]*string{}
	at := here{suite: place.Suite()}
	flag.BoolVar(&at.guest, "guest", false, "run in the guest, on Debian's own kernel and under AppArmor, instead of the container")
	as := flag.String("as", "root,osapi", "run each worker as these `USERS`, root or osapi")
	write := flag.String("write", "", "renew the table between the markers of this `PAGE`, after each run")
	flag.StringVar(&at.keep, "keep", "", "keep recordings and reports in this `DIR`, and make profiles of the recordings that are there")
	for _, w := range workers() {
		osapi[w.Name] = flag.String(w.Name, "", fmt.Sprintf("OSAPI's binary (`FILE`) whose worker is %s", w.Is))
	}
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: osapi [-guest] [-as USERS] [-write PAGE] [-keep DIR] [-february FILE] [-agent FILE]")
		flag.PrintDefaults()
	}
	flag.Parse()
	chosen, err := choose(osapi, strings.Split(*as, ","))
	if err == nil && flag.NArg() > 0 {
		err = fmt.Errorf("unexpected %q", flag.Arg(0))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "proof/osapi:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := proveAll(ctx, at, chosen, *write); err != nil {
		fmt.Fprintln(os.Stderr, "proof/osapi:", err)
		os.Exit(1)
	}
}

// proveAll runs workers one after another, and renews the page as they come.
func proveAll(ctx context.Context, at here, chosen []run, page string) (err error) {
	if at.root, err = place.Root(); err != nil {
		return err
	}
	if at.keep == "" {
		if at.keep, err = os.MkdirTemp("", "osapi"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(at.keep)) }()
	} else if err := os.MkdirAll(at.keep, 0o755); err != nil {
		return err
	}
	var results []result
	for _, r := range chosen {
		got, proveErr := at.prove(ctx, r)
		if proveErr != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", r, proveErr))
			continue
		}
		results = append(results, got)
		if page != "" {
			err = errors.Join(err, place.RenewTable(page, "proof-osapi", at.guest, func(old string) string { return renew(old, got) + "\n" }))
		}
		if !got.OK {
			err = errors.Join(err, fmt.Errorf("%s is not proven: %q", r, got.Why))
		}
	}
	fmt.Print(renew("", results...))
	return err
}
