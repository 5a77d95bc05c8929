package markdown

import (
	"fmt"
	"net"
	gopath "path"
	"slices"
	"strconv"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// tableKind is one table of a profile.
type tableKind struct {
	name  string
	title string
	fact  string // the kind of fact that it rests on
	empty string // what stands in its place where it has no rows, "" for the words of fact
	rows  func(*synth.Profile) *table
}

const (
	noOperations = "The recordings tell no operations apart."
	noProviders  = "No operation's name has a dot."
)

func tableKinds() []tableKind {
	return []tableKind{
		{"needs", "What each operation needs", "", noOperations, needs},
		{"providers", "What each provider needs", "", noProviders, providers},
		{"operations", "How operations went", "", noOperations, ran},
		{"capabilities", "Capabilities", "capability", "", capabilities},
		{"execs", "Programs and libraries", "exec", "", execs},
		{"files", "Files", "file", "", files},
		{"sockets", "Sockets", "socket", "", sockets},
		{"syscalls", "System calls", "syscall", "", syscalls},
		{"arguments", "Arguments that decide", "argument", "", arguments},
		{"rules", "Rules", "", "None were needed.", rulesUsed},
	}
}

// Tables lists what Table can make.
func Tables() []string {
	var names []string
	for _, k := range tableKinds() {
		names = append(names, k.name)
	}
	return names
}

// Table makes one of Tables, or says in a sentence why there is none.
func Table(name string, p *synth.Profile) (string, error) {
	for _, k := range tableKinds() {
		if k.name == name {
			return k.of(p), nil
		}
	}
	return "", fmt.Errorf("markdown: unknown table %q; there are %s", name, strings.Join(Tables(), ", "))
}

func (k tableKind) of(p *synth.Profile) string {
	t := k.rows(p)
	idle := code(trace.OperationIdle)
	switch {
	case len(t.rows) == 0:
	case k.name == "needs":
		return paragraph("What is also seen in "+idle+" is in its row alone: the worker does it unasked.") + "\n" + t.String()
	case k.name == "providers":
		return paragraph("What is also seen in "+idle+" is left out: the worker does it unasked.") + "\n" + t.String()
	}
	switch {
	case len(t.rows) > 0 && (k.fact == "" || p.Sees(k.fact)):
		return t.String()
	case k.fact == "":
		return paragraph(k.empty)
	case len(t.rows) > 0:
		return paragraph("Incomplete: not every run had a probe for these.") + "\n" + t.String()
	case p.Sees(k.fact):
		return paragraph("None were seen.")
	}
	return paragraph("Unknown: not every run had a probe for these.")
}

func capabilities(p *synth.Profile) *table {
	t := &table{head: []string{"Capability", "Granted", "Why", "Needed by", "Operations"}}
	for _, c := range p.Capabilities {
		granted, why := "no", plainWords(c.Reason)
		if c.Need == synth.Required {
			granted, why = "yes", "asked for and granted"
			if mark := p.Marks.Of(synth.EntryCapability, c.Name); mark != "" {
				why += "; " + string(mark) + ", as running without it showed"
			}
		}
		t.add(code(c.Name), granted, why, programs(c.Evidence), operations(c.Evidence))
	}
	return t
}

func execs(p *synth.Profile) *table {
	t := &table{head: []string{"File", "Kind", "Executed by", "Gains privileges", "Operations", "Rules"}}
	for _, e := range p.Execs {
		var from []string
		for _, f := range e.From {
			from = append(from, gopath.Base(string(f)))
		}
		gains := ""
		if e.Gains {
			gains = "yes"
		}
		t.add(name(e.Name()), code(e.Kind), some(from), gains, operations(e.Evidence), rules(e.Evidence))
	}
	return t
}

func files(p *synth.Profile) *table {
	t := &table{head: []string{"Path", "Type", "Access", "Owner only", "Needed by", "Operations", "Rules"}}
	for _, f := range p.Files {
		owned := "no"
		if f.Owned {
			owned = "yes"
		}
		t.add(name(f.Name()), code(f.Type), strings.Join(f.Access.Names(), ", "), owned, programs(f.Evidence),
			operations(f.Evidence), rules(f.Evidence))
	}
	return t
}

func sockets(p *synth.Profile) *table {
	t := &table{head: []string{"Family", "Type", "Protocol", "Use", "Address", "Needed by", "Operations"}}
	for _, s := range p.Sockets {
		protocol := ""
		if s.Protocol != 0 {
			protocol = strconv.Itoa(s.Protocol)
		}
		t.add(code(s.Family), code(s.Type), protocol, code(s.Action), address(s), programs(s.Evidence), operations(s.Evidence))
	}
	return t
}

func address(s synth.SocketGrant) string {
	switch {
	case len(s.Pattern) > 0:
		return name(s.Pattern)
	case s.Path != "":
		return path(s.Path)
	case s.Abstract != "":
		return "abstract " + path(s.Abstract)
	case s.Address != "" && s.Port != 0:
		return code(net.JoinHostPort(s.Address, strconv.Itoa(s.Port)))
	case s.Port != 0:
		return "port " + strconv.Itoa(s.Port)
	}
	return code(s.Address)
}

func syscalls(p *synth.Profile) *table {
	t := &table{head: []string{"System call", "ABI", "Needed by", "Operations", "Rules"}}
	for _, s := range p.Syscalls {
		t.add(code(s.Name), code(s.ABI), programs(s.Evidence), operations(s.Evidence), rules(s.Evidence))
	}
	return t
}

func arguments(p *synth.Profile) *table {
	t := &table{head: []string{"System call", "Argument", "Value", "Needed by", "Operations"}}
	for _, a := range p.Arguments {
		t.add(code(a.Syscall), code(a.Name), valueAndTarget(a), programs(a.Evidence), operations(a.Evidence))
	}
	return t
}

// valueAndTarget is what was asked, and of whom.
func valueAndTarget(a synth.ArgumentGrant) string {
	switch {
	case a.Target == "":
		return code(a.Value)
	case a.Value == "":
		return code(a.Target)
	}
	return code(a.Value) + " of " + code(a.Target)
}

// rulesUsed explains the rules that grants of the profile rest on.
func rulesUsed(p *synth.Profile) *table {
	names := map[string]bool{}
	note := func(e synth.Evidence) {
		for _, r := range e.Rules {
			names[r] = true
		}
	}
	for _, g := range p.Execs {
		note(g.Evidence)
	}
	for _, g := range p.Files {
		note(g.Evidence)
	}
	for _, g := range p.Sockets {
		note(g.Evidence)
	}
	for _, g := range p.Syscalls {
		note(g.Evidence)
	}
	t := &table{head: []string{"Rule", "Grants", "Why"}}
	for _, r := range synth.Rules() {
		if names[r.Name] {
			t.add(code(r.Name), plainWords(r.Grants), plainWords(r.Why))
		}
	}
	return t
}

// programs names the programs behind a grant by their base names.
func programs(e synth.Evidence) string {
	var names []string
	for _, f := range e.Facts {
		if f.Subject != "" {
			names = append(names, gopath.Base(string(f.Subject)))
		}
	}
	return some(names)
}

func operations(e synth.Evidence) string {
	var names []string
	for _, f := range e.Facts {
		if f.Operation != "" {
			names = append(names, f.Operation)
		}
	}
	return some(names)
}

func rules(e synth.Evidence) string { return some(e.Rules) }

const someShown = 3

// some lists the first few of a set.
func some(names []string) string {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	more := ""
	if len(names) > someShown {
		more = fmt.Sprintf(" and %d more", len(names)-someShown)
		names = names[:someShown]
	}
	for i, n := range names {
		names[i] = code(n)
	}
	return strings.Join(names, ", ") + more
}
