package record

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

var report = flag.String("report", "", "write what came of the table of actions to this file, as JSON")

// outcome is what came of the table on one path of probes. test/kernels reads it.
type outcome struct {
	Path       string            `json:"path"`
	Passed     int               `json:"passed"`
	Failed     []string          `json:"failed"`
	Impossible map[string]string `json:"impossible"` // action → why this kernel or machine has no such thing
}

func (s *stage) outcome() outcome {
	o := outcome{Path: s.name, Failed: []string{}, Impossible: map[string]string{}}
	for _, name := range slices.Sorted(maps.Keys(table())) {
		if _, done := s.done[name]; !done {
			continue
		}
		switch ok, judged := s.verdict[name]; {
		case !judged:
			o.Impossible[name] = s.reasons[name]
		case !ok:
			o.Failed = append(o.Failed, name)
		default:
			o.Passed++
		}
	}
	return o
}

func (o outcome) String() string {
	impossible := slices.Sorted(maps.Keys(o.Impossible))
	return fmt.Sprintf("%s: %d actions, %d passed, %d failed %q, %d not possible here %q", o.Path, o.Passed+len(o.Failed)+len(impossible),
		o.Passed, len(o.Failed), o.Failed, len(impossible), impossible)
}

// tell logs what came of each path, and writes it where that was asked for.
func tell(t *testing.T, stages []*stage) {
	outcomes := []outcome{}
	for _, s := range stages {
		outcomes = append(outcomes, s.outcome())
		t.Log(s.outcome())
	}
	if *report == "" {
		return
	}
	text, err := json.MarshalIndent(outcomes, "", "\t")
	assert.NoError(t, errorsOf(err, os.WriteFile(*report, append(text, '\n'), 0o644)))
}

// listen takes in what actions said: that they failed, or why they are not possible.
func (r *performance) listen(t *testing.T, said string) {
	for line := range strings.Lines(said) {
		line = strings.TrimSpace(line)
		name, why, _ := strings.Cut(line, ": ")
		if status, done := r.status[name]; !done || status != notHere {
			t.Logf("%s: %s", r.name, line)
			continue
		}
		rest, _, missing := strings.Cut(why, "function not implemented")
		switch rest = strings.TrimSuffix(rest, ": "); {
		case !missing:
			r.reasons[name] = why
		case rest == "":
			r.reasons[name] = "no such call"
		default:
			r.reasons[name] = "no " + rest
		}
	}
}
