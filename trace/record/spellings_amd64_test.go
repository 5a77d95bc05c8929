package record

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

const sysNewfstatat = unix.SYS_NEWFSTATAT

// legacySpellings are the calls that newer architectures do without.
func legacySpellings() []spelledCall {
	room := unsafe.Pointer(&[4096]byte{})
	return []spelledCall{
		{"open", unix.SYS_OPEN, []any{in("file"), unix.O_RDONLY}, []string{"read ok file"}, 0},
		{"open to create", unix.SYS_OPEN, []any{in("new"), unix.O_CREAT | unix.O_WRONLY | unix.O_APPEND, 0o600}, []string{"write,append,create ok new"}, 0},
		{"creat", unix.SYS_CREAT, []any{in("new"), 0o600}, []string{"write,create,truncate ok new"}, 0},
		{"creat of what exists", unix.SYS_CREAT, []any{in("file"), 0o600}, []string{"write,truncate ok file"}, 0},
		{"rename", unix.SYS_RENAME, []any{in("file"), in("link/moved")}, []string{"rename-from ok file", "rename-to ok sub/moved"}, 0},
		{"rename over another", unix.SYS_RENAME, []any{in("file"), in("sub/gone")}, []string{"rename-from ok file", "rename-to ok sub/gone"}, 0},
		{"link", unix.SYS_LINK, []any{in("file"), in("hard")}, []string{"link-from ok file", "link-to ok hard"}, 0},
		{"symlink", unix.SYS_SYMLINK, []any{"anything", in("pointer")}, []string{"create ok pointer"}, 0},
		{"unlink", unix.SYS_UNLINK, []any{in("link/gone")}, []string{"delete ok sub/gone"}, 0},
		{"rmdir", unix.SYS_RMDIR, []any{in("empty")}, []string{"delete ok empty"}, 0},
		{"rmdir of a full one", unix.SYS_RMDIR, []any{in("sub")}, []string{"delete ENOTEMPTY sub"}, unix.ENOTEMPTY},
		{"mkdir", unix.SYS_MKDIR, []any{in("made"), 0o700}, []string{"create ok made"}, 0},
		{"mknod", unix.SYS_MKNOD, []any{in("fifo"), unix.S_IFIFO | 0o600, 0}, []string{"create ok fifo"}, 0},
		{"chmod", unix.SYS_CHMOD, []any{in("link"), 0o700}, []string{"chmod ok sub"}, 0},
		{"chown", unix.SYS_CHOWN, []any{in("link"), 1, 1}, []string{"chown ok sub", "CAP_CHOWN ok"}, 0},
		{"lchown", unix.SYS_LCHOWN, []any{in("link"), 1, 1}, []string{"chown ok link", "CAP_CHOWN ok"}, 0},
		{"utime", unix.SYS_UTIME, []any{in("file"), 0}, []string{"attr ok file"}, 0},
		{"utimes", unix.SYS_UTIMES, []any{in("file"), 0}, []string{"attr ok file"}, 0},
		{"futimesat", unix.SYS_FUTIMESAT, []any{cwd, in("file"), 0}, []string{"attr ok file"}, 0},
		{"stat", unix.SYS_STAT, []any{in("link"), room}, []string{"stat ok sub"}, 0},
		{"lstat", unix.SYS_LSTAT, []any{in("link"), room}, []string{"stat ok link"}, 0},
		{"access", unix.SYS_ACCESS, []any{in("file"), unix.W_OK}, []string{"stat ok file"}, 0},
		{"readlink", unix.SYS_READLINK, []any{in("link"), room, 4096}, []string{"stat ok link"}, 0},
	}
}
