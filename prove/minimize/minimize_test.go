package minimize

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/prove"
	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/tracegen"
	"github.com/osapi-io/osapi-profile/synth/written"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/osapi-io/osapi-profile/trace/record/plan"
)

const unit = `[Service]
ExecStart=/usr/bin/w
ProtectSystem=strict
CapabilityBoundingSet=
CapabilityBoundingSet=CAP_CHOWN CAP_KILL CAP_SYS_ADMIN CAP_SETUID
ReadWritePaths=-/srv/w -/srv/spare
NoExecPaths=/ -/srv/w -/srv/spare
ExecPaths=-/usr/bin -/usr/games
SystemCallFilter=read write mount setns
`

// world is a worker of which is known what it needs, and a machine that runs it.
type world struct {
	needs  map[string]string // entry → operation that fails without it; "" has the service not start
	flaky  map[string][]bool // operation, or "end" → whether it goes well, run after run; then it does
	runs   int
	texts  []string
	cancel func() // called when so many runs were made
	after  int
}

func (w *world) engine() engine { return engine{w.prove, w.try} }

func operations() []string { return []string{"startup", "set", "save", "shutdown"} }

func (w *world) outcome(profile prove.Profile) (failed map[string]string, unstarted bool) {
	w.runs++
	if w.runs == w.after {
		w.cancel()
	}
	for _, f := range append(profile.Unit, written.File{}) {
		w.texts = append(w.texts, string(f.Text))
		break
	}
	failed = map[string]string{}
	left, _ := grants(profile, synth.EntryKinds(), nil)
	for entry, operation := range w.needs {
		if !slices.ContainsFunc(left, func(g Grant) bool { return g.String() == entry }) {
			if operation == "" {
				return nil, true
			}
			failed[operation] = "exit status 1"
		}
	}
	for operation, well := range w.flaky {
		if len(well) > 0 {
			if !well[0] {
				failed[operation] = "it had a bad day"
			}
			w.flaky[operation] = well[1:]
		}
	}
	return failed, false
}

func (w *world) try(ctx context.Context, o prove.Options, enough func(trace.Operation) bool) (prove.Trial, error) {
	failed, unstarted := w.outcome(o.Profile)
	if err := ctx.Err(); err != nil {
		return prove.Trial{}, err
	}
	if unstarted {
		return prove.Trial{Unstarted: true, Broken: "failed (exit-code, exit status 203)"}, nil
	}
	var t prove.Trial
	for _, name := range operations() {
		op := trace.Operation{Name: name, Last: 10, Outcome: trace.OperationOK}
		if detail := failed[name]; detail != "" {
			op.Outcome, op.Detail = trace.OperationFailed, detail
		}
		t.Operations = append(t.Operations, op)
		if enough != nil && enough(op) {
			break
		}
	}
	t.Broken = failed["end"]
	return t, nil
}

func (w *world) prove(_ context.Context, o prove.Options) (*prove.Result, error) {
	failed, unstarted := w.outcome(o.Profile)
	t := traced("run")
	for i := range t.Runs[0].Operations {
		if detail := failed[t.Runs[0].Operations[i].Name]; detail != "" {
			t.Runs[0].Operations[i].Outcome, t.Runs[0].Operations[i].Detail = trace.OperationFailed, detail
		}
	}
	r := &prove.Result{}
	if unstarted {
		r.Broken = "it did not start"
	}
	return r, trace.Write(o.Trace, t)
}

// traced is what the worker does: mount is granted by training that is not in the
// plan, setns by nothing.
func traced(id string) *trace.Trace {
	t := &trace.Trace{
		Runs: []trace.Run{{Header: trace.Header{Version: trace.Version, Run: id, Worker: "/usr/bin/w", User: "root", Arch: "amd64", Systemd: 252,
			Probes: tracegen.Probes()}, End: &trace.End{}}},
		Subjects: []trace.Subject{{ID: 1, Exe: "/usr/bin/w"}},
	}
	in := func(op string) trace.Seen { return trace.Seen{Subject: 1, Operation: op, Outcome: trace.OK, Count: 1} }
	for i, name := range operations() {
		t.Runs[0].Operations = append(t.Runs[0].Operations, trace.Operation{Name: name, First: int64(i), Last: 10, Outcome: trace.OperationOK})
	}
	for _, name := range []string{"CAP_CHOWN", "CAP_KILL", "CAP_SETUID"} {
		t.Capabilities = append(t.Capabilities, trace.Capability{Seen: in("startup"), Name: name, Syscall: "kill"})
	}
	t.Files = []trace.File{
		{Seen: in("save"), Path: "/srv/w/data", Access: trace.AccessWrite, Type: "file", Syscall: "openat", Mode: 0o600},
		{Seen: in("startup"), Path: "/usr/bin/w", Access: trace.AccessExec, Type: "file", Syscall: "execve", Mode: 0o755},
	}
	return t
}

