package seen

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/osapi-io/osapi-profile/trace"
)

func TestSet(t *testing.T) {
	a, b := Item{"/bin/x", "read", "/a"}, Item{"/bin/y", "read", "/a"}
	s := Set{}
	s.Add(a, "first")
	s.Add(a, "second")
	s.Add(b, "third")
	assert.Equal(t, Set{a: "first", b: "third"}, s)
	assert.Equal(t, []Item{b}, s.Without(Set{a: ""}))
	assert.Empty(t, s.Without(s))
	assert.Equal(t, 1, s.Names("read"))
	assert.Equal(t, 0, s.Names("write"))
}

func TestReplace(t *testing.T) {
	s := Set{{"/bin/x", "read", "/proc/12/stat"}: "one", {"/bin/x", "read", "/proc/13/stat"}: "two"}
	s = s.Replace([]Replacement{{regexp.MustCompile(`^/proc/[0-9]+`), "/proc/PID"}})
	assert.Len(t, s, 1)
	assert.Contains(t, s, Item{"/bin/x", "read", "/proc/PID/stat"})
}

func TestFromTrace(t *testing.T) {
	ok := trace.Seen{Subject: 1, Outcome: trace.OK}
	failed := trace.Seen{Subject: 1, Outcome: "ENOENT"}
	s := FromTrace(&trace.Trace{
		Subjects: []trace.Subject{{ID: 1, Exe: "/bin/sh", Script: "/srv/run"}, {ID: 2, Exe: "/bin/x", Loader: "/lib/ld.so"}},
		Syscalls: []trace.Syscall{{Seen: failed, Name: "openat"}, {Seen: trace.Seen{Subject: 1}, Name: "exit", ABI: "i386"}},
		Execs:    []trace.Exec{{Seen: ok, Target: 2}},
		Files: []trace.File{
			{Seen: ok, Path: "/a", Access: trace.AccessRead | trace.AccessCreate},
			{Seen: failed, Path: "/none", Access: trace.AccessRead},
			{Seen: ok, Path: "pipe:[1]", Access: trace.AccessRead, Anon: true},
			{Seen: ok, Path: "/p", Access: trace.AccessStat, Syscall: "openat"},
			{Seen: ok, Path: "/q", Access: trace.AccessStat, Syscall: "stat"},
			{Seen: ok, Path: "/s", Access: trace.AccessBind | trace.AccessCreate, Syscall: "bind"},
		},
		Sockets: []trace.Socket{
			{Seen: ok, Action: "create", Family: "AF_INET", Type: "SOCK_STREAM", Protocol: 6},
			{Seen: trace.Seen{Subject: 1, Outcome: "EINPROGRESS"}, Action: "connect", Family: "AF_INET", Address: "127.0.0.1", Port: 80},
			{Seen: trace.Seen{Subject: 1, Outcome: "ECONNREFUSED"}, Action: "connect", Family: "AF_INET", Address: "127.0.0.1", Port: 81},
			{Seen: ok, Action: "bind", Family: "AF_UNIX", Abstract: "name"},
			{Seen: ok, Action: "bind", Family: "AF_UNIX", Path: "/s"},
		},
	})
	var got []string
	for _, item := range s.Without(Set{}) {
		got = append(got, item.String())
	}
	const sh = ` by "/srv/run (/bin/sh)"`
	assert.Equal(t, []string{
		`exec-map "/lib/ld.so" by "/bin/x"`,
		`bind "AF_UNIX /s"` + sh, `bind "AF_UNIX @name"` + sh, `bound "/s"` + sh, `connect "AF_INET 127.0.0.1 80"` + sh,
		`create "/a"` + sh, `create "/s"` + sh, `exec "/bin/x"` + sh, `outcome "openat ENOENT"` + sh, `path "/p"` + sh,
		`read "/a"` + sh, `socket "AF_INET SOCK_STREAM 6"` + sh, `syscall "i386:exit"` + sh, `syscall "openat"` + sh,
	}, got)
}
