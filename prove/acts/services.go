package acts

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/osapi-io/osapi-profile/prove/unit"
	"github.com/osapi-io/osapi-profile/synth"
)

// load has the kernel enforce the AppArmor profile, with rules of ours for the program.
func (r *run) load(ctx context.Context) error {
	if r.AppArmor == nil {
		return nil
	}
	rules := fmt.Sprintf("  %s/act mrix,\n  %s/privileged mrix,\n  %s/*.out rw,", r.dir, r.dir, r.dir)
	text, was, err := underOwnName(string(r.AppArmor.Text), filepath.Base(r.dir), rules)
	if err != nil {
		return fmt.Errorf("%s: %w", r.AppArmor.Name, err)
	}
	names, err := r.host.Load(ctx, []byte(text))
	if err != nil {
		return err
	}
	r.apparmor, r.named = names[0], was
	return nil
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
	if !r.Quick {
		r.apart(add)
	}
	services, err := r.host.InstallAll(ctx, units...)
	for i := range services {
		variants[i].service = services[i]
	}
	return err
}

// apart adds the services that tell which line denies an act.
func (r *run) apart(add func(what, lines, profile string) *variant) {
	all := func(string) bool { return true }
	r.base = add("what the profile leaves open", r.box.text(isException), "")
	r.lines = r.box.lines
	for _, l := range r.box.lines {
		r.without = append(r.without, add("the profile without "+l.name, r.box.text(func(name string) bool { return name != l.name }), r.apparmor))
		r.alone = append(r.alone, add(l.name+" alone", r.box.text(func(name string) bool { return name == l.name || isException(name) }), ""))
	}
	if r.apparmor != "" {
		r.lines = append(r.lines, line{name: appArmor, text: appArmor + "=" + r.named})
		r.without = append(r.without, add("the profile without AppArmor", r.box.text(all), ""))
		r.alone = append(r.alone, add("AppArmor alone", r.box.text(isException), r.apparmor))
	}
}

// try has all acts done under each of the services.
func (r *run) try(ctx context.Context) error {
	needed := []*variant{r.full, r.bare}
	if !r.Quick {
		needed = append(needed, r.base)
	}
	done := 0
	run := func(variants ...*variant) error {
		for _, v := range variants {
			if err := v.run(ctx, len(r.acts), r.site.made); err != nil {
				return fmt.Errorf("trying the acts under %s: %w", v.what, err)
			}
			if done++; r.Progress != nil {
				r.Progress(done, len(needed)+2*len(r.lines))
			}
		}
		return nil
	}
	if err := run(needed...); err != nil {
		return err
	}
	for _, v := range needed {
		if v.failed != "" {
			return fmt.Errorf("the acts cannot be tried under %s: %s", v.what, v.failed)
		}
	}
	if err := run(r.without...); err != nil {
		return err
	}
	return run(r.alone...)
}
