package main

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/coverage"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/trace"
)

type emitOptions struct {
	format   string
	output   string
	user     string
	group    string
	args     string // of the worker, in a unit
	name     string
	apparmor string
	syscalls string // one of listed and grouped
	limits   bool
	execs    bool
	reads    bool
	logs     bool
	strict   bool
	prctl    bool
	fold     string
	aa       apparmorOptions
	systemd  int
	contexts string
	marks    string // file with the result of minimize
	only     bool   // leave out what it says is tolerated
	level    int    // of the first heading, in Markdown; 0 stands for 1
	outlook  string // what a further run is expected to add, for HTML
}

func (o *emitOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&o.format, "format", "f", "", "what to write: "+strings.Join(formatNames(), ", "))
	f.StringVarP(&o.output, "output", "o", "", "write to `FILE`, replacing it as a whole, instead of stdout")
	f.StringVarP(&o.user, "user", "u", "", "make the profile for a worker that runs as `NAME` (default: as recorded)")
	f.StringVar(&o.group, "group", "", "let the unit run the worker as group `NAME` (default: the user's own)")
	f.StringVar(&o.args, "arguments", "", "put `ARGS` behind the worker in a unit's ExecStart=, since a recording keeps none")
	f.StringVar(&o.name, "name", "", "`NAME` of the unit and of the AppArmor profile (default: the worker's)")
	f.StringVar(&o.apparmor, "apparmor-profile", "", "let the unit switch to the AppArmor profile `NAME`, which must be loaded (default: a comment)")
	f.BoolVar(&o.limits, "limits", false, "set the limits on memory, CPU and tasks instead of leaving them commented out")
	f.StringVar(&o.syscalls, "syscalls", listed, "write SystemCallFilter= as `FORM`: list, or groups where half of one such as @file-system is needed")
	f.BoolVar(&o.logs, "log-syscalls", false, "let the unit log the system calls that its filter would refuse, and refuse none")
	f.BoolVar(&o.execs, "exec-files", false, "list each program in ExecPaths=, which an upgrade then refuses until the service is restarted")
	f.BoolVar(&o.reads, "read-allowlist", false, "let the unit see nothing in /etc, /var/lib and the like but what the worker uses there")
	f.BoolVar(&o.strict, "strict", false, "grant what was seen only, without what a rule adds, such as siblings of system calls")
	f.BoolVar(&o.prctl, "prctl", false, "in a seccomp filter, let only those options of prctl(2) through that were seen")
	f.StringVar(&o.contexts, "file-contexts", "", "for selinux: the file_contexts(5) in `FILE`, of the hosts that the module is for (default: this host's)")
	f.StringVar(&o.fold, "fold", string(synth.FoldStable), "which names become patterns, `HOW` is none, stable (what the kernel or the worker "+
		"made up, what it takes from a queue, and what differs between runs) or broad (everything that looks like it, and names in directories where the worker made several)")
	f.StringVarP(&o.marks, "marks", "m", "", "tell of each grant what minimize has found, which is in `FILE`")
	f.BoolVar(&o.only, "only-required", false, "with --marks: leave out what is tolerated (of units, drop-ins and AppArmor profiles)")
	o.aa.addFlags(cmd)
	f.IntVar(&o.systemd, "systemd-version", 0, "leave out what systemd `N` does not know (default: the recorded host's, or 252)")
}

// The forms of a filter.
const (
	listed  = "list"
	grouped = "groups"
)

