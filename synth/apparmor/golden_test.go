package apparmor

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// daemon is a small made-up worker with one of everything.
func daemon() *trace.Trace {
	seen := func(subject int, outcome string) trace.Seen {
		return trace.Seen{Subject: subject, Operation: "startup", Outcome: outcome, Count: 1}
	}
	file := func(subject int, path trace.Path, access trace.Access, typ, call string, uid, fsuid uint32) trace.File {
		return trace.File{Seen: seen(subject, trace.OK), Path: path, Access: access, Type: typ, Syscall: call, UID: uid, FSUID: fsuid}
	}
	const read, write = trace.AccessRead, trace.AccessWrite
	t := traced()
	t.Runs[0].Kernel, t.Runs[0].Run = "6.1.0-1-amd64", "2026-01-01-0001"
	t.Holes = []trace.Hole{{Kind: trace.HoleIOURing, Detail: "ring set up by\ndaemon", Count: 2}}
	t.Subjects = []trace.Subject{
		{ID: 1, Exe: "/usr/bin/daemon", Loader: "/usr/lib64/ld-linux-x86-64.so.2", Runtime: "glibc"},
		{ID: 2, Exe: "/usr/bin/dash", Script: "/usr/local/bin/hook", Loader: "/usr/lib64/ld-linux-x86-64.so.2"},
		{ID: 3, Exe: "/usr/bin/ping", Loader: "/usr/lib64/ld-linux-x86-64.so.2"},
	}
	t.Execs = []trace.Exec{{Seen: seen(1, trace.OK), Target: 2}, {Seen: seen(2, trace.OK), Target: 3, Caps: true}}
	link := file(1, "/var/lib/daemon/lock", trace.AccessLinkTo, "file", "link", 0, 0)
	link.Target = "/var/lib/daemon/lock.123456"
	t.Files = []trace.File{
		file(1, "/etc/daemon.conf", read, "file", "openat", 0, 0),
		file(2, "/etc/passwd", read, "file", "openat", 0, 33),
		file(1, "/", read, "dir", "openat", 0, 0),
		file(1, "/etc/daemon.d", read, "dir", "openat", 0, 0),
		file(1, "/usr/lib/x86_64-linux-gnu/libc.so.6", read|trace.AccessExecMap, "file", "mmap", 0, 0),
		file(1, "/usr/lib/x86_64-linux-gnu/libz.so.1.2.13", read|trace.AccessExecMap, "file", "mmap", 0, 0),
		file(1, "/var/log/daemon.log", write|trace.AccessAppend|trace.AccessCreate, "file", "openat", 0, 0),
		file(1, "/var/lib/daemon", trace.AccessCreate, "dir", "mkdirat", 0, 0),
		file(1, "/var/lib/daemon/lock.123456", write|trace.AccessCreate|trace.AccessLinkFrom, "file", "openat", 0, 0),
		link,
		file(1, "/run/lock/daemon", read|trace.AccessLock, "file", "flock", 0, 0),
		file(1, "/var/lib/daemon/db", read|write|trace.AccessLock, "file", "fcntl", 0, 0),
		file(1, "/var/lib/daemon/db.new", trace.AccessRenameFrom|trace.AccessCreate|write, "file", "renameat2", 0, 0),
		file(1, "/var/lib/daemon/db", trace.AccessRenameTo, "file", "renameat2", 0, 0),
		file(1, "/srv/a \"quoted\"\n{name}", write, "file", "openat", 0, 0),
		file(1, "/srv/looked-at", trace.AccessStat, "file", "newfstatat", 0, 0),
		file(1, "/srv/gone", trace.AccessDelete, "", "unlinkat", 0, 0),
		file(1, "/proc/4711/maps", read, "file", "openat", 0, 0),
		file(1, "/proc/4711/task/4712/stat", read, "file", "openat", 0, 0),
		file(1, "/proc/sys/kernel/osrelease", read, "file", "openat", 0, 0),
		file(1, "/run/dbus/system_bus_socket", trace.AccessConnect, "socket", "connect", 0, 0),
	}
	t.Capabilities = []trace.Capability{
		{Seen: seen(1, trace.OK), Name: "CAP_NET_BIND_SERVICE", Syscall: "bind"},
		{Seen: seen(3, trace.OK), Name: "CAP_NET_RAW", Syscall: "socket"},
		{Seen: seen(1, trace.OK), Name: "CAP_SYS_CHROOT", Syscall: "chroot", UserNS: true},
		{Seen: seen(1, trace.OK), Name: "CAP_SYS_ADMIN", Optional: trace.Memory, Syscall: "mmap"},
		{Seen: seen(1, "EPERM"), Name: "CAP_SYS_RESOURCE", Syscall: "setrlimit"},
	}
	t.Sockets = []trace.Socket{
		{Seen: seen(1, trace.OK), Action: "create", Family: "AF_INET", Type: "SOCK_STREAM"},
		{Seen: seen(1, trace.OK), Action: "bind", Family: "AF_INET", Type: "SOCK_STREAM", Address: "0.0.0.0", Port: 80},
		{Seen: seen(3, trace.OK), Action: "create", Family: "AF_INET", Type: "SOCK_RAW", Protocol: 1},
		{Seen: seen(1, trace.OK), Action: "create", Family: "AF_NETLINK", Type: "SOCK_RAW"},
		{Seen: seen(1, trace.OK), Action: "create", Family: "AF_INET", Type: "SOCK_DCCP"},
		{Seen: seen(1, trace.OK), Action: "create", Family: "AF_99", Type: "SOCK_STREAM"},
	}
	t.Syscalls = []trace.Syscall{{Seen: seen(1, trace.OK), Name: "mount"}, {Seen: seen(1, trace.OK), Name: "kill"}, {Seen: seen(1, trace.OK), Name: "ptrace"}}
	t.Arguments = []trace.Argument{
		{Seen: seen(1, trace.OK), Syscall: "kill", Name: trace.ArgSignal, Value: "SIGTERM", Target: trace.TargetOutside},
		{Seen: seen(1, trace.OK), Syscall: "kill", Name: trace.ArgSignal, Value: "0", Target: trace.TargetAll},
		{Seen: seen(1, trace.OK), Syscall: "kill", Name: trace.ArgSignal, Value: "SIGRTMIN+2", Target: trace.TargetOutside},
		{Seen: seen(1, trace.OK), Syscall: "kill", Name: trace.ArgSignal, Value: "SIGKILL", Target: trace.TargetWorker},
		{Seen: seen(1, "EPERM"), Syscall: "kill", Name: trace.ArgSignal, Value: "SIGHUP", Target: trace.TargetOutside},
		{Seen: seen(1, trace.OK), Syscall: "ptrace", Name: trace.ArgPtrace, Value: "PTRACE_ATTACH", Target: trace.TargetWorker},
		{Seen: seen(1, trace.OK), Syscall: "kcmp", Name: trace.ArgPtrace, Value: "PTRACE_MODE_READ_REALCREDS", Target: trace.TargetOutside},
	}
	return t
}

