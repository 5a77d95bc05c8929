package oracle

import (
	"fmt"
	"maps"

	"github.com/osapi-io/osapi-profile/test/recall/strace"
)

func chdir(t target) effect {
	return func(p *process, c strace.Call) error {
		at, err := p.find(c, t)
		if err != nil {
			return err
		}
		if at.node == nil {
			return fmt.Errorf("enters %q, which is not there", at.path())
		}
		p.fs.cwd = at.node
		return nil
	}
}

func chroot(p *process, c strace.Call) error {
	at, err := p.find(c, plain(0, true))
	if err != nil {
		return err
	}
	if at.node == nil {
		return fmt.Errorf("enters %q, which is not there", at.path())
	}
	p.fs.root = at.node
	return nil
}

// mount covers a directory by another one or by an empty one. Who does not
// share the mount namespace would still see what was there; workloads that
// mount do it in one namespace and do everything else there too.
func mount(p *process, c strace.Call) error {
	flags := c.Args[3].Flags()
	if flags["MS_PRIVATE"] || flags["MS_SLAVE"] || flags["MS_REMOUNT"] {
		return nil
	}
	at, err := p.find(c, plain(1, true))
	if err != nil {
		return err
	}
	if at.node == nil {
		return fmt.Errorf("covers %q, which is not there", at.path())
	}
	over := &node{dir: true}
	if flags["MS_BIND"] {
		from, err := p.find(c, plain(0, true))
		if err != nil {
			return err
		}
		over.base, over.dir = from.node.base, from.node.dir
	}
	at.dir.set(at.name, over)
	return nil
}

// unshare ends what a thread shares with others.
func unshare(p *process, c strace.Call) error {
	flags := c.Args[0].Flags()
	if flags["CLONE_FS"] || flags["CLONE_NEWNS"] {
		p.fs = &directories{root: p.fs.root, cwd: p.fs.cwd}
	}
	if flags["CLONE_FILES"] {
		p.fds = &descriptors{open: maps.Clone(p.fds.open)}
	}
	return nil
}
