package synth_test

import (
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

// opened is one access of root's to a file of somebody's.
func opened(p trace.Path, access trace.Access, uid, gid, mode uint32) trace.File {
	return trace.File{Seen: in("op", trace.OK), Path: p, Access: access, Syscall: "openat", Type: "file", UID: uid, GID: gid, Mode: mode}
}

func directory(p trace.Path, uid, gid, mode uint32) trace.File {
	f := opened(p, trace.AccessStat, uid, gid, mode)
	f.Type = "dir"
	return f
}

// TestReplayForAUser goes through owner, group and mode: what root did as it is
// answered for a user who owns nothing, in the order directory, group,
// capability.
func TestReplayForAUser(t *testing.T) {
	const (
		read, write = trace.AccessRead, trace.AccessWrite
		create      = trace.AccessWrite | trace.AccessCreate
	)
	link := opened("/etc/l", read, 0, 0, 0o777)
	link.Type = "symlink"
	refused := opened("/etc/shadow", read, 0, 42, 0o640)
	refused.Outcome = "EACCES"
	byUser := opened("/etc/shadow", read, 0, 42, 0o640)
	byUser.FSUID = 999
	program := opened("/usr/bin/p", trace.AccessExec, 0, 0, 0o750)
	for name, c := range map[string]struct {
		files []trace.File
		dirs  []string // DIRECTIVE=NAME
		group []string
		caps  []string
		open  int // questions without an answer
	}{
		"everybody may read":       {[]trace.File{opened("/etc/hosts", read, 0, 0, 0o644)}, nil, nil, nil, 0},
		"everybody may write":      {[]trace.File{opened("/run/x", write, 0, 0, 0o666)}, nil, nil, nil, 0},
		"root alone may read":      {[]trace.File{opened("/etc/key", read, 0, 0, 0o600)}, nil, nil, []string{"CAP_DAC_READ_SEARCH"}, 0},
		"root alone may write":     {[]trace.File{opened("/etc/conf", write, 0, 0, 0o644)}, nil, nil, []string{"CAP_DAC_OVERRIDE"}, 0},
		"root alone may execute":   {[]trace.File{program}, nil, nil, []string{"CAP_DAC_OVERRIDE"}, 0},
		"a group may read":         {[]trace.File{opened("/var/log/syslog", read, 0, 4, 0o640)}, nil, []string{"adm"}, nil, 0},
		"a group may read only":    {[]trace.File{opened("/var/log/syslog", write, 0, 4, 0o640)}, nil, nil, []string{"CAP_DAC_OVERRIDE"}, 0},
		"the group equals root":    {[]trace.File{opened("/etc/shadow", read, 0, 42, 0o640)}, nil, nil, []string{"CAP_DAC_READ_SEARCH"}, 0},
		"disk equals root":         {[]trace.File{opened("/dev/sda", read, 0, 6, 0o660)}, nil, nil, []string{"CAP_DAC_READ_SEARCH"}, 0},
		"sudo equals root":         {[]trace.File{opened("/etc/s", read, 0, 27, 0o640)}, nil, nil, []string{"CAP_DAC_READ_SEARCH"}, 0},
		"a group by number":        {[]trace.File{opened("/run/docker.sock", trace.AccessConnect, 0, 998, 0o660)}, nil, nil, nil, 1},
		"its own state":            {[]trace.File{opened("/var/lib/daemon/db", write, 0, 0, 0o600)}, []string{"StateDirectory=daemon"}, nil, nil, 0},
		"its own cache and log":    {[]trace.File{opened("/var/cache/daemon/c", write, 0, 0, 0o600), opened("/var/log/daemon/l", write, 0, 0, 0o640)}, []string{"CacheDirectory=daemon", "LogsDirectory=daemon"}, nil, nil, 0},
		"its own run directory":    {[]trace.File{directory("/run/daemon", 0, 0, 0o755), opened("/run/daemon/pid", create, 0, 0, 0o644)}, []string{"RuntimeDirectory=daemon"}, nil, nil, 0},
		"somebody else's state":    {[]trace.File{opened("/var/lib/other/db", write, 0, 0, 0o600)}, nil, nil, []string{"CAP_DAC_OVERRIDE"}, 0},
		"a new name in /etc":       {[]trace.File{opened("/etc/new", create, 0, 0, 0o644)}, nil, nil, []string{"CAP_DAC_OVERRIDE"}, 0},
		"a new name in /tmp":       {[]trace.File{directory("/tmp", 0, 0, 0o1777), opened("/tmp/new", create, 0, 0, 0o644)}, nil, nil, nil, 0},
		"a closed directory":       {[]trace.File{directory("/root", 0, 0, 0o700), opened("/root/f", read, 0, 0, 0o644)}, nil, nil, []string{"CAP_DAC_READ_SEARCH"}, 0},
		"only the owner may chmod": {[]trace.File{opened("/etc/f", trace.AccessChmod, 0, 0, 0o666)}, nil, nil, []string{"CAP_FOWNER"}, 0},
		"chmod of its own state":   {[]trace.File{opened("/var/lib/daemon/f", trace.AccessChmod, 0, 0, 0o666)}, []string{"StateDirectory=daemon"}, nil, nil, 0},
		"another process":          {[]trace.File{opened("/proc/4711/environ", read, 0, 0, 0o400)}, nil, nil, nil, 1},
		"a link says nothing":      {[]trace.File{link}, nil, nil, nil, 0},
		"refused to root as well":  {[]trace.File{refused}, nil, nil, nil, 0},
		"not by root":              {[]trace.File{byUser}, nil, nil, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			run := oneRun()
			run.Files = c.files
			p := synth.Infer(run, synth.Options{User: "osapi"})
			require.NotNil(t, p.Replayed)
			var dirs, groups []string
			for _, d := range p.Replayed.Directories {
				dirs = append(dirs, d.Directive+"="+d.Answer)
			}
			for _, g := range p.Replayed.Groups {
				groups = append(groups, g.Answer)
			}
			require.Equal(t, c.dirs, dirs)
			require.Equal(t, c.group, groups)
			require.ElementsMatch(t, c.caps, p.Required())
			require.Len(t, p.Replayed.Unanswered, c.open)
		})
	}
}

