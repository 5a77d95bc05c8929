package prove

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// Report is what became of a worker under its profile.
type Report struct {
	Worker  trace.Path `json:"worker"`
	Unit    string     `json:"unit"`
	Systemd int        `json:"systemd"`
	Kernel  string     `json:"kernel"`

	Proven    []string `json:"proven"`     // what was in force: "systemd", "apparmor"
	NotProven []string `json:"not_proven"` // what was not, and why

	// NotTaken are lines that systemd ignored, or holds otherwise than they say.
	NotTaken []string `json:"not_taken"`
	// Broken is why the worker did not run to its end as it did in training, "" if it
	// did.
	Broken     string      `json:"broken,omitempty"`
	Operations []Operation `json:"operations"`
	Denials
	New   []synth.Fact `json:"new"` // what training never did, and was allowed
	Holes []trace.Hole `json:"holes"`
	OK    bool         `json:"ok"` // nothing was refused that training was not
}

// Operation is a step of the plan, now and in training: one of trace.OperationOK and
// its kin, "" where it was not run.
type Operation struct {
	Name    string `json:"name"`
	Trained string `json:"trained"`
	Now     string `json:"now"`
	Detail  string `json:"detail,omitempty"`
}

// AsTrained says whether it went as in training, or better.
func (o Operation) AsTrained() bool { return o.Trained == o.Now || o.Now == trace.OperationOK }

// operations compares how each step went. Of several runs of one in training, one
// that went well counts; of several now, one that did not. What training has and this
// run has not comes last, but for what nobody judged. Without a plan a run has no
// operations, and yet the worker starts, waits and ends.
func operations(training, seen *trace.Trace, planned bool) []Operation {
	out := []Operation{}
	at := map[string]int{}
	trained := map[string]string{}
	var names []string
	for _, r := range training.Runs {
		for _, o := range r.Operations {
			if trained[o.Name] != trace.OperationOK {
				trained[o.Name] = o.Outcome
			}
			names = append(names, o.Name)
		}
	}
	for _, r := range seen.Runs {
		for _, o := range r.Operations {
			i, known := at[o.Name]
			if !known {
				i = len(out)
				at[o.Name] = i
				out = append(out, Operation{Name: o.Name, Trained: trained[o.Name], Now: o.Outcome, Detail: o.Detail})
			} else if out[i].Now == trace.OperationOK {
				out[i].Now, out[i].Detail = o.Outcome, o.Detail
			}
		}
	}
	always := []string{trace.OperationStartup, trace.OperationIdle, trace.OperationShutdown}
	for _, name := range names {
		_, known := at[name]
		ran := trained[name] == trace.OperationOK || trained[name] == trace.OperationFailed
		if known || !ran || !planned && slices.Contains(always, name) {
			continue
		}
		at[name] = len(out)
		out = append(out, Operation{Name: name, Trained: trained[name]})
	}
	return out
}

// conclude says whether the profile is proven. Who names a plan chooses what is run,
// which may be other than in training; without one nothing of it was.
func (r *Report) conclude(planned bool) {
	r.OK = len(r.NotTaken) == 0 && r.Broken == "" && r.Denied() == 0
	for _, o := range r.Operations {
		r.OK = r.OK && (o.AsTrained() || o.Now == "" && planned)
	}
}

// NotRun counts the operations of training that this run did not have.
func (r *Report) NotRun() int {
	n := 0
	for _, o := range r.Operations {
		if o.Now == "" && !o.AsTrained() {
			n++
		}
	}
	return n
}

// shown is how much of a list that may be long is told.
const shown = 10

// WriteText writes the report for an operator.
func (r *Report) WriteText(w io.Writer) error {
	b := &strings.Builder{}
	for _, line := range r.NotTaken {
		fmt.Fprintf(b, "not taken by systemd: %s\n", synth.OneLine(line))
	}
	if r.Broken != "" {
		fmt.Fprintf(b, "broken: %s\n", strings.TrimSpace(r.Broken))
	}
	well := 0
	for _, o := range r.Operations {
		if o.AsTrained() {
			well++
			continue
		}
		fmt.Fprintf(b, "operation %s: %s, and in training %s", o.Name, cmp.Or(o.Now, "not run"), cmp.Or(o.Trained, "not run"))
		if o.Detail != "" {
			fmt.Fprintf(b, ": %s", synth.OneLine(o.Detail))
		}
		b.WriteString("\n")
	}
	writeDenials(b, "denied, and training did it", r.False)
	writeDenials(b, "denied, and training never did it", r.Untrained)
	writeDenials(b, "failed, and no line is known that refuses it", r.Unexplained)
	writeDenials(b, "withheld, a look into another process", r.Withheld)
	writeDenials(b, "denied without harm", r.Harmless)
	for i, f := range r.New {
		if i == shown {
			fmt.Fprintf(b, "new: and %d more\n", len(r.New)-shown)
			break
		}
		fmt.Fprintf(b, "new, and allowed: %s %s\n", f.Kind, synth.OneLine(strings.TrimSpace(f.Name.String()+" "+f.What)))
	}
	for _, h := range r.Holes {
		fmt.Fprintf(b, "hole in what was watched: %s: %s\n", h.Kind, synth.OneLine(h.Detail))
	}
	for _, line := range r.NotProven {
		fmt.Fprintf(b, "not proven: %s\n", synth.OneLine(line))
	}
	if len(r.Operations) > 0 {
		fmt.Fprintf(b, "%d of %d operations went as in training\n", well, len(r.Operations))
	}
	b.WriteString(r.Summary() + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// writeDenials writes each with what refused it and what would allow it.
func writeDenials(b *strings.Builder, head string, list []Denial) {
	for _, d := range list {
		fmt.Fprintf(b, "%s: %s %s", head, d.Kind, synth.OneLine(d.Name.String()))
		if d.What != "" {
			fmt.Fprintf(b, ": %s", synth.OneLine(d.What))
		}
		fmt.Fprintf(b, " = %s\n", d.Outcome)
		for i, f := range d.Facts {
			if i == 3 {
				fmt.Fprintf(b, "  and %d more\n", len(d.Facts)-i)
				break
			}
			fmt.Fprintf(b, "  %s\n", f)
		}
		for _, by := range d.By {
			fmt.Fprintf(b, "  by %s\n", synth.OneLine(by))
		}
		for _, line := range d.Allow {
			fmt.Fprintf(b, "  allowed by %s\n", synth.OneLine(line))
		}
		for _, line := range d.Log {
			fmt.Fprintf(b, "  logged: %s\n", synth.OneLine(line))
		}
	}
}

// Denied counts what training was not denied.
func (r *Report) Denied() int { return len(r.False) + len(r.Untrained) + len(r.Unexplained) }

// Summary is one sentence.
func (r *Report) Summary() string {
	under := "under " + strings.Join(r.Proven, " and ")
	if len(r.Proven) == 0 {
		under = "without any profile in force"
	}
	var text string
	switch n := r.Denied(); {
	case r.OK:
		text = fmt.Sprintf("%s ran %s, and nothing was denied that training was not", r.Worker, under)
	case n == 0:
		text = fmt.Sprintf("%s did not run as in training %s", r.Worker, under)
	default:
		text = fmt.Sprintf("%s ran %s, and was denied %d of what it asked for", r.Worker, under, n)
	}
	if n := len(r.Holes); n > 0 {
		text += fmt.Sprintf(", as far as was watched (holes: %d)", n)
	}
	if n := r.NotRun(); n > 0 {
		text += fmt.Sprintf("; not run of training's operations: %d", n)
	}
	return text
}
