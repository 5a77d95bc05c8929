package markdown

import (
	"fmt"
	gopath "path"
	"slices"
	"strconv"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// needs is what each operation asks for that idling does not: facts that recur
// in idle stand there alone.
func needs(p *synth.Profile) *table {
	t := &table{head: []string{"Operation", "Capabilities", "Executes", "Changes", "Reads", "Sockets", "Decisive arguments"}}
	for _, o := range p.Operations {
		t.add(code(o.Name), known(p, "capability", all(capabilitiesOf(p, o.Name))), known(p, "exec", all(programsOf(p, o.Name))),
			known(p, "file", several(filesOf(p, o.Name, trace.AccessModifies))),
			known(p, "file", several(filesOf(p, o.Name, trace.AccessRead))),
			known(p, "socket", several(socketsOf(p, o.Name))), known(p, "argument", several(argumentsOf(p, o.Name))))
	}
	return t
}

// known is the cell, unless not every run had a probe for what would be in it.
func known(p *synth.Profile, fact, cell string) string {
	if p.Sees(fact) {
		return cell
	}
	return "unknown"
}

// in says whether a fact behind a grant is of an operation.
func in(e synth.Evidence, operation string) bool {
	return slices.ContainsFunc(e.Facts, func(f synth.FactRef) bool { return f.Operation == operation })
}

func capabilitiesOf(p *synth.Profile, operation string) (cells []string) {
	for _, c := range p.Capabilities {
		if c.Need == synth.Required && in(c.Evidence, operation) {
			cells = append(cells, code(c.Name))
		}
	}
	return cells
}

func programsOf(p *synth.Profile, operation string) (cells []string) {
	for _, e := range p.Execs {
		if (e.Kind == synth.KindProgram || e.Kind == synth.KindScript) && in(e.Evidence, operation) {
			if e.Path != "" {
				cells = append(cells, code(gopath.Base(string(e.Path))))
			} else {
				cells = append(cells, name(e.Name()))
			}
		}
	}
	return cells
}

func filesOf(p *synth.Profile, operation string, access trace.Access) (cells []string) {
	for _, f := range p.Files {
		if slices.ContainsFunc(f.Uses, func(u synth.Use) bool { return u.Operation == operation && u.Access&access != 0 }) {
			cells = append(cells, name(f.Name()))
		}
	}
	return cells
}

// socketsOf lists what is talked to; where nothing is, what is made.
func socketsOf(p *synth.Profile, operation string) (cells []string) {
	for _, s := range p.Sockets {
		if !in(s.Evidence, operation) {
			continue
		}
		cell := code(s.Family)
		if to := address(s); to != "" {
			cell += " " + plainWords(s.Action) + " " + to
		} else if s.Type != "" {
			cell += " " + code(s.Type)
		}
		cells = append(cells, cell)
	}
	return cells
}

func argumentsOf(p *synth.Profile, operation string) (cells []string) {
	for _, a := range p.Arguments {
		if in(a.Evidence, operation) {
			cells = append(cells, code(a.Syscall)+" "+code(a.Value))
		}
	}
	return cells
}

// ran tells how the operations went and what they used.
func ran(p *synth.Profile) *table {
	t := &table{head: []string{"Operation", "Ran", "Failed", "Why", "As a user", "Memory", "CPU time", "CPUs", "Tasks", "Descriptors"}}
	for _, o := range p.Operations {
		r := o.Resources
		failed, cpuTime, cpus := "", "", ""
		if o.Failed > 0 {
			failed = strconv.Itoa(o.Failed)
		}
		if r.CPUTime > 0 {
			cpuTime = fmt.Sprintf("%.2f s", r.CPUTime)
		}
		if r.CPUPeak > 0 {
			cpus = fmt.Sprintf("%.2f", r.CPUPeak)
		}
		t.add(code(o.Name), strconv.Itoa(o.Ran), failed, plainWords(o.Detail), elsewhere(o.Elsewhere), mebibytes(r.MemoryPeak), cpuTime, cpus,
			counts(r.TasksPeak), counts(r.FilesPeak))
	}
	return t
}

// elsewhere says that no capability makes an operation work for a user.
func elsewhere(e *synth.Elsewhere) string {
	if e == nil {
		return ""
	}
	var users, asked []string
	for _, u := range e.Users {
		users = append(users, code(u))
	}
	for _, a := range e.Asked {
		asked = append(asked, code(string(a)))
	}
	text := "fails as " + strings.Join(users, ", ") + ", and no capability helps"
	if len(asked) > 0 {
		text += ": it asks by way of " + strings.Join(asked, ", ")
	}
	return text
}

func mebibytes(n uint64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}

func counts(n uint64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}

// all joins the cells of a set, each once.
func all(cells []string) string {
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(cells))), ", ")
}

const severalShown = 6

// several is all, but says only how many there are beyond the first few.
func several(cells []string) string {
	cells = slices.Compact(slices.Sorted(slices.Values(cells)))
	if more := len(cells) - severalShown; more > 0 {
		return strings.Join(cells[:severalShown], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(cells, ", ")
}
