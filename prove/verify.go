// Package prove runs a worker again under the profile that was made of its
// training, and tells what the profile refuses, by which line, and which line would
// allow it.
package prove

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/osapi-io/osapi-profile/prove/unit"
	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/check"
	"github.com/osapi-io/osapi-profile/synth/written"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/osapi-io/osapi-profile/trace/record"
	"github.com/osapi-io/osapi-profile/trace/record/plan"
)

// Options say what is to be proven, and how.
type Options struct {
	Profile  Profile
	Training *trace.Trace
	Granted  *synth.Profile                      // what follows from training
	Widen    func(*trace.Trace) (Profile, error) // writes the profile of a longer training
	Name     string                              // of the service: one that is there if there is no Command, else its own
	Command  []string                            // program and arguments
	Plan     *plan.Plan                          // nil: until the service has ended, or a signal comes
	Systemd  int                                 // major version
	Lacking  string                              // why no AppArmor profile is in force, "" if one is
	Signals  <-chan os.Signal                    // ends the run; without a plan the first one stops the service, which is its end
	Trace    io.Writer                           // receives the trace of the run as well; may be nil
	Tool     string                              // version of osapi-profile
	Stderr   *os.File                            // for what the plan's commands say
	Output   *os.File                            // in place of Stderr; may be nil
	Say      func(string)                        // told what is being done; may be nil
	Status   func(record.Status)                 // as of [record.Options]
	Warn     func(string)                        // as of [record.Options]
	Progress func(trace.Operation)               // as of [record.Options]
}

// Result is a report, and what to do about it.
type Result struct {
	Report
	Longer *trace.Trace // training and this run together, as if nothing had been refused

	wider Profile // that of Longer
}

// Run does what the options say. Everything that it makes on this machine is gone
// when it returns, and if it is killed before, when it is called the next time.
func Run(ctx context.Context, o Options) (_ *Result, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	host, err := unit.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil { // programs that the end of ctx has killed do not say so
			err = errors.Join(ctx.Err(), err)
		}
		err = errors.Join(err, host.Close(ctx))
	}()
	o.tellSwept(host)
	r := &run{Options: o, host: host, started: make(chan *unit.Service, 1), result: &Result{Report: Report{
		Unit: o.Name, Proven: []string{}, NotProven: []string{}, NotTaken: []string{}, Operations: []Operation{}, New: []synth.Fact{}, Holes: []trace.Hole{},
	}}}
	go o.heed(ctx, cancel, r.started)
	if err := r.install(ctx); err != nil {
		return nil, err
	}
	if err := record.Reset(ctx, o.Plan, o.output()); err != nil {
		return nil, err
	}
	seen, err := r.watch(ctx)
	if err != nil || ctx.Err() != nil { // it may still run, and use what is reset
		if endErr := r.service.End(context.WithoutCancel(ctx)); err == nil {
			err = endErr
		}
	}
	if resetErr := record.Reset(context.WithoutCancel(ctx), o.Plan, o.output()); err == nil {
		err = resetErr
	}
	if err != nil {
		return nil, err
	}
	return r.result, r.compare(context.WithoutCancel(ctx), seen)
}

func (o Options) say(text string) {
	if o.Say != nil {
		o.Say(text)
	}
}

func (o Options) tellSwept(host *unit.Host) {
	for _, e := range host.Swept {
		o.say(fmt.Sprintf("removed what a run that was killed had left: %s %s", e.Kind, e.Name))
	}
}

func (o Options) output() *os.File {
	if o.Output != nil {
		return o.Output
	}
	return o.Stderr
}

// run is one under way.
type run struct {
	Options
	host     *unit.Host
	service  *unit.Service
	apparmor string // name of the profile that is loaded, "" for none
	result   *Result

	sandboxed bool // the profile is one for systemd as well
	started   chan *unit.Service
	unstarted error // why the unit did not come up
}

// put puts the profile in force. The result says what to call each file in a report,
// by its path.
func (r *run) put(ctx context.Context) (shown map[string]string, err error) {
	if r.Profile.AppArmor != nil {
		names, err := r.host.Load(ctx, r.Profile.AppArmor.Text)
		if err != nil {
			return nil, err
		}
		if err := unit.Enforced(names); err != nil {
			return nil, fmt.Errorf("%s: %w", r.Profile.AppArmor.Name, err)
		}
		r.apparmor = names[0]
	}
	files, shown, err := r.files()
	if err != nil {
		return nil, err
	}
	r.service, err = r.host.Install(ctx, r.Name, files...)
	return shown, err
}

