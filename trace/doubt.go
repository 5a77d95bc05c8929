package trace

import (
	"fmt"
	"slices"
	"strings"
)

// cleanSignals end a service without a failure (systemd.service(5)); so does an
// exit status of 128 and one of them, which shells and many daemons give.
var cleanSignals = map[string]int{"SIGHUP": 1, "SIGINT": 2, "SIGPIPE": 13, "SIGTERM": 15}

// Failed lists, as holes, the runs whose worker ended in a failure: what it would
// have done afterwards, its shutdown at least, was not seen.
func (t *Trace) Failed() []Hole {
	var holes []Hole
	for _, r := range t.Runs {
		if r.End == nil {
			continue // HoleTruncated says so
		}
		how := ""
		switch e := r.End; {
		case e.Signal != "" && cleanSignals[e.Signal] == 0:
			how = "was ended by " + e.Signal
		case e.Signal == "" && e.Exit > 0 && !slices.Contains([]int{129, 130, 141, 143}, e.Exit):
			how = fmt.Sprintf("ended with exit status %d", e.Exit)
		default:
			continue
		}
		holes = append(holes, Hole{Kind: HoleFailed, Detail: fmt.Sprintf("the worker of run %s %s: what it does when all is well was not seen to the end", r.Run, how)})
	}
	return holes
}

// Mixed says, as a hole, that runs of several architectures were merged: their
// system calls and libraries differ, and a profile of all fits none of them.
func (t *Trace) Mixed() []Hole {
	var archs []string
	for _, r := range t.Runs {
		archs = append(archs, r.Arch)
	}
	slices.Sort(archs)
	if archs = slices.Compact(archs); len(archs) < 2 {
		return nil
	}
	return []Hole{{Kind: HoleMixed, Detail: "runs of different architectures (" + strings.Join(archs, ", ") +
		") were merged: system calls and libraries of all are allowed, and each lacks some; make a profile for each"}}
}

// Empty says whether there is not a single fact.
func (t *Trace) Empty() bool {
	return len(t.Syscalls)+len(t.Execs)+len(t.Files)+len(t.Capabilities)+len(t.Sockets)+len(t.Arguments) == 0
}
