package record

import (
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"
	"syscall"
)

// view is how a task saw the file system: its mount namespace, and the root
// its absolute names started at.
type view struct {
	prefix string // goes before every name the recorder looks at: "" or "/proc/PID/root"
	root   string // the task's root as its mount namespace names it: "/" or a chroot
	pid    uint32 // what /proc/self means to it
	mntns  uint32 // number of its mount namespace
	time   uint64 // of the look, CLOCK_MONOTONIC in ns
}

// resolver follows symlinks in user space for the names that tracepoints give
// as the program wrote them. The kernel may have seen another tree a moment
// before; what it finds gone it remembers from earlier.
type resolver struct {
	parents map[string]walked // by the directory as it was written
	memory  *memory
}

// walked is where a directory led.
type walked struct {
	to      string
	time    uint64 // when it was looked at
	changes uint64 // of the memory by then
	own     bool   // to this process alone, or to none
}

func newResolver() *resolver {
	return &resolver{parents: map[string]walked{}, memory: newMemory()}
}

// resolved is a name without symlinks, dots and chroots.
type resolved struct {
	path    string
	info    *syscall.Stat_t // of the file itself, nil when it is gone or never was
	missing bool            // a directory on the way was gone: the rest of the path is taken as it was written
	anon    bool            // no path at all: what /proc/PID/fd says of a pipe or socket
}

const maxLinks = 40 // MAXSYMLINKS of the kernel

// resolve takes a name from a base directory to a path. The last component is
// followed only when asked, or when a slash stands behind it.
func (r *resolver) resolve(v view, base, name string, follow bool) resolved {
	if strings.HasPrefix(name, "/") {
		base = v.root
	}
	parts := split(name)
	w := walk{view: v, memory: r.memory, at: base, follow: true, directory: true}
	if last := len(parts) - 1; last > 0 {
		r.directory(&w, parts[:last])
		parts = parts[last:]
	}
	if !w.anon {
		w.rest, w.directory, w.follow = parts, false, follow || strings.HasSuffix(name, "/")
		w.run()
	}
	if !w.anon && !w.looked {
		w.info, _ = lstat(v.prefix + w.at)
	}
	return resolved{path: join(w.at, w.rest...), info: w.info, missing: w.missing, anon: w.anon}
}

// directory takes the components of a name but the last. Names that wait, as when
// a worker uses many of them, are not each walked anew: what was found after this one
// was used is nearer to what the kernel saw than what is there now.
func (r *resolver) directory(w *walk, parts []string) {
	key := w.prefix + "\x00" + w.root + "\x00" + w.at + "\x00" + strings.Join(parts, "/")
	known, ok := r.parents[key]
	if ok && !known.own && w.time <= known.time && known.changes == r.memory.changes {
		w.at = known.to
		return
	}
	now := monotonic()
	w.rest = parts
	w.run()
	if w.missing {
		if ok { // the way is gone
			w.at, w.missing = known.to, false
		}
		return
	}
	if len(r.parents) > enough {
		clear(r.parents)
	}
	r.parents[key] = walked{to: w.at, time: now, changes: r.memory.changes, own: w.own || w.anon}
}

// leads says whether a file that has lost its name is reached by one all the same: that
// of a mount, as of what a container's manager binds over another file and removes then.
func (v view) leads(path string, device, inode uint64) bool {
	info, err := lstat(v.prefix + path)
	return err == nil && info.Nlink == 0 && info.Ino == inode && kernelDevice(info.Dev) == device
}

// lstat is lstat(2), nil where there is nothing.
func lstat(name string) (*syscall.Stat_t, error) {
	for {
		var st syscall.Stat_t
		if err := syscall.Lstat(name, &st); err == nil {
			return &st, nil
		} else if err != syscall.EINTR {
			return nil, err
		}
	}
}

// split drops empty components, "." among them; ".." stays.
func split(name string) []string {
	parts := strings.Split(name, "/")
	kept := parts[:0]
	for _, p := range parts {
		if p != "" && p != "." {
			kept = append(kept, p)
		}
	}
	return kept
}

// walk is a name on its way to a path.
type walk struct {
	view
	memory    *memory
	at        string // resolved so far
	rest      []string
	follow    bool // the last component
	directory bool // all components must be there
	links     int
	missing   bool
	anon      bool
	own       bool            // it led through what /proc has of one process
	looked    bool            // at what it has come to; info is nil if nothing was there
	info      *syscall.Stat_t // of that
}

// run takes all components. The directory that a name lies in is run first,
// then its last component, so that only the latter may be left unfollowed.
func (w *walk) run() {
	for len(w.rest) > 0 && w.step() {
	}
}

