package apparmor

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
)

// document is a profile on its way into text.
type document struct {
	profile *synth.Profile
	opt     Options
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

func (d document) write(out *bytes.Buffer) {
	sections, unwritten := d.sections()
	var body bytes.Buffer
	for _, s := range sections {
		s.write(&body)
	}
	d.header(out, unwritten)
	out.WriteString("\nabi <abi/3.0>,\n\ninclude <tunables/global>\n")
	if vars := used(body.String()); len(vars) > 0 {
		out.WriteString("\n# AppArmor has no \"one or more\": spelled out up to a length.\n")
		for _, v := range vars {
			fmt.Fprintf(out, "# %s\n@{%s}=%s\n", v.comment, v.name, v.value)
		}
	}
	// attach_disconnected: in the mount namespace of a unit, what the worker
	// inherits lies outside of it, and would have no name that a rule matches.
	fmt.Fprintf(out, "\nprofile %s flags=(attach_disconnected) {\n", d.opt.Name)
	out.Write(body.Bytes())
	fmt.Fprintf(out, "  # Additions of this host's own.\n  include if exists <local/%s>\n}\n", d.opt.Name)
}

// sections are all rules, and what could not be made one.
func (d document) sections() (all []section, unwritten []string) {
	files := d.files()
	network, unknown := d.network()
	all = append([]section{d.capabilities(), network, d.processes(), d.mounts()}, files.sections()...)
	return all, append(files.unwritten, unknown...)
}

func (s section) write(out *bytes.Buffer) {
	if len(s.rules) == 0 {
		return
	}
	for _, line := range s.title {
		fmt.Fprintf(out, "  # %s\n", line)
	}
	for _, r := range s.rules {
		out.WriteString("  " + r.text + ",")
		if r.because.words != "" {
			out.WriteString(" # " + remark(r.because.words))
		}
		out.WriteByte('\n')
	}
	out.WriteByte('\n')
}

// header says what the profile is, where it comes from and what it cannot
// vouch for. Everything in it is printable and stands behind "# ".
func (d document) header(out *bytes.Buffer, unwritten []string) {
	w := d.profile.Worker
	say := func(format string, args ...any) { comment(out, fmt.Sprintf(format, args...)) }
	say("AppArmor profile %s for %s, made by osapi-profile from %s.", d.opt.Name, w.Exe, counted(len(w.Runs), "recorded run"))
	for _, run := range w.Runs {
		say("  run %s", run)
	}
	if len(w.Users) > 0 {
		say("Recorded as %s.", strings.Join(w.Users, ", "))
	}
	if len(w.Kernels) > 0 {
		say("Recorded on kernel %s.", strings.Join(w.Kernels, ", "))
	}
	say("It is attached to no program. Save it as /etc/apparmor.d/%s, load it with", d.opt.Name)
	say("  apparmor_parser -r /etc/apparmor.d/%s", d.opt.Name)
	say("and put it in the unit's [Service] section:")
	say("  AppArmorProfile=%s", d.opt.Name)
	if holes := d.profile.Holes; len(holes) > 0 {
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
	if escapes := d.profile.Escapes; len(escapes) > 0 {
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
