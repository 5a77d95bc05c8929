package record

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// line is one of a service as systemd gives it over D-Bus: path, arguments,
// flags, and times that do not matter here.
func line(path string, flags ...string) []any { return worded(path, []string{path}, flags...) }

func worded(path string, words []string, flags ...string) []any {
	return []any{path, words, flags, uint64(0), uint64(0), uint64(0), uint64(0), uint32(0), int32(0), int32(0)}
}

func TestCommandsOfAUnit(t *testing.T) {
	u := &unit{}
	u.lines(map[string]any{
		"ExecSearchPath": []string{"/opt/bin", "/bin"},
		"ExecStartPreEx": [][]any{line("/bin/mkdir", "privileged"), line("/bin/sh", "privileged"), line("/bin/id", "no-setuid", "ignore-failure")},
		"ExecStartEx":    [][]any{line("daemon", "ambient")},
		"ExecStopPostEx": [][]any{line("/bin/sh")},
	})
	assert.Equal(t, map[string]uint32{
		"/bin/mkdir": liftedAll, "/bin/id": liftedUser, "/bin/sh": liftedNothing,
		"/opt/bin/daemon": liftedNothing, "/bin/daemon": liftedNothing,
	}, u.commands)
}

// TestLinesOfACommand: lines with different prefixes are told by their words, where
// these are those that the command is executed with.
func TestLinesOfACommand(t *testing.T) {
	for name, c := range map[string]struct {
		lines [][]any
		want  uint32
		tell  bool
	}{
		"one kind":    {[][]any{worded("/bin/x", []string{"x", "a"}, "privileged"), worded("/bin/x", []string{"x", "b"}, "privileged")}, liftedAll, true},
		"by words":    {[][]any{worded("/bin/x", []string{"x", "a"}, "privileged"), worded("/bin/x", []string{"x", "b"})}, liftedByLine, true},
		"same words":  {[][]any{worded("/bin/x", []string{"x"}, "privileged"), worded("/bin/x", []string{"x"})}, liftedNothing, true},
		"a variable":  {[][]any{worded("/bin/x", []string{"x", "$A"}, "privileged"), worded("/bin/x", []string{"x", "b"})}, liftedByLine, false},
		"three kinds": {[][]any{worded("/bin/x", []string{"x", "a"}, "no-setuid"), worded("/bin/x", []string{"x", "b"}), worded("/bin/x", []string{"x"}, "privileged")}, liftedByLine, true},
		"long words":  {[][]any{worded("/bin/x", []string{strings.Repeat("x", unitCommand)}), worded("/bin/x", nil, "privileged")}, liftedByLine, false},
	} {
		u := &unit{}
		u.lines(map[string]any{"ExecStartEx": c.lines})
		assert.Equal(t, c.want, u.commands["/bin/x"], name)
		assert.Equal(t, c.tell, wordsTell(u.byLine["/bin/x"]), name)
	}
}

func TestCgroupNames(t *testing.T) {
	for name, want := range map[string]string{
		"nginx.service": "nginx.service", "cpu.service": "_cpu.service", "cgroup.x.service": "_cgroup.x.service",
		"_x.service": "__x.service", "cpux.service": "cpux.service", "a@cpu.service": "a@cpu.service",
	} {
		assert.Equal(t, want, escapeCgroup(name))
	}
}

// A unit that is restarted is inactive for a moment, and has not ended.
func TestUnfinished(t *testing.T) {
	job := func(id uint32) []any { return []any{id, "/"} }
	assert.True(t, unfinished(map[string]any{"ActiveState": "active", "Job": job(0)}))
	assert.True(t, unfinished(map[string]any{"ActiveState": "inactive", "Job": job(7)}))
	assert.False(t, unfinished(map[string]any{"ActiveState": "inactive", "Job": job(0)}))
	assert.False(t, unfinished(map[string]any{"ActiveState": "failed", "Job": job(0)}))
}
