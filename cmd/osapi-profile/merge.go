package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/osapi-io/osapi-profile/trace"
)

type mergeOptions struct {
	output string
}

func (o *mergeOptions) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&o.output, "output", "o", "", "write to `FILE`, replacing it as a whole, instead of stdout")
}

func newMerge() *cobra.Command {
	var opt mergeOptions
	cmd := &cobra.Command{
		Use:   "merge [-o FILE] TRACE...",
		Short: "Write the union of traces",
		Long: `merge writes one trace that holds the runs of all given ones, each fact once.
The order of the traces does not matter. A run that is in several of them counts
once, so merging a merged trace again does no harm.

Exit status: 0 on success, 2 on trouble.`,
		Example:               `  osapi-profile merge -o worker.jsonl host-a.jsonl host-b.jsonl`,
		DisableFlagsInUseLine: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError(cmd, "name the traces to merge")
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
	return writeTo(opt.output, 0o600, stdout, func(w io.Writer) error { return trace.Write(w, t) })
}
