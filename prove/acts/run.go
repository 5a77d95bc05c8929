package acts

import (
	"context"
	"errors"
	"fmt"

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
	Quick    bool               // find out whether acts are denied, and not by which line
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
	named    string // what it is called in its own text
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
