package systemd

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// Explainer says what stands behind the lines of a unit or drop-in.
type Explainer struct {
	d    *draft
	rows map[string]row
}

// NewExplainer explains by what p needs, and by what would be written for it.
func NewExplainer(p *synth.Profile, opt Options) (*Explainer, error) {
	opt.ReadAllowlist = true // what would be written for it is explained in any text
	d, err := newDraft(p, opt, true)
	if err != nil {
		return nil, err
	}
	x := &Explainer{d, map[string]row{}}
	for _, r := range table() {
		x.rows[r.name] = r
	}
	return x, nil
}

// Rules stand behind lines that let nothing through.
func Rules() []synth.Rule {
	return []synth.Rule{
		{Name: "not-contradicted", Grants: "nothing", Why: "no recorded fact needs what the directive takes away"},
		{Name: "reset", Grants: "nothing", Why: "what the unit itself or an earlier drop-in says in this list is dropped"},
		{Name: "newer-systemd", Grants: "nothing", Why: "the systemd that the text is for does not know the directive"},
		{Name: "way-out", Grants: "nothing", Why: "root obeys what is there, or it is a secret, and no recorded fact touches it"},
		{Name: "write-or-execute", Grants: "nothing", Why: "what is not a program that was seen is not to be executed; writable places are mounts of their own"},
		{Name: "read-only-program", Grants: "reading and executing", Why: "the mounts that ExecPaths= makes would be writable"},
		{Name: "emptied", Grants: "nothing", Why: "no recorded fact needs more of it than what is brought back"},
		{Name: "beside-what-is-read", Grants: "reading what has the same first name in the directory", Why: "it belongs to one package or service, which has links in it and replaces files"},
		{Name: "link-of-the-system", Grants: "reading", Why: "the name is a link on some hosts, and a trace has only what it leads to"},
		{Name: "unknown-peers", Grants: "nothing", Why: "who else reaches the worker's files is not in a trace"},
		{Name: "unit-frame", Grants: "nothing", Why: "every service has it; what the operator asked for or the recorded worker is written there"},
		{Name: "journal-socket", Grants: "UNIX sockets", Why: "libc and systemd reach the journal and the service manager by them"},
		{Name: "native-calls", Grants: "system calls of the worker's own ABI", Why: "every program makes them"},
		{Name: "refusal", Grants: "nothing", Why: "it says how a refused call is answered"},
		{Name: "measured", Grants: "what was used at the peak, with headroom", Why: "the recorder measured it"},
		{Name: "created-modes", Grants: "nothing", Why: "no file that the worker made had a permission for group or others"},
	}
}

// Explain says what stands behind one assignment: word by word for lists.
func (x *Explainer) Explain(a Assignment) synth.Explanation {
	out := synth.Explanation{Format: "systemd", Line: a.Line, Grants: []synth.Grant{}, Rules: []synth.Rule{}}
	r, known := x.rows[a.Name]
	if !known {
		if frame[a.Name] || a.Section == "Unit" || a.Section == "Install" {
			out.Rules = x.rules("unit-frame")
		}
		return out
	}
	out.Means = strings.TrimSpace(r.says)
	words, err := splitWords(a.Value)
	if err != nil {
		return out
	}
	if !namesThings(a.Name, words) || opensThings[a.Name] {
		out.Means = cmp.Or(out.Means, takes[a.Name])
	}
	var rules []string
	if a.Value == "" {
		rules = append(rules, "reset")
		if a.Name == "CapabilityBoundingSet" && len(x.d.Required()) == 0 {
			rules = append(rules, "not-contradicted")
		}
	}
	for _, w := range words {
		grants, more := x.word(a.Name, w)
		out.Grants = append(out.Grants, grants...)
		rules = append(rules, more...)
	}
	if slices.Contains(rules, "read-only-program") {
		out.Means = boundReadOnly
	}
	if !namesThings(a.Name, words) && len(rules) == 0 {
		out.Grants, rules = x.contradictions(r, a.Value)
	}
	out.Rules = x.rules(rules...)
	return out
}

