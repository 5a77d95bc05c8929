package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/diff"
	"github.com/osapi-io/osapi-profile/synth/markdown"
	"github.com/osapi-io/osapi-profile/synth/written"
)

// The exit statuses of diff, which has two ways to say that there is something.
const (
	exitMore        = 1
	exitLess        = 2
	exitDiffTrouble = 3
)

type diffOptions struct {
	format       string
	output       string
	strict       bool
	acknowledged string
}

func (o *diffOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&o.format, "format", "f", "text", "how to write it: text, markdown, json")
	f.StringVarP(&o.output, "output", "o", "", "write to `FILE`, replacing it as a whole, instead of stdout")
	f.StringVar(&o.acknowledged, "acknowledged", "", "what the lines of `FILE` acknowledge, each with a reason, does not count as needing more")
	f.BoolVar(&o.strict, "strict", false, "compare what was seen only, without what a rule adds")
}

func newDiff() *cobra.Command {
	var opt diffOptions
	trouble := func(err error) error {
		if err == nil || hasStatus(err) {
			return err
		}
		return &exitError{exitDiffTrouble, err}
	}
	cmd := &cobra.Command{
		Use:   "diff [--format text|markdown|json] [-o FILE] A B",
		Short: "Tell what B needs that A did not, and the other way round",
		Long: `diff compares what two traces need, or two profiles as emit --format json writes
them: A is the older one, such as that of the last release. It tells of
privileges alone, not of who used them and how often. markdown words it as a
section of release notes.

What is missing in a trace that has holes may only not have been seen; that is
said.

A file for --acknowledged has a line each, # begins a comment:

  capability CAP_NET_RAW -- network.ping opens a raw socket
  file /usr/share/zoneinfo/* read,stat -- the time zones are listed
  exec "/opt/a b" execute -- asked for in #12

These are the kind (way-out, capability, exec, file, socket, syscall or argument),
the name, what may be done, and the reason. A name that ends in * and has no
quotation marks stands for all that begin so. What is not acknowledged is told on
stderr, as a line to be completed.

Exit status: 0 if both need the same, or B only more that is acknowledged, 1 if B
needs more (whether or not it also needs less), 2 if it only needs less, 3 on
trouble.`,
		Example: `  osapi-profile diff release-1.jsonl release-2.jsonl
  osapi-profile diff --format markdown -o PRIVILEGES.md release-1.jsonl release-2.jsonl
  osapi-profile diff --acknowledged acknowledged.txt release-1.jsonl release-2.jsonl
  osapi-profile diff worker.json tuesday.jsonl || echo "the profile is out of date"`,
		DisableFlagsInUseLine: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return trouble(usageError(cmd, "name two traces or profiles, the older one first"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return trouble(runDiff(opt, args[0], args[1], cmd.OutOrStdout(), cmd.ErrOrStderr()))
		},
	}
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return trouble(usageError(cmd, "%v", err)) })
	opt.addFlags(cmd)
	return cmd
}

func hasStatus(err error) bool {
	_, ok := errors.AsType[*exitError](err)
	return ok
}

func runDiff(opt diffOptions, a, b string, stdout, stderr io.Writer) error {
	write := map[string]func(diff.Changes, io.Writer) error{
		"text":     diff.Changes.WriteText,
		"json":     func(c diff.Changes, w io.Writer) error { return indented(w, c) },
		"markdown": func(c diff.Changes, w io.Writer) error { return markdown.Changes(w, c, markdown.Options{}) },
	}[opt.format]
	if write == nil {
		return fmt.Errorf("unknown format %q; there are text, markdown, json", opt.format)
	}
	before, err := profileIn(a, opt, stderr)
	if err != nil {
		return err
	}
	after, err := profileIn(b, opt, stderr)
	if err != nil {
		return err
	}
	known, err := readAcknowledged(opt.acknowledged)
	if err != nil {
		return err
	}
	c := diff.Of(before, after)
	if err := writeTo(opt.output, 0o644, stdout, func(w io.Writer) error { return write(c, w) }); err != nil {
		return err
	}
	grown := c.Grown()
	if opt.acknowledged != "" {
		grown = tellGrown(grown, known, opt.acknowledged, stderr)
	}
	switch {
	case len(grown) > 0:
		return &exitError{code: exitMore}
	case len(c.Less)+len(c.Closed) > 0:
		return &exitError{code: exitLess}
	}
	return nil
}

func readAcknowledged(name string) (diff.Acknowledged, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return diff.ReadAcknowledged(name, f)
}

// grownShown is how many privileges are told; a release that needs so many more
// wants more than lines.
const grownShown = 50

// tellGrown says what is not acknowledged, as lines that lack their reason only,
// and which lines are about nothing. It gives the former.
func tellGrown(grown []synth.Grant, known diff.Acknowledged, file string, stderr io.Writer) []synth.Grant {
	for _, line := range known.Idle(grown) {
		note(stderr, "%s:%d: nothing that grew is acknowledged by this line", file, line)
	}
	left := known.Left(grown)
	if len(left) == 0 {
		return nil
	}
	note(stderr, "not acknowledged; each needs a line in %s, with a reason behind the --:", file)
	for _, g := range left[:min(grownShown, len(left))] {
		fmt.Fprintln(stderr, diff.Acknowledgement(g))
	}
	if more := len(left) - grownShown; more > 0 {
		note(stderr, "and %d more", more)
	}
	return left
}

// profileIn is what a trace needs, or what a profile says.
func profileIn(name string, opt diffOptions, stderr io.Writer) (*synth.Profile, error) {
	f, err := written.Read(name)
	switch {
	case err != nil && !(errors.Is(err, written.ErrEmpty) && strings.HasSuffix(name, ".jsonl")):
		return nil, err
	case err == nil && f.Format == written.JSON:
		p, err := synth.ReadJSON(bytes.NewReader(f.Text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return p, nil
	case err == nil && f.Format != written.Trace:
		return nil, fmt.Errorf("%s: %s is no trace and no profile in JSON; check tells what it would deny", name, f.Format)
	}
	t, err := load([]string{name}, stderr)
	if err != nil {
		return nil, err
	}
	return synth.Infer(t, synth.Options{Strict: opt.strict}), nil
}
