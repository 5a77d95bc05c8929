package apparmor

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/trace"
)

// A rule with "owner" is held against whose the file was: as it was looked at, or, of
// one that had gone by then, as it was made.
func TestDeniedOwner(t *testing.T) {
	const made = trace.AccessWrite | trace.AccessCreate
	file := func(a trace.Access, typ string, uid, fsuid uint32) trace.File {
		return trace.File{
			Seen: trace.Seen{Subject: 1, Outcome: trace.OK}, Path: "/run/x", Access: a, Syscall: "openat", Type: typ, UID: uid, FSUID: fsuid,
		}
	}
	for name, c := range map[string]struct {
		files []trace.File
		want  int
	}{
		"its own":                       {[]trace.File{file(trace.AccessWrite, "file", 7, 7)}, 0},
		"another's":                     {[]trace.File{file(trace.AccessWrite, "file", 0, 7)}, 1},
		"gone, whose is not known":      {[]trace.File{file(trace.AccessWrite, "", 0, 0)}, 1},
		"gone, made":                    {[]trace.File{file(made, "", 0, 7)}, 0},
		"gone, made before":             {[]trace.File{file(made, "", 0, 7), file(trace.AccessDelete, "", 0, 7)}, 0},
		"gone, made by another":         {[]trace.File{file(made, "", 0, 0), file(trace.AccessDelete, "", 0, 7)}, 1},
		"looked at, and made by itself": {[]trace.File{file(made, "file", 7, 7), file(trace.AccessWrite, "file", 0, 7)}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Read([]byte("profile w {\n  owner /run/x{,/} rw,\n}\n"))
			require.NoError(t, err)
			in := &trace.Trace{Runs: []trace.Run{{}}, Subjects: []trace.Subject{{ID: 1, Exe: "/w"}}, Files: c.files}
			assert.Len(t, p.Denied(in), c.want)
		})
	}
}
