package acts

import (
	"fmt"
	"io"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
)

// What can become of an act.
const (
	Denied   = "denied"
	Possible = "possible"
	NotHere  = "not possible here" // without any profile neither, or there is nothing to do it to
	// NotEnforced is possible, although a line is to prevent it: this machine is known
	// not to have what the line needs.
	NotEnforced = "not enforced here"
)

// Tried is an act and what became of it.
type Tried struct {
	Act     string `json:"act"`
	Tries   string `json:"tries"`
	On      string `json:"on,omitempty"` // what it was done to
	Outcome string `json:"outcome"`
	Error   string `json:"error,omitempty"` // under the profile: "EPERM", "SIGSYS", …
	// By are the lines that deny it. With Only it is possible as soon as one of them
	// is taken away; else each of them alone is enough.
	By   []synth.Line `json:"by"`
	Only bool         `json:"only"`
	Why  string       `json:"why,omitempty"` // why it is possible, or not possible here
	// Explained says that it is possible because of something that the profile grants.
	Explained bool `json:"explained"`
}

// Report is what became of all acts.
type Report struct {
	Acts     []Tried  `json:"acts"`
	Systemd  int      `json:"systemd"`
	NotTried []string `json:"not_tried"` // lines that could not be taken away, or tried alone, and why
	// NotInForce are lines that this machine does not enforce, and why.
	NotInForce []string `json:"not_in_force"`
	Quick      bool     `json:"quick,omitempty"` // it was not asked which line denies an act
	OK         bool     `json:"ok"`              // none is possible but for what the profile grants
}

// denial is what denies an act, in words; "" where that was not asked.
func (r *Report) denial(t Tried) string {
	if r.Quick {
		return ""
	}
	return t.denial()
}

// denial is what denies it, in words.
func (t Tried) denial() string {
	var lines []string
	for _, l := range t.By {
		lines = append(lines, l.Text)
	}
	switch {
	case len(lines) == 0:
		return "by several lines together"
	case t.Only && len(lines) == 1:
		return "only by " + lines[0]
	case t.Only:
		return "only by " + strings.Join(lines, " and ") + " together"
	case len(lines) == 1:
		return "by " + lines[0] + ", and by others together"
	}
	return "by each of " + strings.Join(lines, ", ")
}

// WriteText writes the report for an operator.
func (r *Report) WriteText(w io.Writer) error {
	b := &strings.Builder{}
	for _, t := range r.Acts {
		fmt.Fprintf(b, "%-22s %s", t.Act, t.Outcome)
		switch {
		case t.Outcome == Denied:
			b.WriteString(strings.TrimSuffix(fmt.Sprintf(" (%s) %s", t.Error, r.denial(t)), " "))
		case t.Outcome == Possible && t.Explained:
			fmt.Fprintf(b, ", granted: %s", synth.OneLine(t.Why))
		case t.Outcome == Possible:
			fmt.Fprintf(b, ", NOT GRANTED: %s", synth.OneLine(t.Why))
		default:
			fmt.Fprintf(b, ": %s", synth.OneLine(t.Why))
		}
		b.WriteString("\n")
	}
	for _, line := range r.NotTried {
		fmt.Fprintf(b, "not tried: %s\n", synth.OneLine(line))
	}
	for _, line := range r.NotInForce {
		fmt.Fprintf(b, "not in force: %s\n", synth.OneLine(line))
	}
	b.WriteString(r.Summary() + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// Summary is one sentence.
func (r *Report) Summary() string {
	n := map[string]int{}
	bad := 0
	for _, t := range r.Acts {
		n[t.Outcome]++
		if t.Outcome == Possible && !t.Explained {
			bad++
		}
	}
	out := fmt.Sprintf("%d acts: %d denied, %d possible by what the profile grants, %d possible although nothing grants it, %d not possible here",
		len(r.Acts), n[Denied], n[Possible]-bad, bad, n[NotHere])
	if n[NotEnforced] > 0 {
		out += fmt.Sprintf(", %d not enforced here", n[NotEnforced])
	}
	return out
}
