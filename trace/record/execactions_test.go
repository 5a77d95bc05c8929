package record

import (
	"encoding/binary"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

const truth = "^/usr/bin/true"

// executeActions become another program in every way there is.
func executeActions() map[string]action {
	becomes := func(name string) func(string) error {
		return func(d string) error { return syscall.Exec(d+"/"+name, []string{name}, nil) }
	}
	copied := func(mode os.FileMode, more func(name string) error) func(string) error {
		return func(d string) error {
			data, err := os.ReadFile("/bin/true")
			err = errorsOf(err, os.WriteFile(d+"/true", data, 0o755), os.Chmod(d+"/true", mode))
			if err == nil && more != nil {
				err = more(d + "/true")
			}
			return err
		}
	}
	script := func(first string) func(string) error {
		return func(d string) error {
			return errorsOf(os.WriteFile(d+"/inner", []byte("#!/bin/true\n"), 0o755), os.WriteFile(d+"/script", []byte("#!"+first+"\n"), 0o755),
				os.WriteFile(d+"/outer", []byte("#!"+d+"/inner\n"), 0o755))
		}
	}
	plain := copied(0o755, nil)
	loads := []string{loaderOfTrue}
	return map[string]action{
		"execve": {prepare: plain, do: becomes("true"), want: []string{"execute true as true"}, functions: loads},
		"execve through a symlink": {prepare: func(d string) error { return errorsOf(plain(d), os.Symlink("true", d+"/alias")) },
			do: becomes("alias"), want: []string{"execute alias as true"}, functions: loads},
		"execve by working directory": {prepare: plain, do: func(d string) error { return errorsOf(os.Chdir(d), syscall.Exec("./true", []string{"true"}, nil)) },
			want: []string{"stat ok ", "execute true as true"}, functions: loads},
		"execve of a descriptor": {prepare: plain, do: func(d string) error {
			fd, err := unix.Open(d+"/true", unix.O_RDONLY, 0)
			return errorsOf(err, syscall.Exec(self(fd), []string{"true"}, nil))
		}, want: []string{"read ok true", "execute ^/proc/self/fd/N as true"}, functions: loads},
		"execveat of a descriptor": {prepare: plain, do: func(d string) error {
			fd, err := unix.Open(d+"/true", unix.O_RDONLY, 0)
			return errorsOf(err, call(unix.SYS_EXECVEAT, fd, "", 0, 0, unix.AT_EMPTY_PATH))
		}, want: []string{"read ok true", "execute ^/dev/fd/N as true"}, functions: loads},
		"execveat by descriptor": {prepare: plain, do: func(d string) error {
			fd, err := unix.Open(d, unix.O_PATH, 0)
			return errorsOf(err, call(unix.SYS_EXECVEAT, fd, "true", 0, 0, 0))
		}, want: []string{"stat ok ", "execute ^/dev/fd/N/true as true"}, functions: loads},
		"execve of a script": {prepare: script("/bin/true"), do: becomes("script"),
			want: []string{"execute script as " + truth + " for script"}, functions: append(loads, "exec ok "+truth)},
		"execve of a chain of scripts": {prepare: script("/bin/true"), do: becomes("outer"),
			want: []string{"execute outer as " + truth + " for outer", "exec ok inner"}, functions: append(loads, "exec ok "+truth)},
		"execve of a script without interpreter": {prepare: script("/no/such/interpreter"), do: func(d string) error { return fails(becomes("script")(d), unix.ENOENT) },
			want: []string{"exec ENOENT script"}},
		"execve of memory": {do: func(string) error {
			program, err := os.ReadFile("/bin/true")
			fd, err2 := unix.MemfdCreate("copy", 0)
			_, err3 := unix.Write(fd, program)
			return errorsOf(err, err2, err3, syscall.Exec(self(fd), []string{"copy"}, nil))
		}, want: []string{"read ok " + truth}, functions: loads,
			holes: []string{"a program was executed from memory (memfd_create): no path can be granted for it"}, facts: []string{"memfd_create flags 0  ok"}},
		"execve of what is mounted nowhere": {do: apart(func(d string) error {
			program, err := os.ReadFile("/bin/true")
			err = errorsOf(err, unix.Mount("tmpfs", d+"/empty", "tmpfs", 0, ""), os.WriteFile(d+"/empty/true", program, 0o755))
			fd, err2 := unix.Open(d+"/empty/true", unix.O_RDONLY, 0)
			return errorsOf(err, err2, unix.Unmount(d+"/empty", unix.MNT_DETACH), syscall.Exec(self(fd), []string{"true"}, nil))
		}), want: []string{"read ok " + truth, "mount ok empty", "mount ok ^/", "unmount ok empty", "write,create,truncate ok empty/true", "read ok empty/true"}, functions: loads,
			holes: []string{"a program was executed from a mount that has no place: no path can be granted for it"},
			facts: append([]string{"mount mount 0 tmpfs ok", "umount2 mount MNT_DETACH  ok"}, apartFacts...)},
		"execve of what may not be": {do: func(d string) error { return fails(becomes("file")(d), unix.EACCES) },
			prepare: func(d string) error { return os.Chmod(d+"/file", 0o644) }, want: []string{"exec EACCES file"}},
		"execve of nothing":    {do: func(d string) error { return fails(becomes("none")(d), unix.ENOENT) }, want: []string{"exec ENOENT none"}},
		"execve of no program": {do: func(d string) error { return fails(becomes("file")(d), unix.ENOEXEC) }, want: []string{"exec ENOEXEC file"}},
		"execve with the setuid bit": {prepare: copied(os.ModeSetuid|0o755, nil), as: "-", do: becomes("true"),
			want: []string{"execute true as true +uid +caps"}, functions: loads},
		"execve with the setgid bit": {prepare: copied(os.ModeSetgid|0o755, nil), as: "-", do: becomes("true"),
			want: []string{"execute true as true +gid"}, functions: loads},
		"execve with file capabilities": {prepare: copied(0o755, func(name string) error {
			data := make([]byte, 20) // VFS_CAP_REVISION_2 with VFS_CAP_FLAGS_EFFECTIVE, cap_net_raw
			binary.LittleEndian.PutUint32(data, 0x02000001)
			binary.LittleEndian.PutUint32(data[4:], 1<<unix.CAP_NET_RAW)
			return unix.Setxattr(name, "security.capability", data, 0)
		}), as: "-", do: becomes("true"), want: []string{"execute true as true +caps"}, functions: loads},
	}
}

// loaderOfTrue stands for the fact that the ELF interpreter of true(1) was opened.
const loaderOfTrue = "exec ok LOADER"

func loader() string {
	return newResolver().resolve(view{root: "/"}, "/", inspect("/bin/true").loader, true).path
}
