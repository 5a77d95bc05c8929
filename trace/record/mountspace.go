package record

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// mountSpaces keeps the mount namespaces of others open, so that names in them
// can be resolved when the process that gave them has gone: the commands of a
// unit with a sandbox have one each, and may take a millisecond.
type mountSpaces map[uint32]mountSpace

type mountSpace struct {
	namespace *os.File // as long as this is open, what is mounted stays mounted
	root      *os.File
}

// maxMountSpaces bounds the descriptors that are kept.
const maxMountSpaces = 128

// prefix is what leads into a namespace, by a process that is in it.
func (m mountSpaces) prefix(number, pid uint32) string {
	if known, ok := m[number]; ok {
		return fmt.Sprintf("/proc/self/fd/%d", known.root.Fd())
	}
	through := fmt.Sprintf("/proc/%d/root", pid)
	if len(m) >= maxMountSpaces {
		return through
	}
	space, err := openMountSpace(number, pid)
	if err != nil {
		return through
	}
	m[number] = space
	return fmt.Sprintf("/proc/self/fd/%d", space.root.Fd())
}

// openMountSpace fails when the process is gone, is in another namespace by
// now, or has changed its root: names start at the namespace's own.
func openMountSpace(number, pid uint32) (mountSpace, error) {
	var space mountSpace
	var err error
	name := fmt.Sprintf("/proc/%d/", pid)
	if space.namespace, err = os.Open(name + "ns/mnt"); err != nil {
		return space, err
	}
	if space.root, err = os.OpenFile(name+"root", unix.O_PATH|unix.O_DIRECTORY, 0); err != nil {
		_ = space.namespace.Close()
		return space, err
	}
	info, err := space.namespace.Stat()
	if root, _ := os.Readlink(name + "root"); err != nil || uint32(inodeOf(info)) != number || root != "/" {
		space.close()
		return space, fmt.Errorf("process %d is elsewhere", pid)
	}
	return space, nil
}

func (s mountSpace) close() {
	_ = s.root.Close()
	_ = s.namespace.Close()
}

func (m mountSpaces) close() {
	for _, space := range m {
		space.close()
	}
	clear(m)
}
