// Package systemd writes a profile as a drop-in or a unit. One table lists the
// directives; each row says since which version of systemd it is there, what it
// takes away and which facts contradict it. Behaviour was read in systemd's own
// sources (252 and 255) and measured where the manual is silent.
package systemd

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// DefaultVersion is the systemd that text is written for when none is named:
// the oldest one that is tested.
const DefaultVersion = 252

// Options steer the text, not what is granted.
type Options struct {
	Version         int    // major version of the systemd that will read it; 0 for DefaultVersion
	User            string // User= to write; "" leaves the identity alone (in a unit: root)
	Group           string // Group= to write; "" for the user's own group
	ExecArguments   string // what stands behind the worker in a unit's ExecStart=, as unit files spell it; "" for a note
	Limits          bool   // write MemoryMax= and its kin instead of commenting them out
	Name            string // name of the unit without ".service"; "" for the worker's
	ExecFiles       bool   // list each program in ExecPaths= instead of the directories of packages
	CallGroups      bool   // write system calls by group (@file-system) where half of one is needed
	LogCalls        bool   // log the calls that the filter would refuse, and refuse none
	AppArmorProfile string // profile to switch to; "" writes the line as a comment
	ReadAllowlist   bool   // empty directories such as /etc but for what is read in them
	OnlyRequired    bool   // leave out what the profile's marks say is tolerated
}

// ErrName is returned for a name that no unit file can spell.
var ErrName = errors.New("cannot be written in a unit file")

// draft is a profile on its way to text.
type draft struct {
	*synth.Profile
	Options
	plan   *plan
	gained map[trace.Path]bool // programs that never run with the worker's own privileges alone
	dropIn bool
}

func newDraft(p *synth.Profile, opt Options, dropIn bool) (*draft, error) {
	if opt.Version == 0 {
		opt.Version = DefaultVersion
	}
	if opt.Name == "" {
		opt.Name = p.Worker.Name
	}
	for _, n := range []struct{ what, name string }{
		{"user", opt.User}, {"group", opt.Group}, {"unit name", opt.Name}, {"AppArmor profile", opt.AppArmorProfile},
	} {
		if !plainWord(n.name) {
			return nil, fmt.Errorf("%s %q %w: use letters, digits and any of . _ - @ : + /", n.what, n.name, ErrName)
		}
	}
	d := &draft{Profile: p, Options: opt, gained: gainedPrograms(p), dropIn: dropIn}
	d.plan = newPlan(d)
	return d, nil
}

// DropIn writes the [Service] section that narrows an existing unit. Lists in
// which an entry grants something are reset first, so that what the unit itself
// granted is gone.
func DropIn(w io.Writer, p *synth.Profile, opt Options) error {
	d, err := newDraft(p, opt, true)
	if err != nil {
		return err
	}
	t := &text{}
	t.say("Drop-in for %s.service: save it as", d.Name)
	t.say("/etc/systemd/system/%s.service.d/50-osapi-profile.conf, then run", d.Name)
	t.say("systemctl daemon-reload && systemctl restart %s.service", d.Name)
	d.head(t)
	t.blank()
	t.line("[Service]")
	if d.User != "" {
		t.line("User=" + percent(d.User))
	}
	if d.Group != "" {
		t.line("Group=" + percent(d.Group))
	}
	d.appArmor(t)
	d.directives(t)
	return d.to(w, t)
}

// Unit writes a complete service.
func Unit(w io.Writer, p *synth.Profile, opt Options) error {
	d, err := newDraft(p, opt, false)
	if err != nil {
		return err
	}
	exe, err := command(cmp.Or(p.Worker.Called, p.Worker.Exe))
	if err != nil {
		return err
	}
	if !plainArguments(d.ExecArguments) {
		return fmt.Errorf("arguments %q %w by this tool: no quotes, backslashes, control characters or lone semicolons", d.ExecArguments, ErrName)
	}
	t := &text{}
	t.say("%s.service: save it as /etc/systemd/system/%s.service, then run", d.Name, d.Name)
	t.say("systemctl daemon-reload && systemctl enable --now %s.service", d.Name)
	d.head(t)
	t.blank()
	t.line("[Unit]")
	t.line("Description=" + percent(d.Name) + " with the privileges it was seen to need")
	t.line("After=network-online.target apparmor.service")
	t.line("Wants=network-online.target")
	t.blank()
	t.line("[Service]")
	t.line("Type=exec")
	if d.ExecArguments == "" {
		t.say("Arguments are never recorded: put the worker's own behind its path.")
	}
	t.line("ExecStart=" + strings.TrimRight(exe+" "+d.ExecArguments, " "))
	t.line("Restart=on-failure")
	if d.User != "" {
		t.line("User=" + percent(d.User))
	}
	if d.Group != "" {
		t.line("Group=" + percent(d.Group))
	}
	d.appArmor(t)
	d.directives(t)
	t.blank()
	t.line("[Install]")
	t.line("WantedBy=multi-user.target")
	return d.to(w, t)
}

// appArmor refers to the AppArmor profile. Without a "-" the service does not
// start unconfined when the profile is missing; where the kernel has no
// AppArmor systemd ignores the line.
func (d *draft) appArmor(t *text) {
	t.blank()
	if d.AppArmorProfile == "" {
		t.say("Once the AppArmor profile is loaded (emit --format apparmor):")
		t.say("AppArmorProfile=%s", d.Name)
		return
	}
	t.say("The service will not start unless this AppArmor profile is loaded.")
	t.line("AppArmorProfile=" + percent(d.AppArmorProfile))
}

// head says what the text stands on, what it cannot vouch for, and which ways
// out it leaves open: the three things to read before using it.
func (d *draft) head(t *text) {
	t.comment()
	w := d.Worker
	t.say("Worker %s, %s recorded as %s on kernel %s. Written for systemd %d.", quoted(w.Exe),
		plural(len(w.Runs), "run"), list(w.Users, "nobody"), list(w.Kernels, "unknown"), d.Version)
	t.say("It allows what these runs did, and what the rules named below add. " +
		"What the runs never did (reload, log rotation, errors) may be refused.")
	t.comment()
	if len(d.Holes) == 0 {
		t.say("HOLES: none known.")
	} else {
		t.say("HOLES: what the recording cannot vouch for")
	}
	for _, h := range d.Holes {
		count := ""
		if h.Count > 0 {
			count = fmt.Sprintf(" (%d)", h.Count)
		}
		t.item("%s%s: %s", plainText(h.Kind), count, plainText(h.Detail))
	}
	d.marked(t)
	t.comment()
	d.waysOut(t)
	d.asAnother(t)
	d.dynamicUser(t)
	d.conflicts(t)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// list joins names for a comment.
func list(names []string, none string) string {
	var out []string
	for _, n := range names {
		if n != "" {
			out = append(out, plainText(n))
		}
	}
	if len(out) == 0 {
		return none
	}
	return strings.Join(out, ", ")
}
