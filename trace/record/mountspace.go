package record

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// mountSpaces keeps the mount namespaces of others open, so that names in them
// can be resolved when the process that gave them has gone: the commands of a
// unit with a sandbox have one each, and may take a millisecond. One that nobody was
// found in has no root.
type mountSpaces map[uint32]mountSpace

type mountSpace struct {
	namespace *os.File // as long as this is open, what is mounted stays mounted
	root      *os.File
}

// maxMountSpaces bounds the descriptors that are kept.
const maxMountSpaces = 128

// open gives what leads into a namespace, by a process that is in it. Where that has
// ended, as the one has that a daemon begins as, any other that is in it will do. When
// none is found, or the process has another root, what leads there is the process
// itself, if it is still there.
func (m mountSpaces) open(number, pid uint32) (prefix string, found bool) {
	known, tried := m[number]
	if known.root != nil {
		return fmt.Sprintf("/proc/self/fd/%d", known.root.Fd()), true
	}
	through := fmt.Sprintf("/proc/%d/root", pid)
	if len(m) >= maxMountSpaces {
		return through, false
	}
	space, err := openMountSpace(number, pid)
	if err != nil && !tried {
		space, err = findMountSpace(number)
	}
	m[number] = space
	if err != nil {
		return through, false
	}
	return fmt.Sprintf("/proc/self/fd/%d", space.root.Fd()), true
}

// findMountSpace looks for a process in a namespace.
func findMountSpace(number uint32) (mountSpace, error) {
	all, _ := filepath.Glob("/proc/[0-9]*")
	name := fmt.Sprintf("mnt:[%d]", number)
	for _, process := range all {
		if is, _ := os.Readlink(process + "/ns/mnt"); is != name {
			continue
		}
		pid, err := strconv.ParseUint(filepath.Base(process), 10, 32)
		if err != nil {
			continue
		}
		if space, err := openMountSpace(number, uint32(pid)); err == nil {
			return space, nil
		}
	}
	return mountSpace{}, errors.New("no process is in it")
}

// openMountSpace fails when the process is gone, is in another namespace by
// now, or has changed its root: names start at the namespace's own.
func openMountSpace(number, pid uint32) (mountSpace, error) {
	var space mountSpace
	var err error
	name := fmt.Sprintf("/proc/%d/", pid)
	if space.namespace, err = os.Open(name + "ns/mnt"); err != nil {
		return mountSpace{}, err
	}
	if space.root, err = os.OpenFile(name+"root", unix.O_PATH|unix.O_DIRECTORY, 0); err != nil {
		_ = space.namespace.Close()
		return mountSpace{}, err
	}
	info, err := space.namespace.Stat()
	if root, _ := os.Readlink(name + "root"); err != nil || uint32(inodeOf(info)) != number || root != "/" {
		space.close()
		return mountSpace{}, fmt.Errorf("process %d is elsewhere", pid)
	}
	return space, nil
}

func (s mountSpace) close() {
	if s.root == nil {
		return
	}
	_ = s.root.Close()
	_ = s.namespace.Close()
}

func (m mountSpaces) close() {
	for _, space := range m {
		space.close()
	}
	clear(m)
}
