package main

import (
	"strings"

	"github.com/spf13/cobra"
)

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "osapi-profile",
		Short: "Learn what a worker needs, and confine it to that",
		Long: `osapi-profile watches a worker with eBPF while it does its work, and writes
down the least privilege that it needs as systemd and AppArmor profiles.

Exit status: 0 on success, 1 when the answer is no (check found what would be
denied, verify what was, acts what is possible, docs --check a stale page, doctor
that recording cannot work), 2 on trouble. diff and record have their own; see
their help.`,
		Example: `  sudo osapi-profile record -- /usr/local/bin/osapi job worker start
  sudo osapi-profile emit --format systemd`,
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,

		SuggestionsMinimumDistance: 2,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				cmd.SetOut(cmd.ErrOrStderr())
				_ = cmd.Help()
				return &exitError{code: exitTrouble}
			}
			hint := ""
			if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
				hint = "; did you mean " + strings.Join(like, " or ") + "?"
			}
			return usageError(cmd, "unknown command %q%s", args[0], hint)
		},
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usageError(cmd, "%v", err) })
	root.AddCommand(newRecord(), newMark(), newEmit(), newExplain(), newCheck(), newVerify(), newActs(), newMinimize(), newDiff(), newMerge(), newDocs(), newDoctor(), newVersion(), newMan())
	return root
}

// noArguments is for commands that take flags only.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError(cmd, "unexpected argument %q", args[0])
	}
	return nil
}