// step takes one component. It says false when the walk cannot go on.
func (w *walk) step() bool {
	name, last := w.rest[0], len(w.rest) == 1
	w.rest = w.rest[1:]
	w.info, w.looked = nil, false
	if name == ".." {
		if w.at != w.root {
			w.at = path.Dir(w.at)
		}
		return true
	}
	if w.at == "/proc" && (name == "self" || name == "thread-self") {
		w.own = true
		w.at = "/proc/" + strconv.FormatUint(uint64(w.pid), 10)
		if name == "thread-self" {
			w.at += "/task/" + strconv.FormatUint(uint64(w.pid), 10)
		}
		return true
	}
	next := join(w.at, name)
	known := spot{w.mntns, next}
	if target, ok := w.memory.links[known]; ok && (!last || w.follow) && w.links < maxLinks {
		w.links++
		return w.point(target)
	}
	info, err := lstat(w.prefix + next)
	if err != nil {
		w.at, w.looked = next, true
		w.missing = w.missing || (w.directory || !last || w.follow && w.unreachable()) && !w.memory.dirs[known]
		return true
	}
	if info.Mode&syscall.S_IFMT != syscall.S_IFLNK || last && !w.follow {
		w.at, w.info, w.looked = next, info, true
		return true
	}
	return w.link(next)
}

// unreachable says that no name can be looked at: the only process that was known
// in its mount namespace has ended. Even of a file whose directory is known it cannot
// be told then whether it was a symlink.
func (w *walk) unreachable() bool {
	var st syscall.Stat_t
	return w.prefix != "" && syscall.Stat(w.prefix+"/", &st) != nil
}

// link goes on where a symlink points.
func (w *walk) link(name string) bool {
	target, err := os.Readlink(w.prefix + name)
	if w.links++; err != nil || w.links > maxLinks {
		w.at, w.missing = name, true
		return true
	}
	if !magic(name) {
		return w.point(target)
	}
	w.own = true
	if !strings.HasPrefix(target, "/") || w.deleted(name, target) {
		w.at, w.anon = target, true
		return false
	}
	// What the kernel prints is no name to be looked up, but the path itself.
	w.at, w.rest = "/", append(split(target), w.rest...)
	return true
}

// deleted says whether a magic link leads to a file whose name is gone, which
// the kernel says behind the name.
func (w *walk) deleted(name, target string) bool {
	var st syscall.Stat_t
	return strings.HasSuffix(target, " (deleted)") && syscall.Stat(w.prefix+name, &st) == nil && st.Nlink == 0
}

// point goes on with the target of a symlink.
func (w *walk) point(target string) bool {
	if strings.HasPrefix(target, "/") {
		w.at = w.root
	}
	w.rest = append(split(target), w.rest...)
	return true
}

// magic tells the links of /proc/PID that the kernel follows without a name.
func magic(name string) bool {
	parts := strings.Split(name, "/")
	if len(parts) < 4 || parts[1] != "proc" {
		return false
	}
	switch parts[len(parts)-1] {
	case "exe", "cwd", "root":
		return true
	}
	dir := parts[len(parts)-2]
	return dir == "fd" || dir == "map_files" || dir == "ns"
}

func join(dir string, names ...string) string {
	for _, n := range names {
		if dir != "/" {
			dir += "/"
		}
		dir += n
	}
	return dir
}

// climb turns the names of a walk, from the file up to the root, into a path.
func climb(walk string) string {
	if walk == "" {
		return "/"
	}
	names := strings.Split(strings.TrimSuffix(walk, "\x00"), "\x00")
	var b strings.Builder
	for i := len(names) - 1; i >= 0; i-- {
		b.WriteByte('/')
		b.WriteString(strings.TrimPrefix(names[i], "/"))
	}
	return b.String()
}

// typeOf spells the type of a mode as trace.File does.
func typeOf(mode uint32) string {
	switch mode & syscall.S_IFMT {
	case syscall.S_IFREG:
		return "file"
	case syscall.S_IFDIR:
		return "dir"
	case syscall.S_IFCHR:
		return "char"
	case syscall.S_IFBLK:
		return "block"
	case syscall.S_IFIFO:
		return "fifo"
	case syscall.S_IFSOCK:
		return "socket"
	case syscall.S_IFLNK:
		return "symlink"
	}
	return ""
}

// device spells the number of a device file: MAJOR:MINOR as the kernel packs
// them inside (MKDEV: 20 bits of minor).
func device(mode, rdev uint32) string {
	if t := mode & syscall.S_IFMT; t != syscall.S_IFCHR && t != syscall.S_IFBLK {
		return ""
	}
	return fmt.Sprintf("%d:%d", rdev>>20, rdev&0xfffff)
}
