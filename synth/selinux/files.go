package selinux

import (
	"path"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// classes of files by the trace's words for their types.
var classes = map[string]string{
	"file": "file", "dir": "dir", "char": "chr_file", "block": "blk_file", "fifo": "fifo_file", "socket": "sock_file", "symlink": "lnk_file",
}

// permissions are what an access asks for on the file itself.
var permissions = []struct {
	access trace.Access
	names  []string
}{
	{trace.AccessRead, []string{"getattr", "ioctl", "open", "read"}},
	{trace.AccessWrite, []string{"getattr", "ioctl", "open", "write"}},
	{trace.AccessAppend, []string{"append", "getattr", "open"}},
	{trace.AccessTruncate, []string{"open", "write"}},
	{trace.AccessCreate, []string{"create", "getattr", "setattr"}},
	{trace.AccessBind, []string{"create", "getattr", "setattr"}},
	{trace.AccessDelete, []string{"getattr", "unlink"}},
	{trace.AccessRenameFrom, []string{"getattr", "rename"}},
	{trace.AccessRenameTo, []string{"getattr", "unlink"}}, // of what had the name
	{trace.AccessLinkFrom | trace.AccessLinkTo, []string{"getattr", "link"}},
	{trace.AccessChmod | trace.AccessChown | trace.AccessAttr, []string{"getattr", "setattr"}},
	{trace.AccessExec, []string{"execute", "execute_no_trans", "getattr", "map", "open", "read"}},
	{trace.AccessExecMap, []string{"execute", "getattr", "map", "open", "read"}},
	{trace.AccessLock, []string{"lock"}},
	{trace.AccessStat, []string{"getattr"}},
	{trace.AccessConnect, []string{"getattr", "write"}},
	{trace.AccessMount | trace.AccessUnmount, []string{"getattr", "mounton"}},
}

// ofDirectory are permissions that are called otherwise for directories.
var ofDirectory = map[string][]string{
	"unlink": {"rmdir"}, "rename": {"rename", "reparent"}, "read": {"read", "search"}, "append": nil, "write": {"write"},
	"map": nil, "execute": {"search"}, "execute_no_trans": nil,
}

func (m *module) files() {
	for _, g := range m.p.Files {
		m.file(where(g.Name()), classOf(g.Type), g.Access)
	}
	for _, a := range m.p.Absent {
		m.file(a.Path, "file", 0) // to be told that it is not there takes the way to it
	}
}

// classOf is the class of a file, that of regular ones where it is not known.
func classOf(typ string) string {
	if class, ok := classes[typ]; ok {
		return class
	}
	return "file"
}

// where is a path, or one that stands for a pattern's: names that differ in
// numbers have one label.
func where(p synth.Pattern) trace.Path {
	var b strings.Builder
	for _, piece := range p {
		b.WriteString(string(piece.Text))
		if piece.Vary != "" {
			b.WriteString("0")
		}
	}
	return trace.Path(b.String())
}

// file allows an access to a path, and the way to it.
func (m *module) file(p trace.Path, class string, access trace.Access) {
	if !strings.HasPrefix(string(p), "/") {
		return
	}
	m.way(p)
	if access&trace.AccessEntry != 0 {
		m.entry(p, access)
	}
	typ := m.contexts.Type(p, class)
	switch {
	case m.inProcess(p):
		typ = "domain"
	case access&(trace.AccessCreate|trace.AccessBind) != 0:
		m.own(p, class)
		typ = m.data()
	case typ == "" && access != 0:
		m.unknown = append(m.unknown, p)
		return
	}
	for _, allowed := range permissions {
		if access&allowed.access != 0 {
			m.rules.allow(typ, class, named(class, allowed.names)...)
		}
	}
}

// inProcess says whether a path is in /proc/PID, which has the label of the
// process.
func (m *module) inProcess(p trace.Path) bool {
	rest, ok := strings.CutPrefix(string(p), "/proc/")
	first, _, _ := strings.Cut(rest, "/")
	return ok && (first == "self" || first == "thread-self" || strings.Trim(first, "0123456789") == "")
}

// named are permissions as a class has them. Only regular files are executed.
func named(class string, names []string) []string {
	if class != "dir" {
		return slices.DeleteFunc(slices.Clone(names), func(n string) bool {
			return class != "file" && slices.Contains([]string{"execute", "execute_no_trans", "map"}, n)
		})
	}
	var out []string
	for _, n := range names {
		if other, ok := ofDirectory[n]; ok {
			out = append(out, other...)
		} else {
			out = append(out, n)
		}
	}
	return out
}

// way allows to search the directories that lead to a path.
func (m *module) way(p trace.Path) {
	for dir := path.Dir(string(p)); ; dir = path.Dir(dir) {
		if typ := m.contexts.Type(trace.Path(dir), "dir"); typ != "" {
			m.rules.allow(typ, "dir", "getattr", "search")
			m.rules.allow(typ, "lnk_file", "getattr", "read") // a link on the way has the label of what is beside it
		}
		if dir == "/" || dir == "." {
			return
		}
	}
}

// entry allows names to be made and removed in the directory of a path.
func (m *module) entry(p trace.Path, access trace.Access) {
	dir := trace.Path(path.Dir(string(p)))
	typ := m.contexts.Type(dir, "dir")
	if typ == "" {
		m.unknown = append(m.unknown, dir)
		return
	}
	want := []string{"add_name", "search", "write"}
	if access&(trace.AccessDelete|trace.AccessRenameFrom|trace.AccessRenameTo) != 0 {
		want = append(want, "remove_name")
	}
	m.rules.allow(typ, "dir", want...)
	m.rules.allow(m.data(), "dir", want...) // once the worker has made it
}

// own gives what the worker makes a type of its own.
func (m *module) own(p trace.Path, class string) {
	if typ := m.contexts.Type(trace.Path(path.Dir(string(p))), "dir"); typ != "" {
		m.made[typ] = true
	}
	regex, ok := escape(p)
	if !ok {
		return
	}
	if class == "dir" {
		regex += "(/.*)?"
		class = "any"
	}
	kind := map[string]string{"chr_file": "char", "blk_file": "block", "fifo_file": "pipe", "sock_file": "socket", "lnk_file": "symlink"}
	if k := kind[class]; k != "" {
		class = k
	}
	m.labels = append(m.labels, `(filecon "`+regex+`" `+class+` (system_u object_r `+m.data()+` ((s0) (s0))))`)
}

// programs allows what is executed and mapped to be so.
func (m *module) programs() {
	for _, x := range m.p.Execs {
		access := trace.AccessExec
		if slices.Contains([]string{synth.KindLibrary, synth.KindLoader}, x.Kind) {
			access = trace.AccessExecMap
		}
		if x.Path != m.p.Worker.Exe {
			m.file(where(x.Name()), "file", access)
		}
	}
}
