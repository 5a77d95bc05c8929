package apparmor

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// What nobody could look at any more has the name that the kernel asks by, as far as
// what was done to it tells: a directory's ends in a slash. A profile says the same
// when it is written and when it is read.
func TestTrailing(t *testing.T) {
	for name, c := range map[string]struct {
		access  trace.Access
		syscall string
		want    trailing
	}{
		"made":                 {trace.AccessCreate, "mkdir", asDir},
		"removed":              {trace.AccessDelete, "unlink", asFile},
		"a client's socket":    {trace.AccessConnect, "sendmsg", asFile},
		"a socket of its own":  {trace.AccessBind | trace.AccessCreate, "bind", asFile},
		"opened":               {trace.AccessRead, "openat", asEither},
		"renamed to elsewhere": {trace.AccessRenameFrom, "rename", asEither},
	} {
		t.Run(name, func(t *testing.T) {
			fact := trace.File{Seen: trace.Seen{Subject: 1, Outcome: trace.OK}, Path: "/run/x", Access: c.access, Syscall: c.syscall}
			in := &trace.Trace{Runs: []trace.Run{{}}, Subjects: []trace.Subject{{ID: 1, Exe: "/w"}}, Files: []trace.File{fact}}
			grants := synth.Infer(in, synth.Options{}).Files
			require.Len(t, grants, 1)
			assert.Equal(t, c.want, trailingOf(grants[0]))
			p, err := Read([]byte("profile w {\n  /run/x rwk,\n  /run/ rw,\n}\n"))
			require.NoError(t, err)
			assert.Equal(t, c.want != asFile, len(p.Denied(in)) > 0)
		})
	}
}
