package explain

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/written"
	"github.com/osapi-io/osapi-profile/trace"
)

// Answer is what is known of a path, a capability, a call or an address.
type Answer struct {
	What   string              `json:"what"`
	Facts  []synth.Fact        `json:"facts"`
	Grants []synth.Grant       `json:"grants"`
	Lines  []synth.Explanation `json:"lines"` // that it causes, with what it has to do with them
}

// Found says whether anything is known.
func (a Answer) Found() bool { return len(a.Facts)+len(a.Grants) > 0 }

// Fact looks up what a name stands for in a trace: a path and, where nothing is
// known of itself, what lies below it; a capability with or without CAP_; a
// system call; an address, with or without its port; a port; a family; an
// argument.
func (x *Explainer) Fact(t *trace.Trace, what string) (Answer, error) {
	a := Answer{What: what, Facts: []synth.Fact{}, Grants: []synth.Grant{}, Lines: []synth.Explanation{}}
	facts := synth.Facts(t.Confined())
	q := query(what)
	is := q.names
	if !slices.ContainsFunc(facts, func(f synth.Fact) bool { return is(f.Kind, string(f.Name)) }) {
		is = q.below
	}
	for _, f := range facts {
		if is(f.Kind, string(f.Name)) {
			a.Facts = append(a.Facts, f)
		}
	}
	known := map[string]bool{}
	add := func(g synth.Grant, of bool) {
		if of {
			a.Grants = append(a.Grants, g)
			known[g.Kind+" "+g.Name] = true
		}
	}
	p := x.profile
	for _, g := range p.Files {
		add(g.Grant(), q.pattern(g.Name(), is))
	}
	for _, g := range p.Execs {
		add(g.Grant(), q.pattern(g.Name(), is))
	}
	for _, g := range p.Grants() {
		if g.Kind != "file" && g.Kind != "exec" {
			add(g, is(g.Kind, g.Name) || q.names(g.Kind, g.Name))
		}
	}
	lines, err := x.Everything()
	for _, e := range lines {
		if !q.stands(e) {
			e.Grants = slices.DeleteFunc(e.Grants, func(g synth.Grant) bool { return !known[g.Kind+" "+g.Name] && !q.against(g, known) })
		}
		if len(e.Grants) > 0 {
			a.Lines = append(a.Lines, e)
		}
	}
	return a, err
}

// query is a name that somebody asks about.
type query string

func (q query) names(kind, name string) bool {
	switch kind {
	case "capability":
		return strings.EqualFold(name, string(q)) || strings.EqualFold(name, "CAP_"+string(q))
	case "socket":
		if ap, err := netip.ParseAddrPort(name); err == nil {
			return name == string(q) || ap.Addr().String() == string(q) || strconv.Itoa(int(ap.Port())) == strings.TrimPrefix(string(q), ":")
		}
	}
	return name == string(q) || trace.Path(name).String() == string(q)
}

// below says whether a path lies in the directory that is asked about.
func (q query) below(kind, name string) bool {
	dir := strings.TrimSuffix(string(q), "/")
	return (kind == "file" || kind == "exec" || kind == "socket") && strings.HasPrefix(dir, "/") && strings.HasPrefix(name, dir+"/")
}

// stands says whether a directive lists the path that is asked about: what lies in it may
// be why.
func (q query) stands(e synth.Explanation) bool {
	_, value, _ := strings.Cut(e.Text, "=")
	return e.Format == string(written.Systemd) && strings.HasPrefix(string(q), "/") &&
		slices.ContainsFunc(strings.Fields(value), func(word string) bool { return strings.TrimLeft(word, "+-") == string(q) })
}

// pattern says whether a set of paths has to do with what is asked about.
func (q query) pattern(p synth.Pattern, is func(kind, name string) bool) bool {
	if is("file", p.String()) || p.IsLiteral() && len(p) > 0 && is("file", string(p[0].Text)) {
		return true
	}
	return !p.IsLiteral() && p.Match(trace.Path(q))
}

// against says whether what keeps a directive from being written is about what is
// asked about: such reasons name it in quotes, or at their beginning.
func (q query) against(g synth.Grant, known map[string]bool) bool {
	if g.Kind != "against" && g.Kind != "keeps open" {
		return false
	}
	for k := range known {
		_, name, _ := strings.Cut(k, " ")
		if strings.Contains(g.Name, strconv.QuoteToASCII(name)) || strings.HasPrefix(g.Name, name+" ") {
			return true
		}
	}
	return false
}
