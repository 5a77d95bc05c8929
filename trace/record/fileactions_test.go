package record

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

func actions() map[string]action {
	at := func(dir string) int {
		fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY, 0)
		if err != nil {
			panic(err)
		}
		return fd
	}
	path := func(dir, name string) string { return filepath.Join(dir, name) }
	opened := "stat ok " // the directory itself, by O_PATH or chdir
	all := map[string]action{
		idling:     {do: func(string) error { return nil }},
		"read":     {do: func(d string) error { _, err := os.ReadFile(path(d, "file")); return err }, want: []string{"read ok file"}},
		"enoent":   {do: func(d string) error { _, _ = os.Open(path(d, "none")); return nil }, want: []string{"read ENOENT none"}},
		"create":   {do: func(d string) error { return os.WriteFile(path(d, "new"), nil, 0o600) }, want: []string{"write,create,truncate ok new"}},
		"append":   {do: func(d string) error { _, err := os.OpenFile(path(d, "file"), os.O_APPEND|os.O_WRONLY, 0); return err }, want: []string{"write,append ok file"}},
		"exists":   {do: func(d string) error { _, err := os.OpenFile(path(d, "file"), os.O_CREATE|os.O_RDWR, 0o600); return err }, want: []string{"read,write ok file"}},
		"openat2":  {do: func(d string) error { _, err := unix.Openat2(at(d), "file", &unix.OpenHow{}); return err }, want: []string{"read ok file", opened}},
		"dirfd":    {do: func(d string) error { _, err := unix.Openat(at(d), "sub/../file", 0, 0); return err }, want: []string{"read ok file", opened}},
		"cwd":      {do: func(d string) error { return errorsOf(os.Chdir(path(d, "sub")), os.Remove("gone")) }, want: []string{"stat ok sub", "delete ok sub/gone"}},
		"chdir":    {do: func(d string) error { return errorsOf(os.Chdir(d), os.Chdir("sub/../link")) }, want: []string{opened, "stat ok sub"}},
		"symlink":  {do: func(d string) error { _, err := os.ReadFile(path(d, "link/gone")); return err }, want: []string{"read ok sub/gone"}},
		"rename":   {do: func(d string) error { return unix.Rename(path(d, "file"), path(d, "link/moved")) }, want: []string{"rename-from ok file", "rename-to ok sub/moved"}},
		"exchange": {do: func(d string) error { return unix.Renameat2(at(d), "file", at(d), "sub", unix.RENAME_EXCHANGE) }, want: []string{"rename-from,rename-to ok file", "rename-from,rename-to ok sub", opened}},
		"link":     {do: func(d string) error { return unix.Link(path(d, "file"), path(d, "sub/hard")) }, want: []string{"link-from ok file", "link-to ok sub/hard"}},
		"mkdir":    {do: func(d string) error { return unix.Mkdir(path(d, "made"), 0o700) }, want: []string{"create ok made"}},
		"symlinkat": {do: func(d string) error { return unix.Symlinkat("anything", at(d), "pointer") },
			want: []string{"create ok pointer", opened}},
		"rmdir":    {do: func(d string) error { return unix.Rmdir(path(d, "empty")) }, want: []string{"delete ok empty"}},
		"unlinkat": {do: func(d string) error { return unix.Unlinkat(at(d), "empty", unix.AT_REMOVEDIR) }, want: []string{"delete ok empty", opened}},
		"chmod":    {do: func(d string) error { return unix.Chmod(path(d, "file"), 0o640) }, want: []string{"chmod ok file"}},
		"fchmod": {do: func(d string) error {
			f, err := os.Open(path(d, "file"))
			return errorsOf(err, unix.Fchmod(int(f.Fd()), 0o640))
		},
			want: []string{"read ok file", "chmod ok file"}},
		"chmod by descriptor": {do: func(d string) error {
			f, err := os.Open(path(d, "file"))
			return errorsOf(err, unix.Chmod(fmt.Sprintf("/proc/self/fd/%d", f.Fd()), 0o640), f.Close())
		},
			want: []string{"read ok file", "chmod ok file"}},
		"short-lived link": {do: func(d string) error {
			return errorsOf(os.Symlink("file", path(d, "l")), os.Chmod(path(d, "l"), 0o640), os.Remove(path(d, "l")))
		},
			want: []string{"create ok l", "chmod ok file", "delete ok l"}},
		"short-lived directory": {do: func(d string) error {
			return errorsOf(os.Mkdir(path(d, "a"), 0o700), os.Mkdir(path(d, "a/b"), 0o700), unix.Rename(path(d, "a"), path(d, "c")),
				unix.Rmdir(path(d, "c/b")), unix.Rmdir(path(d, "c")))
		},
			want: []string{"create ok a", "create ok a/b", "rename-from ok a", "rename-to ok c", "delete ok c/b", "delete ok c"}},
		"same name again": {do: func(d string) error {
			return errorsOf(os.Symlink(".", path(d, "l")), unix.Mkdir(path(d, "l/new"), 0o700), os.Remove(path(d, "l")),
				os.Symlink("sub", path(d, "l")), unix.Mkdir(path(d, "l/new"), 0o700))
		},
			want: []string{"create ok l", "create ok new", "delete ok l", "create ok sub/new"}},
		"lchown":   {do: func(d string) error { return unix.Lchown(path(d, "link"), 1, 1) }, want: []string{"chown ok link", "CAP_CHOWN ok"}},
		"chown":    {do: func(d string) error { return unix.Chown(path(d, "link"), 1, 1) }, want: []string{"chown ok sub", "CAP_CHOWN ok"}},
		"truncate": {do: func(d string) error { return unix.Truncate(path(d, "file"), 3) }, want: []string{"truncate ok file"}},
		"utimes":   {do: func(d string) error { return os.Chtimes(path(d, "file"), time.Unix(1, 0), time.Unix(1, 0)) }, want: []string{"attr ok file"}},
		"xattr":    {do: func(d string) error { return unix.Setxattr(path(d, "file"), "trusted.x", []byte("y"), 0) }, want: []string{"attr ok file", "CAP_SYS_ADMIN ok"}},
		"lock": {do: func(d string) error {
			f, err := os.Open(path(d, "file"))
			return errorsOf(err, unix.Flock(int(f.Fd()), unix.LOCK_SH))
		},
			want: []string{"read ok file", "lock ok file"}},
		"stat":  {do: func(d string) error { _, err := os.Stat(path(d, "link")); return err }, want: []string{"stat ok sub"}},
		"lstat": {do: func(d string) error { _, err := os.Lstat(path(d, "link")); return err }, want: []string{"stat ok link"}},
		"tmpfile": {do: func(d string) error {
			fd, err := unix.Open(d, unix.O_TMPFILE|unix.O_WRONLY, 0o600)
			return errorsOf(err, unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", fd), unix.AT_FDCWD, path(d, "named"), unix.AT_SYMLINK_FOLLOW))
		}, want: []string{"write,create ok #", "link-from ok #", "link-to ok named"}},
		"bind": {do: func(d string) error {
			fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
			return errorsOf(err, unix.Bind(fd, &unix.SockaddrUnix{Name: path(d, "socket")}))
		}, want: []string{"create,bind ok socket"}, facts: []string{"socket create AF_UNIX SOCK_STREAM ok", "socket bind AF_UNIX SOCK_STREAM socket ok"}},
		"chroot": {do: func(d string) error { return errorsOf(unix.Chroot(d), os.Chdir("/"), os.Remove("/abs/gone")) },
			want: []string{"stat ok ", "stat ok ", "delete ok sub/gone", "CAP_SYS_CHROOT ok"}},
		"hostile": {do: func(d string) error { return os.WriteFile(path(d, "a \n\"'%*{]|`\xff\\"), nil, 0o600) },
			want: []string{"write,create,truncate ok a \n\"'%*{]|`\xff\\"}},
		"mapped": {do: func(d string) error {
			f, err := os.Open(path(d, "file"))
			if err != nil {
				return err
			}
			_, err = unix.Mmap(int(f.Fd()), 0, 1, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_PRIVATE)
			return err
		}, want: []string{"read ok file", "exec-map ok file"}},
	}
	for name, a := range all {
		a.together = !slices.Contains([]string{idling, "chdir", "cwd", "chroot"}, name) // where names begin is the program's
		all[name] = a
	}
	maps.Copy(all, interfaceActions())
	for _, more := range []map[string]action{needActions(), spelledActions(), placeActions(), executeActions(), familyActions(), edgeActions()} {
		maps.Copy(all, more)
	}
	return all
}

func errorsOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
