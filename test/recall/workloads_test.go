package recall

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/test/recall/seen"
)

// workload is a program whose doings are the same in each run.
type workload struct {
	name    string
	what    string       // in words, for the table
	prepare func(layout) // makes the tree it begins with; may be nil
	command func(layout) []string
	needs   []string // programs besides those that are built
	i386    bool
	drive   func(layout) error // acts from outside while it runs; may be nil
	replace []seen.Replacement // names that differ from run to run
}

// own runs the program that was built under that name, in the tree.
func own(name string, args ...string) func(layout) []string {
	return func(l layout) []string { return append([]string{filepath.Join(l.b.dir, name)}, args...) }
}

func workloads(t *testing.T) []workload {
	ports := freePorts(t, 8)
	return slices.Concat([]workload{
		{name: "threads", what: "threaded Go program, a directory per thread", command: own("threads")},
		{name: "dial", what: "Go program, non-blocking connects", prepare: sockets, command: own("dial", ports[0], ports[1])},
		{name: "shell", what: "forking dash script", prepare: shell, command: func(l layout) []string { return []string{"/bin/sh", l.path("shell.sh")} }},
		{name: "coreutils", what: "cp, tar, find, sed, mv, install, rm", prepare: coreutils, replace: []seen.Replacement{temporary("/sed", "sed")},
			command: func(layout) []string { return []string{"/bin/sh", "coreutils.sh"} }},
		nginx(ports[2]),
		redis(ports[3]),
		{name: "rename", what: "renames through symlinked directories", prepare: linked, command: own("rename")},
		{name: "chroot", what: "chroot with absolute symlinks inside", prepare: jail, command: own("chroot")},
		{name: "mounts", what: "mount namespace, tmpfs and bind mount", prepare: func(l layout) { l.mkdir("dir", "other") }, command: own("mounts")},
		{name: "connect", what: "C program, non-blocking connects", prepare: sockets, command: own("connect", ports[4], ports[5])},
		{name: "daemon", what: "double fork", prepare: func(l layout) { l.mkdir("run") },
			command: func(l layout) []string { return []string{filepath.Join(l.b.dir, "daemon"), l.dir} }},
		{name: "spawn", what: "vfork, posix_spawn, clone3, execveat, exec by a thread, nested scripts", prepare: tools, command: own("spawn")},
		{name: "at", what: "calls relative to descriptors, O_TMPFILE, O_PATH", prepare: func(l layout) {
			l.mkdir("one", "two")
			l.symlink("one", "alias")
		}, command: own("at"), replace: []seen.Replacement{{Match: regexp.MustCompile(`/#[0-9]+$`), With: "/#INODE"}}},
		{name: "hostile", what: "names of any bytes, long and deep ones", command: own("hostile")},
		{name: "python", what: "python3 script with imports", needs: []string{"/usr/bin/python3"}, prepare: python, replace: []seen.Replacement{temporary(`\.pyc\.`, ".pyc.")},
			command: func(layout) []string { return []string{"/usr/bin/python3", "script.py"} }},
		{name: "perl", what: "perl script with imports", needs: []string{"/usr/bin/perl"}, prepare: func(l layout) {
			l.mkdir("real")
			l.symlink("real", "alias")
			l.file("input", "text\n", 0o644)
			l.source("script.pl")
		}, command: func(layout) []string { return []string{"/usr/bin/perl", "script.pl"} }},
		{name: "compat", what: "i386 program", prepare: func(l layout) {
			l.mkdir("real")
			l.symlink("real", "alias")
			l.file("input", "text\n", 0o644)
		}, command: own("compat"), i386: true},
		{name: "gate", i386: true, what: "64-bit program that uses the i386 gate", command: own("gate")},
		{name: "setuid", what: "setuid program run by another user", prepare: func(l layout) {
			l.program("tool", "bin/tool", 0o755|os.ModeSetuid)
			l.file("secret", "text\n", 0o600)
		}, command: own("setuid")},
	}, toolWorkloads(t), serverWorkloads(t))
}

// temporary stands for the end of a name that is made up anew in each run.
func temporary(before, with string) seen.Replacement {
	return seen.Replacement{Match: regexp.MustCompile(before + `[A-Za-z0-9]+$`), With: with + "RANDOM"}
}

func sockets(l layout) {
	l.mkdir("run")
	l.symlink("run", "var")
}

func linked(l layout) {
	l.mkdir("real", "v1", "v2")
	l.symlink("real", "alias")
	l.symlink(l.path("real"), "absolute")
	l.symlink("alias", "chain")
	l.symlink("v1", "current")
}

func jail(l layout) {
	l.mkdir("jail/real", "jail/etc")
	l.symlink("/real", "jail/link")
	l.symlink("../../../../etc", "jail/up")
	l.program("chroot", "jail/bin/child", 0o755)
	l.file("outside", "text\n", 0o644)
}

func tools(l layout) {
	l.program("tool", "bin/tool", 0o755)
	l.symlink("tool", "bin/alias")
	l.file("bin/script", "#!"+l.path("bin/tool")+"\n", 0o755)
	l.file("bin/nested", "#!"+l.path("bin/script")+" argument\n", 0o755)
	l.file("input", "text\n", 0o644)
}

func shell(l layout) {
	tools(l)
	l.mkdir("sub")
	l.symlink("nowhere", "bin/broken")
	l.source("shell.sh")
}

func coreutils(l layout) {
	l.file("tree/a.txt", "text\n", 0o664)
	l.file("tree/sub/b.txt", "text\n", 0o600)
	l.file("tree/sub/c.log", "text\n", 0o644)
	l.mkdir("tree/empty")
	l.symlink("a.txt", "tree/link")
	l.symlink("/nowhere", "tree/sub/broken")
	require.NoError(l.t, os.Link(l.path("tree/a.txt"), l.path("tree/second")))
	l.file("input", "text\n", 0o644)
	l.source("coreutils.sh")
}

func python(l layout) {
	l.file("package/__init__.py", "", 0o644)
	l.file("package/module.py", "N = 1\n", 0o644)
	l.source("script.py")
}

// freePorts finds ports that nobody listens on.
func freePorts(t *testing.T, n int) []string {
	t.Helper()
	var ports []string
	for range n {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close() // not before all are found
		_, port, err := net.SplitHostPort(l.Addr().String())
		require.NoError(t, err)
		ports = append(ports, port)
	}
	return ports
}
