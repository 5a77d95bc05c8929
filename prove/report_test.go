package prove

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/trace"
)

// ran is a trace of a run whose operations went so: "NAME OUTCOME", or "NAME" for one
// that nobody judged.
func ran(operations ...string) *trace.Trace {
	run := trace.Run{}
	for _, o := range operations {
		name, outcome, _ := strings.Cut(o, " ")
		run.Operations = append(run.Operations, trace.Operation{Name: name, Outcome: outcome})
	}
	return &trace.Trace{Runs: []trace.Run{run}}
}

// TestOperationsOfAnotherRun is about what counts as having gone as in training.
func TestOperationsOfAnotherRun(t *testing.T) {
	training := ran("startup ok", "get ok", "put failed", "reload skipped", "shutdown ok")
	all := []string{"startup ok", "get ok", "put failed", "reload skipped", "shutdown ok"}
	for name, tc := range map[string]struct {
		training *trace.Trace
		now      []string
		planned  bool
		ok       bool
		notRun   int
	}{
		"all again":                  {training, all, true, true, 0},
		"one better":                 {training, []string{"startup ok", "get ok", "put ok", "reload skipped", "shutdown ok"}, true, true, 0},
		"one worse":                  {training, []string{"startup ok", "get failed", "put failed", "reload skipped", "shutdown ok"}, true, false, 0},
		"a shorter plan":             {training, []string{"startup ok", "get ok", "shutdown ok"}, true, true, 1},
		"another plan":               {training, []string{"startup ok", "list ok", "shutdown ok"}, true, true, 2},
		"another plan that fails":    {training, []string{"startup ok", "list failed", "shutdown ok"}, true, false, 2},
		"no plan":                    {training, nil, false, false, 2},
		"no plan, nor in training":   {ran(), nil, false, true, 0},
		"no plan, and marks by hand": {ran("get", "put"), nil, false, true, 0},
		"a life alone":               {ran("startup ok", "idle ok", "shutdown ok"), nil, false, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := Report{Operations: operations(tc.training, ran(tc.now...), tc.planned)}
			r.conclude(tc.planned)
			require.Equal(t, tc.ok, r.OK, "%+v", r.Operations)
			require.Equal(t, tc.notRun, r.NotRun(), "%+v", r.Operations)
		})
	}
}

func TestWhatWasNotSeenIsTold(t *testing.T) {
	r := Report{Worker: "/w", Proven: []string{"systemd"}, Operations: operations(ran("startup ok", "get ok"), ran("startup ok"), true)}
	r.conclude(true)
	r.Holes = []trace.Hole{{Kind: trace.HoleLost, Detail: "5 events"}}
	var text strings.Builder
	require.NoError(t, r.WriteText(&text))
	require.Equal(t, `operation get: not run, and in training ok
hole in what was watched: lost: 5 events
1 of 2 operations went as in training
/w ran under systemd, and nothing was denied that training was not, as far as was watched (holes: 1); not run of training's operations: 1
`, text.String())
}
