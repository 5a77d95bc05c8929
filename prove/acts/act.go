package acts

import (
	"slices"

	"github.com/osapi-io/osapi-profile/trace"
)

// Act is something that a profile may be expected to prevent.
type Act struct {
	Name  string
	Tries string // what is done, in words
	// Possible is what shows that it was, "" where it is that the call succeeded.
	Possible string
	Harmless string   // why nothing changes when it is possible
	Guards   []string // directives that are meant to prevent it

	own bool // every user may do it to processes of the same user

	kind string                          // of the program (act.c)
	on   func(*site) (arg, lacks string) // what it is done to, or why there is no such thing here
	asks func(arg string) []any          // what the worker must have done for it to be needed, as facts
}

// Acts are all that are tried, in the order in which they are told.
func Acts() []Act {
	return slices.Concat(fileActs(), programActs(), processActs(), networkActs(), wayActs(), kernelActs())
}

// Words of Act.Harmless that several have.
const (
	opens = "it is opened, and neither read nor written"
	makes = "an empty file of an unmistakable name, removed at once"
	asks  = "the call asks for what no kernel does; permission is checked first"
	ends  = "it ends with the process that did it"
)

var ok = trace.Seen{Outcome: trace.OK}

// nothing is for acts that are not done to anything of this machine.
func nothing(*site) (arg, lacks string) { return "-", "" }

// fixed is for acts that are done to the same on every machine.
func fixed(arg string) func(*site) (string, string) {
	return func(*site) (string, string) { return arg, "" }
}

// files gives the facts of an access to one.
func files(access trace.Access) func(string) []any {
	return func(path string) []any {
		return []any{trace.File{Seen: ok, Path: trace.Path(path), Access: access, Type: "file", Mode: 0o644}}
	}
}

// facts gives the same facts whatever the act is done to.
func facts(of ...any) func(string) []any { return func(string) []any { return of } }

func called(name string) trace.Syscall { return trace.Syscall{Seen: ok, Name: name} }

func capability(name, call string) trace.Capability {
	return trace.Capability{Seen: ok, Name: name, Syscall: call}
}

func argument(call, name, value, target string) trace.Argument {
	return trace.Argument{Seen: ok, Syscall: call, Name: name, Value: value, Target: target}
}

const (
	reads   = trace.AccessRead
	writes  = trace.AccessWrite
	creates = trace.AccessWrite | trace.AccessCreate | trace.AccessDelete
)

func fileActs() []Act {
	write := func(name, what string, on func(*site) (string, string), guards ...string) Act {
		return Act{Name: name, Tries: "open for writing " + what, Harmless: opens, Guards: guards, kind: "write-same", on: on, asks: files(writes)}
	}
	read := func(name, what string, on func(*site) (string, string), guards ...string) Act {
		return Act{Name: name, Tries: "open for reading " + what, Harmless: opens, Guards: guards, kind: "read-same", on: on, asks: files(reads)}
	}
	return []Act{
		write("write-usr", "a file in /usr", anyOf(writes, "/usr/share/common-licenses/*", "/usr/share/licenses/*/*", "/usr/lib/os-release"), "ProtectSystem"),
		write("write-etc", "a file in /etc", anyOf(writes, "/etc/fstab", "/etc/hosts", "/etc/hostname", "/etc/login.defs"), "ProtectSystem"),
		write("write-boot", "a file in /boot", anyOf(writes, "/boot/*", "/boot/*/*"), "ProtectSystem", "InaccessiblePaths"),
		write("write-home", "a file in another user's home directory", otherHome(writes), "ProtectHome"),
		read("read-home", "a file in another user's home directory", otherHome(reads), "ProtectHome"),
		read("read-root", "a file in /root", anyOf(reads, "/root/.[!.]*", "/root/*"), "ProtectHome"),
		read("read-shadow", "/etc/shadow", anyOf(0, "/etc/shadow"), "InaccessiblePaths"),
		read("read-host-key", "a private key of the SSH server", anyOf(0, "/etc/ssh/ssh_host_*_key"), "InaccessiblePaths"),
		read("read-disk", "a disk", blockDevice, "PrivateDevices", "DevicePolicy"),
		read("read-physical-memory", "/dev/mem", anyOf(0, "/dev/mem"), "PrivateDevices", "DevicePolicy"),
		{
			Name: "open-by-handle", Tries: "open a file by its handle, around the mounts of a sandbox", Possible: "ESTALE or EINVAL: the handle is of no file",
			Harmless: asks, Guards: []string{"CapabilityBoundingSet"},
			kind: "open-by-handle", on: nothing, asks: facts(called("open_by_handle_at"), capability("CAP_DAC_READ_SEARCH", "open_by_handle_at")),
		},
		{
			Name: "set-setuid-bit", Tries: "make a file with the setuid bit", Harmless: makes, Guards: []string{"RestrictSUIDSGID"},
			kind: "setuid-bit", on: inWritable, asks: facts(argument("openat", trace.ArgModeBits, "S_ISUID", "")),
		},
		{
			Name: "give-file-away", Tries: "make a file of one's own another user's", Harmless: makes, Guards: []string{"CapabilityBoundingSet"},
			kind: "give-away", on: inWritable, asks: facts(capability("CAP_CHOWN", "fchown")),
		},
		{
			Name: "make-device", Tries: "make a device node (that of /dev/null)", Harmless: "it is removed at once", Guards: []string{"PrivateDevices", "CapabilityBoundingSet"},
			kind: "make-device", on: inWritable, asks: facts(capability("CAP_MKNOD", "mknodat")),
		},
	}
}

