package oracle

import (
	"fmt"

	"github.com/osapi-io/osapi-profile/test/recall/strace"
)

// target says where among its arguments a call names a file.
type target struct {
	dirfd  int    // index of the directory's descriptor, none if negative
	path   int    // index of the path, none if negative: dirfd is the file itself
	flags  int    // index of AT_* flags, none if negative
	follow bool   // follows a symlink at the end unless the flags say otherwise
	flip   string // the flag that says otherwise
}

const none = -1

// Shapes of calls: a plain path, a path at a directory, a descriptor.
func plain(path int, follow bool) target {
	return target{dirfd: none, path: path, flags: none, follow: follow}
}
func at(dirfd int, follow bool) target {
	return target{dirfd: dirfd, path: dirfd + 1, flags: none, follow: follow}
}
func atFlags(dirfd, flags int, follow bool) target {
	flip := "AT_SYMLINK_NOFOLLOW"
	if !follow {
		flip = "AT_SYMLINK_FOLLOW"
	}
	return target{dirfd: dirfd, path: dirfd + 1, flags: flags, follow: follow, flip: flip}
}
func descriptor(fd int) target { return target{dirfd: fd, path: none, flags: none} }

// find resolves the file that a call names.
func (p *process) find(c strace.Call, t target) (place, error) {
	for _, i := range []int{t.dirfd, t.path, t.flags} {
		if i >= len(c.Args) {
			return place{}, fmt.Errorf("has %d arguments only", len(c.Args))
		}
	}
	var flags map[string]bool
	if t.flags >= 0 {
		flags = c.Args[t.flags].Flags()
	}
	if t.path < 0 || c.Args[t.path].Null() {
		return p.opened(c.Args[t.dirfd])
	}
	path, err := c.Args[t.path].Text()
	if err != nil {
		return place{}, err
	}
	if path == "" && flags["AT_EMPTY_PATH"] {
		return p.opened(c.Args[t.dirfd])
	}
	from := p.fs.cwd
	if t.dirfd >= 0 {
		if from, err = p.directory(c.Args[t.dirfd]); err != nil {
			return place{}, err
		}
	}
	return p.walk(from, path, t.follow != flags[t.flip])
}

// opened is the file behind a descriptor.
func (p *process) opened(a strace.Arg) (place, error) {
	fd, file, err := a.FD()
	switch {
	case err != nil:
		return place{}, err
	case fd == strace.AtFDCWD:
		return place{node: p.fs.cwd}, nil
	case file == nil:
		return place{}, fmt.Errorf("no file behind descriptor %d", fd)
	case file.Deleted || file.Path[0] != '/':
		return place{}, errAnonymous
	}
	return place{node: p.o.host(file.Path)}, nil
}

// directory is where a relative path begins. The log tells the working
// directory too, which has to agree with what chdir(2) and chroot(2) left.
func (p *process) directory(a strace.Arg) (*node, error) {
	fd, file, err := a.FD()
	if err != nil {
		return nil, err
	}
	if fd != strace.AtFDCWD {
		at, err := p.opened(a)
		return at.node, err
	}
	if file != nil && !file.Deleted && file.Path != p.fs.cwd.path() {
		return nil, fmt.Errorf("works in %q, and not in %q as followed", file.Path, p.fs.cwd.path())
	}
	return p.fs.cwd, nil
}
