package html

import (
	"slices"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// matrix says who needs which privilege: a row an operation or a program.
type matrix struct {
	ID      string // of the table
	Title   string
	Key     string // "in" or "by": what a row is in a search
	Head    string
	Columns []column
	Rows    []row
}

type column struct {
	Kind  string
	Query string // what to look for; "" for all of the kind
	Title string
	Deep  bool // the title is long and stands upright
}

type row struct {
	Name  string // as a search has it
	Title string
	Note  string
	Cells []cell
}

// cell is how many needs there are. For a single privilege it is 1, shown as a mark.
type cell struct {
	Count  int
	Kind   string
	Query  string
	Single bool
	Title  string
}

func matrices(p *synth.Profile) []matrix {
	var out []matrix
	if len(p.Operations) > 0 {
		m := matrix{ID: "by-operation", Title: "By operation", Key: "in", Head: "Operation", Columns: columns(p)}
		for _, o := range p.Operations {
			r := row{Name: shown(o.Name), Title: shown(o.Name), Note: outcome(o)}
			m.Rows = append(m.Rows, m.fill(r, inOperation(p, o.Name)))
		}
		out = append(out, m)
	}
	m := matrix{ID: "by-program", Title: "By program", Key: "by", Head: "Program", Columns: columns(p)}
	for _, program := range p.Programs {
		r := row{Name: programName(program.Name), Title: base(program.Name)}
		m.Rows = append(m.Rows, m.fill(r, ofProgram(p, program)))
	}
	return append(out, m)
}

// outcome says how an operation went where it did not go well.
func outcome(o synth.Operation) string {
	switch {
	case o.Ran == 0 && o.Detail != "":
		return "did not run"
	case o.Failed > 0:
		return "failed"
	}
	return ""
}

// columns are the capabilities one by one, then kinds of needs.
func columns(p *synth.Profile) []column {
	var out []column
	for _, c := range p.Capabilities {
		if c.Need == synth.Required {
			out = append(out, column{Kind: "capability", Query: shown(c.Name), Title: shown(c.Name), Deep: true})
		}
	}
	for _, c := range []struct{ kind, title string }{
		{"exec", "Executes"}, {"change", "Changes"}, {"read", "Reads"}, {"socket", "Sockets"}, {"syscall", "Calls"}, {"argument", "Arguments"},
	} {
		out = append(out, column{Kind: c.kind, Title: c.title})
	}
	return out
}

// fill counts for each column what a set of needs has.
func (m matrix) fill(r row, count func(column) int) row {
	for _, c := range m.Columns {
		title := c.Title
		if c.Query != "" {
			title = c.Query
		}
		r.Cells = append(r.Cells, cell{Count: count(c), Kind: c.Kind, Query: c.Query, Single: c.Query != "", Title: title})
	}
	return r
}

// inOperation counts by the facts behind grants, and files by what was done to
// them in the operation.
func inOperation(p *synth.Profile, operation string) func(column) int {
	in := func(e synth.Evidence) bool {
		return slices.ContainsFunc(e.Facts, func(f synth.FactRef) bool { return f.Operation == operation })
	}
	return func(c column) int {
		if c.Kind == "change" || c.Kind == "read" {
			return countFiles(p.Files, c.Kind, func(g synth.FileGrant) trace.Access {
				if i := slices.IndexFunc(g.Uses, func(u synth.Use) bool { return u.Operation == operation }); i >= 0 {
					return g.Uses[i].Access
				}
				return 0
			})
		}
		return countGrants(p, c, in)
	}
}

func ofProgram(p *synth.Profile, program *synth.Program) func(column) int {
	by := func(e synth.Evidence) bool {
		return slices.ContainsFunc(e.Facts, func(f synth.FactRef) bool { return f.Subject == program.Name })
	}
	return func(c column) int {
		if c.Kind == "change" || c.Kind == "read" {
			return countFiles(program.Needs.Files, c.Kind, func(g synth.FileGrant) trace.Access { return g.Access })
		}
		return countGrants(p, c, by)
	}
}

func countFiles(files []synth.FileGrant, kind string, access func(synth.FileGrant) trace.Access) int {
	n := 0
	for _, g := range files {
		a := access(g)
		if kind == "change" && a&trace.AccessModifies != 0 || kind == "read" && a&^trace.AccessModifies != 0 {
			n++
		}
	}
	return n
}

// countGrants counts grants as the page tells them apart.
func countGrants(p *synth.Profile, c column, is func(synth.Evidence) bool) int {
	seen := map[string]bool{}
	for _, g := range p.Grants() {
		if g.Kind == c.Kind && (c.Query == "" || shown(g.Name) == c.Query) && is(g.Evidence) {
			seen[g.Name+"\x00"+g.What] = true
		}
	}
	return len(seen)
}