// namesThings says whether each word of a value must have a reason of its own,
// so that one that has none is not explained by the absence of facts.
func namesThings(name string, words []string) bool {
	if name == "RestrictNamespaces" {
		return !slices.Equal(words, []string{"yes"})
	}
	return slices.Contains(lists, name) && name != "RestrictFileSystems" || pathLists[name] || opensThings[name]
}

// opensThings are the other lists in which each word opens something.
var opensThings = setOf([]string{
	"TemporaryFileSystem", "AmbientCapabilities", "SystemCallArchitectures", "SupplementaryGroups", "DeviceAllow", "SocketBindAllow", "IPAddressAllow",
})

// frame are the lines of a unit that are there in every one.
var frame = setOf([]string{
	"User", "Group", "Type", "ExecStart", "Restart", "AppArmorProfile",
	"StateDirectoryMode", "CacheDirectoryMode", "LogsDirectoryMode", "RuntimeDirectoryMode",
})

func (x *Explainer) rules(names ...string) []synth.Rule {
	return synth.RulesNamed(names, Rules(), synth.Rules())
}

// contradictions are the facts against a directive; none is a reason to write it.
func (x *Explainer) contradictions(r row, value string) ([]synth.Grant, []string) {
	switch r.name {
	case "SystemCallErrorNumber":
		return []synth.Grant{}, []string{"refusal"}
	case "MemoryHigh", "MemoryMax", "CPUQuota", "TasksMax", "LimitNOFILE":
		return []synth.Grant{}, []string{"measured"}
	case "UMask":
		return []synth.Grant{}, []string{"created-modes"}
	}
	grants := []synth.Grant{}
	add := func(kind string, conflicts []conflict) {
		for _, c := range conflicts {
			grants = append(grants, synth.Grant{Kind: kind, Name: c.what, Evidence: c.evidence})
		}
	}
	if r.name == "ProtectHome" && value != "" {
		// Of several strengths, one is right; the facts are against stronger ones.
		kind := "against"
		if value == x.d.plan.home {
			kind = "keeps open"
		}
		add(kind, x.d.plan.homeWhy)
	} else if r.against != nil {
		add("against", r.against(x.d))
	}
	if len(grants) == 0 && len(x.d.leftOut(r)) == 0 {
		return grants, []string{"not-contradicted"}
	}
	return grants, nil
}

// LeftOut explains why a directive is not written: the facts against it, in
// Means what else hinders. It has no text when the directive is written, or when
// there is none of the name.
func (x *Explainer) LeftOut(name string) synth.Explanation {
	out := synth.Explanation{Format: "systemd", Grants: []synth.Grant{}, Rules: []synth.Rule{}}
	if name == "DynamicUser" {
		return x.explainDynamicUser()
	}
	r, ok := x.rows[name]
	if !ok {
		return out
	}
	why := x.d.leftOut(r)
	if len(why) == 0 {
		return out
	}
	out.Text = name + "= left out"
	out.Means = fmt.Sprintf("not written: %s", strings.Join(why, "; "))
	if x.d.Version < r.since {
		out.Rules = synth.RulesNamed([]string{"newer-systemd"}, Rules())
	} else if grants, _ := x.contradictions(r, ""); len(grants) > 0 {
		out.Grants = grants
	}
	return out
}

// word is what one word of a list lets through, and the rules it stands on.
func (x *Explainer) word(name, w string) ([]synth.Grant, []string) {
	switch name {
	case "SystemCallFilter":
		return x.call(w)
	case "SystemCallLog":
		return x.call(strings.TrimPrefix(w, "~"))
	case "SocketBindAllow":
		return x.bound(w), nil
	case "IPAddressAllow":
		return x.reached(w), nil
	case "DeviceAllow":
		return x.devices(w), nil
	case "SupplementaryGroups":
		return x.byGroup(w), nil
	case "CapabilityBoundingSet", "AmbientCapabilities":
		return x.grantsOf(func(g synth.Grant) bool { return g.Kind == "capability" && g.Name == w }), nil
	case "SystemCallArchitectures":
		return x.architecture(w)
	case "RestrictAddressFamilies":
		grants := x.family(w)
		if w == "AF_UNIX" && len(grants) == 0 {
			return nil, []string{"journal-socket"}
		}
		return grants, nil
	case "RestrictNamespaces":
		return x.namespace(w), nil
	case "ReadWritePaths":
		return x.path(w, x.d.plan.write, x.written)
	case "ExecPaths":
		return x.path(w, x.d.plan.exec, x.executed)
	case "TemporaryFileSystem":
		return nil, []string{"emptied"}
	case "BindPaths":
		return x.path(w, x.d.plan.write, x.written)
	case "BindReadOnlyPaths":
		if grants, rules := x.reading(w); len(rules) > 0 {
			return grants, rules
		}
		grants, _ := x.path(w, nil, x.executed)
		return grants, []string{"read-only-program"}
	case "ReadOnlyPaths", "InaccessiblePaths":
		return nil, []string{"way-out"}
	case "NoExecPaths":
		return nil, []string{"write-or-execute"}
	}
	return nil, nil
}