func newEmit() *cobra.Command {
	var opt emitOptions
	cmd := &cobra.Command{
		Use:   "emit --format FORMAT [-o FILE] [TRACE]...",
		Short: "Write a profile from traces",
		Long: `emit writes what a worker needs in one format, from the traces named or else
from the last one recorded. Several traces are merged: the profile then admits
what any of them saw.

` + formatHelp() + `
What the traces cannot vouch for is told on stderr and in the profile.

Exit status: 0 on success, 2 on trouble.`,
		Example: `  sudo osapi-profile emit --format systemd
  osapi-profile emit --format unit --user osapi --arguments 'job worker start' -o osapi.service worker.jsonl
  osapi-profile emit --format apparmor --name osapi -o osapi.apparmor worker.jsonl
  osapi-profile emit --format seccomp -o worker-seccomp.json worker.jsonl
  osapi-profile emit --format selinux --file-contexts rhel9/file_contexts -o osapi.cil worker.jsonl
  osapi-profile emit --format apparmor --complain --children auto worker.jsonl
  osapi-profile emit --format unit --marks worker.marks.json --only-required worker.jsonl
  osapi-profile emit --format html -o worker.html worker.jsonl
  osapi-profile emit --format json -o worker.json monday.jsonl tuesday.jsonl`,
		DisableFlagsInUseLine: true,
		Args:                  cobra.ArbitraryArgs,
		PreRunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case opt.format == "":
				return usageError(cmd, "choose a --format: %s", strings.Join(formatNames(), ", "))
			case formatOf(opt.format) == nil:
				return usageError(cmd, "unknown format %q; there are %s", opt.format, strings.Join(formatNames(), ", "))
			}
			if err := opt.check(); err != nil {
				return usageError(cmd, "--%v", err)
			}
			return opt.checkMarks(cmd)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runEmit(opt, args, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	opt.addFlags(cmd)
	return cmd
}

// Names as units and profiles can have them without escapes.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.@:-]{0,127}$`)

// check finds values that no format could write.
func (o *emitOptions) check() error {
	for _, n := range []struct{ option, name string }{
		{"name", o.name}, {"user", o.user}, {"group", o.group}, {"apparmor-profile", o.apparmor},
	} {
		if n.name != "" && !plainName.MatchString(n.name) {
			return fmt.Errorf("%s %q: letters, digits and _ . @ : - only", n.option, n.name)
		}
	}
	if o.fold != "" && !slices.Contains(synth.Folds(), synth.Fold(o.fold)) {
		return fmt.Errorf("fold %q: there are %s", o.fold, joinFolds())
	}
	if err := o.aa.check(); err != nil {
		return err
	}
	if o.syscalls != "" && o.syscalls != listed && o.syscalls != grouped {
		return fmt.Errorf("syscalls %q: there are %s and %s", o.syscalls, listed, grouped)
	}
	if o.reads && o.only {
		return errors.New("read-allowlist: not together with --only-required, which leaves out lines that it stands on")
	}
	if o.systemd < 0 {
		return fmt.Errorf("systemd-version %d: there is none below 1", o.systemd)
	}
	return nil
}

func joinFolds() string {
	var names []string
	for _, f := range synth.Folds() {
		names = append(names, string(f))
	}
	return strings.Join(names, ", ")
}

// settle takes from the traces what was left open.
func (o *emitOptions) settle(t *trace.Trace) {
	if o.systemd == 0 {
		o.systemd = systemdOf(t)
	}
	if o.format == "html" {
		o.outlook = coverage.Of(t, synth.Options{Strict: o.strict}).Outlook()
	}
}

func runEmit(opt emitOptions, names []string, stdout, stderr io.Writer) error {
	t, err := load(names, stderr)
	if err != nil {
		return err
	}
	opt.settle(t)
	p := opt.infer(t)
	if err := opt.readMarks(p, stderr); err != nil {
		return err
	}
	err = writeTo(opt.output, 0o644, stdout, func(w io.Writer) error {
		return formatOf(opt.format).write(w, p, opt)
	})
	if err != nil {
		return fmt.Errorf("writing the profile as %s: %w", opt.format, err)
	}
	return nil
}

// systemdOf is the oldest systemd of the hosts recorded on, so that all of
// them can read the unit.
func systemdOf(t *trace.Trace) int {
	oldest := 0
	for _, r := range t.Runs {
		if r.Systemd > 0 && (oldest == 0 || r.Systemd < oldest) {
			oldest = r.Systemd
		}
	}
	if oldest == 0 {
		return systemd.DefaultVersion
	}
	return oldest
}
