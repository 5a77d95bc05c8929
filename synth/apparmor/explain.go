package apparmor

import (
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// Explainer says what stands behind the lines of a profile.
type Explainer struct {
	profile *synth.Profile
	written map[string]synth.Evidence // by the rule's text
	vars    map[string][]string
	peers   string // stands for all of the worker's profiles
}

// NewExplainer explains by what p needs, and by what [Write] writes for it.
func NewExplainer(p *synth.Profile, opt Options) *Explainer {
	all := newPolicy(p, opt.settled(p))
	x := &Explainer{p, map[string]synth.Evidence{}, tunables(), all.layout.peers()}
	for _, d := range all.docs {
		sections, _ := d.sections()
		for _, s := range sections {
			x.take(s)
		}
	}
	for _, v := range variables() {
		x.vars[v.name] = []string{v.value}
	}
	return x
}

// take notes what stands behind the rules of a section.
func (x *Explainer) take(s section) {
	for _, r := range s.rules {
		e := x.written[r.text]
		e.Facts = append(e.Facts, r.because.evidence.Facts...)
		e.Rules = append(e.Rules, r.because.evidence.Rules...)
		x.written[r.text] = e
	}
}

// Lines are the statements of a profile's text, each with the line it begins in.
func Lines(name string, text []byte) ([]synth.Line, error) {
	s := &scanner{in: string(text), line: 1}
	var out []synth.Line
	for {
		s.skip()
		start, line := s.at, s.line
		words, err := s.statement()
		if err != nil {
			return nil, err
		}
		if words == nil {
			return out, nil
		}
		out = append(out, synth.Line{File: name, Number: line, Text: strings.TrimSpace(s.in[start:s.at])})
	}
}

// frameRules stand behind what is no rule of its own.
func frameRules() []synth.Rule {
	return []synth.Rule{
		{Name: "profile-frame", Grants: "nothing", Why: "every profile has a head, an ABI, the host's variables, a place for local additions and an end"},
		{Name: "wildcard", Grants: "nothing by itself", Why: "rules below use the variable: the language has no \"one or more of these\""},
	}
}

// Explain says what stands behind one line. Rules that deny are explained by
// what they take away.
func (x *Explainer) Explain(line synth.Line) synth.Explanation {
	out := synth.Explanation{Format: "apparmor", Line: line, Grants: []synth.Grant{}, Rules: []synth.Rule{}}
	words, err := (&scanner{in: line.Text + "\n", line: 1}).statement()
	if err != nil || len(words) == 0 {
		return out
	}
	first := words[0]
	switch {
	case first.quoted:
	case isAssignment(first.text):
		if strings.HasPrefix(first.text, "@{osapi_") {
			out.Rules = synth.RulesNamed([]string{"wildcard"}, frameRules())
		}
		return out
	case first.text == "include" && len(x.written[line.Text].Rules) > 0: // abstractions, which were asked for
		out.Rules = synth.RulesNamed(x.written[line.Text].Rules, Rules())
		return out
	case slices.Contains([]string{"abi", "include", "profile", "}"}, first.text):
		out.Rules = synth.RulesNamed([]string{"profile-frame"}, frameRules())
		return out
	}
	var p Policy
	p.rule(line, words, x.vars)
	out.Grants = append(out.Grants, x.grants(&p)...)
	if len(p.denied) > 0 || len(p.files) > 0 && p.files[0].deny {
		out.Means = "takes away"
	}
	text := strings.TrimSuffix(strings.TrimSpace(line.Text), ",")
	if e, ok := x.written[text]; ok {
		out.Rules = synth.RulesNamed(e.Rules, Rules(), synth.Rules())
		if len(out.Grants) == 0 && len(e.Facts) > 0 {
			out.Grants = append(out.Grants, synth.Grant{Kind: "fact", Name: text, Evidence: synth.Evidence{Facts: e.Facts}})
		}
	}
	return out
}

// grants are what a policy of one rule is about.
func (x *Explainer) grants(p *Policy) []synth.Grant {
	var out []synth.Grant
	for _, r := range p.files {
		out = append(out, x.byPath(r)...)
	}
	for _, l := range p.links {
		for _, g := range x.profile.Files {
			if g.Access&trace.AccessLinkTo != 0 && matches(l.name, g.Name(), g.Covers) {
				out = append(out, g.Grant())
			}
		}
	}
	for _, c := range x.profile.Capabilities {
		if (p.admitsCapability(c.Name) || slices.Contains(p.denied, "capability "+capabilityName(c.Name))) && (c.Need == synth.Required || c.UserNS) {
			out = append(out, c.Grant())
		}
	}
	for _, s := range x.profile.Sockets {
		asked := trace.Socket{Family: s.Family, Type: s.Type, Action: s.Action}
		if p.admitsSocket(asked) || slices.Contains(p.denied, strings.TrimSpace("network "+familyWord(s.Family)+" "+socketTypeWord(s.Type))) {
			out = append(out, s.Grant())
		}
	}
	for _, r := range p.mounts {
		out = append(out, x.mounted(r)...)
	}
	for _, rule := range p.Others {
		out = append(out, x.others(rule)...)
	}
	return out
}

// byPath finds what a file rule lets through.
func (x *Explainer) byPath(r pathRule) []synth.Grant {
	var out []synth.Grant
	for _, g := range x.profile.Execs {
		if r.perms&(permExec|permMap) != 0 && matches(r.name, g.Name(), nil) {
			out = append(out, g.Grant())
		}
	}
	for _, g := range x.profile.Files {
		asked := needs(g.Access)
		if g.Access&trace.AccessLock != 0 { // of all others, no fact asks for more
			for _, f := range g.Facts {
				asked = flockAsks(asked, f.Syscall)
			}
		}
		if asked&r.perms != 0 && (!r.owner || g.Owned) && matches(r.name, g.Name(), g.Covers) {
			out = append(out, g.Grant())
		}
	}
	for _, g := range x.profile.Sockets {
		name := g.Pattern
		if name == nil && g.Path != "" {
			name = synth.Literal(g.Path)
		}
		if name != nil && r.perms&permWrite != 0 && matches(r.name, name, nil) {
			out = append(out, g.Grant())
		}
	}
	return out
}

// matches says whether an expression takes in a set of paths, as far as names of
// it are known; of a folded set also when it is written as that expression.
func matches(m *matcher, name synth.Pattern, covers []trace.Path) bool {
	if name.IsLiteral() && len(name) > 0 {
		covers = []trace.Path{name[0].Text}
	}
	if slices.ContainsFunc(covers, func(p trace.Path) bool { return m.match(string(p)) || m.match(string(p)+"/") }) {
		return true
	}
	return slices.ContainsFunc(name.Samples(), func(s trace.Path) bool { return m.match(string(s)) || m.match(string(s)+"/") })
}

// mounted finds what was mounted on, or taken away from, where a rule allows it;
// for a rule that allows it anywhere, the calls.
func (x *Explainer) mounted(r mountRule) []synth.Grant {
	if r.at == nil {
		return x.others(r.does)
	}
	access := trace.AccessMount
	if r.does == "umount" {
		access = trace.AccessUnmount
	}
	var out []synth.Grant
	for _, g := range x.profile.Files {
		if g.Access&access != 0 && matches(r.at, g.Name(), g.Covers) {
			out = append(out, g.Grant())
		}
	}
	return out
}

// others finds what a rule is about that is neither of files nor of sockets.
// Being signalled or traced is nothing that the worker does.
func (x *Explainer) others(rule string) []synth.Grant {
	kind, _, _ := strings.Cut(rule, " ")
	if strings.Contains(rule, "(receive)") || strings.Contains(rule, "(readby, tracedby)") {
		return nil
	}
	own := strings.Contains(rule, "peer=@{profile_name}") || strings.HasSuffix(rule, "peer="+x.peers)
	calls := map[string][]string{
		"mount":   mountCalls,
		"remount": {"mount", "mount_setattr"}, "umount": umountCalls, "pivot_root": {"pivot_root"},
		"mqueue": {"mq_open", "mq_unlink"}, "io_uring": {"io_uring_setup"},
	}[kind]
	if own {
		calls = map[string][]string{"signal": signalCalls, "ptrace": slices.Concat(traceCalls, readCalls)}[kind]
	}
	var out []synth.Grant
	for _, s := range x.profile.Syscalls {
		if slices.Contains(calls, s.Name) && len(s.Facts) > 0 {
			out = append(out, s.Grant())
		}
	}
	for _, a := range x.profile.Arguments {
		of := kind == "signal" && a.Name == trace.ArgSignal || kind == "ptrace" && a.Name == trace.ArgPtrace
		if of && stays(a.Target) == own {
			out = append(out, a.Grant())
		}
	}
	for _, s := range x.profile.Sockets {
		if kind == "dbus" && s.Path == "/run/dbus/system_bus_socket" {
			out = append(out, s.Grant())
		}
	}
	return out
}
