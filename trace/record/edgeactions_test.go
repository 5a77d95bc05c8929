package record

import (
	"encoding/binary"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// edgeActions are done where a name, or where it starts, is not what it seems.
func edgeActions() map[string]action {
	connects := []string{"connect ENOENT none"}
	sockets := []string{"socket create AF_UNIX SOCK_STREAM ok", "socket connect AF_UNIX SOCK_STREAM none ENOENT"}
	all := map[string]action{
		"connect by an address without its NUL": {do: func(d string) error {
			address := sockaddr(d + "/none")
			return connect(append(address, " and what nobody is to know\x00"...), len(address))
		}, want: connects, facts: sockets},
		"connect by an address at the end of memory": {do: func(d string) error {
			address, page := sockaddr(d+"/none"), unix.Getpagesize()
			memory, err := unix.Mmap(-1, 0, 2*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
			if err != nil {
				return err
			}
			copy(memory[page-len(address):], address)
			return errorsOf(unix.Mprotect(memory[page:], unix.PROT_NONE), connect(memory[page-len(address):], len(address)))
		}, want: connects, facts: sockets},
		"open what was moved with its directory": {do: func(d string) error {
			return errorsOf(open(d+"/sub/gone", unix.O_RDWR), unix.Rename(d+"/sub", d+"/moved"), open(d+"/moved/gone", unix.O_RDWR))
		}, want: []string{"read,write ok sub/gone", "rename-from ok sub", "rename-to ok moved", "read,write ok moved/gone"}},
		"look at a name that goes meanwhile": {do: func(d string) error { return statUnread(d + "/file") },
			facts: []string{"userfaultfd flags O_CLOEXEC  ok"}, perhaps: []string{"CAP_SYS_PTRACE ok"},
			holes: []string{"a file name given to newfstatat(2) could not be read from the worker's memory"}},
	}
	for name, a := range all {
		a.together = true
		all[name] = a
	}
	all["open where nothing is mounted any more"] = action{do: apart(func(d string) error {
		err := errorsOf(unix.Mount("tmpfs", d+"/empty", "tmpfs", 0, ""), os.Mkdir(d+"/empty/dir", 0o700), os.WriteFile(d+"/empty/dir/new", nil, 0o600))
		dir, err2 := unix.Open(d+"/empty/dir", unix.O_PATH|unix.O_CLOEXEC, 0)
		if err := errorsOf(err, err2, unix.Unmount(d+"/empty", unix.MNT_DETACH)); err != nil {
			return err
		}
		_, err = unix.Openat(dir, "new", unix.O_RDWR, 0)
		return errorsOf(err, unix.Unlinkat(dir, "new", 0))
	}), want: []string{"mount ok empty", "mount ok ^/", "unmount ok empty", "create ok empty/dir", "write,create,truncate ok empty/dir/new", "stat ok empty/dir",
		"read,write ok ^/dir/new (anonymous)"}, holes: []string{nowhere},
		facts: append([]string{"mount mount 0 tmpfs ok", "umount2 mount MNT_DETACH  ok"}, apartFacts...)}
	all["open what was never mounted"] = action{do: apart(func(string) error {
		fs, err := unix.Fsopen("tmpfs", unix.FSOPEN_CLOEXEC)
		if err := errorsOf(err, unix.FsconfigCreate(fs)); err != nil {
			return err
		}
		mount, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, 0)
		if err != nil {
			return err
		}
		fd, err := unix.Openat(mount, "new", unix.O_CREAT|unix.O_RDWR, 0o600)
		return errorsOf(err, unix.Chmod(self(fd), 0o640))
	}), want: []string{"mount ok ^/", "read,write,create ok ^/new (anonymous)"}, holes: []string{nowhere},
		facts: append([]string{"fsopen mount FSOPEN_CLOEXEC tmpfs ok", "fsconfig command FSCONFIG_CMD_CREATE  ok", "fsmount mount 0  ok"}, apartFacts...)}
	all["the same name in two roots"] = action{do: apart(func(d string) error {
		outside, err := unix.Open("/", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		for _, root := range []string{"sub", "empty"} { // two file systems, whose roots have one number
			err = errorsOf(err, unix.Mount("tmpfs", d+"/"+root, "tmpfs", 0, ""))
		}
		for _, root := range []string{"sub", "empty"} {
			err = errorsOf(err, unix.Chroot(d+"/"+root), fails(unix.Rmdir("/none"), unix.ENOENT), unix.Fchdir(outside), unix.Chroot("."))
		}
		return err
	}), want: []string{"mount ok sub", "mount ok empty", "mount ok ^/", "stat ok ^/", "stat ok sub", "stat ok empty", "delete ENOENT sub/none",
		"delete ENOENT empty/none", "CAP_SYS_CHROOT ok"}, facts: append([]string{"mount mount 0 tmpfs ok"}, apartFacts...)}
	return all
}

// sockaddr is that of a UNIX socket, without the NUL that may end it.
func sockaddr(path string) []byte {
	return append(binary.NativeEndian.AppendUint16(nil, unix.AF_UNIX), path...)
}

// connect connects a socket to nothing.
func connect(address []byte, length int) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	return errorsOf(fails(call(unix.SYS_CONNECT, fd, unsafe.Pointer(&address[0]), length), unix.ENOENT), unix.Close(fd))
}

// The requests of ioctl_userfaultfd(2) that are used here, and what is asked of them.
const (
	uffdAPI      = 0xc018aa3f
	uffdRegister = 0xc020aa00
	uffdZeropage = 0xc020aa04
	uffdMissing  = 1
)

// statUnread has the kernel wait for the memory that the answer goes to, which is
// there only when the name that it has read is not any more.
func statUnread(path string) error {
	page := unix.Getpagesize()
	name, err := unix.Mmap(-1, 0, page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	answer, err2 := unix.Mmap(-1, 0, page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	faults, _, errno := unix.Syscall(unix.SYS_USERFAULTFD, unix.O_CLOEXEC, 0, 0)
	if errno == unix.EPERM {
		return absent("userfaultfd for what the kernel waits for")
	}
	if errno != 0 {
		return errno
	}
	if err := errorsOf(err, err2); err != nil {
		return err
	}
	copy(name, path)
	area := []uint64{uint64(uintptr(unsafe.Pointer(&answer[0]))), uint64(page), 0, 0}
	ask := func(request int, about []uint64) error {
		return call(unix.SYS_IOCTL, int(faults), request, unsafe.Pointer(&about[0]))
	}
	err = errorsOf(ask(uffdAPI, []uint64{0xaa, 0, 0}), ask(uffdRegister, []uint64{area[0], area[1], uffdMissing, 0}))
	if err != nil {
		return err
	}
	done := make(chan error)
	go func() {
		_, err := unix.Read(int(faults), make([]byte, 32)) // struct uffd_msg
		done <- errorsOf(err, unix.Munmap(name), ask(uffdZeropage, area))
	}()
	err = call(sysNewfstatat, unix.AT_FDCWD, unsafe.Pointer(&name[0]), unsafe.Pointer(&answer[0]), 0)
	return errorsOf(err, <-done, unix.Close(int(faults)))
}
