package systemd

// systemGroups are the groups of file systems that RestrictFileSystems= knows
// (systemd 258; @anonymous and @application since then).
var systemGroups = map[string][]string{
	"@basic-api":        {"cgroup", "cgroup2", "devpts", "devtmpfs", "mqueue", "proc", "sysfs"},
	"@anonymous":        {"anon_inodefs", "pipefs", "sockfs"},
	"@application":      {"autofs", "fuse", "overlay"},
	"@auxiliary-api":    {"binfmt_misc", "configfs", "efivarfs", "fusectl", "hugetlbfs", "rpc_pipefs", "securityfs"},
	"@common-block":     {"btrfs", "erofs", "exfat", "ext4", "f2fs", "iso9660", "ntfs3", "squashfs", "udf", "vfat", "xfs"},
	"@historical-block": {"ext2", "ext3", "minix"},
	"@network": {
		"afs", "ceph", "cifs", "gfs", "gfs2", "ncp", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "pvfs2", "smb3", "smbfs",
	},
	"@privileged-api": {"bpf", "debugfs", "pstore", "tracefs"},
	"@security":       {"apparmorfs", "selinuxfs", "smackfs"},
	"@temporary":      {"ramfs", "tmpfs"},
}

// knownSystems says whether systemd has a name for a type of file system, which
// is what "@known" holds.
func knownSystem(name string) bool {
	if sameSystem(name) != name || groupOf(name) != "" {
		return true
	}
	for _, group := range systemGroups {
		for _, member := range group {
			if member == name {
				return true
			}
		}
	}
	for _, named := range namedSystems {
		if named == name {
			return true
		}
	}
	return false
}

// sameSystem gives types one name that the kernel tells apart by no number: the
// filter looks at that of the superblock (statfs(2)).
func sameSystem(name string) string {
	switch name {
	case "ext2", "ext3":
		return "ext4"
	case "msdos":
		return "vfat"
	case "nfs4":
		return "nfs"
	case "devtmpfs":
		return "tmpfs"
	case "fuseblk":
		return "fuse"
	case "gfs":
		return "gfs2"
	case "ncpfs":
		return "ncp"
	case "pvfs2":
		return "orangefs"
	case "smbfs":
		return "smb3"
	}
	return name
}
