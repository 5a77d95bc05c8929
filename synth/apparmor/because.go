package apparmor

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
)

// namesShown is how many programs or operations a comment lists.
const namesShown = 3

// reason is why a rule stands in the profile: for its comment, and as a whole for
// who asks ([Lines]).
type reason struct {
	words    string
	evidence synth.Evidence
}

// because says in a few words which programs, in which operations, or which
// rules stand behind a grant.
func because(evidence ...synth.Evidence) reason {
	var all synth.Evidence
	for _, e := range evidence {
		all.Facts = append(all.Facts, e.Facts...)
		all.Rules = append(all.Rules, e.Rules...)
	}
	return reason{inWords(evidence), all}
}

// byRule is the reason of a rule that no fact stands behind.
func byRule(rules ...string) reason { return reason{ruleWords(rules...), synth.Evidence{Rules: rules}} }

func inWords(evidence []synth.Evidence) string {
	var programs, operations, rules []string
	for _, e := range evidence {
		for _, f := range e.Facts {
			if f.Subject != "" {
				programs = append(programs, path.Base(string(f.Subject)))
			}
			if f.Operation != "" {
				operations = append(operations, f.Operation)
			}
		}
		rules = append(rules, e.Rules...)
	}
	words := some(programs)
	if operations := some(operations); operations != "" {
		words = strings.TrimSpace(words + " [" + operations + "]")
	}
	if rules := ruleWords(rules...); rules != "" {
		words = strings.TrimPrefix(words+"; "+rules, "; ")
	}
	return words
}

// ruleWords names rules.
func ruleWords(rules ...string) string {
	rules = slices.Compact(slices.Sorted(slices.Values(rules)))
	switch len(rules) {
	case 0:
		return ""
	case 1:
		return "rule " + rules[0]
	}
	return "rules " + strings.Join(rules, ", ")
}

// some lists the first few of a set.
func some(names []string) string {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	if len(names) > namesShown {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:namesShown], ", "), len(names)-namesShown)
	}
	return strings.Join(names, ", ")
}
