package main

import (
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// newMan is for whoever packages the program, so it is not in the help. The date
// on the pages is SOURCE_DATE_EPOCH's, where that is set.
func newMan() *cobra.Command {
	return &cobra.Command{
		Use:     "man DIR",
		Short:   "Write a manual page for each command",
		Long:    "man writes a page for man(1) for each command into the directory DIR.\n\nExit status: 0 on success, 2 on trouble.",
		Example: "  osapi-profile man /usr/local/share/man/man1",
		Hidden:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError(cmd, "name the directory to write to")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			root := newRoot()
			root.InitDefaultCompletionCmd()
			toMarkdown(root)
			return doc.GenManTree(root, &doc.GenManHeader{Section: "1", Source: "osapi-profile " + version(), Manual: "osapi-profile"}, args[0])
		},
	}
}

// toMarkdown prepares help texts for cobra, which takes them for Markdown: a
// paragraph that is laid out by hand becomes a code block.
func toMarkdown(cmd *cobra.Command) {
	paragraphs := strings.Split(cmd.Long, "\n\n")
	for i, p := range paragraphs {
		if strings.HasPrefix(p, " ") || strings.Contains(p, "\n ") {
			paragraphs[i] = "    " + strings.ReplaceAll(p, "\n", "\n    ")
		}
	}
	cmd.Long = strings.Join(paragraphs, "\n\n")
	cmd.DisableAutoGenTag = true
	for _, c := range cmd.Commands() {
		toMarkdown(c)
	}
}
