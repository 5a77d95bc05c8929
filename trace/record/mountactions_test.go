package record

import (
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func mountActions() map[string]action {
	in := func(facts ...string) []string { return append(facts, apartFacts...) }
	return map[string]action{
		"mount": {do: apart(func(d string) error {
			return errorsOf(unix.Mount("tmpfs", d+"/link", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, ""), unix.Unmount(d+"/sub", unix.MNT_DETACH))
		}), want: []string{"mount ok sub", "mount ok ^/", "unmount ok sub"},
			facts: in("mount mount MS_NOSUID|MS_NODEV tmpfs ok", "umount2 mount MNT_DETACH  ok")},
		"bind mount": {do: apart(func(d string) error {
			return unix.Mount(d+"/link", d+"/empty", "", unix.MS_BIND, "")
		}), want: []string{"mount ok empty <- sub", "mount ok ^/"}, facts: in("mount mount MS_BIND  ok")},
		"new mount": {do: apart(newMount), want: []string{"mount ok sub", "mount ok ^/", "stat ok sub"}, facts: in(
			"fsopen mount FSOPEN_CLOEXEC tmpfs ok", "fsconfig command FSCONFIG_CMD_CREATE  ok", "fsmount mount MOUNT_ATTR_NODEV  ok",
			"move_mount mount MOVE_MOUNT_F_EMPTY_PATH  ok", "open_tree mount OPEN_TREE_CLONE  ok",
			"mount_setattr mount MOUNT_ATTR_RDONLY  ok")},
		"pivot_root": {do: apart(func(d string) error {
			if err := errorsOf(unix.Mount(d+"/sub", d+"/sub", "", unix.MS_BIND, ""), os.Chdir(d+"/sub")); err != nil {
				return err
			}
			time.Sleep(time.Second) // names from before lead nowhere in the new root
			return unix.PivotRoot(".", ".")
		}), want: []string{"mount ok sub <- sub", "mount ok ^/", "stat ok sub"}, facts: in("mount mount MS_BIND  ok")},
		"not mounted": {do: func(d string) error {
			return errorsOf(fails(unix.Unmount(d+"/link", unix.UMOUNT_NOFOLLOW), unix.EINVAL), fails(unix.Unmount(d+"/link", 0), unix.EINVAL))
		}, want: []string{"unmount EINVAL link", "unmount EINVAL sub"},
			facts: []string{"umount2 mount UMOUNT_NOFOLLOW  EINVAL", "umount2 mount 0  EINVAL", "CAP_SYS_ADMIN ok"}},
	}
}

// apart runs an action in a process with a mount namespace of its own, which
// lasts long enough for the names there to be looked at.
func apart(do func(dir string) error) func(dir string) error {
	return func(dir string) error {
		if len(os.Args) > 5 {
			defer time.Sleep(300 * time.Millisecond)
			return do(dir)
		}
		cmd := exec.Command(os.Args[0], append(os.Args[1:], "apart")...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}
		cmd.Stderr = os.Stderr
		return cmd.Run()
	}
}

// apartFacts are those of Go giving a child its namespace: it keeps mounts from
// spreading out of it, and asks whether pidfds can be used.
var apartFacts = []string{
	"unshare namespaces CLONE_NEWNS  ok", "mount mount MS_REC|MS_PRIVATE  ok", "pidfd_send_signal signal 0 self ok",
	"execute ^act as ^act", "CAP_SYS_ADMIN ok", "read ok ^/dev/null", "write ok ^/dev/null",
}

func newMount(d string) error {
	context, err := unix.Fsopen("tmpfs", unix.FSOPEN_CLOEXEC)
	err2 := unix.FsconfigCreate(context)
	mount, err3 := unix.Fsmount(context, 0, unix.MOUNT_ATTR_NODEV)
	if err := errorsOf(err, err2, err3, unix.MoveMount(mount, "", unix.AT_FDCWD, d+"/sub", unix.MOVE_MOUNT_F_EMPTY_PATH)); err != nil {
		return err
	}
	_, err = unix.OpenTree(unix.AT_FDCWD, d+"/link", unix.OPEN_TREE_CLONE)
	return errorsOf(err, unix.MountSetattr(unix.AT_FDCWD, d+"/sub", 0, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}))
}
