package seccomp

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
)

// called is a line of a filter that names a call and nothing else.
var called = regexp.MustCompile(`^\s*"([a-z][a-z0-9_]*)",?\s*$`)

// Lines are the lines of a filter's text that name a call. The text of each is
// the name.
func Lines(name string, text []byte) []synth.Line {
	var out []synth.Line
	for i, line := range strings.Split(string(text), "\n") {
		if m := called.FindStringSubmatch(line); m != nil {
			out = append(out, synth.Line{File: name, Number: i + 1, Text: m[1]})
		}
	}
	return out
}

// Rules are those that this format adds of its own.
func Rules() []synth.Rule {
	return []synth.Rule{{
		Name: "clone3-fallback", Grants: "nothing",
		Why: "a filter cannot see the flags of clone3; told that the kernel does not have it, every libc goes on with clone",
	}}
}

// Explain says what stands behind a call that a filter lets through.
func Explain(p *synth.Profile, line synth.Line) synth.Explanation {
	out := synth.Explanation{Format: "seccomp", Line: line, Grants: []synth.Grant{}, Rules: []synth.Rule{}}
	var rules []string
	for _, s := range p.Syscalls {
		if s.Name == line.Text {
			out.Grants = append(out.Grants, s.Grant())
			rules = append(rules, s.Rules...)
		}
	}
	for _, name := range containerRuntime() {
		if name == line.Text && len(out.Grants) == 0 {
			rules = append(rules, synth.RuleContainer)
		}
	}
	if line.Text == "clone3" && len(out.Grants) == 0 {
		rules = append(rules, "clone3-fallback")
	}
	out.Rules = synth.RulesNamed(rules, synth.Rules(), Rules())
	return out
}

// Conditions are, in words, the entries of a filter that an engine leaves out by
// conditions of its own, which the specification does not know.
func Conditions(text []byte) []string {
	var f struct {
		Syscalls []struct {
			Names              []string
			Includes, Excludes map[string]any
		}
	}
	if json.Unmarshal(text, &f) != nil {
		return nil
	}
	var out []string
	for _, e := range f.Syscalls {
		for _, c := range []struct {
			word string
			on   map[string]any
		}{{"includes", e.Includes}, {"excludes", e.Excludes}} {
			if len(c.on) > 0 {
				out = append(out, fmt.Sprintf("%s %v of %s", c.word, c.on, strings.Join(e.Names, ", ")))
			}
		}
	}
	return out
}
