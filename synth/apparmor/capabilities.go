package apparmor

import (
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
)

// capabilities grants those that are required, and those that were used in a
// user namespace of the worker's own: AppArmor asks for a capability in
// whichever namespace it is checked. One that another answers instead is granted
// too: AppArmor logs each no, whatever the kernel then does, and file rules decide
// over files all the same.
func (d document) capabilities() section {
	s := section{title: []string{"Capabilities"}}
	if !d.profile.Sees("capability") {
		s.add(byRule(ruleBlind), "capability")
		return s
	}
	evidence := map[string][]synth.Evidence{}
	for _, c := range d.profile.Capabilities {
		if c.Need == synth.Required || c.Instead != "" || c.UserNS {
			evidence[c.Name] = append(evidence[c.Name], c.Evidence)
		}
	}
	for _, name := range sortedKeys(evidence) {
		s.add(because(evidence[name]...), "capability %s", capabilityName(name))
	}
	return s
}

func capabilityName(name string) string { return strings.ToLower(strings.TrimPrefix(name, "CAP_")) }