func options(save func(*State) error) Options {
	training := traced("training")
	training.Syscalls = []trace.Syscall{{Seen: trace.Seen{Subject: 1, Operation: "format", Outcome: trace.OK, Count: 1}, Name: "mount"}}
	o := prove.Options{
		Profile:  prove.Profile{Unit: []written.File{{Name: "w.service", Text: []byte(unit), Format: written.Systemd}}},
		Training: training, Granted: synth.Infer(training, synth.Options{}), Name: "w.service", Command: []string{"/usr/bin/w"}, Systemd: 252,
		Plan: &plan.Plan{Operations: []plan.Operation{{Name: "set"}, {Name: "save"}, {Name: "shutdown"}}},
	}
	return Options{Options: o, Kinds: synth.EntryKinds(), Repeat: 2, Save: save}
}

func marks(s *State) map[string]string {
	out := map[string]string{}
	for _, g := range s.Grants {
		out[g.String()] = fmt.Sprint(g.Mark, ": ", g.Why)
	}
	return out
}

func needed() map[string]string {
	return map[string]string{"capability CAP_CHOWN": "set", "write /srv/w": "save", "exec /usr/bin": ""}
}

var known = map[string]string{
	"capability CAP_CHOWN":     "required: without it operation set failed: exit status 1",
	"capability CAP_KILL":      "tolerated: all operations went well without it, startup among them",
	"capability CAP_SETUID":    "tolerated: all operations went well without it, startup among them",
	"capability CAP_SYS_ADMIN": "tolerated: nothing that was seen asks for it",
	"exec /usr/bin":            "required: without it the service ended otherwise: failed (exit-code, exit status 203)",
	"exec /usr/games":          "tolerated: nothing that was seen asks for it",
	"syscall mount":            "unproven: the plan does not use it; the training did in format",
	"syscall setns":            "tolerated: nothing that was seen asks for it",
	"write /srv/spare":         "tolerated: nothing that was seen asks for it",
	"write /srv/w":             "required: without it operation save failed: exit status 1",
}

func TestRun(t *testing.T) {
	w := &world{needs: needed()}
	o := options(nil)
	var progress []Progress
	o.Advance = func(p Progress) { progress = append(progress, p) }
	s, err := w.engine().run(t.Context(), o)
	require.NoError(t, err)
	assert.True(t, s.Finished)
	assert.Equal(t, known, marks(s))
	assert.Len(t, progress, w.runs)
	assert.Equal(t, "everything as it is, watched", progress[0].What)
	last := s.Runs[len(s.Runs)-1]
	assert.True(t, last.Confirms)
	assert.Empty(t, last.Failures)
	assert.Contains(t, w.texts[len(w.texts)-1], "CapabilityBoundingSet=CAP_CHOWN\n")
	assert.Equal(t, []string{"startup", "set", "save", "shutdown"}, s.Marks().Operations)
	// What is known is not run again.
	again, err := (&world{}).engine().run(t.Context(), Options{Options: o.Options, Kinds: o.Kinds, Repeat: 2, State: s})
	require.NoError(t, err)
	assert.Equal(t, s, again)
}

// Rules of an AppArmor profile are taken away as well, by their patterns.
func TestRunWithRules(t *testing.T) {
	o := options(nil)
	o.Profile = prove.Profile{AppArmor: &written.File{Name: "w", Format: written.AppArmor, Text: []byte(`include <tunables/global>
profile w {
  capability chown,
  capability sys_admin,
  /dev/null rw, # rule standard-files
  owner /srv/w/* rwk,
  /srv/spare w,
  /usr/bin/* mrix,
}
`)}}
	w := &world{needs: map[string]string{"capability CAP_CHOWN": "set", "write /srv/w/*": "save", "exec /usr/bin/*": ""}}
	s, err := w.engine().run(t.Context(), o)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{
		"capability CAP_CHOWN":     "required: without it operation set failed: exit status 1",
		"capability CAP_SYS_ADMIN": "tolerated: nothing that was seen asks for it",
		"exec /usr/bin/*":          "required: without it the service ended otherwise: failed (exit-code, exit status 203)",
		"write /dev/null":          "unproven: no operation uses it, a rule grants it: standard-files",
		"write /srv/spare":         "tolerated: nothing that was seen asks for it",
		"write /srv/w/*":           "required: without it operation save failed: exit status 1",
	}, marks(s))
	for _, g := range s.Grants {
		assert.Equal(t, []string{synth.InAppArmor}, g.In)
	}
}

// A search that is ended after any number of runs goes on to the same end.
func TestResume(t *testing.T) {
	whole := &world{needs: needed()}
	_, err := whole.engine().run(t.Context(), options(nil))
	require.NoError(t, err)
	for after := 1; after <= whole.runs; after++ {
		file := filepath.Join(t.TempDir(), "marks.json")
		ctx, cancel := context.WithCancel(t.Context())
		w := &world{needs: needed(), after: after, cancel: cancel}
		o := options(func(s *State) error { return s.Save(file) })
		_, err := w.engine().run(ctx, o)
		require.ErrorIs(t, err, context.Canceled, "after %d", after)
		first := len(w.texts)
		if o.State, err = ReadFile(file); err != nil {
			o.State = nil // it was ended before there was anything to keep
		}
		w.after = 0
		s, err := w.engine().run(t.Context(), o)
		require.NoError(t, err)
		assert.Equal(t, known, marks(s))
		assert.LessOrEqual(t, len(w.texts)-first, whole.runs-first+2, "runs are made again: the one that was ended, and the first of two")
		kept, err := ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, s, kept)
	}
}

