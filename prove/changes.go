package prove

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/prove/unit"
	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/osapi-io/osapi-profile/trace/record/plan"
)

// Changes says what a run will change on this machine, a line each.
func (o Options) Changes() []string {
	var out []string
	if o.Command == nil {
		out = append(out, fmt.Sprintf("%s is stopped, run with a drop-in below %s, and started again if it ran", o.Name, unit.Directory))
	} else {
		out = append(out, fmt.Sprintf("the unit %s is put below %s, and taken away afterwards", o.Name, unit.Directory))
	}
	if o.Profile.AppArmor != nil {
		out = append(out, "an AppArmor profile is loaded, and unloaded afterwards")
	}
	if o.Plan != nil {
		for _, op := range o.Plan.Operations {
			out = append(out, step(op))
		}
		if o.Plan.Reset != nil {
			out = append(out, step(*o.Plan.Reset)+", before and afterwards")
		} else {
			out = append(out, "the plan has no reset:, so what its commands and the worker change stays")
		}
	}
	return append(out, o.writes()...)
}

// step says what an operation does.
func step(o plan.Operation) string {
	switch {
	case o.Signal != 0:
		return fmt.Sprintf("operation %s sends the worker %s", o.Name, o.Signal)
	case o.Command != nil:
		return fmt.Sprintf("operation %s runs as root: %s", o.Name, synth.OneLine(strings.Join(o.Command, " ")))
	}
	return fmt.Sprintf("operation %s waits", o.Name)
}

// writes names the directories in which the worker changed something in training.
func (o Options) writes() []string {
	dirs := map[string]bool{}
	for _, f := range o.Training.Files {
		path := f.Path.String()
		if f.Access&trace.AccessModifies == 0 || !f.Succeeded() || f.Anon || !strings.HasPrefix(path, "/") ||
			strings.HasPrefix(path, "/proc/") || strings.HasPrefix(path, "/dev/") {
			continue
		}
		dirs[filepath.Dir(path)] = true
	}
	names := slices.Sorted(maps.Keys(dirs))
	if len(names) == 0 {
		return nil
	}
	more := ""
	if len(names) > shown {
		more, names = fmt.Sprintf(" and %d more", len(names)-shown), names[:shown]
	}
	return []string{"the worker writes, as in training, in " + synth.OneLine(strings.Join(names, " ")) + more}
}
