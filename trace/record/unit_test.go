package record

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// line is one of a service as systemd gives it over D-Bus: path, arguments,
// flags, and times that do not matter here.
func line(path string, flags ...string) []any {
	return []any{path, []string{path}, flags, uint64(0), uint64(0), uint64(0), uint64(0), uint32(0), int32(0), int32(0)}
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
	assert.Equal(t, []string{"/bin/sh"}, u.mixed)
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
