package oracle

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// node is a name in the tree of files as the log leaves it. What no call has
// touched is read from base, the place in the real tree where it stood before
// the workload, when somebody asks.
type node struct {
	parent   *node
	name     string
	link     string // target, of a symlink
	dir      bool
	base     string           // "" when the node was made by the workload
	children map[string]*node // nil values are names that were removed
}

// errAnonymous is a path that leads through /proc to a file without a name.
var errAnonymous = errors.New("leads to a file that has no name")

func newTree() *node { return &node{dir: true, base: "/"} }

// path is the name of the node from the root of the tree.
func (n *node) path() string {
	if n.parent == nil {
		return "/"
	}
	if n.parent.parent == nil {
		return "/" + n.name
	}
	return n.parent.path() + "/" + n.name
}

// child finds a name in a directory, nil if there is none.
func (n *node) child(name string) *node {
	if c, ok := n.children[name]; ok {
		return c
	}
	if ofProcess.MatchString(n.path() + "/" + name) {
		n.set(name, &node{dir: true}) // gone by the time of the analysis
		return n.children[name]
	}
	if n.base == "" {
		return nil
	}
	base := strings.TrimSuffix(n.base, "/") + "/" + name
	info, err := os.Lstat(base)
	if err != nil {
		return nil
	}
	c := &node{base: base, dir: info.IsDir()}
	if info.Mode()&os.ModeSymlink != 0 {
		if c.link, err = os.Readlink(base); err != nil {
			return nil
		}
	}
	n.set(name, c)
	return c
}

// set gives a name to a node, or takes it away with nil.
func (n *node) set(name string, c *node) {
	if n.children == nil {
		n.children = make(map[string]*node)
	}
	n.children[name] = c
	if c != nil {
		c.parent, c.name = n, name
	}
}

// place is where a path leads: the directory, the name in it, and the node of
// that name if there is one.
type place struct {
	dir  *node
	name string // "" when the path ends in "/", "." or ".."
	node *node
}

// path is the resolved one.
func (p place) path() string {
	if p.name == "" {
		return p.node.path()
	}
	return strings.TrimSuffix(p.dir.path(), "/") + "/" + p.name
}

// maxLinks is how many symlinks the kernel follows in one path.
const maxLinks = 40

// walk resolves a path for a process; follow says whether a symlink at its end
// is followed.
func (p *process) walk(from *node, path string, follow bool) (place, error) {
	return p.resolve(from, path, follow, maxLinks)
}

func (p *process) resolve(from *node, path string, follow bool, links int) (place, error) {
	if strings.HasPrefix(path, "/") {
		from = p.fs.root
	}
	at := place{node: from}
	parts := strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
	slash := strings.HasSuffix(path, "/")
	for i, part := range parts {
		last := i == len(parts)-1
		dir := at.node
		if dir == nil || !dir.dir {
			return place{}, fmt.Errorf("%q is not a directory", at.path())
		}
		switch part {
		case ".":
			at = place{node: dir}
			continue
		case "..":
			if dir != p.fs.root && dir.parent != nil {
				dir = dir.parent
			}
			at = place{node: dir}
			continue
		}
		at = place{dir: dir, name: part, node: dir.child(part)}
		if last && !follow && !slash {
			continue
		}
		magic, err := p.magic(at)
		if err != nil {
			return place{}, err
		}
		if magic != nil {
			at = place{dir: magic.parent, name: magic.name, node: magic}
			continue
		}
		if at.node == nil || at.node.link == "" {
			continue
		}
		if links == 0 {
			return place{}, fmt.Errorf("too many symlinks in %q", path)
		}
		if at, err = p.resolve(dir, p.readlink(at), true, links-1); err != nil {
			return place{}, err
		}
	}
	return at, nil
}

// readlink gives the target of a symlink as the process reads it.
func (p *process) readlink(at place) string {
	switch at.path() {
	case "/proc/self":
		return strconv.Itoa(p.group)
	case "/proc/thread-self":
		return fmt.Sprintf("%d/task/%d", p.group, p.pid)
	}
	return at.node.link
}

// ofProcess are the directories of /proc that come and go with a process.
var ofProcess = regexp.MustCompile(`^/proc/[0-9]+(?:/task(?:/[0-9]+)?)?(?:/fd)?$`)

var magicLink = regexp.MustCompile(`^/proc/[0-9]+(?:/task/[0-9]+)?/(fd/[0-9]+|cwd|root)$`)

// tmpfile is how the kernel calls what O_TMPFILE makes, after its inode.
var tmpfile = regexp.MustCompile(`/#[0-9]+$`)

// magic follows a link of /proc that leads to a directory or an open file of
// the process itself. It answers nil for everything else.
func (p *process) magic(at place) (*node, error) {
	m := magicLink.FindStringSubmatch(at.path())
	if m == nil {
		return nil, nil
	}
	switch m[1] {
	case "cwd":
		return p.fs.cwd, nil
	case "root":
		return p.fs.root, nil
	}
	fd, err := strconv.Atoi(m[1][len("fd/"):])
	if err != nil {
		return nil, err
	}
	file, ok := p.fds.open[fd]
	if file.Deleted && tmpfile.MatchString(file.Path) {
		return p.o.host(file.Path), nil
	}
	if !ok || file.Deleted || !strings.HasPrefix(file.Path, "/") {
		return nil, errAnonymous
	}
	return p.o.host(file.Path), nil
}

// host finds the node of a path that the kernel has resolved, and makes one
// where the tree has none, as below a mount that the log does not show.
func (o *oracle) host(path string) *node {
	n := o.root
	for _, part := range strings.FieldsFunc(path, func(r rune) bool { return r == '/' }) {
		c := n.child(part)
		if c == nil {
			c = &node{dir: true}
			n.set(part, c)
		}
		n = c
	}
	return n
}
