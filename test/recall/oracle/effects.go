package oracle

import (
	"fmt"

	"github.com/osapi-io/osapi-profile/test/recall/strace"
)

// effect puts down what a call that succeeded did.
type effect func(*process, strace.Call) error

// effects are the calls whose work is compared.
var effects = map[string]effect{
	"open":    open(1),
	"openat":  open(2),
	"openat2": open(2),
	"creat":   creat,

	"mkdir":     create(plain(0, false), true),
	"mkdirat":   create(at(0, false), true),
	"mknod":     create(plain(0, false), false),
	"mknodat":   create(at(0, false), false),
	"symlink":   symlink(plain(1, false)),
	"symlinkat": symlink(at(1, false)),

	"unlink":    remove(plain(0, false)),
	"unlinkat":  remove(at(0, false)),
	"rmdir":     remove(plain(0, false)),
	"rename":    rename(plain(0, false), plain(1, false), none),
	"renameat":  rename(at(0, false), at(2, false), none),
	"renameat2": rename(at(0, false), at(2, false), 4),
	"link":      link(plain(0, false), plain(1, false)),
	"linkat":    link(atFlags(0, 4, false), at(2, false)),

	"truncate":    touch("truncate", plain(0, true)),
	"truncate64":  touch("truncate", plain(0, true)),
	"ftruncate":   touch("truncate", descriptor(0)),
	"ftruncate64": touch("truncate", descriptor(0)),
	"chmod":       touch("chmod", plain(0, true)),
	"fchmod":      touch("chmod", descriptor(0)),
	"fchmodat":    touch("chmod", at(0, true)),
	"fchmodat2":   touch("chmod", atFlags(0, 3, true)),
	"chown":       touch("chown", plain(0, true)),
	"chown32":     touch("chown", plain(0, true)),
	"lchown":      touch("chown", plain(0, false)),
	"lchown32":    touch("chown", plain(0, false)),
	"fchown":      touch("chown", descriptor(0)),
	"fchown32":    touch("chown", descriptor(0)),
	"fchownat":    touch("chown", atFlags(0, 4, true)),

	"utime":            touch("attr", plain(0, true)),
	"utimes":           touch("attr", plain(0, true)),
	"futimesat":        touch("attr", at(0, true)),
	"utimensat":        touch("attr", atFlags(0, 3, true)),
	"utimensat_time64": touch("attr", atFlags(0, 3, true)),
	"setxattr":         touch("attr", plain(0, true)),
	"lsetxattr":        touch("attr", plain(0, false)),
	"fsetxattr":        touch("attr", descriptor(0)),
	"removexattr":      touch("attr", plain(0, true)),
	"lremovexattr":     touch("attr", plain(0, false)),
	"fremovexattr":     touch("attr", descriptor(0)),

	"chdir":    chdir(plain(0, true)),
	"fchdir":   chdir(descriptor(0)),
	"chroot":   chroot,
	"unshare":  unshare,
	"mount":    mount,
	"execve":   execute(plain(0, true)),
	"execveat": execute(atFlags(0, 4, true)),
	"mmap":     mapped,
	"mmap2":    mapped,

	"socket":     socket,
	"socketpair": socket,
	"bind":       bind,
	"connect":    toward("connect", 1),
	"sendto":     toward("send", 4),
	"sendmsg":    toward("send", 1),
}

// touch is a change to a file that is there.
func touch(kind string, t target) effect {
	return func(p *process, c strace.Call) error {
		at, err := p.find(c, t)
		if err != nil {
			return err
		}
		p.add(kind, at.path())
		return nil
	}
}

// create is the making of a name that was not there.
func create(t target, dir bool) effect {
	return func(p *process, c strace.Call) error {
		at, err := p.find(c, t)
		if err != nil {
			return err
		}
		p.add("create", at.path())
		at.dir.set(at.name, &node{dir: dir})
		return nil
	}
}

func symlink(t target) effect {
	return func(p *process, c strace.Call) error {
		to, err := c.Args[0].Text()
		if err != nil {
			return err
		}
		at, err := p.find(c, t)
		if err != nil {
			return err
		}
		p.add("create", at.path())
		at.dir.set(at.name, &node{link: to})
		return nil
	}
}

func remove(t target) effect {
	return func(p *process, c strace.Call) error {
		at, err := p.find(c, t)
		if err != nil {
			return err
		}
		p.add("delete", at.path())
		at.dir.set(at.name, nil)
		return nil
	}
}

// rename moves a node, or exchanges two.
func rename(from, to target, flags int) effect {
	return func(p *process, c strace.Call) error {
		old, err := p.find(c, from)
		if err != nil {
			return err
		}
		renamed, err := p.find(c, to)
		if err != nil {
			return err
		}
		p.add("rename-from", old.path())
		p.add("rename-to", renamed.path())
		exchange := flags >= 0 && c.Args[flags].Flags()["RENAME_EXCHANGE"]
		if exchange {
			p.add("rename-from", renamed.path())
			p.add("rename-to", old.path())
		}
		if old.node == nil || exchange && renamed.node == nil {
			return fmt.Errorf("renames %q, which is not there", old.path())
		}
		old.dir.set(old.name, nil)
		if exchange {
			old.dir.set(old.name, renamed.node)
		}
		renamed.dir.set(renamed.name, old.node)
		return nil
	}
}

func link(from, to target) effect {
	return func(p *process, c strace.Call) error {
		made, err := p.find(c, to)
		if err != nil {
			return err
		}
		p.add("link-to", made.path())
		made.dir.set(made.name, &node{})
		old, err := p.find(c, from)
		if err != nil {
			return err
		}
		p.add("link-from", old.path())
		if old.node != nil && old.node.link != "" {
			made.dir.set(made.name, &node{link: old.node.link})
		}
		return nil
	}
}