// install puts the profile in force, and compares what systemd made of it with what
// it says.
func (r *run) install(ctx context.Context) error {
	shown, err := r.put(ctx)
	if err != nil {
		return err
	}
	differences, err := r.service.ReadBack(ctx)
	if err != nil {
		return err
	}
	for _, d := range differences {
		if name, ours := shown[d.Line.File]; ours {
			d.Line.File = name
		}
		if d.Why != "" || d.Unread != "" {
			r.result.NotProven = append(r.result.NotProven, d.String())
		} else {
			r.result.NotTaken = append(r.result.NotTaken, d.String())
		}
	}
	texts, err := r.service.Texts(ctx)
	r.sandboxed, r.Profile.Unit = len(r.Profile.Unit) > 0, nil
	for _, f := range texts {
		name := f.Name
		if ours, ok := shown[name]; ok {
			name = ours
		}
		r.Profile.Unit = append(r.Profile.Unit, written.File{Name: name, Text: f.Text, Format: written.Systemd})
	}
	return err
}

// files lays the profile out for systemd. The second result says what to call each
// file in the report, by its path.
func (r *run) files() (files []unit.File, shown map[string]string, err error) {
	shown = map[string]string{}
	add := func(name, called string, text []byte) {
		shown[filepath.Join(unit.Directory, name)] = called
		files = append(files, unit.File{Name: name, Text: text})
	}
	extra := "[Service]\n"
	dropIn := r.Name + ".d/zz-osapi-profile-verify-" // behind every other
	if r.Command != nil {
		line, err := unit.CommandLine(r.Command)
		if err != nil {
			return nil, nil, err
		}
		extra += "Restart=no\nExecStart=\nExecStart=" + line + "\n"
		if r.Plan != nil { // it is systemd that stops the service, and the plan says how
			if s := r.Plan.Operations[len(r.Plan.Operations)-1].Signal; s != 0 {
				extra += "KillMode=mixed\nKillSignal=" + unix.SignalName(s) + "\n"
			}
		}
	}
	whole := false
	for i, f := range r.Profile.Unit {
		if r.Command != nil && !whole && IsUnit(f) {
			whole = true
			add(r.Name, f.Name, f.Text)
			continue
		}
		add(fmt.Sprintf("%s%d.conf", dropIn, i), f.Name, f.Text)
	}
	if r.Command != nil && !whole {
		add(r.Name, r.Name, []byte("[Service]\nType=exec\nExecStart=/bin/false\n"))
	}
	if r.apparmor != "" {
		extra += "AppArmorProfile=" + strings.ReplaceAll(r.apparmor, "%", "%%") + "\n"
	}
	add(dropIn+"command.conf", "the command", []byte(extra))
	return files, shown, nil
}

// IsUnit says whether a file says what to execute, and is no drop-in.
func IsUnit(f written.File) bool {
	return slices.ContainsFunc(strings.Split(string(f.Text), "\n"), func(line string) bool { return strings.HasPrefix(line, "ExecStart=") })
}

// compare makes the report.
func (r *run) compare(ctx context.Context, seen *trace.Trace) error {
	report := &r.result.Report
	head := seen.Runs[0]
	report.Worker, report.Systemd, report.Kernel = r.Training.Runs[0].Worker, head.Systemd, head.Kernel
	report.Operations = operations(r.Training, seen, r.Plan != nil)
	report.Holes = append(report.Holes, seen.Holes...)
	refused, err := r.service.Refused(ctx)
	if err != nil {
		return err
	}
	report.NotTaken = append(report.NotTaken, refused...)
	c := &comparison{
		profile: r.Profile, training: r.Training, granted: r.Granted, seen: seen, widen: r.Widen,
		judging: judging{version: r.Systemd, groups: check.HostGroups()},
	}
	if report.Denials, r.result.wider, err = c.denials(); err != nil {
		return err
	}
	r.result.Longer = c.longer
	if err := r.ended(ctx, c); err != nil {
		return err
	}
	if err := r.logged(ctx, c); err != nil {
		return err
	}
	report.New = c.news()
	if r.sandboxed {
		report.Proven = append(report.Proven, "systemd")
	}
	if r.apparmor != "" {
		report.Proven = append(report.Proven, "apparmor")
	} else if r.Lacking != "" {
		report.NotProven = append(report.NotProven, "apparmor: "+r.Lacking)
	}
	report.conclude(r.Plan != nil)
	return nil
}

// news are facts that do not follow from training, and happened all the same.
func (c *comparison) news() []synth.Fact {
	w := synth.NewTeller(c.seen)
	out := []synth.Fact{}
	have := map[string]bool{}
	for _, of := range c.granted.Refuses(c.seen) {
		f := w.Fact(of)
		if f.Idle == "" && !denies(f.Outcome) && !have[key(f)] {
			have[key(f)] = true
			out = append(out, f)
		}
	}
	return out
}
