package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/osapi-io/osapi-profile/prove"
	proven "github.com/osapi-io/osapi-profile/prove/unit"
	"github.com/osapi-io/osapi-profile/synth/written"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/osapi-io/osapi-profile/trace/record"
)

// begin reads the plan and what is to be proven, for the command of this name. The
// training is to be closed.
func (o *verifyOptions) begin(name string, traces, command []string, stderr io.Writer) (*training, prove.Options, error) {
	t, err := readTraining(o.plan)
	if err != nil {
		return nil, prove.Options{}, err
	}
	run, err := o.prepare(traces, command, stderr)
	if err == nil && os.Geteuid() != 0 {
		err = fmt.Errorf("%s needs root: it installs a unit, loads a profile and records", name)
	}
	if err != nil {
		t.close()
		return nil, run, err
	}
	run.Plan, run.Output = t.plan, t.output
	return t, run, nil
}

// prepare reads what is to be proven, or writes it from the traces.
func (o *verifyOptions) prepare(names, command []string, stderr io.Writer) (prove.Options, error) {
	run := prove.Options{Command: command, Name: o.unit}
	var err error
	if run.Training, err = load(names, stderr); err != nil {
		return run, err
	}
	if o.emit.systemd == 0 {
		if o.emit.systemd = record.SystemdVersion(); o.emit.systemd == 0 {
			return run, errors.New("systemd does not run here, and verify needs it to run the worker; try it in a container or a virtual machine that systemd runs in")
		}
	}
	run.Systemd = o.emit.systemd
	if command != nil {
		run.Name = proven.Name(filepath.Base(command[0]))
	} else if !strings.HasSuffix(run.Name, ".service") {
		run.Name += ".service"
	}
	if users := run.Training.Runs[0].User; o.emit.user == "" && command != nil && users != "root" {
		o.emit.user = users
	}
	if run.Lacking, err = o.lacking(); err != nil {
		return run, err
	}
	run.Granted = o.emit.infer(run.Training)
	run.Widen = func(t *trace.Trace) (prove.Profile, error) {
		return o.write(t, strings.TrimSuffix(run.Name, ".service"), command == nil, run.Lacking == "")
	}
	if len(o.profiles) == 0 {
		run.Profile, err = run.Widen(run.Training)
		return run, err
	}
	run.Profile, err = o.given(command == nil)
	if run.Profile.AppArmor == nil {
		run.Lacking = "no AppArmor profile was named"
	}
	return run, err
}

// both says whether neither format was asked for alone, or both were.
func (o *verifyOptions) both() bool { return o.systemd == o.apparmor }

// lacking says why no AppArmor profile will be in force, "" if one will.
func (o *verifyOptions) lacking() (string, error) {
	switch {
	case o.systemd && !o.apparmor:
		return "it was not asked for", nil
	case proven.HasAppArmor():
		return "", nil
	case o.apparmor:
		return "", errors.New("this kernel does not enforce AppArmor: leave out --apparmor, or run verify on one that does")
	}
	return "this kernel does not enforce it", nil
}

// write writes the profile of a trace in the formats that are to be proven.
func (o *verifyOptions) write(t *trace.Trace, name string, dropIn, appArmor bool) (prove.Profile, error) {
	emit := o.emit
	emit.name = name
	emit.aa.children, emit.aa.abi = "none", "3.0"
	p := emit.infer(t)
	var out prove.Profile
	for _, f := range []struct {
		wanted bool
		format string
		called string
	}{{dropIn && (o.systemd || o.both()), "systemd", "the drop-in"}, {!dropIn && (o.systemd || o.both()), "unit", "the unit"}, {appArmor, "apparmor", "the profile"}} {
		if !f.wanted {
			continue
		}
		var text bytes.Buffer
		if err := formatOf(f.format).write(&text, p, emit); err != nil {
			return out, fmt.Errorf("writing the profile as %s: %w", f.format, err)
		}
		file := written.File{Name: f.called, Text: text.Bytes(), Format: written.Systemd}
		if f.format == "apparmor" {
			file.Format = written.AppArmor
			out.AppArmor = &file
		} else {
			out.Unit = append(out.Unit, file)
		}
	}
	return out, nil
}

// given reads the profiles that were named.
func (o *verifyOptions) given(dropIn bool) (prove.Profile, error) {
	var out prove.Profile
	for _, name := range o.profiles {
		f, err := written.Read(name)
		switch {
		case err != nil:
			return out, err
		case f.Format == written.Systemd:
			if dropIn && prove.IsUnit(f) {
				return out, fmt.Errorf("%s says what to execute, and --unit names a service that does: name a drop-in", name)
			}
			out.Unit = append(out.Unit, f)
		case f.Format == written.AppArmor && out.AppArmor != nil:
			return out, fmt.Errorf("%s is a second AppArmor profile: prove one at a time", name)
		case f.Format == written.AppArmor && !proven.HasAppArmor():
			return out, fmt.Errorf("%s is an AppArmor profile, and this kernel does not enforce those", name)
		case f.Format == written.AppArmor:
			out.AppArmor = &f
		default:
			return out, fmt.Errorf("%s is %s, and only units and AppArmor profiles are run", name, f.Format)
		}
	}
	return out, nil
}

// agree says what will be changed on this machine, and asks whether that is meant.
func (o *verifyOptions) agree(changes []string, in *os.File, stderr io.Writer) error {
	if o.yes && o.quiet {
		return nil
	}
	note(stderr, "this will change this machine:")
	for _, c := range changes {
		fmt.Fprintf(stderr, "  - %s\n", c)
	}
	if o.yes {
		return nil
	}
	if _, err := unix.IoctlGetTermios(int(in.Fd()), unix.TCGETS); err != nil {
		return errors.New("nobody was asked, since there is no terminal: say --yes if that is meant")
	}
	fmt.Fprint(stderr, "Go on? [y/N] ")
	answer, _ := bufio.NewReader(in).ReadString('\n')
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		return errors.New("nothing was changed")
	}
	return nil
}

// writeFix writes the profile with everything allowed that was denied.
func (o *verifyOptions) writeFix(result *prove.Result, profile prove.Profile, stderr io.Writer) error {
	if result.Denied() == 0 {
		note(stderr, "nothing was denied, so there is nothing to fix: %s was not written", o.fix)
		return nil
	}
	p, err := o.write(result.Longer, o.emit.name, o.unit != "", profile.AppArmor != nil)
	if err != nil {
		return err
	}
	name := o.fix
	for _, f := range append(p.Unit, appArmorOf(p)...) {
		if f.Format == written.AppArmor && len(p.Unit) > 0 {
			name = o.fix + ".apparmor"
		}
		if err := replace(name, f.Text, 0o644); err != nil {
			return err
		}
		note(stderr, "%s is %s of the training and of this run, as if nothing had been denied: read it before you use it", name, f.Format)
	}
	return nil
}

func appArmorOf(p prove.Profile) []written.File {
	if p.AppArmor == nil {
		return nil
	}
	return []written.File{*p.AppArmor}
}