func TestGolden(t *testing.T) {
	blind := daemon()
	blind.Runs[0].Probes = []trace.Probe{{Fact: "file", Hook: "h"}, {Fact: "exec", Hook: "h"}}
	for name, c := range map[string]struct {
		trace *trace.Trace
		synth synth.Options
		opt   Options
	}{
		"daemon":   {trace: daemon()},
		"children": {trace: daemon(), opt: Options{Children: ChildrenAuto}},
		"stacked":  {trace: daemon(), opt: Options{Children: ChildrenAuto, Stacked: true}},
		"strict":   {trace: daemon(), synth: synth.Options{Strict: true}},
		"user":     {trace: daemon(), synth: synth.Options{User: "www-data"}, opt: Options{User: "www-data", Name: "daemon-www"}},
		"blind":    {trace: blind},
		"nothing":  {trace: traced()},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			require.NoError(t, Write(&out, synth.Infer(c.trace, c.synth), c.opt))
			golden(t, name, out.Bytes())
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name+".apparmor")
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, got, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "go test -update makes it")
	require.Equal(t, string(want), string(got))
}

// TestRecorded is about traces of real workers: everything.jsonl, which
// test/apparmor records and enforces, and those that the guide is made of. What
// they show must pass by the reader and by the compiled tables alike.
func TestRecorded(t *testing.T) {
	files, err := filepath.Glob("../../docs/traces/*.jsonl*")
	require.NoError(t, err)
	files = append(files, "testdata/everything.jsonl")
	daemons, err := filepath.Glob("../../proof/traces/*.jsonl*") // cmd has their golden files
	require.NoError(t, err)
	for i, file := range append(files, daemons...) {
		name := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(file), ".gz"), ".jsonl")
		t.Run(name, func(t *testing.T) {
			tr, err := trace.ReadFile(file)
			require.NoError(t, err)
			if i < len(files) {
				golden(t, name, []byte(written(t, tr)))
			}
			for _, opt := range []Options{{}, {Children: ChildrenAuto}, {Children: ChildrenAuto, Stacked: true}} {
				var out bytes.Buffer
				require.NoError(t, Write(&out, synth.Infer(tr, synth.Options{}), opt))
				p, err := Read(out.Bytes())
				require.NoError(t, err)
				require.Empty(t, p.Denied(tr.Confined()))
				agree(t, out.Bytes(), p, tr.Files, "", "/")
			}
		})
	}
}

// TestParserAcceptsGolden also holds the reader to the compiled tables: what
// one says of every name in the traces, the other says too.
func TestParserAcceptsGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.apparmor")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		p, err := Read(text)
		require.NoError(t, err, file)
		agree(t, text, p, daemon().Files, "", "/", "x")
	}
}

// agree compares, for names of files with each of the endings, what every profile
// of a text lets pass by the reader and by the compiled tables.
func agree(t *testing.T, text []byte, p *Policy, files []trace.File, endings ...string) {
	t.Helper()
	const most = 400 // names, evenly taken from all
	names := map[string]bool{}
	for i := 0; i < len(files); i += 1 + len(files)/most {
		for _, end := range endings {
			names[string(files[i].Path)+end] = true
		}
	}
	tables := mustCompileEach(t, text)
	require.Len(t, tables, len(p.All))
	for profile, c := range tables {
		require.NotNil(t, p.All[profile], profile)
		for name := range names {
			for _, owner := range []bool{true, false} {
				if got, want := p.All[profile].permsOf(name, owner), c.allows(name, owner); got != want {
					t.Fatalf("%s: %q, owner %v: the reader says %q, the tables %q", profile, name, owner, got, want)
				}
			}
		}
	}
}
