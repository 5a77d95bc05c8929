package systemd_test

import (
	"strings"

	"github.com/osapi-io/osapi-profile/trace"
)

var every = []trace.Probe{
	{Fact: "syscall", Hook: "tp_btf/sys_exit"}, {Fact: "exec", Hook: "tp_btf/sched_process_exec"},
	{Fact: "file", Hook: "tp_btf/sys_exit"}, {Fact: "capability", Hook: "fexit/security_capable"},
	{Fact: "socket", Hook: "tp_btf/sys_exit"}, {Fact: "argument", Hook: "tp_btf/sys_enter"},
}

// build makes traces in few lines: subject 1 is the worker.
type build struct{ *trace.Trace }

func newTrace(worker trace.Path) build {
	return build{&trace.Trace{
		Runs: []trace.Run{{
			Header: trace.Header{
				Run: "run-1", Worker: worker, User: "root", Arch: "amd64", Kernel: "6.1.0-40-amd64", Probes: every,
			},
			End: &trace.End{Resources: trace.Resources{MemoryPeak: 90 << 20, CPUPeak: 0.7, TasksPeak: 12}},
		}},
		Subjects: []trace.Subject{{ID: 1, Exe: worker, Loader: ldso, Runtime: "glibc"}},
	}}
}

const ldso = "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"

func did(op, outcome string) trace.Seen {
	return trace.Seen{Subject: 1, Operation: op, Outcome: outcome, Count: 1}
}

func (b build) calls(names ...string) build {
	for _, n := range names {
		b.Syscalls = append(b.Syscalls, trace.Syscall{Seen: did("startup", trace.OK), Name: n})
	}
	return b
}

func (b build) file(op string, p trace.Path, access trace.Access, syscall, outcome string) build {
	fs := "ext4"
	if strings.HasPrefix(string(p), "/proc/") {
		fs = "proc"
	}
	b.Files = append(b.Files, trace.File{
		Seen: did(op, outcome), Path: p, Access: access, Syscall: syscall, Type: "file", Mode: 0o644, FS: fs,
	})
	return b
}

func (b build) rename(op string, from, to trace.Path) build {
	b = b.file(op, from, trace.AccessRenameFrom, "rename", trace.OK)
	b = b.file(op, to, trace.AccessRenameTo, "rename", trace.OK)
	b.Files[len(b.Files)-1].Target = from
	return b
}

func (b build) exec(op string, program trace.Path, gains bool) build {
	id := len(b.Subjects) + 1
	b.Subjects = append(b.Subjects, trace.Subject{ID: id, Exe: program, Loader: ldso, Runtime: "glibc"})
	b.Execs = append(b.Execs, trace.Exec{Seen: did(op, trace.OK), Target: id, UID: gains})
	return b
}

func (b build) capability(op, name, outcome string, optional trace.Optional, syscall string) build {
	b.Capabilities = append(b.Capabilities, trace.Capability{
		Seen: did(op, outcome), Name: name, Optional: optional, Syscall: syscall,
	})
	return b
}

func (b build) socket(op, action, family string, p trace.Path) build {
	b.Sockets = append(b.Sockets, trace.Socket{
		Seen: did(op, trace.OK), Action: action, Family: family, Type: "SOCK_STREAM", Path: p,
	})
	return b
}

func (b build) inet(action, typ, address string, port int) build {
	family := "AF_INET"
	if strings.Contains(address, ":") {
		family = "AF_INET6"
	}
	b.Sockets = append(b.Sockets, trace.Socket{
		Seen: did("op", trace.OK), Action: action, Family: family, Type: typ, Address: address, Port: port,
	})
	return b
}

func (b build) argument(op, syscall, name, value string) build {
	b.Arguments = append(b.Arguments, trace.Argument{Seen: did(op, trace.OK), Syscall: syscall, Name: name, Value: value})
	return b
}

const (
	read     = trace.AccessRead
	created  = trace.AccessWrite | trace.AccessCreate
	mapped   = trace.AccessRead | trace.AccessExecMap
	lib      = "/usr/lib/x86_64-linux-gnu/"
	inPlace  = trace.AccessWrite
	appended = trace.AccessWrite | trace.AccessAppend
)

// samples are the hand-made traces of the golden files.
func samples() map[string]build {
	return map[string]build{
		"quiet":   quiet(),
		"server":  server(),
		"admin":   admin(),
		"hostile": hostile(),
		"blind":   blind(),
	}
}

// quiet does next to nothing, so that nothing is left out.
func quiet() build {
	return newTrace("/usr/bin/quiet").
		calls("execve", "openat", "read", "write", "close", "exit_group").
		file("startup", lib+"libc.so.6", mapped, "mmap", trace.OK).
		file("startup", "/etc/passwd", read, "openat", trace.OK).
		capability("startup", "CAP_SYS_ADMIN", trace.OK, trace.Memory, "mmap")
}

