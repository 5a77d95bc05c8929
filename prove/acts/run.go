package acts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/osapi-io/osapi-profile/prove/unit"
	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/explain"
	"github.com/osapi-io/osapi-profile/synth/written"
)

// Options say what profile is tried.
type Options struct {
	Name     string             // of an installed service whose sandbox is tried; "" for that of Unit
	Unit     []written.File     // a unit, its drop-ins, or both, in the order in which systemd reads them; nil for none
	AppArmor *written.File      // nil for none
	Systemd  int                // major version
	Granted  *synth.Profile     // what training needs; nil where no training is known
	Explain  *explain.Explainer // of the same; nil likewise
	Lacking  string             // why no AppArmor profile is in force, "" if one is
	Say      func(string)       // told what is being done; may be nil
	Progress func(done, of int) // of the services; may be nil
}

// run is one under way.
type run struct {
	Options
	host *unit.Host
	box  *sandbox
	site *site

	dir      string // of the program
	apparmor string // name of the profile that is loaded, "" for none
	acts     []Act  // those that there is something for here
	args     []string
	absent   []Tried // the others
	full     *variant
	bare     *variant
	base     *variant   // with what is tried beside each line that is tried alone
	without  []*variant // in the order of lines
	alone    []*variant
	lines    []line
}

// Run tries every act. What it makes on this machine is gone when it returns, and
// if it is killed before, when anything of package prove is called the next time.
func Run(ctx context.Context, o Options) (_ *Report, err error) {
	host, err := unit.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, host.Close(ctx)) }()
	r := &run{Options: o, host: host}
	for _, e := range host.Swept {
		r.say(fmt.Sprintf("removed what a run that was killed had left: %s %s", e.Kind, e.Name))
	}
	if o.Name != "" {
		texts, err := host.Texts(ctx, o.Name)
		if err != nil {
			return nil, err
		}
		for _, f := range texts {
			r.Unit = append(r.Unit, written.File{Name: f.Name, Text: f.Text, Format: written.Systemd})
		}
	}
	if r.box, err = readSandbox(r.Unit, r.Name); err != nil {
		return nil, err
	}
	if r.dir, err = install(host); err != nil {
		return nil, err
	}
	if r.site, err = newSite(o.Granted); err != nil {
		return nil, err
	}
	defer r.site.close()
	for _, step := range []func(context.Context) error{r.load, r.victim, r.choose, r.install, r.try} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return r.report(ctx)
}

// Changes says what a run will change on this machine, a line each.
func (o Options) Changes() []string {
	out := []string{
		"units of its own are put below " + unit.Directory + ", started, and taken away afterwards; a file system with a program is mounted below /run for them",
		"the program tries what a profile is to prevent, as root and without any sandbox too; nothing changes when it is possible, and what it makes, empty files of unmistakable names, is removed",
	}
	if o.AppArmor != nil {
		out = append(out, "an AppArmor profile is loaded, and unloaded afterwards")
	}
	return out
}

func (r *run) say(text string) {
	if r.Say != nil {
		r.Say(text)
	}
}

// load has the kernel enforce the AppArmor profile, with rules of ours for the program.
func (r *run) load(ctx context.Context) error {
	if r.AppArmor == nil {
		return nil
	}
	rules := fmt.Sprintf("\n  %s/act mrix,\n  %s/privileged mrix,\n  %s/*.out rw,", r.dir, r.dir, r.dir)
	lines := strings.Split(string(r.AppArmor.Text), "\n")
	for i, l := range lines {
		if trimmed := strings.TrimSpace(l); strings.HasSuffix(trimmed, "{") && !strings.HasPrefix(trimmed, "#") {
			lines[i] += rules
			names, err := r.host.Load(ctx, []byte(strings.Join(lines, "\n")))
			if err == nil {
				r.apparmor = names[0]
			}
			return err
		}
	}
	return fmt.Errorf("%s: no profile begins there", r.AppArmor.Name)
}

