package oracle

import (
	"fmt"
	"strings"

	"github.com/osapi-io/osapi-profile/test/recall/strace"
)

// accessModes are the flags of open(2) of which there is exactly one.
var accessModes = map[string][]string{"O_RDONLY": {"read"}, "O_WRONLY": {"write"}, "O_RDWR": {"read", "write"}}

// open takes the flags from an argument, for openat2(2) from a structure.
func open(flags int) effect {
	return func(p *process, c strace.Call) error {
		a := c.Args[flags]
		if c.Name == "openat2" {
			a = a.Field("flags")
		}
		return p.open(c.Result.File, a.Flags())
	}
}

func creat(p *process, c strace.Call) error {
	return p.open(c.Result.File, set("O_CREAT", "O_WRONLY", "O_TRUNC"))
}

// open puts down an open by the name that the kernel found for it. A file made
// with O_TMPFILE is called after its inode, in the directory that was named.
func (p *process) open(f *strace.File, flags map[string]bool) error {
	if f == nil {
		return fmt.Errorf("no path for the descriptor it returned")
	}
	if !strings.HasPrefix(f.Path, "/") || f.Deleted && !flags["O_TMPFILE"] {
		return nil // it has no name
	}
	if flags["O_PATH"] {
		p.add("path", f.Path)
		return nil
	}
	kinds := []string(nil)
	for mode, ks := range accessModes {
		if flags[mode] {
			kinds = ks
		}
	}
	if kinds == nil {
		return fmt.Errorf("no access mode that is known")
	}
	for _, k := range kinds {
		p.add(k, f.Path)
	}
	if flags["O_APPEND"] {
		p.add("append", f.Path)
	}
	if flags["O_TRUNC"] {
		p.add("truncate", f.Path)
	}
	if flags["O_TMPFILE"] || flags["O_CREAT"] && p.created(f.Path) {
		p.add("create", f.Path)
	}
	return nil
}

// created makes a name unless it is there, and says whether it did.
func (p *process) created(path string) bool {
	if strings.HasPrefix(path, "/proc/") {
		return false
	}
	slash := strings.LastIndexByte(path, '/')
	dir := p.o.host(path[:slash])
	if dir.child(path[slash+1:]) != nil {
		return false
	}
	dir.set(path[slash+1:], &node{})
	return true
}
