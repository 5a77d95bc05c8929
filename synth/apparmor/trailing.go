package apparmor

import (
	"slices"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// Calls that tell what their name was, when nothing else does: a file that is
// gone by the time it is looked at has no type in the trace.
var (
	dirCalls  = []string{"mkdir", "mkdirat", "rmdir"}
	fileCalls = []string{"link", "linkat", "symlink", "symlinkat", "unlink", "mknod", "mknodat", "creat"}
)

// ofSocket is what is done to a UNIX socket alone.
const ofSocket = trace.AccessConnect | trace.AccessBind

// notDir is the outcome of an rmdir that found a file: dpkg tries whether what
// it removes is a directory. The kernel asked by the file's own name.
const notDir = "ENOTDIR"

// trailingOf is how a grant's name ends.
func trailingOf(g synth.FileGrant) trailing {
	all := func(of []string) bool {
		return len(g.Facts) > 0 && !slices.ContainsFunc(g.Facts, func(f synth.FactRef) bool {
			return !slices.Contains(of, f.Syscall) && !slices.Contains(lookCalls, f.Syscall)
		})
	}
	switch {
	case g.Type == "dir":
		return asDir
	case g.Type != "":
		return asFile
	case all(lookCalls):
		return asEither
	case all(dirCalls):
		if slices.ContainsFunc(g.Facts, func(f synth.FactRef) bool { return f.Outcome == notDir }) {
			return asEither
		}
		return asDir
	case all(fileCalls), g.Access&ofSocket != 0 && g.Access&^(ofSocket|trace.AccessCreate) == 0:
		return asFile
	}
	return asEither
}

// lookCalls tell nothing and ask for nothing.
var lookCalls = []string{"stat", "lstat", "newfstatat", "statx", "access", "faccessat", "faccessat2", "readlink", "readlinkat", "chdir"}
