package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/osapi-io/osapi-profile/test/place"
)

func main() {
	each := flag.Bool("each", false, "take away each capability that is not required as well")
	guest := flag.Bool("guest", false, "sweep in the guest, on Debian's own kernel and ext4, instead of the container")
	write := flag.String("write", "", "renew the tables between the markers of this `PAGE`")
	keep := flag.String("keep", "", "keep the traces in this `DIR`")
	within := flag.Bool("within", false, "sweep here: set by this program in the container and the guest")
	patience := flag.Int("patience", 10, "how many seconds a client may wait, with -within")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: sweep [-each] [-guest] [-write PAGE] [DAEMON]...")
		flag.PrintDefaults()
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *within {
		exit(sweepHere(ctx, flag.Args(), *patience, *each))
	}
	exit(sweepThere(ctx, *guest, *each, *write, *keep, flag.Args()))
}

func exit(err error) {
	if err == nil {
		os.Exit(0)
	}
	fmt.Fprintln(os.Stderr, "sweep:", err)
	os.Exit(1)
}

func sweepThere(ctx context.Context, guest, each bool, page, keep string, daemons []string) error {
	root, err := place.Root()
	if err != nil {
		return err
	}
	all, err := daemonsIn(root)
	if err != nil {
		return err
	}
	if len(daemons) == 0 {
		daemons = all
	}
	for _, d := range daemons {
		if !slices.Contains(all, d) {
			return fmt.Errorf("no daemon %s; there are %v", d, all)
		}
	}
	results, err := runIn(ctx, root, guest, each, keep, daemons)
	if err == nil && page != "" {
		err = writePage(page, guest, results)
	}
	fmt.Print(tables(results))
	return errors.Join(err, verdict(results))
}
