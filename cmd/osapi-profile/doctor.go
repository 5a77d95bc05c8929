package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/osapi-io/osapi-profile/trace/record"
)

type doctorOptions struct {
	json bool
}

func (o *doctorOptions) addFlags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.json, "json", false, "write the report as JSON")
}

func newDoctor() *cobra.Command {
	var opt doctorOptions
	cmd := &cobra.Command{
		Use:   "doctor [--json]",
		Short: "Tell whether recording can work here, and what would be missing",
		Long: `doctor loads the probes for a moment, records a process of its own for a trial
and tells what this kernel and system allow: whether a recording can work, which
hook would be behind each kind of fact, what a trace could not vouch for, and
what to do about it. It changes nothing.

Exit status: 0 if recording can work, 1 if not, 2 on trouble.`,
		Example: `  sudo osapi-profile doctor
  sudo osapi-profile doctor --json`,
		Args:                  noArguments,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDoctor(opt, record.Inspect(), cmd.OutOrStdout())
		},
	}
	opt.addFlags(cmd)
	return cmd
}

func runDoctor(opt doctorOptions, report record.Report, stdout io.Writer) error {
	write := writeReport
	if opt.json {
		write = writeReportJSON
	}
	if err := write(stdout, report); err != nil {
		return err
	}
	if !report.Ready() {
		return &exitError{code: exitNo}
	}
	return nil
}

// writeReportJSON adds to the report what the exit status says.
func writeReportJSON(w io.Writer, report record.Report) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(struct {
		Ready bool `json:"ready"`
		record.Report
	}{report.Ready(), report})
}

func writeReport(w io.Writer, report record.Report) error {
	verdict := "Recording can work here."
	if !report.Ready() {
		verdict = "Recording cannot work here."
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s Linux %s.\n\n", verdict, report.Kernel)
	for _, c := range report.Checks {
		fmt.Fprintf(t, "%s\t%s\t%s\n", mark(c), c.Name, c.Detail)
		if !c.OK && c.Remedy != "" {
			fmt.Fprintf(t, "\t\tto do: %s\n", c.Remedy)
		}
	}
	if len(report.Probes) > 0 {
		fmt.Fprint(t, "\nA recording would see facts by these hooks:\n\n")
		for _, p := range report.Probes {
			if p.Hook == "" {
				p.Hook = "none: a hole, and what depends on it is not emitted"
			}
			fmt.Fprintf(t, "%s\t%s\n", p.Fact, p.Hook)
		}
	}
	return t.Flush()
}

// mark tells checks that forbid a recording from those that only limit it.
func mark(c record.Check) string {
	switch {
	case c.OK:
		return "ok"
	case c.Required:
		return "FAIL"
	}
	return "note"
}
