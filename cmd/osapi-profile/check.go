package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/osapi-io/osapi-profile/synth/apparmor"
	"github.com/osapi-io/osapi-profile/synth/check"
)

type checkOptions struct {
	json    bool
	name    string
	systemd int
}

func (o *checkOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.json, "json", false, "write JSON")
	f.StringVar(&o.name, "name", "", "judge by the AppArmor profile `NAME`, where the file holds several")
	f.IntVar(&o.systemd, "systemd-version", 0, "judge as systemd `N` does (default: the recorded host's, or 252)")
}

func newCheck() *cobra.Command {
	var opt checkOptions
	cmd := &cobra.Command{
		Use:   "check [--json] PROFILE... [TRACE]...",
		Short: "Tell which facts of a trace a profile would deny",
		Long: `check asks a profile which of the recorded facts it would deny, and names the
line that does. Nothing is run or loaded. PROFILE is one of

  a unit or drop-in    several are merged in the order given: the unit first,
                       then its drop-ins, as systemctl cat prints them
  an AppArmor profile  with what it includes from /etc/apparmor.d on this machine
  a seccomp filter     as container engines read it
  a profile in JSON    as emit --format json writes it

made by osapi-profile or by anybody else. Each is judged by its own semantics.
What cannot be told is listed as not judged and counts neither as allowed nor as
denied: a directive whose effect is not evaluated, a specifier, an include that is
not here, a condition, what runs under another profile. Groups of system calls,
such as @system-service, are those of this machine's systemd.

An argument that holds a trace is a trace, whatever it is called; without one the
last trace recorded is read.

Exit status: 0 if nothing would be denied, 1 if anything would, 2 on trouble.`,
		Example: `  osapi-profile check /etc/apparmor.d/osapi worker.jsonl
  osapi-profile check osapi.service osapi.service.d/*.conf worker.jsonl
  systemctl cat nginx | osapi-profile check /dev/stdin nginx.jsonl
  osapi-profile check --json worker.json tuesday.jsonl`,
		DisableFlagsInUseLine: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError(cmd, "name the profile to check")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runCheck(opt, args, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	opt.addFlags(cmd)
	return cmd
}

func runCheck(opt checkOptions, args []string, stdout, stderr io.Writer) error {
	profiles, traces, err := profilesAndTraces(args)
	if err != nil {
		return err
	}
	if len(profiles) == 0 {
		return fmt.Errorf("%s is a trace: name the profile to check it against as well", traces[0])
	}
	t, err := load(traces, stderr)
	if err != nil {
		return err
	}
	if opt.systemd == 0 {
		opt.systemd = systemdOf(t)
	}
	report, err := check.Of(profiles, t, check.Options{
		Version: opt.systemd, Groups: check.HostGroups(), AppArmor: os.DirFS(apparmor.Dir), Name: opt.name,
	})
	if err != nil {
		return err
	}
	if err := tell(opt.json, stdout, report, report.WriteText); err != nil {
		return err
	}
	if report.Refused > 0 {
		return &exitError{code: exitNo}
	}
	return nil
}
