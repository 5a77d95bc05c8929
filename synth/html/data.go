package html

import (
	"fmt"
	"slices"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/apparmor"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/trace"
)

// data is what the page's scripts look things up in. Names that recur are
// numbers into lists, since evidence is most of the page.
type data struct {
	Programs   []string                `json:"programs"`
	Operations []string                `json:"operations"`
	Calls      []string                `json:"calls"`
	Outcomes   []string                `json:"outcomes"`
	Rules      map[string][2]string    `json:"rules"` // what a rule grants, and why
	Needs      []need                  `json:"needs"`
	Lines      map[string]map[int]line `json:"lines"` // of each text, by number

	programs, operations, calls, outcomes *words
	known                                 map[string]int // needs, by what they are
}

// need is a grant, or what keeps a directive from being written.
type need struct {
	Kind  string   `json:"k"` // of the kinds of the page, or "" for what cannot be searched for
	Label string   `json:"l,omitempty"`
	Name  string   `json:"n"`
	What  string   `json:"w,omitempty"`
	No    string   `json:"no,omitempty"` // why it is not granted
	Rules []string `json:"r,omitempty"`
	// Facts holds seven numbers a fact: program, operation, call, outcome, count,
	// first and last minus first, in milliseconds.
	Facts []int64 `json:"f,omitempty"`
	// In which operations and by which programs a file is changed and only read.
	ChangedIn []int `json:"ci,omitempty"`
	ReadIn    []int `json:"ri,omitempty"`
	ChangedBy []int `json:"cb,omitempty"`
	ReadBy    []int `json:"rb,omitempty"`
}

// line is why a line stands in a text.
type line struct {
	Means string   `json:"m,omitempty"`
	Needs []int    `json:"g,omitempty"`
	Rules []string `json:"r,omitempty"`
}

// kind is a group of needs, as the page sorts them.
type kind struct{ ID, Title string }

// kinds are in the order of what a reader asks for first.
func kinds() []kind {
	return []kind{
		{"capability", "Capabilities"},
		{"exec", "Programs and libraries"},
		{"change", "Files changed"},
		{"read", "Files only read"},
		{"socket", "Sockets"},
		{"syscall", "System calls"},
		{"argument", "Decisive arguments"},
		{"absent", "Looked for in vain"},
	}
}

func newData(p *synth.Profile) *data {
	d := &data{
		Rules: map[string][2]string{}, Needs: []need{}, Lines: map[string]map[int]line{},
		programs: newWords(), operations: newWords(), calls: newWords(), outcomes: newWords(), known: map[string]int{},
	}
	d.operations.index("")
	for _, o := range p.Operations {
		d.operations.index(shown(o.Name))
	}
	for _, c := range p.Capabilities {
		n := d.need(c.Grant())
		if c.Need != synth.Required {
			d.Needs[n].No = shown(c.Reason)
		}
	}
	for _, g := range p.Grants() {
		if g.Kind != "file" {
			d.need(g)
		}
	}
	by := changes(p)
	for _, g := range p.Files {
		d.file(g, by)
	}
	for _, a := range p.Absent {
		n := d.need(a.Grant())
		d.Needs[n].No = "it was looked for and was not there"
	}
	d.settle()
	return d
}

// settle takes over the lists that grew.
func (d *data) settle() {
	d.Programs, d.Operations, d.Calls, d.Outcomes = d.programs.list, d.operations.list, d.calls.list, d.outcomes.list
}

// need adds a grant once and gives its number. Conflicts of directives may be
// worded alike and stand on other facts.
func (d *data) need(g synth.Grant) int {
	n := need{Kind: g.Kind, Name: shown(g.Name), What: shown(g.What), Facts: d.facts(g.Facts)}
	switch g.Kind {
	case "file":
		n.Kind = "read"
	case "capability", "exec", "socket", "syscall", "argument", "absent":
	default:
		n.Kind, n.Label = "", shown(g.Kind)
	}
	key := fmt.Sprintf("%s\x00%s\x00%s", g.Kind, g.Name, g.What)
	if n.Kind == "" {
		key += fmt.Sprint(n.Facts)
	}
	i, ok := d.known[key]
	if !ok {
		i = len(d.Needs)
		d.known[key] = i
		d.Needs = append(d.Needs, n)
	} else { // told alike, such as the protocols of a socket
		d.Needs[i].Facts = joined(d.Needs[i].Facts, n.Facts)
	}
	d.Needs[i].Rules = d.rules(d.Needs[i].Rules, g.Rules)
	return i
}

