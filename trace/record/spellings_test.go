package record

import (
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// spelledCall is a call by its number: no library chooses another in its directory.
type spelledCall struct {
	call   string // name, and what tells it from others by that name
	number uintptr
	args   []any // as call takes them; see in and held
	want   []string
	errno  syscall.Errno
}

// in is a name in the action's directory.
type in string

// held is a descriptor of what is in the directory.
type held struct {
	name  string
	flags int
}

// spelledActions are all ways that the kernel has to do a thing to a file.
func spelledActions() map[string]action {
	all := map[string]action{}
	for _, some := range [][]spelledCall{openSpellings(), nameSpellings(), changeSpellings(), lookSpellings(), legacySpellings()} {
		for _, s := range some {
			name, rest, _ := strings.Cut(s.call, " ")
			all[strings.TrimSpace(name+"(2) "+rest)] = action{
				do: s.do, want: s.want, calls: []string{name + " " + outcomeName(uint32(s.errno))}, together: true,
			}
		}
	}
	return all
}

func (s spelledCall) do(dir string) error {
	args := make([]any, len(s.args))
	for i, a := range s.args {
		switch v := a.(type) {
		case in:
			args[i] = strings.TrimSuffix(dir+"/"+string(v), "/.")
		case held:
			fd, err := unix.Open(dir+"/"+v.name, v.flags, 0)
			if err != nil {
				return err
			}
			args[i] = fd
		default:
			args[i] = a
		}
	}
	if s.errno != 0 {
		return fails(call(s.number, args...), s.errno)
	}
	return call(s.number, args...)
}

const cwd = unix.AT_FDCWD

var (
	directory = held{".", unix.O_PATH}
	reading   = held{"file", unix.O_RDONLY}
	writing   = held{"file", unix.O_RDWR}
)

func how(flags, resolve uint64) unsafe.Pointer {
	return unsafe.Pointer(&unix.OpenHow{Flags: flags, Resolve: resolve})
}

func openSpellings() []spelledCall {
	openat, openat2 := uintptr(unix.SYS_OPENAT), uintptr(unix.SYS_OPENAT2)
	return []spelledCall{
		{"openat", openat, []any{cwd, in("file"), unix.O_RDONLY}, []string{"read ok file"}, 0},
		{"openat to write", openat, []any{cwd, in("file"), unix.O_WRONLY}, []string{"write ok file"}, 0},
		{"openat to create", openat, []any{cwd, in("new"), unix.O_CREAT | unix.O_EXCL | unix.O_RDWR, 0o600}, []string{"read,write,create ok new"}, 0},
		{"openat of what exists", openat, []any{cwd, in("file"), unix.O_CREAT | unix.O_EXCL | unix.O_RDWR, 0o600}, []string{"read,write,create EEXIST file"}, unix.EEXIST},
		{"openat to truncate", openat, []any{cwd, in("file"), unix.O_WRONLY | unix.O_TRUNC}, []string{"write,truncate ok file"}, 0},
		{"openat of a mere path", openat, []any{cwd, in("file"), unix.O_PATH}, []string{"stat ok file"}, 0},
		{"openat of a symlink", openat, []any{cwd, in("link"), unix.O_PATH | unix.O_NOFOLLOW}, []string{"stat ok link"}, 0},
		{"openat not through a symlink", openat, []any{cwd, in("link"), unix.O_NOFOLLOW}, []string{"read ELOOP link"}, unix.ELOOP},
		{"openat by descriptor", openat, []any{directory, "sub/gone", 0}, []string{"read ok sub/gone", "stat ok "}, 0},
		{"openat of no directory", openat, []any{cwd, in("file"), unix.O_DIRECTORY}, []string{"read ENOTDIR file"}, unix.ENOTDIR},
		{"openat without a name", openat, []any{cwd, in("."), unix.O_TMPFILE | unix.O_RDWR, 0o600}, []string{"read,write,create ok #"}, 0},
		{"openat2", openat2, []any{cwd, in("file"), how(0, 0), unix.SizeofOpenHow}, []string{"read ok file"}, 0},
		{"openat2 by descriptor", openat2, []any{directory, "link/gone", how(unix.O_RDWR, unix.RESOLVE_BENEATH), unix.SizeofOpenHow}, []string{"read,write ok sub/gone", "stat ok "}, 0},
		{"openat2 in a root", openat2, []any{directory, "/abs/gone", how(0, unix.RESOLVE_IN_ROOT), unix.SizeofOpenHow}, []string{"read ok sub/gone", "stat ok "}, 0},
		{"openat2 beneath", openat2, []any{directory, "/abs", how(0, unix.RESOLVE_BENEATH), unix.SizeofOpenHow}, []string{"stat ok ", "read EXDEV ^/abs"}, unix.EXDEV},
	}
}

func nameSpellings() []spelledCall {
	device := int(unix.Mkdev(1, 3))
	return []spelledCall{
		{"renameat", unix.SYS_RENAMEAT, []any{cwd, in("file"), directory, "moved"}, []string{"rename-from ok file", "rename-to ok moved", "stat ok "}, 0},
		{"renameat2", unix.SYS_RENAMEAT2, []any{cwd, in("file"), cwd, in("moved"), 0}, []string{"rename-from ok file", "rename-to ok moved"}, 0},
		{"renameat2 exchange", unix.SYS_RENAMEAT2, []any{cwd, in("file"), cwd, in("sub"), unix.RENAME_EXCHANGE}, []string{"rename-from,rename-to ok file", "rename-from,rename-to ok sub"}, 0},
		{"renameat2 noreplace", unix.SYS_RENAMEAT2, []any{cwd, in("file"), cwd, in("sub/gone"), unix.RENAME_NOREPLACE}, []string{"rename-from EEXIST file", "rename-to EEXIST sub/gone"}, unix.EEXIST},
		{"renameat2 whiteout", unix.SYS_RENAMEAT2, []any{cwd, in("file"), cwd, in("moved"), unix.RENAME_WHITEOUT}, []string{"rename-from ok file", "rename-to ok moved"}, 0},
		{"linkat", unix.SYS_LINKAT, []any{cwd, in("file"), cwd, in("hard"), 0}, []string{"link-from ok file", "link-to ok hard"}, 0},
		{"linkat of a symlink", unix.SYS_LINKAT, []any{cwd, in("link"), cwd, in("hard"), 0}, []string{"link-from ok link", "link-to ok hard"}, 0},
		{"linkat of a descriptor", unix.SYS_LINKAT, []any{reading, "", cwd, in("hard"), unix.AT_EMPTY_PATH},
			append(until(6, 10, "CAP_DAC_READ_SEARCH ok"), "read ok file", "link-from ok file", "link-to ok hard"), 0},
		{"symlinkat", unix.SYS_SYMLINKAT, []any{"anything", cwd, in("pointer")}, []string{"create ok pointer"}, 0},
		{"unlinkat", unix.SYS_UNLINKAT, []any{cwd, in("link"), 0}, []string{"delete ok link"}, 0},
		{"unlinkat of nothing", unix.SYS_UNLINKAT, []any{cwd, in("none"), 0}, []string{"delete ENOENT none"}, unix.ENOENT},
		{"unlinkat of a directory", unix.SYS_UNLINKAT, []any{cwd, in("empty"), unix.AT_REMOVEDIR}, []string{"delete ok empty"}, 0},
		{"mkdirat", unix.SYS_MKDIRAT, []any{directory, "link/made", 0o700}, []string{"create ok sub/made", "stat ok "}, 0},
		{"mkdirat of what exists", unix.SYS_MKDIRAT, []any{cwd, in("sub"), 0o700}, []string{"create EEXIST sub"}, unix.EEXIST},
		{"mknodat fifo", unix.SYS_MKNODAT, []any{cwd, in("fifo"), unix.S_IFIFO | 0o600, 0}, []string{"create ok fifo"}, 0},
		{"mknodat file", unix.SYS_MKNODAT, []any{cwd, in("new"), unix.S_IFREG | 0o600, 0}, []string{"create ok new"}, 0},
		{"mknodat socket", unix.SYS_MKNODAT, []any{cwd, in("socket"), unix.S_IFSOCK | 0o600, 0}, []string{"create ok socket"}, 0},
		{"mknodat device", unix.SYS_MKNODAT, []any{cwd, in("null"), unix.S_IFCHR | 0o600, device}, []string{"create ok null", "CAP_MKNOD ok"}, 0},
	}
}

func changeSpellings() []spelledCall {
	name, value := "user.x", "y"
	times := unsafe.Pointer(&[4]int64{1, 0, 1, 0})
	return []spelledCall{
		{"truncate", unix.SYS_TRUNCATE, []any{in("file"), 3}, []string{"truncate ok file"}, 0},
		{"ftruncate", unix.SYS_FTRUNCATE, []any{writing, 3}, []string{"read,write ok file", "truncate ok file"}, 0},
		{"fchmod", unix.SYS_FCHMOD, []any{reading, 0o640}, []string{"read ok file", "chmod ok file"}, 0},
		{"fchmodat", unix.SYS_FCHMODAT, []any{cwd, in("file"), 0o640}, []string{"chmod ok file"}, 0},
		{"fchmodat2", unix.SYS_FCHMODAT2, []any{cwd, in("file"), 0o640, 0}, []string{"chmod ok file"}, 0},
		{"fchmodat2 of a descriptor", unix.SYS_FCHMODAT2, []any{reading, "", 0o640, unix.AT_EMPTY_PATH}, []string{"read ok file", "chmod ok file"}, 0},
		{"fchown", unix.SYS_FCHOWN, []any{reading, 1, 1}, []string{"read ok file", "chown ok file", "CAP_CHOWN ok"}, 0},
		{"fchownat", unix.SYS_FCHOWNAT, []any{cwd, in("link"), 1, 1, 0}, []string{"chown ok sub", "CAP_CHOWN ok"}, 0},
		{"fchownat of a symlink", unix.SYS_FCHOWNAT, []any{cwd, in("link"), 1, 1, unix.AT_SYMLINK_NOFOLLOW}, []string{"chown ok link", "CAP_CHOWN ok"}, 0},
		{"fchownat of a descriptor", unix.SYS_FCHOWNAT, []any{reading, "", 1, 1, unix.AT_EMPTY_PATH}, []string{"read ok file", "chown ok file", "CAP_CHOWN ok"}, 0},
		{"fchownat to the same", unix.SYS_FCHOWNAT, []any{cwd, in("file"), -1, -1, 0}, []string{"chown ok file"}, 0},
		{"setxattr", unix.SYS_SETXATTR, []any{in("file"), name, value, 1, 0}, []string{"attr ok file"}, 0},
		{"lsetxattr", unix.SYS_LSETXATTR, []any{in("file"), name, value, 1, 0}, []string{"attr ok file"}, 0},
		{"fsetxattr", unix.SYS_FSETXATTR, []any{reading, name, value, 1, 0}, []string{"read ok file", "attr ok file"}, 0},
		{"removexattr", unix.SYS_REMOVEXATTR, []any{in("file"), name}, []string{"attr ENODATA file"}, unix.ENODATA},
		{"lremovexattr", unix.SYS_LREMOVEXATTR, []any{in("file"), name}, []string{"attr ENODATA file"}, unix.ENODATA},
		{"fremovexattr", unix.SYS_FREMOVEXATTR, []any{reading, name}, []string{"read ok file", "attr ENODATA file"}, unix.ENODATA},
		{"utimensat", unix.SYS_UTIMENSAT, []any{cwd, in("link"), times, 0}, []string{"attr ok sub"}, 0},
		{"utimensat of a symlink", unix.SYS_UTIMENSAT, []any{cwd, in("link"), times, unix.AT_SYMLINK_NOFOLLOW}, []string{"attr ok link"}, 0},
		{"utimensat of a descriptor", unix.SYS_UTIMENSAT, []any{reading, 0, times, 0}, []string{"read ok file", "attr ok file"}, 0},
		{"flock", unix.SYS_FLOCK, []any{reading, unix.LOCK_EX}, []string{"read ok file", "lock ok file"}, 0},
		{"fcntl", unix.SYS_FCNTL, []any{writing, unix.F_SETLK, unsafe.Pointer(&unix.Flock_t{Type: unix.F_WRLCK})}, []string{"read,write ok file", "lock ok file"}, 0},
	}
}

func lookSpellings() []spelledCall {
	name, room := "user.x", unsafe.Pointer(&[4096]byte{})
	return []spelledCall{
		{"newfstatat", sysNewfstatat, []any{cwd, in("link"), room, 0}, []string{"stat ok sub"}, 0},
		{"newfstatat of a symlink", sysNewfstatat, []any{cwd, in("link"), room, unix.AT_SYMLINK_NOFOLLOW}, []string{"stat ok link"}, 0},
		{"newfstatat of a descriptor", sysNewfstatat, []any{reading, "", room, unix.AT_EMPTY_PATH}, []string{"read ok file"}, 0},
		{"statx", unix.SYS_STATX, []any{directory, "file", 0, unix.STATX_BASIC_STATS, room}, []string{"stat ok file", "stat ok "}, 0},
		{"faccessat", unix.SYS_FACCESSAT, []any{cwd, in("file"), unix.R_OK}, []string{"stat ok file"}, 0},
		{"faccessat2", unix.SYS_FACCESSAT2, []any{cwd, in("none"), unix.R_OK, 0}, []string{"stat ENOENT none"}, unix.ENOENT},
		{"readlinkat", unix.SYS_READLINKAT, []any{cwd, in("link"), room, 4096}, []string{"stat ok link"}, 0},
		{"statfs", unix.SYS_STATFS, []any{in("file"), room}, []string{"stat ok file"}, 0},
		{"chdir", unix.SYS_CHDIR, []any{in("link")}, []string{"stat ok sub"}, 0},
		{"fchdir", unix.SYS_FCHDIR, []any{held{"sub", unix.O_RDONLY}}, []string{"read ok sub", "stat ok sub"}, 0},
		{"getxattr", unix.SYS_GETXATTR, []any{in("file"), name, room, 4096}, []string{"stat ENODATA file"}, unix.ENODATA},
		{"lgetxattr", unix.SYS_LGETXATTR, []any{in("link"), name, room, 4096}, []string{"stat ENODATA link"}, unix.ENODATA},
		{"listxattr", unix.SYS_LISTXATTR, []any{in("file"), room, 4096}, []string{"stat ok file"}, 0},
		{"llistxattr", unix.SYS_LLISTXATTR, []any{in("link"), room, 4096}, []string{"stat ok link"}, 0},
	}
}