// TestReplayOnlyForAnother: nobody's accesses are tried again for who made them.
func TestReplayOnlyForAnother(t *testing.T) {
	run := oneRun()
	run.Files = []trace.File{opened("/etc/key", trace.AccessRead, 0, 0, 0o600)}
	for _, user := range []string{"", "root"} {
		p := synth.Infer(run, synth.Options{User: user})
		require.Nil(t, p.Replayed)
		require.Empty(t, p.Required())
	}
}

// TestDeniedCapabilities: one that the call went on without is denied, one that
// it failed without is missed, and neither is granted.
func TestDeniedCapabilities(t *testing.T) {
	check := func(outcome string) trace.Capability {
		return trace.Capability{Seen: in("op", outcome), Name: "CAP_SYS_TIME", Syscall: "clock_settime"}
	}
	call := func(operation, outcome string) trace.Syscall {
		return trace.Syscall{Seen: in(operation, outcome), Name: "clock_settime"}
	}
	for name, c := range map[string]struct {
		checks []trace.Capability
		calls  []trace.Syscall
		want   synth.Need
	}{
		"the call went on":           {[]trace.Capability{check("EPERM")}, []trace.Syscall{call("op", trace.OK)}, synth.DeniedHarmless},
		"the call failed":            {[]trace.Capability{check("EPERM")}, []trace.Syscall{call("op", "EPERM")}, synth.DeniedMissed},
		"another one failed":         {[]trace.Capability{check("EPERM")}, []trace.Syscall{call("later", "EPERM")}, synth.DeniedHarmless},
		"it failed by another":       {[]trace.Capability{check("EPERM")}, []trace.Syscall{call("op", "EINVAL")}, synth.DeniedHarmless},
		"it was granted once":        {[]trace.Capability{check("EPERM"), check(trace.OK)}, []trace.Syscall{call("op", "EPERM")}, synth.Required},
		"beside an optional check":   {[]trace.Capability{check("EPERM"), {Seen: in("op", "EPERM"), Name: "CAP_SYS_TIME", Optional: trace.NoAudit}}, []trace.Syscall{call("op", "EPERM")}, synth.DeniedMissed},
		"only an optional check was": {[]trace.Capability{{Seen: in("op", "EPERM"), Name: "CAP_SYS_TIME", Optional: trace.NoAudit}}, []trace.Syscall{call("op", "EPERM")}, synth.OptionalCheck},
	} {
		t.Run(name, func(t *testing.T) {
			run := oneRun()
			run.Capabilities, run.Syscalls = c.checks, c.calls
			p := synth.Infer(run, synth.Options{})
			require.Len(t, p.Capabilities, 1)
			require.Equal(t, c.want, p.Capabilities[0].Need)
			require.Equal(t, c.want == synth.Required, len(p.Required()) == 1)
		})
	}
}
