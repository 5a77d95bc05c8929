package main

import (
	"bytes"
	"io"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/osapi-io/osapi-profile/synth/markdown"
)

type docsOptions struct {
	check bool
}

func (o *docsOptions) addFlags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.check, "check", false, "write nothing; print what would change and exit 1 if anything does")
}

func newDocs() *cobra.Command {
	var opt docsOptions
	cmd := &cobra.Command{
		Use:   "docs [--check] FILE...",
		Short: "Renew what was generated in Markdown pages",
		Long: `docs replaces what stands between markers in Markdown pages by what the traces
named in the markers say now. Everything else stays byte for byte. A region is

  <!-- osapi-profile:begin format=unit trace=traces/agent.jsonl user=osapi -->
  <!-- osapi-profile:end -->

each marker on a line of its own; in MDX pages {/* ... */} instead. The trace's
path is relative to the page; several trace= are merged. format= is one of

` + formatHelp() + `
or a table: ` + strings.Join(markdown.Tables(), ", ") + `,
or changes, what the trace needs more and less than that of since=.

Further keys are user, group, arguments, name, apparmor-profile, systemd-version,
syscalls=groups, fold, children, no-new-privileges and apparmor-abi, and
exec-files, read-allowlist, limits, prctl, strict, complain and abstractions with
yes or no, as the options of emit, and level=N, the level of the first heading of
format=markdown.

If any page cannot be rendered none is written.

Exit status: 0 on success, 1 if --check found a stale page, 2 on trouble.`,
		Example: `  osapi-profile docs docs/docs/sidebar/deployment/worker-hardening.md
  osapi-profile docs --check docs/docs/sidebar/*/*.md`,
		DisableFlagsInUseLine: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError(cmd, "name the pages to renew")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runDocs(opt, args, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	opt.addFlags(cmd)
	return cmd
}

// page is a Markdown file before and after.
type page struct {
	name     string
	old, new []byte
}

func runDocs(opt docsOptions, names []string, stdout, stderr io.Writer) error {
	profiles := newProfiles(stderr)
	var stale []page
	for _, name := range names {
		old, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rendered, err := markdown.Render(name, old, profiles.renderer(name))
		if err != nil {
			return err
		}
		if !bytes.Equal(old, rendered) {
			stale = append(stale, page{name, old, rendered})
		}
	}
	if opt.check {
		return tellStale(stale, stdout, stderr)
	}
	for _, p := range stale {
		if err := replace(p.name, p.new, 0o644); err != nil {
			return err
		}
		note(stderr, "renewed %s", p.name)
	}
	return nil
}

// tellStale prints what would change.
func tellStale(stale []page, stdout, stderr io.Writer) error {
	if len(stale) == 0 {
		return nil
	}
	for _, p := range stale {
		if _, err := stdout.Write(diff.Diff(p.name, p.old, p.name+" (renewed)", p.new)); err != nil {
			return err
		}
	}
	note(stderr, "%d stale; 'osapi-profile docs' renews them", len(stale))
	return &exitError{code: exitNo}
}