func (x *Explainer) grantsOf(is func(synth.Grant) bool) []synth.Grant {
	var out []synth.Grant
	for _, g := range x.d.Grants() {
		if is(g) {
			out = append(out, g)
		}
	}
	return out
}

func (x *Explainer) call(name string) ([]synth.Grant, []string) {
	var rules []string
	for _, g := range callGroups() {
		if g.name == name {
			return x.grantsOf(func(s synth.Grant) bool { return s.Kind == "syscall" && slices.Contains(g.in(x.d.Version), s.Name) }), nil
		}
	}
	grants := x.grantsOf(func(g synth.Grant) bool { return g.Kind == "syscall" && g.Name == name })
	for _, g := range grants {
		rules = append(rules, g.Rules...)
	}
	if len(grants) == 0 && slices.Contains([]string{"capget", "capset", "prctl"}, name) {
		rules = append(rules, "refusal")
	}
	return grants, rules
}

func (x *Explainer) architecture(arch string) ([]synth.Grant, []string) {
	if arch == "native" {
		return nil, []string{"native-calls"}
	}
	abi := map[string]string{"x86": "i386", "x32": "x32"}[arch]
	return x.grantsOf(func(g synth.Grant) bool { return g.Kind == "syscall" && g.What == abi && abi != "" }), nil
}

func (x *Explainer) family(family string) []synth.Grant {
	var out []synth.Grant
	for _, s := range x.d.Sockets {
		if s.Family == family {
			out = append(out, s.Grant())
		}
	}
	return out
}

func (x *Explainer) namespace(kind string) []synth.Grant {
	var out []synth.Grant
	for _, a := range x.d.Arguments {
		if a.Name == trace.ArgNamespaces && slices.ContainsFunc(strings.Split(a.Value, "|"), func(flag string) bool {
			return namespaceTypes[flag] == kind
		}) {
			out = append(out, a.Grant())
		}
	}
	return out
}

// path is what a path of a list is needed for. The rules are those of the entry
// that would be written for it.
func (x *Explainer) path(w string, of entries, needs func(trace.Path) []synth.Grant) ([]synth.Grant, []string) {
	text, ok := machinePath(strings.TrimLeft(w, "-+"))
	if !ok {
		return nil, nil
	}
	p := trace.Path(text)
	grants := needs(p)
	e := of[p]
	if e == nil {
		return grants, nil
	}
	rules := slices.Clone(e.rules)
	for _, ev := range e.evidence {
		rules = append(rules, ev.Rules...)
	}
	return grants, rules
}

// written are the changes that a writable path is needed for.
func (x *Explainer) written(p trace.Path) []synth.Grant {
	var out []synth.Grant
	for _, g := range x.d.Files {
		entry := changesEntry(g.Access) && synth.Within(g.Name().Dir(), p)
		if g.Access&trace.AccessModifies != 0 && !special(g) && (entry || g.Name().MayLieIn(p)) {
			out = append(out, g.Grant())
		}
	}
	return out
}

// executed are the programs and libraries in a path.
func (x *Explainer) executed(p trace.Path) []synth.Grant {
	var out []synth.Grant
	for _, g := range x.d.Execs {
		if g.Name().MayLieIn(p) {
			out = append(out, g.Grant())
		}
	}
	return out
}
