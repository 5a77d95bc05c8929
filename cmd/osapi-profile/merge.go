package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/coverage"
	"github.com/osapi-io/osapi-profile/trace"
)

type mergeOptions struct {
	output   string
	coverage bool
	json     bool
}

func (o *mergeOptions) addFlags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.coverage, "coverage", false, "write what each run added and what a further one would, instead of the union")
	cmd.Flags().BoolVar(&o.json, "json", false, "with --coverage: write JSON")
	cmd.Flags().StringVarP(&o.output, "output", "o", "", "write to `FILE`, replacing it as a whole, instead of stdout")
}

func newMerge() *cobra.Command {
	var opt mergeOptions
	cmd := &cobra.Command{
		Use:   "merge [-o FILE] [--coverage [--json]] TRACE...",
		Short: "Write the union of traces",
		Long: `merge writes one trace that holds the runs of all given ones, each fact once.
The order of the traces does not matter. A run that is in several of them counts
once, so merging a merged trace again does no harm. Each run keeps its header,
its operations and its end.

--coverage tells whether the training is enough. Each run is left out once: what
the profile of all others would then have refused is what that run added. From
that follows how much a further run of the same kind is expected to add, which is
what a profile made now would refuse in it.

Exit status: 0 on success, 2 on trouble.`,
		Example: `  osapi-profile merge -o worker.jsonl host-a.jsonl host-b.jsonl
  osapi-profile merge --coverage monday.jsonl tuesday.jsonl wednesday.jsonl`,
		DisableFlagsInUseLine: true,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return usageError(cmd, "name the traces to merge")
			case opt.json && !opt.coverage:
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
		if !opt.coverage {
			return trace.Write(w, t)
		}
		report := coverage.Of(t, synth.Options{})
		if opt.json {
			return indented(w, report)
		}
		return report.WriteText(w)
	})
}
