package page

import (
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
)

// Weight is how much a profile grants.
type Weight struct {
	Syscalls     int // by name
	Capabilities int
	Writable     int // paths
}

// Weigh tells it of a profile and the unit or drop-in that was made of it.
func Weigh(p *synth.Profile, text string) Weight {
	names := map[string]bool{}
	for _, c := range p.Syscalls {
		names[c.Name] = true
	}
	w := Weight{Syscalls: len(names), Capabilities: len(p.Required())}
	for line := range strings.Lines(text) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), "ReadWritePaths="); ok && path != "" {
			w.Writable++
		}
	}
	return w
}
