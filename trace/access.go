package trace

import (
	"encoding/json"
	"fmt"
	"math/bits"
	"strings"
)

// Access is the set of things that one call did, or asked to do, to a file.
// The bit order is the ABI of bpf/abi.h.
type Access uint32

// The kinds of access. Each names the permission that is checked, not the
// system call: creat(2) is AccessWrite|AccessCreate|AccessTruncate.
const (
	AccessRead       Access = 1 << iota // opened for reading; readdir(3) on a directory
	AccessWrite                         // opened for writing
	AccessAppend                        // opened with O_APPEND
	AccessCreate                        // did not exist before: open, mkdir, mknod, symlink, bind of a UNIX socket
	AccessTruncate                      // O_TRUNC, truncate, ftruncate
	AccessDelete                        // unlink, rmdir
	AccessRenameFrom                    // the old name of a rename
	AccessRenameTo                      // the new name of a rename; File.Target is the old one
	AccessLinkFrom                      // the existing name of a hard link
	AccessLinkTo                        // the new name of a hard link; File.Target is the existing one
	AccessChmod
	AccessChown
	AccessAttr    // utimensat, setxattr, removexattr
	AccessExec    // execve of it was tried; successful ones are Exec facts as well
	AccessExecMap // mapped with PROT_EXEC: libraries, the ELF interpreter
	AccessLock    // flock, fcntl F_SETLK and F_OFD_SETLK
	AccessStat    // looked at without opening: stat, access, readlink, chdir, O_PATH
	AccessConnect // connect or send to a UNIX socket
	AccessBind    // a UNIX socket was bound to it
	AccessMount   // something was mounted on it, or what is was changed; File.Target is what
	AccessUnmount // what was mounted on it was taken away
	accessEnd
)

var accessNames = [...]string{
	"read", "write", "append", "create", "truncate", "delete", "rename-from", "rename-to",
	"link-from", "link-to", "chmod", "chown", "attr", "exec", "exec-map", "lock", "stat",
	"connect", "bind", "mount", "unmount",
}

// AccessModifies are the accesses that a read-only mount refuses (EROFS).
const AccessModifies = AccessWrite | AccessAppend | AccessCreate | AccessTruncate | AccessDelete | AccessRenameFrom | AccessRenameTo |
	AccessLinkFrom | AccessLinkTo | AccessChmod | AccessChown | AccessAttr | AccessBind

// AccessEntry are the accesses that change the directory that holds the name, so
// that the directory itself must be writable.
const AccessEntry = AccessCreate | AccessDelete | AccessRenameFrom | AccessRenameTo | AccessLinkTo | AccessBind

// Names lists the set in the order of the constants.
func (a Access) Names() []string {
	names := make([]string, 0, bits.OnesCount32(uint32(a)))
	for i, n := range accessNames {
		if a&(1<<i) != 0 {
			names = append(names, n)
		}
	}
	return names
}

// String joins Names with commas.
func (a Access) String() string { return strings.Join(a.Names(), ",") }

// MarshalJSON writes the set as a list of names.
func (a Access) MarshalJSON() ([]byte, error) { return json.Marshal(a.Names()) }

// UnmarshalJSON reads a list of names and refuses unknown ones.
func (a *Access) UnmarshalJSON(data []byte) error {
	var names []string
	if err := json.Unmarshal(data, &names); err != nil {
		return err
	}
	*a = 0
next:
	for _, name := range names {
		for i, n := range accessNames {
			if n == name {
				*a |= 1 << i
				continue next
			}
		}
		return fmt.Errorf("trace: unknown access %q", name)
	}
	return nil
}
