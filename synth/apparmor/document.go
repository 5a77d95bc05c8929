package apparmor

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
)

// document is one profile on its way into text.
type document struct {
	profile *synth.Profile // what it must admit
	whole   *synth.Profile // what the worker needs
	opt     Options
	layout  *layout
	home    *confined
}

// rule is one line of a section: its text without the comma, and what needs it.
type rule struct {
	text    string
	because reason
}

// section is a group of rules under a comment.
type section struct {
	title []string
	rules []rule
}

func (s *section) add(because reason, format string, args ...any) {
	s.rules = append(s.rules, rule{fmt.Sprintf(format, args...), because})
}

// sections are the rules, and what cannot be written.
func (d document) sections() ([]section, []string) {
	files := d.files()
	network, unknown := d.network()
	return append([]section{d.common(), d.capabilities(), network, d.unix(), d.bus(), d.processes(), d.mounts(), d.guarded()}, files.sections()...),
		append(files.unwritten, unknown...)
}

// open writes all of the profile but its end, within which its children may stand.
func (d document) open(out *bytes.Buffer, indent string) (unwritten []string) {
	sections, unwritten := d.sections()
	d.annotate(sections)
	for _, line := range d.describe() {
		out.WriteString(indent)
		comment(out, line)
	}
	// attach_disconnected: in the mount namespace of a unit, what the worker
	// inherits lies outside of it, and would have no name that a rule matches.
	flags, name := "attach_disconnected", d.layout.fullName(d.home)
	if d.opt.Complain {
		flags += ", complain"
	}
	if i := strings.LastIndex(name, "//"); i >= 0 {
		name = name[i+2:]
	}
	fmt.Fprintf(out, "%sprofile %s flags=(%s) {\n", indent, name, flags)
	for _, s := range sections {
		s.write(out, indent)
	}
	return unwritten
}

func (d document) end(out *bytes.Buffer, indent string) {
	local := strings.ReplaceAll(d.layout.fullName(d.home), "//", ".")
	fmt.Fprintf(out, "%s  # Additions of this host's own.\n%s  include if exists <local/%s>\n%s}\n", indent, indent, local, indent)
}

func (s section) write(out *bytes.Buffer, indent string) {
	if len(s.rules) == 0 {
		return
	}
	for _, line := range s.title {
		fmt.Fprintf(out, "%s  # %s\n", indent, line)
	}
	for _, r := range s.rules {
		out.WriteString(indent + "  " + r.text)
		if !strings.HasPrefix(r.text, "include ") {
			out.WriteByte(',')
		}
		if r.because.words != "" {
			out.WriteString(" # " + remark(r.because.words))
		}
		out.WriteByte('\n')
	}
	out.WriteByte('\n')
}

// header says what the profile is, where it comes from and what it cannot
// vouch for. Everything in it is printable and stands behind "# ".
func (p *policy) header(out *bytes.Buffer, unwritten []string, body []byte) {
	w := p.whole.Worker
	say := func(format string, args ...any) { comment(out, fmt.Sprintf(format, args...)) }
	say("AppArmor profile %s for %s, made by osapi-profile from %s.", p.opt.Name, w.Exe, counted(len(w.Runs), "recorded run"))
	for _, run := range w.Runs {
		say("  run %s", run)
	}
	if len(w.Users) > 0 {
		say("Recorded as %s.", strings.Join(w.Users, ", "))
	}
	if len(w.Kernels) > 0 {
		say("Recorded on kernel %s.", strings.Join(w.Kernels, ", "))
	}
	say("It is attached to no program. Save it as /etc/apparmor.d/%s, load it with", p.opt.Name)
	say("  apparmor_parser -r /etc/apparmor.d/%s", p.opt.Name)
	say("and put it in the unit's [Service] section:")
	say("  AppArmorProfile=%s", p.opt.Name)
	if p.opt.Complain {
		say("")
		say("COMPLAIN: nothing is refused; the kernel logs apparmor=\"ALLOWED\" for what would be.")
	}
	for _, line := range append(p.children(), p.marked(body)...) {
		say("%s", line)
	}
	if holes := p.whole.Holes; len(holes) > 0 {
		say("")
		say("HOLES: the trace cannot vouch for everything, so that rules may be missing:")
		for _, h := range holes {
			text := h.Kind
			if h.Detail != "" {
				text += ": " + h.Detail
			}
			if h.Count > 0 {
				text += fmt.Sprintf(" (%d)", h.Count)
			}
			say("  %s", text)
		}
	}
	if len(unwritten) > 0 {
		say("")
		say("NOT WRITTEN: what these facts need, AppArmor's language cannot say:")
		for _, u := range unwritten {
			say("  %s", u)
		}
	}
	if len(p.whole.ChosenIn) > 0 {
		say("")
		say("NAMES: the worker gave several files in these directories names that it did not make up. Other names are")
		say("refused. Where its users choose them, allow any: emit --fold=broad, or merge a run with other names.")
		for _, directory := range p.whole.ChosenIn {
			say("  %s", directory)
		}
	}
	if escapes := p.whole.Escapes; len(escapes) > 0 {
		say("")
		say("WAYS OUT: what the worker needs lets it get around this profile:")
		for _, e := range escapes {
			say("  %s: %s", e.Name(), e.Why)
		}
	}
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// comment writes one line of the header.
func comment(out *bytes.Buffer, text string) {
	out.WriteString(strings.TrimRight("# "+remark(text), " ") + "\n")
}
