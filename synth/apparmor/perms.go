package apparmor

import "github.com/osapi-io/osapi-profile/trace"

// perms are the permissions of a file rule.
type perms uint8

const (
	permMap perms = 1 << iota // m: map executable
	permRead
	permWrite
	permLock
	permExec // x, written ix: the program stays in the profile
)

func (p perms) String() string {
	var out []byte
	for i, c := range "mrwk" {
		if p&(1<<i) != 0 {
			out = append(out, byte(c))
		}
	}
	if p&permExec != 0 {
		out = append(out, "ix"...)
	}
	return string(out)
}

// implied adds what the parser adds: ix brings m with it (seen in what 3.0.8 and
// 4.1.0 compile).
func (p perms) implied() perms {
	if p&permExec != 0 {
		return p | permMap
	}
	return p
}

// needs is what AppArmor asks for an access. Looked up in the kernel's
// security/apparmor/{lsm,file}.c and measured under enforcement on Debian's
// 6.1 kernel:
//   - opening asks for r and w; with O_CREAT for w, even when the file exists,
//     O_APPEND or not, so that the weaker permission a (append only) refuses
//     every log file that is opened the usual way, and is never written;
//   - truncating, changing mode and owner, creating, removing, binding a UNIX
//     socket ask for w on the file, nothing on its directory;
//   - a rename asks for r and w on the old name and w on the new one;
//   - looking (stat, readlink, chdir, access), setting times and extended
//     attributes ask for nothing;
//   - connecting to a UNIX socket asks for nothing on kernels without AF_UNIX
//     mediation (Debian's), and for r and w on those with it (Ubuntu's);
//   - executing asks for x even when the file turns out to be in no known
//     format (ENOEXEC), on which shells go by;
//   - a hard link asks for a link rule, see hardLinks.
func needs(a trace.Access) perms {
	const (
		reads = trace.AccessRead | trace.AccessRenameFrom | trace.AccessConnect | trace.AccessExecMap
		write = trace.AccessWrite | trace.AccessAppend | trace.AccessCreate | trace.AccessTruncate | trace.AccessDelete |
			trace.AccessRenameFrom | trace.AccessRenameTo | trace.AccessChmod | trace.AccessChown |
			trace.AccessConnect | trace.AccessBind
	)
	var p perms
	if a&reads != 0 {
		p |= permRead
	}
	if a&write != 0 {
		p |= permWrite
	}
	if a&trace.AccessLock != 0 {
		p |= permLock
	}
	if a&trace.AccessExecMap != 0 {
		p |= permMap
	}
	if a&trace.AccessExec != 0 {
		p |= permExec
	}
	return p
}

// flockAsks adds what a lock by flock(2) may ask: an exclusive one asks for w
// although flock takes it on a file opened for reading only. A trace does not
// say which kind it was (rule flock). A write lock by fcntl(2) needs a file
// opened for writing, which the trace shows.
func flockAsks(p perms, syscall string) perms {
	if p&permLock != 0 && (syscall == "flock" || syscall == "") {
		return p | permWrite
	}
	return p
}