func TestFlaky(t *testing.T) {
	t.Run("with nothing taken away", func(t *testing.T) {
		w := &world{needs: needed(), flaky: map[string][]bool{"save": {true, false}}}
		s, err := w.engine().run(t.Context(), options(nil))
		require.NoError(t, err)
		assert.Contains(t, s.operation("save").Flaky, "failed in 1 of 2 runs")
		assert.Equal(t, "unproven: only flaky operations use it: save", marks(s)["write /srv/w"])
		assert.NotContains(t, s.Marks().Operations, "save")
	})
	t.Run("in the search", func(t *testing.T) {
		w := &world{needs: needed(), flaky: map[string][]bool{"set": {true, true, false, true}}}
		s, err := w.engine().run(t.Context(), options(nil))
		require.NoError(t, err)
		assert.Contains(t, s.operation("set").Flaky, "went wrong and well in two equal runs")
		assert.Equal(t, "tolerated: all operations went well without it, startup among them", marks(s)["capability CAP_CHOWN"],
			"set alone needs it, and says nothing any more")
		assert.Contains(t, marks(s)["write /srv/w"], "required: ")
	})
	t.Run("in how it ends", func(t *testing.T) {
		w := &world{needs: needed(), flaky: map[string][]bool{"end": {true, true, false, true, true, false, false}}}
		s, err := w.engine().run(t.Context(), options(nil))
		require.NoError(t, err)
		assert.Contains(t, s.operation("shutdown").Flaky, "it had a bad day")
		for entry, mark := range known {
			assert.Equal(t, mark, marks(s)[entry])
		}
	})
	t.Run("found after it was judged by", func(t *testing.T) {
		w := &world{needs: map[string]string{"write /srv/w": "save", "capability CAP_CHOWN": "set"}}
		o := options(nil)
		// CAP_CHOWN is decided first; then set goes wrong once without a reason.
		o.Advance = func(Progress) {
			if w.runs == 7 {
				w.flaky = map[string][]bool{"set": {false, true}}
			}
		}
		s, err := w.engine().run(t.Context(), o)
		require.NoError(t, err)
		assert.NotEmpty(t, s.operation("set").Flaky)
		assert.Equal(t, "unproven: without it only what is flaky went wrong: operation set failed: exit status 1", marks(s)["capability CAP_CHOWN"])
		assert.Contains(t, marks(s)["write /srv/w"], "required: ")
	})
}

func TestRefused(t *testing.T) {
	for name, w := range map[string]*world{
		"an operation": {flaky: map[string][]bool{"set": {false, false}}},
		"no start":     {needs: map[string]string{"capability CAP_NONE": ""}},
	} {
		_, err := w.engine().run(t.Context(), options(nil))
		require.ErrorIs(t, err, ErrUnproven, name)
		assert.ErrorContains(t, err, "run verify", name)
	}
	o := options(nil)
	o.Kinds = []string{synth.EntryWrite}
	o.Profile.Unit[0].Text = []byte("[Service]\nExecStart=/usr/bin/w\n")
	_, err := (&world{}).engine().run(t.Context(), o)
	require.ErrorIs(t, err, ErrNothing)
	o = options(nil)
	o.State = &State{Format: format, Key: "other"}
	_, err = (&world{}).engine().run(t.Context(), o)
	require.ErrorIs(t, err, ErrOther)
}

// Everything that runs depend on makes another key, and nothing else.
func TestKey(t *testing.T) {
	o := options(nil)
	o.Profile.Unit[0].Text = []byte("[Service]\nDescription=x-abc of x-abc\n")
	o.Name = "x-abc.service"
	first, err := o.key()
	require.NoError(t, err)
	same := o
	same.Name = "x-def.service"
	same.Profile.Unit = []written.File{{Text: []byte("[Service]\nDescription=x-def of x-def\n")}}
	second, err := same.key()
	require.NoError(t, err)
	assert.Equal(t, first, second)
	for name, change := range map[string]func(*Options){
		"command": func(o *Options) { o.Command = []string{"/usr/bin/w", "-v"} },
		"text":    func(o *Options) { o.Profile.Unit = []written.File{{Text: []byte("[Service]\n")}} },
		"plan":    func(o *Options) { o.Plan = &plan.Plan{} },
		"kinds":   func(o *Options) { o.Kinds = []string{"exec"} },
		"systemd": func(o *Options) { o.Systemd = 257 },
	} {
		other := o
		change(&other)
		key, err := other.key()
		require.NoError(t, err)
		assert.NotEqual(t, first, key, name)
	}
}
