package acts

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// types are those of file systems (statfs(2)) that acts meet, as facts name them.
var types = map[int64]string{
	unix.PROC_SUPER_MAGIC: "proc", unix.SYSFS_MAGIC: "sysfs", unix.CGROUP2_SUPER_MAGIC: "cgroup2", unix.TMPFS_MAGIC: "tmpfs",
	unix.EXT4_SUPER_MAGIC: "ext4", unix.XFS_SUPER_MAGIC: "xfs", unix.BTRFS_SUPER_MAGIC: "btrfs", unix.OVERLAYFS_SUPER_MAGIC: "overlay",
}

// fileSystem is the type of what a path lies on, "" if that is not known.
func fileSystem(path string) string {
	var st unix.Statfs_t
	if unix.Statfs(path, &st) != nil && unix.Statfs(filepath.Dir(path), &st) != nil {
		return ""
	}
	return types[int64(st.Type)]
}
