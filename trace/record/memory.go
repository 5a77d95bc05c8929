package record

import (
	"path"
	"strings"

	"github.com/osapi-io/osapi-profile/trace"
)

// memory is what the events themselves have told of the tree of files. Names are
// looked at a moment after they were used, and by then what they lead through
// may be gone or lead elsewhere, as where a program tidies up after itself.
type memory struct {
	dirs  map[spot]bool   // directories that the worker went through or made; asked once they are gone
	links map[spot]string // symlinks that the worker has made, with their targets; believed before what is there

	changes uint64 // of where a name leads that is there
}

// spot is a path in a mount namespace.
type spot struct {
	mntns uint32
	path  string
}

// enough is how much is remembered before everything is forgotten.
const enough = 1 << 16

func newMemory() *memory { return &memory{dirs: map[spot]bool{}, links: map[spot]string{}} }

// directory learns that the kernel has gone through a directory, and so through
// all above it.
func (m *memory) directory(mntns uint32, dir string) {
	if len(m.dirs) > enough {
		clear(m.dirs)
	}
	for {
		at := spot{mntns, dir}
		if m.dirs[at] {
			return
		}
		m.dirs[at] = true
		m.forget(at)
		if dir == "/" {
			return
		}
		dir = path.Dir(dir)
	}
}

// link learns that the worker made a symlink.
func (m *memory) link(mntns uint32, name, target string) {
	if len(m.links) > enough {
		clear(m.links)
	}
	at := spot{mntns, name}
	m.links[at] = target
	m.changes++
	delete(m.dirs, at)
}

// forget takes back that there is a symlink.
func (m *memory) forget(at spot) {
	if _, ok := m.links[at]; ok {
		delete(m.links, at)
		m.changes++
	}
}

// rename learns of a new name, and with it of new paths to all below.
func (m *memory) rename(mntns uint32, from, to string) {
	old, renamed := spot{mntns, from}, spot{mntns, to}
	m.changes++
	if target, ok := m.links[old]; ok {
		m.link(mntns, to, target)
		delete(m.links, old)
	} else {
		delete(m.links, renamed)
	}
	if !m.dirs[old] {
		return
	}
	for at := range m.dirs {
		if below, ok := strings.CutPrefix(at.path, from+"/"); ok && at.mntns == mntns {
			m.dirs[spot{mntns, to + "/" + below}] = true
		}
	}
	m.dirs[renamed] = true
}

// learn takes what an event says beside the fact it makes.
func (m *memory) learn(e *event, f *trace.File) {
	if e.Kind == eventFile {
		if !f.Anon {
			m.directory(e.Mntns, path.Dir(string(f.Path)))
		}
		return
	}
	for _, base := range []string{e.text[textWalk], e.text[textWalk2], e.text[textRoot]} {
		if base != "" && e.text[textName] != "" {
			m.directory(e.Mntns, climb(base))
		}
	}
	if f.Outcome != trace.OK {
		return
	}
	switch {
	case e.text[textName2] != "" && f.Access == trace.AccessCreate:
		m.link(e.Mntns, string(f.Path), e.text[textName2])
	case f.Access == trace.AccessDelete:
		m.forget(spot{e.Mntns, string(f.Path)})
	case f.Syscall == "mkdir" || f.Syscall == "mkdirat":
		m.directory(e.Mntns, string(f.Path))
	}
}