// server is a daemon with state, a log, a pid file and a socket.
func server() build {
	b := newTrace("/usr/sbin/serverd").
		calls("execve", "openat", "read", "write", "close", "exit_group", "socket", "bind", "listen", "accept4",
			"epoll_wait", "poll", "rename", "unlink", "clone", "personality", "connect").
		file("startup", lib+"libz.so.1.2.13", mapped, "mmap", trace.OK).
		file("startup", lib+"libc.so.6", mapped, "mmap", trace.OK).
		file("startup", "/etc/serverd/serverd.conf", read, "openat", trace.OK).
		file("startup", "/run/serverd.1234.pid", created, "openat", trace.OK).
		file("shutdown", "/run/serverd.1234.pid", trace.AccessDelete, "unlink", trace.OK).
		file("serve", "/var/log/serverd.log", appended, "openat", trace.OK).
		file("serve", "/var/lib/serverd/state.tmpA1b2C3", created, "openat", trace.OK).
		rename("serve", "/var/lib/serverd/state.tmpA1b2C3", "/var/lib/serverd/state").
		file("serve", "/proc/4711/status", read, "openat", trace.OK).
		file("serve", "/root/.serverdrc", read, "openat", "ENOENT").
		file("serve", "/tmp/serverd.x9Y8z7", created, "openat", trace.OK).
		file("serve", "/dev/urandom", read, "openat", trace.OK).
		socket("startup", "create", "AF_INET", "").socket("startup", "create", "AF_INET6", "").
		capability("startup", "CAP_NET_BIND_SERVICE", trace.OK, trace.Needed, "bind").
		capability("startup", "CAP_SYS_RESOURCE", "EPERM", trace.Needed, "setrlimit").
		capability("serve", "CAP_SYS_ADMIN", trace.OK, trace.Memory, "brk")
	dev := &b.Files[len(b.Files)-1]
	dev.Type, dev.Device = "char", "1:9"
	return b
}

// admin changes the host: nearly every directive has a fact against it.
func admin() build {
	b := newTrace("/usr/local/bin/osapi").
		calls("execve", "openat", "openat2", "read", "write", "close", "exit_group", "socket", "connect", "sethostname",
			"clock_settime", "finit_module", "syslog", "rename", "unshare", "mprotect", "sched_setscheduler", "iopl").
		exec("node.exec", "/usr/bin/dash", false).
		exec("node.sudo", "/usr/bin/sudo", true).
		file("startup", lib+"libc.so.6", mapped, "mmap", trace.OK).
		file("node.user", "/etc/passwd.4321", created, "openat", trace.OK).
		rename("node.user", "/etc/passwd.4321", "/etc/passwd").
		file("node.tmp", "/tmp/shared", read, "openat", trace.OK).
		file("node.home", "/home/op/notes", inPlace, "openat", trace.OK).
		file("node.sysctl", "/proc/sys/vm/swappiness", inPlace, "openat", trace.OK).
		file("node.disk", "/dev/sda", read, "openat", trace.OK).
		file("node.ps", "/proc", read, "openat", trace.OK).
		file("node.slice", "/sys/fs/cgroup/osapi", trace.AccessCreate, "mkdir", trace.OK).
		file("node.docker", "/run/docker.sock", trace.AccessConnect, "connect", trace.OK).
		socket("node.docker", "connect", "AF_UNIX", "/run/docker.sock").
		capability("node.host", "CAP_SYS_ADMIN", trace.OK, trace.Needed, "sethostname").
		capability("node.clock", "CAP_SYS_TIME", trace.OK, trace.Needed, "clock_settime").
		argument("node.jit", "mprotect", trace.ArgProtection, "PROT_EXEC").
		argument("node.ns", "unshare", trace.ArgNamespaces, "CLONE_NEWNS|CLONE_NEWPID").
		argument("node.rt", "sched_setscheduler", trace.ArgScheduler, "SCHED_FIFO").
		argument("node.mode", "chmod", trace.ArgModeBits, "S_ISUID").
		argument("node.pers", "personality", trace.ArgPersonality, "0xffffffff")
	for i := range b.Files {
		if b.Files[i].Path == "/dev/sda" {
			b.Files[i].Type, b.Files[i].Device = "block", "8:0"
		}
	}
	b.Holes = []trace.Hole{{Kind: trace.HoleLost, Detail: "path events", Count: 3}}
	return b
}

// hostile has every character in its names that a unit file gives a meaning.
func hostile() build {
	b := newTrace("/opt/a b/worker%n").calls("execve", "openat", "write", "exit_group")
	for _, n := range []trace.Path{
		"sp ace", `quo"te`, "apo'strophe", `back\slash`, `end\`, "per%cent", "%n", "st*ar", "bra{ce,s}", "brac]ket", "new\nline",
		"carriage\rreturn", "inv\xffalid", "tab\ttab", "semi;colon", "#hash", "col:on", "$dollar", "`tick`", "-dash", "ünï",
		"\n[Service]\nNoExecPaths=", `"\` + "\nReadWritePaths=/etc", "trailing ", " leading",
	} {
		b = b.file("names", "/var/lib/hostile/"+n, inPlace, "openat", trace.OK)
		b = b.exec("names", "/opt/hostile/bin/"+n, false)
	}
	return b
}

// blind had no probe for capabilities, sockets and arguments.
func blind() build {
	b := quiet()
	b.Runs[0].Probes = every[:3]
	b.Capabilities, b.Runs[0].End = nil, nil
	return b
}
