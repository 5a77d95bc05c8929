package main

import (
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/coverage"
	"github.com/osapi-io/osapi-profile/trace"
)

type mergeOptions struct {
	output   string
	coverage string
	json     bool
}

// What --coverage leaves out, one at a time.
const (
	byRun       = "runs"
	byOperation = "operations"
)

func (o *mergeOptions) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.coverage, "coverage", "", "write what each of the `runs`, or operations, added, instead of the union")
	cmd.Flags().Lookup("coverage").NoOptDefVal = byRun
	cmd.Flags().BoolVar(&o.json, "json", false, "with --coverage: write JSON")
	cmd.Flags().StringVarP(&o.output, "output", "o", "", "write to `FILE`, replacing it as a whole, instead of stdout")
}

func newMerge() *cobra.Command {
	var opt mergeOptions
	cmd := &cobra.Command{
		Use:   "merge [-o FILE] [--coverage[=runs|operations] [--json]] TRACE...",
		Short: "Write the union of traces",
		Long: `merge writes one trace that holds the runs of all given ones, each fact once.
The order of the traces does not matter. A run that is in several of them counts
once, so merging a merged trace again does no harm. Each run keeps its header,
its operations and its end.

--coverage tells whether the training is enough. Each run is left out once: what
the profile of all others would then have refused is what that run added. From
that follows how much a further run of the same kind is expected to add, which is
what a profile made now would refuse in it.

--coverage=operations does that with the operations of a training plan: what a
profile would refuse in an operation that nobody trained, and how much of what it
did not see the rules granted all the same. In the end it trains with every other
operation and tries the rest: it tells which lines of a unit were missing then or too
strict, and by which option emit would have got them right; and which rule would have
granted what was missing, and what it waits for.

Exit status: 0 on success, 2 on trouble.`,
		Example: `  osapi-profile merge -o worker.jsonl host-a.jsonl host-b.jsonl
  osapi-profile merge --coverage monday.jsonl tuesday.jsonl wednesday.jsonl
  osapi-profile merge --coverage=operations worker.jsonl`,
		DisableFlagsInUseLine: true,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return usageError(cmd, "name the traces to merge")
			case !slices.Contains([]string{"", byRun, byOperation}, opt.coverage):
				return usageError(cmd, "--coverage is of runs or operations, not %q", opt.coverage)
			case opt.json && opt.coverage == "":
				return usageError(cmd, "--json is for --coverage: a trace is JSON in any case")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runMerge(opt, args, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	opt.addFlags(cmd)
	return cmd
}

func runMerge(opt mergeOptions, names []string, stdout, stderr io.Writer) error {
	t, err := load(names, stderr)
	if err != nil {
		return err
	}
	return writeTo(opt.output, 0o600, stdout, func(w io.Writer) error {
		switch opt.coverage {
		case byRun:
			return writeCoverage(w, coverage.Of(t, synth.Options{}), opt.json)
		case byOperation:
			return writeCoverage(w, coverage.ByOperation(t, synth.Options{}), opt.json)
		}
		return trace.Write(w, t)
	})
}

func writeCoverage(w io.Writer, report interface{ WriteText(io.Writer) error }, asJSON bool) error {
	if asJSON {
		return indented(w, report)
	}
	return report.WriteText(w)
}