// victim starts the process that acts are aimed at, and that only waits.
func (r *run) victim(ctx context.Context) error {
	command, err := unit.CommandLine([]string{filepath.Join(r.dir, "act"), "wait"})
	if err != nil {
		return err
	}
	name := unit.Name("victim")
	s, err := r.host.Install(ctx, name, unit.File{Name: name, Text: []byte("[Service]\nType=exec\nExecStart=" + command + "\n")})
	if err != nil {
		return err
	}
	if result, err := s.Start(ctx); err != nil || result != "done" {
		talk, _ := s.Talk(ctx, talked)
		return fmt.Errorf("a service without any sandbox does not start (%s): %w\n%s", result, err, talk)
	}
	o, err := s.Outcome(ctx)
	if err != nil {
		return err
	}
	for _, c := range o.Commands {
		r.site.victim = fmt.Sprint(c.PID)
	}
	return nil
}

// choose finds something for each act to be done to.
func (r *run) choose(context.Context) error {
	r.site.user, r.site.writable = r.box.value("User"), r.box.writable()
	r.site.privileged = filepath.Join(r.dir, "privileged")
	for _, a := range Acts() {
		arg, lacks := a.on(r.site)
		if lacks != "" {
			r.absent = append(r.absent, Tried{Act: a.Name, Tries: a.Tries, Outcome: NotHere, Why: lacks, By: []synth.Line{}})
			continue
		}
		r.acts, r.args = append(r.acts, a), append(r.args, arg)
	}
	for _, name := range r.site.made {
		if _, err := os.Lstat(name); err == nil {
			return fmt.Errorf("%s is there, and acts would remove it", name)
		}
		if err := r.host.Leaves(name); err != nil {
			return err
		}
	}
	return nil
}

// install makes the services.
func (r *run) install(ctx context.Context) error {
	argv := []string{filepath.Join(r.dir, "act")}
	for i, a := range r.acts {
		arg := r.args[i]
		switch {
		case a.kind == "create-same":
			arg = identity(filepath.Dir(arg), arg)
		case strings.HasSuffix(a.kind, "-same"):
			arg = identity(arg, arg)
		}
		argv = append(argv, a.kind, arg)
	}
	command, err := unit.CommandLine(argv)
	if err != nil {
		return err
	}
	var units []unit.Unit
	var variants []*variant
	add := func(what, lines, profile string) *variant {
		v := &variant{what: what, output: filepath.Join(r.dir, fmt.Sprint(len(units), ".out"))}
		units, variants = append(units, v.unit(lines, command, r.dir, profile)), append(variants, v)
		return v
	}
	all := func(string) bool { return true }
	none := func(string) bool { return false }
	r.full = add("the profile", r.box.text(all), r.apparmor)
	r.bare = add("no profile", r.box.text(none), "")
	r.base = add("what the profile leaves open", r.box.text(isException), "")
	r.lines = r.box.lines
	for _, l := range r.box.lines {
		r.without = append(r.without, add("the profile without "+l.name, r.box.text(func(name string) bool { return name != l.name }), r.apparmor))
		r.alone = append(r.alone, add(l.name+" alone", r.box.text(func(name string) bool { return name == l.name || isException(name) }), ""))
	}
	if r.apparmor != "" {
		r.lines = append(r.lines, line{name: appArmor, text: appArmor + "=" + r.apparmor})
		r.without = append(r.without, add("the profile without AppArmor", r.box.text(all), ""))
		r.alone = append(r.alone, add("AppArmor alone", r.box.text(isException), r.apparmor))
	}
	services, err := r.host.InstallAll(ctx, units...)
	for i := range services {
		variants[i].service = services[i]
	}
	return err
}

// try has all acts done under each of the services.
func (r *run) try(ctx context.Context) error {
	done := 0
	run := func(variants ...*variant) error {
		for _, v := range variants {
			if err := v.run(ctx, len(r.acts), r.site.made); err != nil {
				return fmt.Errorf("trying the acts under %s: %w", v.what, err)
			}
			if done++; r.Progress != nil {
				r.Progress(done, 3+2*len(r.lines))
			}
		}
		return nil
	}
	if err := run(r.full, r.bare, r.base); err != nil {
		return err
	}
	for _, v := range []*variant{r.full, r.bare, r.base} {
		if v.failed != "" {
			return fmt.Errorf("the acts cannot be tried under %s: %s", v.what, v.failed)
		}
	}
	if err := run(r.without...); err != nil {
		return err
	}
	return run(r.alone...)
}
