package prove

import (
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/trace"
)

// Refuses says whether the profile refuses a fact, by the evaluators of its formats.
// version is that of systemd, groups tell what its names with "@" stand for.
func (p Profile) Refuses(fact any, version int, groups systemd.Groups) (bool, error) {
	v, err := p.judge([]any{fact}, &trace.Trace{}, &trace.Trace{}, judging{version, groups})
	return len(v) > 0, err
}
