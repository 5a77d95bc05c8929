// Package strace reads the log that strace(1) writes with the options of
// [Flags]. It is strict: a line that it does not understand in full is an
// error, so that nothing of the log can be passed over in silence.
package strace

// Flags are the options of strace that the parser is made for: children
// followed, descriptors with the path the kernel has for them, every string in
// hexadecimal (a name can then contain nothing that looks like syntax), no
// buffer contents, no signals, but exits and changes of the ABI.
var Flags = []string{"-f", "-y", "-xx", "-s", "0", "-e", "signal=none", "--quiet=attach"}

// Kind says what a Record tells.
type Kind int

// The kinds of records.
const (
	KindCall       Kind = iota // a system call that returned, or that never will
	KindExit                   // the thread is gone
	KindSuperseded             // PID was taken over by thread Other, which executed a program
)

// Record is one event of one thread. Calls stand where they returned, which
// may be after calls that began later.
type Record struct {
	Kind  Kind
	Line  int // in the log, counted from 1
	PID   int // the thread, as the log's first column has it
	Other int // of KindSuperseded
	Call  Call
}

// Call is a system call.
type Call struct {
	Name   string
	ABI    string // "" for the native one, "i386" or "x32"
	Args   []Arg
	Result Result
}

// Result is what a call returned.
type Result struct {
	None  bool   // it did not return, or was to be restarted
	Value int64  // -1 with Errno set
	Errno string // "ENOENT"; also with None, for a restarted call: "ERESTARTSYS"
	File  *File  // what Value refers to when it is a descriptor
}

// OK says whether the call did what it was asked to.
func (r Result) OK() bool { return !r.None && r.Errno == "" }

// File is what the log says of a descriptor, or of AT_FDCWD.
type File struct {
	Path    string // as /proc/PID/fd/N reads: "/etc/passwd", "pipe:[123]"
	Deleted bool   // it has no name any more, or never had one
}

// Arg is an argument as it stands in the log, well-formed.
type Arg string
