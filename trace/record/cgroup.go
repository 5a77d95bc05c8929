package record

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// cgroupMount is where the unified hierarchy is mounted: the first line of that
// type in proc_pid_mountinfo(5) whose root is the hierarchy's.
func cgroupMount() (string, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		before, after, ok := strings.Cut(lines.Text(), " - ")
		fields := strings.Fields(before)
		if ok && len(fields) > 4 && fields[3] == "/" && strings.HasPrefix(after, "cgroup2 ") {
			return fields[4], nil
		}
	}
	return "", errors.New("no unified cgroup hierarchy is mounted (cgroup2 in mount(8)); boot with systemd.unified_cgroup_hierarchy=1, " +
		"or mount one: mount -t cgroup2 none DIR")
}

// cgroupDirectory finds a cgroup that is named by its directory or, as in
// proc_pid_cgroup(5) and systemd's ControlGroup, by its path below the mount.
func cgroupDirectory(name string) (string, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(name, &st); err == nil {
		switch st.Type {
		case unix.CGROUP2_SUPER_MAGIC:
			return filepath.Abs(name)
		case unix.CGROUP_SUPER_MAGIC:
			return "", fmt.Errorf("%s is of a cgroup v1 hierarchy, where the kernel cannot tell descendants; name a cgroup of the "+
				"unified one (cgroup2 in mount(8))", name)
		}
	}
	mount, err := cgroupMount()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(mount, name)
	if _, err := os.Stat(dir); err != nil {
		return "", fmt.Errorf("there is no cgroup %s below %s; systemd-cgls lists them", name, mount)
	}
	return dir, nil
}

// cgroupID is the kernel's number of a cgroup: the inode of its directory.
func cgroupID(dir string) (uint64, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return 0, err
	}
	return inodeOf(info), nil
}

func inodeOf(info fs.FileInfo) uint64 {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0
	}
	return st.Ino
}

// cgroupProcesses lists the processes of a cgroup and all below it, as far as
// this pid namespace sees them.
func cgroupProcesses(dir string) []int {
	var pids []int
	_ = filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return nil // it has gone meanwhile
		}
		data, _ := os.ReadFile(filepath.Join(name, "cgroup.procs"))
		for _, field := range strings.Fields(string(data)) {
			if pid, err := strconv.Atoi(field); err == nil && pid > 0 {
				pids = append(pids, pid)
			}
		}
		return nil
	})
	return pids
}
