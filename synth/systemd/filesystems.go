package systemd

import (
	"slices"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// commonSystems are groups of systemd's that are granted as a whole: which file
// system a disk or a temporary directory has is the host's choice.
var commonSystems = []struct {
	group   string
	members []string
}{
	{"@basic-api", []string{"cgroup", "cgroup2", "devpts", "devtmpfs", "mqueue", "proc", "sysfs"}},
	{"@common-block", []string{"btrfs", "erofs", "exfat", "ext4", "f2fs", "iso9660", "ntfs3", "squashfs", "udf", "vfat", "xfs"}},
	{"@temporary", []string{"ramfs", "tmpfs"}},
}

// namedSystems are others that systemd has a name for.
var namedSystems = []string{
	"9p", "anon_inodefs", "apparmorfs", "autofs", "binfmt_misc", "bpf", "ceph", "cifs", "configfs", "debugfs", "ecryptfs", "efivarfs", "fuse",
	"fusectl", "hugetlbfs", "nfs", "nfs4", "nsfs", "ocfs2", "overlay", "pipefs", "pstore", "rpc_pipefs", "securityfs", "selinuxfs",
	"sockfs", "tracefs",
}

func fileSystemRow() row {
	return row{
		name: "RestrictFileSystems", since: 250, kinds: []string{"file"},
		says:    "Files of no other kind of file system can be opened. (Needs a systemd built with BPF and a kernel with the BPF LSM; without them it has no effect.)",
		unless:  "a file system that systemd has no name for, or one that was not told; a user besides root, or PrivateUsers=",
		against: func(d *draft) []conflict { return append(d.mapMadeInVain(), d.unnamedSystems()...) }, write: writeFileSystems,
	}
}

// mapMadeInVain finds what keeps systemd from putting the directive to work: it makes
// the BPF map with what is allowed as the last but one step before the execve(2), by
// when it has become the unit's user, and has entered its user namespace. The kernel
// wants CAP_BPF, and the service fails with 244/BPF (src/core/exec-invoke.c,
// apply_restrict_filesystems; seen with systemd 257, which alone of Debian's has BPF).
func (d *draft) mapMadeInVain() []conflict {
	users := []string{d.User}
	if d.User == "" && d.dropIn {
		users = d.Worker.Users
	}
	for _, user := range users {
		if user != "" && user != "root" {
			return []conflict{{what: "systemd sets it up with the rights of the service, which runs as " + plainText(user) + " and cannot make a BPF map"}}
		}
	}
	if d.writes("PrivateUsers") {
		return []conflict{{what: "systemd sets it up within the user namespace of PrivateUsers=, where no BPF map can be made"}}
	}
	return nil
}

// systemsOf lists the types of file systems a grant was seen on.
func systemsOf(g synth.FileGrant) []string {
	if g.FS != "" {
		return []string{g.FS}
	}
	return g.Systems
}

// opensFile are the accesses that open a file.
const opensFile = opens | trace.AccessExec | trace.AccessExecMap

func (d *draft) unnamedSystems() []conflict {
	return d.files("is of a file system without a name", func(g synth.FileGrant) bool {
		systems := systemsOf(g)
		return g.Access&opensFile != 0 && (len(systems) == 0 ||
			slices.ContainsFunc(systems, func(s string) bool { return groupOf(s) == "" && !slices.Contains(namedSystems, s) }))
	})
}

func groupOf(system string) string {
	for _, c := range commonSystems {
		if slices.Contains(c.members, system) {
			return c.group
		}
	}
	return ""
}

func writeFileSystems(d *draft, t *text) {
	var list []string
	for _, c := range commonSystems {
		list = append(list, c.group)
	}
	by := map[string]bool{}
	for _, g := range d.Files {
		if g.Access&opensFile == 0 {
			continue
		}
		for _, s := range systemsOf(g) {
			if groupOf(s) == "" {
				by[s] = true
			}
		}
	}
	if d.dropIn {
		t.line("RestrictFileSystems=")
	}
	t.list("RestrictFileSystems", append(list, keys(by)...))
}
