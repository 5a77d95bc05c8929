package record

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// openedInode opens a file by its name alone and tells the inode and the mount
// that the kernel has of it (proc_pid_fdinfo(5)). Those that stat(2) tells are
// made up by some file systems: overlay, btrfs.
func openedInode(name string) (inode uint64, mount string, err error) {
	f, err := os.OpenFile(name, unix.O_PATH, 0)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = f.Close() }()
	data, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", f.Fd()))
	if err != nil {
		return 0, "", err
	}
	for line := range strings.Lines(string(data)) {
		switch key, value, _ := strings.Cut(strings.TrimSpace(line), ":\t"); key {
		case "ino":
			inode, err = strconv.ParseUint(value, 10, 64)
		case "mnt_id":
			mount = value
		}
	}
	return inode, mount, err
}

// mountDevice is the device of a mount, packed as the kernel does, from
// proc_pid_mountinfo(5); 0 if it is not in this mount namespace.
func mountDevice(mount string) uint32 {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		var major, minor uint32
		if len(fields) < 3 || fields[0] != mount {
			continue
		}
		if _, err := fmt.Sscanf(fields[2], "%d:%d", &major, &minor); err == nil {
			return major<<20 | minor
		}
	}
	return 0
}
