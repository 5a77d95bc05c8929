package apparmor

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// policy is the whole of what is written: the worker's profile and its children.
type policy struct {
	whole  *synth.Profile
	opt    Options
	layout *layout
	docs   []document // in the order of the layout
}

func newPolicy(p *synth.Profile, opt Options) *policy {
	if len(p.Programs) == 0 { // a profile that was not inferred
		opt.Children = ChildrenNone
	}
	all := &policy{whole: p, opt: opt, layout: layOut(p, opt)}
	for _, c := range all.layout.all {
		d := document{profile: p, whole: p, opt: opt, layout: all.layout, home: c}
		if len(all.layout.all) > 1 {
			d.profile = joined(p, c.holds)
		}
		all.docs = append(all.docs, d)
	}
	return all
}

// joined is what several programs need together. Grants of the same thing stand
// beside each other: the rules made of them are sets.
func joined(whole *synth.Profile, programs []*synth.Program) *synth.Profile {
	out := &synth.Profile{Worker: whole.Worker, Blind: whole.Blind}
	for _, p := range programs {
		n := p.Needs
		out.Syscalls = append(out.Syscalls, n.Syscalls...)
		out.Capabilities = append(out.Capabilities, n.Capabilities...)
		out.Execs = append(out.Execs, n.Execs...)
		out.Files = append(append(out.Files, n.Files...), p.Handed...)
		out.Sockets = append(out.Sockets, n.Sockets...)
		out.NoSockets = append(out.NoSockets, n.NoSockets...)
		out.Arguments = append(out.Arguments, n.Arguments...)
	}
	return out
}

func (p *policy) write(out *bytes.Buffer) {
	var body bytes.Buffer
	var unwritten []string
	main := p.docs[0]
	unwritten = append(unwritten, main.open(&body, "")...)
	inside := "  "
	if p.layout.stacked {
		main.end(&body, "")
		inside = ""
	}
	for _, d := range p.docs[1:] {
		if p.layout.stacked {
			body.WriteByte('\n')
		}
		unwritten = append(unwritten, d.open(&body, inside)...)
		d.end(&body, inside)
		if !p.layout.stacked {
			body.WriteByte('\n')
		}
	}
	if !p.layout.stacked {
		main.end(&body, "")
	}
	slices.Sort(unwritten)
	p.header(out, slices.Compact(unwritten), body.Bytes())
	fmt.Fprintf(out, "\nabi <abi/%s>,\n\ninclude <tunables/global>\n", p.opt.ABI)
	if vars := used(body.String()); len(vars) > 0 {
		out.WriteString("\n# AppArmor has no \"one or more\": spelled out up to a length.\n")
		for _, v := range vars {
			fmt.Fprintf(out, "# %s\n@{%s}=%s\n", v.comment, v.name, v.value)
		}
	}
	out.WriteByte('\n')
	out.Write(body.Bytes())
}

// own is how many rules a profile would have if it did not have to hold those of
// what it leads to.
func (d document) own() int {
	d.profile = joined(d.whole, d.home.programs)
	d.home = &confined{name: d.home.name, programs: d.home.programs, holds: d.home.programs}
	sections, _ := d.sections()
	return rulesIn(sections)
}

func rulesIn(sections []section) (n int) {
	for _, s := range sections {
		n += len(s.rules)
	}
	return n
}

// describe says who runs under the profile, and by what it comes.
func (d document) describe() []string {
	if len(d.layout.all) == 1 {
		return nil
	}
	var names []string
	for _, p := range d.home.programs {
		names = append(names, p.Name.String())
	}
	slices.Sort(names)
	if d.home.name == sharedName {
		return []string{"Programs that need no more than everybody may do: " + strings.Join(names, ", ")}
	}
	text := strings.Join(names, ", ")
	if starters := d.starters(); len(starters) > 0 {
		text += ", started by " + some(starters)
	}
	return []string{text}
}

// starters are the programs that start those of the profile.
func (d document) starters() []string {
	var out []string
	for _, p := range d.whole.Programs {
		if slices.ContainsFunc(p.Starts, func(name trace.Path) bool { return slices.Contains(d.layout.homes[name], d.home) }) &&
			!slices.Contains(d.home.programs, p) {
			out = append(out, p.Name.String())
		}
	}
	return out
}
