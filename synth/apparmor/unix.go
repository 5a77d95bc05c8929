package apparmor

import (
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// unixAlways is what every UNIX socket is good for: one that was made, or handed
// over by who started the program.
var unixAlways = strings.Fields("create getattr setattr getopt setopt shutdown send receive")

// unixActions are the permissions of a unix rule that decide whom a socket leads to.
var unixActions = []string{"bind", "listen", "accept", "connect"}

// unix grants UNIX sockets by type and by what is done with them. Kernels without
// mediation of their own for them, as Debian's, ask for the type alone; there the
// parser makes a network rule of it. A socket with a name in the file system asks
// for its file rule instead.
func (d document) unix() section {
	s := section{title: []string{"UNIX sockets. What is done with them is asked on some kernels, as Ubuntu's; not proven there"}}
	if !d.profile.Sees("socket") {
		return s // network grants all
	}
	evidence, actions := map[string][]synth.Evidence{}, map[string][]string{}
	// Of a connect the kernel asks before it looks for the socket's name.
	for _, g := range slices.Concat(d.profile.Sockets, d.profile.NoSockets) {
		if familyWord(g.Family) != "unix" {
			continue
		}
		typ := socketTypeWord(g.Type)
		if typ == "" {
			g.Rules = append(slices.Clone(g.Rules), ruleFamily)
		}
		evidence[typ] = append(evidence[typ], g.Evidence)
		actions[typ] = append(actions[typ], g.Action)
	}
	if evidence["stream"] == nil {
		evidence["stream"] = []synth.Evidence{{Rules: []string{ruleJournal}}}
	}
	for _, typ := range sortedKeys(evidence) {
		words := slices.Clone(unixAlways)
		for _, a := range unixActions {
			if slices.Contains(actions[typ], a) {
				words = append(words, a)
			}
		}
		text := "unix (" + strings.Join(words, ", ") + ")"
		if typ != "" {
			text += " type=" + typ
		}
		s.add(because(evidence[typ]...), "%s", text)
	}
	return s
}

// bus grants messages on the system bus.
func (d document) bus() section {
	s := section{title: []string{"Messages on the system bus, asked on some kernels, as Ubuntu's; not proven there"}}
	if d.connects("/run/dbus/system_bus_socket") {
		s.add(byRule(ruleBus), "dbus bus=system")
	}
	return s
}

// common includes abstractions where they are asked for.
func (d document) common() section {
	s := section{title: []string{"What most programs have in common, and more than was needed"}}
	if !d.opt.Abstractions {
		return s
	}
	s.add(byRule(ruleAbstraction), "include <abstractions/base>")
	if slices.ContainsFunc(d.profile.Files, func(g synth.FileGrant) bool { return g.Path == "/etc/nsswitch.conf" }) {
		s.add(byRule(ruleAbstraction), "include <abstractions/nameservice>")
	}
	return s
}

// guarded are kinds of things that only the ABI of AppArmor 4 asks about.
func (d document) guarded() section {
	s := section{title: []string{"What AppArmor 4 asks about besides, on kernels that have it, as Ubuntu's; not proven there"}}
	if d.opt.ABI != "4.0" {
		return s
	}
	var user []synth.Evidence
	for _, a := range d.profile.Arguments {
		if a.Name == trace.ArgNamespaces && strings.Contains(a.Value, "CLONE_NEWUSER") {
			user = append(user, a.Evidence)
		}
	}
	if user != nil {
		s.add(because(user...), "userns create")
	}
	for _, k := range []struct {
		rule  string
		calls []string
	}{
		{"mqueue", []string{"mq_open", "mq_unlink"}},
		{"io_uring", []string{"io_uring_setup"}},
	} {
		if e := d.of(k.calls); e != nil {
			s.add(because(e...), "%s", k.rule)
		}
	}
	return s
}

// of is the evidence of calls that were made.
func (d document) of(calls []string) (out []synth.Evidence) {
	for _, g := range d.profile.Syscalls {
		if slices.Contains(calls, g.Name) && len(g.Facts) > 0 {
			out = append(out, g.Evidence)
		}
	}
	return out
}