func programActs() []Act {
	exec := func(name, what, kind string, on func(*site) (string, string)) Act {
		return Act{
			Name: name, Tries: "execute " + what, Possible: "it ends with status 0", Harmless: "it is given arguments with which it does nothing",
			Guards: []string{"NoExecPaths"}, kind: kind, on: on, asks: executes,
		}
	}
	written := func(name, dir string, on func(*site) (string, string)) Act {
		return Act{
			Name: name, Tries: "write a program to " + dir + " and execute it", Possible: "it ends with status 0",
			Harmless: "it is a copy of the program that does the acts, does nothing, and is removed",
			Guards:   []string{"NoExecPaths"}, kind: "exec-written", on: on, asks: files(creates | trace.AccessExec),
		}
	}
	memory := func(name, what, kind, call, value string) Act {
		return Act{
			Name: name, Tries: what, Harmless: ends, Guards: []string{"MemoryDenyWriteExecute"},
			kind: kind, on: nothing, asks: facts(argument(call, trace.ArgProtection, value, "")),
		}
	}
	return []Act{
		exec("exec-shell", "a shell", "exec-shell", anyOf(0, "/usr/bin/dash", "/usr/bin/bash", "/bin/sh")),
		exec("exec-unlisted", "a program in /usr/bin that the worker does not use", "exec", anyOf(trace.AccessExec, "/usr/bin/true", "/usr/bin/nproc", "/usr/bin/arch")),
		exec("exec-admin", "a program in /usr/sbin that the worker does not use", "exec", anyOf(trace.AccessExec, "/usr/sbin/ldconfig", "/usr/sbin/sysctl")),
		written("exec-written-tmp", "/tmp", newIn("/tmp")),
		written("exec-written-shm", "/dev/shm", newIn("/dev/shm")),
		written("exec-written", "a directory that the profile leaves writable", inGranted),
		{
			Name: "exec-memory", Tries: "execute a program that was never in a file (memfd_create)", Possible: "it ends with status 0",
			Harmless: "it is a copy of the program that does the acts, and does nothing", Guards: []string{"SystemCallFilter"},
			kind: "exec-memory", on: nothing, asks: facts(called("memfd_create")),
		},
		{
			Name: "gain-by-setgid", Tries: "gain a group by a program with the setgid bit, as by one with the setuid bit a user",
			Possible: "the program sees that it has the group", Harmless: ends + "; the program is this one's, and the group nobody's",
			Guards: []string{"NoNewPrivileges"},
			kind:   "exec-privileged", on: func(s *site) (string, string) { return s.privileged, "" }, asks: setgid,
		},
		memory("write-execute", "map memory that is writable and executable", "write-execute", "mmap", "PROT_WRITE|PROT_EXEC"),
		memory("make-executable", "make memory executable that was written to", "make-executable", "mprotect", "PROT_EXEC"),
	}
}

// executes is the fact of executing a file; asTrace gives it its subject.
func executes(path string) []any {
	return []any{trace.Subject{ID: 1, Exe: trace.Path(path)}, trace.Exec{Seen: ok, Target: 1}}
}

func setgid(string) []any { return []any{trace.Exec{Seen: ok, GID: true}} }
