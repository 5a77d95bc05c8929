package synth

import "fmt"

// Line is one line of a profile, a unit or another written form.
type Line struct {
	File   string `json:"file,omitempty"`
	Number int    `json:"line,omitempty"` // counted from 1; 0 when it is in no file
	Text   string `json:"text"`           // without comment and indentation
}

// String is the place and the text.
func (l Line) String() string {
	switch {
	case l.File != "" && l.Number > 0:
		return fmt.Sprintf("%s:%d: %s", l.File, l.Number, l.Text)
	case l.File != "":
		return l.File + ": " + l.Text
	}
	return l.Text
}

// Unjudged is a line whose effect an evaluator does not know, so that nothing
// is said of what it allows or denies.
type Unjudged struct {
	Line
	Why string `json:"why"`
}

// Explanation is why a line stands in a profile, or why a directive does not.
type Explanation struct {
	Format string `json:"format"` // "systemd", "apparmor"
	Line
	Means  string  `json:"means,omitempty"` // what the line does, in words
	Grants []Grant `json:"grants"`          // what it lets through, with the facts behind each
	Rules  []Rule  `json:"rules"`           // what else it stands on
}

// Explained says whether anything was found behind the line.
func (e Explanation) Explained() bool { return len(e.Grants)+len(e.Rules) > 0 }

// RulesNamed looks rules up by name in several lists; unknown names are left
// out, and so are repetitions.
func RulesNamed(names []string, lists ...[]Rule) []Rule {
	out := []Rule{}
	for _, name := range sortedSet(names) {
	next:
		for _, list := range lists {
			for _, r := range list {
				if r.Name == name {
					out = append(out, r)
					break next
				}
			}
		}
	}
	return out
}
