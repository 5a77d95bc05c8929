package record

import (
	"fmt"
	"strings"
	"syscall"

	"github.com/osapi-io/osapi-profile/trace"
)

// queue is a POSIX message queue: a file of a file system that need not be
// mounted anywhere, in the IPC namespace.
func (o *observer) queue(f trace.File, name string) error {
	f.Path, f.FS, f.Anon = trace.Path("/"+name), "mqueue", true
	return o.see(f)
}

// mounted is what mount(2) was given as the source: a file or directory, or
// whatever name the file system takes.
func (o *observer) mounted(v view, source string) trace.Path {
	if !strings.HasPrefix(source, "/") {
		return trace.Path(source)
	}
	return trace.Path(o.names.resolve(v, "/", source, true).path)
}

// place puts the path into a fact, with owner and mode when it is still there.
func (o *observer) place(f *trace.File, at resolved) {
	f.Path, f.Anon = trace.Path(at.path), at.anon
	// A process that has ended takes its part of /proc along, where few symlinks
	// could have led elsewhere.
	if at.missing && f.Outcome == trace.OK && (!strings.HasPrefix(at.path, "/proc/") || throughMagic(at.path)) {
		o.holes.addNamed(trace.HoleUnresolved,
			"a directory was gone before a path through it could be resolved, which stands as it was written", at.path)
	}
	if at.info == nil {
		return
	}
	mode := at.info.Mode
	f.Type, f.UID, f.GID, f.Mode = typeOf(mode), at.info.Uid, at.info.Gid, mode&0o7777
	if t := mode & syscall.S_IFMT; t == syscall.S_IFCHR || t == syscall.S_IFBLK {
		f.Device = fmt.Sprintf("%d:%d", at.info.Rdev>>8&0xfff, at.info.Rdev&0xff|at.info.Rdev>>12&^0xff)
	}
	f.FS = o.filesystem[kernelDevice(at.info.Dev)]
}

// throughMagic says whether a path leads through a magic link of /proc.
func throughMagic(path string) bool {
	for end := range len(path) + 1 {
		if (end == len(path) || path[end] == '/') && magic(path[:end]) {
			return true
		}
	}
	return false
}

// kernelDevice turns st_dev into the kernel's own packing of the same number.
func kernelDevice(dev uint64) uint64 {
	major, minor := dev>>8&0xfff, dev&0xff|dev>>12&^0xff
	return major<<20 | minor
}