// joined adds facts that are not there yet.
func joined(have, more []int64) []int64 {
	const size = 7
	if slices.Equal(have, more) {
		return have
	}
	seen := map[[size]int64]bool{}
	for i := 0; i+size <= len(have); i += size {
		seen[[size]int64(have[i:i+size])] = true
	}
	for i := 0; i+size <= len(more); i += size {
		if !seen[[size]int64(more[i:i+size])] {
			have = append(have, more[i:i+size]...)
		}
	}
	return have
}

func (d *data) file(g synth.FileGrant, by map[string]usedBy) {
	n := &d.Needs[d.need(g.Grant())]
	if g.Access&trace.AccessModifies != 0 {
		n.Kind = "change"
	}
	for _, u := range g.Uses {
		op := d.operations.index(shown(u.Operation))
		if u.Access&trace.AccessModifies != 0 {
			n.ChangedIn = append(n.ChangedIn, op)
		}
		if u.Access&^trace.AccessModifies != 0 {
			n.ReadIn = append(n.ReadIn, op)
		}
	}
	used := by[fileKey(g)]
	for _, name := range used.changed {
		n.ChangedBy = append(n.ChangedBy, d.programs.index(programName(name)))
	}
	for _, name := range used.read {
		n.ReadBy = append(n.ReadBy, d.programs.index(programName(name)))
	}
}

func (d *data) facts(refs []synth.FactRef) []int64 {
	var out []int64
	for _, f := range refs {
		out = append(out, int64(d.programs.index(programName(f.Subject))), int64(d.operations.index(shown(f.Operation))),
			int64(d.calls.index(shown(f.Syscall))), int64(d.outcomes.index(shown(f.Outcome))), int64(f.Count), f.First, f.Last-f.First)
	}
	return out
}

// rules adds names that are not there yet, and what they mean.
func (d *data) rules(have, names []string) []string {
	for _, r := range synth.RulesNamed(names, synth.Rules(), systemd.Rules(), apparmor.Rules()) {
		have = d.rule(have, r)
	}
	return have
}

func (d *data) rule(have []string, r synth.Rule) []string {
	d.Rules[r.Name] = [2]string{r.Grants, r.Why}
	if slices.Contains(have, r.Name) {
		return have
	}
	return append(have, r.Name)
}

// usedBy is what programs do to a file.
type usedBy struct{ changed, read []trace.Path }

func fileKey(g synth.FileGrant) string {
	if g.Path != "" {
		return "=" + string(g.Path)
	}
	return g.Name().String()
}

// changes tells for each file which programs change it and which only read.
func changes(p *synth.Profile) map[string]usedBy {
	out := map[string]usedBy{}
	for _, program := range p.Programs {
		for _, g := range program.Needs.Files {
			u := out[fileKey(g)]
			if g.Access&trace.AccessModifies != 0 {
				u.changed = append(u.changed, program.Name)
			}
			if g.Access&^trace.AccessModifies != 0 {
				u.read = append(u.read, program.Name)
			}
			out[fileKey(g)] = u
		}
	}
	return out
}

// figure is one number of the overview.
type figure struct {
	kind
	Count string
	Some  bool
}

func figures(d *data) []figure {
	count := map[string]int{}
	for _, n := range d.Needs {
		if n.No == "" {
			count[n.Kind]++
		}
	}
	var out []figure
	for _, k := range kinds() {
		if k.ID != "absent" {
			out = append(out, figure{k, thousands(count[k.ID]), count[k.ID] > 0})
		}
	}
	return out
}
