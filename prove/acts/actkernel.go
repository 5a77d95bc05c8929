package acts

import (
	"github.com/osapi-io/osapi-profile/trace"
)

func processActs() []Act {
	proc := func(name, what, file string, guards ...string) Act {
		return Act{
			Name: name, Tries: what, Harmless: opens, Guards: guards,
			kind: "read", on: func(s *site) (string, string) { return "/proc/" + s.victim + "/" + file, "" }, asks: files(reads),
		}
	}
	victim := func(s *site) (string, string) { return s.victim, "" }
	see := proc("see-process", "see another process (open /proc/PID/status)", "status", "ProtectProc")
	see.own = true
	return []Act{
		see,
		proc("read-environment", "read another process's environment (open /proc/PID/environ)", "environ", "ProtectProc", "CapabilityBoundingSet"),
		proc("open-memory", "open another process's memory (/proc/PID/mem)", "mem", "ProtectProc", "CapabilityBoundingSet"),
		{
			Name: "read-memory", Tries: "read another process's memory (process_vm_readv)", Possible: "EFAULT: there is no memory at address 0",
			Harmless: "nothing is there to be read", Guards: []string{"CapabilityBoundingSet", "SystemCallFilter"},
			kind: "read-memory", on: victim, asks: facts(called("process_vm_readv"), capability("CAP_SYS_PTRACE", "process_vm_readv")),
		},
		{
			Name: "trace-process", Tries: "trace another process (ptrace)", Harmless: "nothing is stopped, and it ends with the process that did it",
			Guards: []string{"CapabilityBoundingSet", "SystemCallFilter"},
			kind:   "trace", on: victim, asks: facts(argument("ptrace", trace.ArgPtrace, "PTRACE_SEIZE", trace.TargetOutside)),
		},
		{
			Name: "signal-process", Tries: "send a signal to another process", Harmless: "signal 0 only asks for permission", Guards: []string{"SystemCallFilter"},
			own: true, kind: "signal", on: victim, asks: facts(called("kill"), argument("kill", trace.ArgSignal, "0", trace.TargetOutside)),
		},
		{
			Name: "enter-namespace", Tries: "enter another process's mount namespace (setns)", Harmless: ends, Guards: []string{"RestrictNamespaces", "CapabilityBoundingSet"},
			kind: "enter", on: func(s *site) (string, string) { return "/proc/" + s.victim + "/ns/mnt", "" },
			asks: facts(called("setns"), capability("CAP_SYS_ADMIN", "setns")),
		},
		{
			Name: "become-user", Tries: "become another user (setresuid)", Harmless: ends, Guards: []string{"CapabilityBoundingSet"},
			kind: "become", on: otherUser, asks: facts(capability("CAP_SETUID", "setresuid")),
		},
		{
			Name: "become-group", Tries: "become a member of another group (setresgid)", Harmless: ends, Guards: []string{"CapabilityBoundingSet"},
			kind: "become-group", on: fixed(nobodys), asks: facts(capability("CAP_SETGID", "setresgid")),
		},
		{
			Name: "realtime", Tries: "be scheduled before all others (sched_setscheduler, SCHED_FIFO)", Harmless: ends, Guards: []string{"RestrictRealtime"},
			kind: "realtime", on: nothing, asks: facts(argument("sched_setscheduler", trace.ArgScheduler, "SCHED_FIFO", trace.TargetSelf)),
		},
		{
			Name: "raise-priority", Tries: "raise the own priority (setpriority, -20)", Harmless: ends, Guards: []string{"CapabilityBoundingSet"},
			kind: "priority", on: nothing, asks: facts(capability("CAP_SYS_NICE", "setpriority")),
		},
		{
			Name: "personality", Tries: "turn the randomisation of addresses off (personality)", Harmless: ends, Guards: []string{"LockPersonality"},
			kind: "personality", on: nothing, asks: facts(argument("personality", trace.ArgPersonality, "0x40000", "")),
		},
	}
}

func networkActs() []Act {
	listen := func(name, what string, on func(*site) (string, string), guards ...string) Act {
		return Act{
			Name: name, Tries: what, Possible: "EADDRINUSE: somebody has it", Harmless: "the port is taken, by this program", Guards: guards,
			kind: "listen", on: on, asks: socket("bind", "SOCK_STREAM"),
		}
	}
	return []Act{
		{
			Name: "raw-socket", Tries: "open a raw socket (AF_INET)", Harmless: "nothing is sent", Guards: []string{"CapabilityBoundingSet", "RestrictAddressFamilies"},
			kind: "raw", on: nothing, asks: facts(trace.Socket{Seen: ok, Action: "create", Family: "AF_INET", Type: "SOCK_RAW", Protocol: 1}, capability("CAP_NET_RAW", "socket")),
		},
		{
			Name: "packet-socket", Tries: "open a packet socket (AF_PACKET)", Harmless: "it receives no protocol, and nothing is sent",
			Guards: []string{"RestrictAddressFamilies", "CapabilityBoundingSet"},
			kind:   "packet", on: nothing, asks: facts(trace.Socket{Seen: ok, Action: "create", Family: "AF_PACKET", Type: "SOCK_RAW"}, capability("CAP_NET_RAW", "socket")),
		},
		listen("listen", "take a TCP port that the worker does not", func(s *site) (string, string) { return s.port, "" }, "SocketBindDeny", "PrivateNetwork"),
		listen("listen-low", "take a TCP port below 1024 that the worker does not", func(s *site) (string, string) {
			if s.lowPort == "" {
				return "", "there is no free port below 1024"
			}
			return s.lowPort, ""
		}, "SocketBindDeny", "CapabilityBoundingSet", "PrivateNetwork"),
		{
			Name: "reach-host", Tries: "send to a port of this machine that the worker does not use", Possible: "the second of two datagrams is not sent back",
			Harmless: "they are empty, and this program takes them", Guards: []string{"IPAddressDeny", "PrivateNetwork", "RestrictAddressFamilies"},
			kind: "reach", on: func(s *site) (string, string) { return s.udpPort, "" }, asks: socket("send", "SOCK_DGRAM"),
		},
	}
}

// wayActs are ways out of a sandbox, by which who can take them gets whatever root
// has.
func wayActs() []Act {
	connect := func(name, what string, on func(*site) (string, string)) Act {
		return Act{
			Name: name, Tries: "connect to " + what, Harmless: "nothing is said there", Guards: []string{"InaccessiblePaths", "RestrictAddressFamilies"},
			kind: "connect", on: on, asks: unixSocket,
		}
	}
	write := func(name, what string, on func(*site) (string, string)) Act {
		return Act{Name: name, Tries: "open for writing " + what, Harmless: opens, Guards: []string{"ProtectSystem", "ReadOnlyPaths"}, kind: "write-same", on: on, asks: files(writes)}
	}
	create := func(name, what string, on func(*site) (string, string)) Act {
		return Act{Name: name, Tries: "make a file in " + what, Harmless: makes, Guards: []string{"ProtectSystem", "ReadOnlyPaths"}, kind: "create-same", on: on, asks: files(creates)}
	}
	return []Act{
		connect("ask-pid1", "PID 1's own socket", socketOf("PID 1 has none", "/run/systemd/private")),
		connect("ask-bus", "the system bus", socketOf("there is no system bus", "/run/dbus/system_bus_socket")),
		connect("ask-containers", "a container engine", socketOf("there is no container engine", containerSockets()...)),
		create("write-unit", "/etc/systemd/system, whose units PID 1 runs as root", newIn("/etc/systemd/system")),
		create("write-runtime-unit", "/run/systemd/system, whose units PID 1 runs as root", newIn("/run/systemd/system")),
		create("write-cron", "/etc/cron.d, whose lines cron runs as root", newIn("/etc/cron.d")),
		write("write-accounts", "/etc/passwd, which says who is root", anyOf(0, "/etc/passwd")),
		write("write-sudoers", "/etc/sudoers, which sudo obeys", anyOf(0, "/etc/sudoers", "/etc/sudoers.d/*")),
		write("write-loader", "what says where programs load libraries from", anyOf(0, "/etc/ld.so.conf", "/etc/ld.so.cache")),
		write("write-login", "what every login shell runs", anyOf(0, "/etc/profile", "/etc/bash.bashrc", "/root/.profile")),
		create("write-root-keys", "/root, where root's SSH keys and start files are", newIn("/root")),
	}
}

func kernelActs() []Act {
	plain := func(name, tries, possible, kind string, guards []string, asked ...any) Act {
		a := Act{Name: name, Tries: tries, Possible: possible, Harmless: ends, Guards: guards, kind: kind, on: nothing, asks: facts(asked...)}
		if possible != "" {
			a.Harmless = asks
		}
		return a
	}
	namespace := func(name, tries, kind, call, flag, number string) Act {
		return Act{
			Name: name, Tries: tries, Harmless: ends, Guards: []string{"RestrictNamespaces"},
			kind: kind, on: fixed(number), asks: facts(argument(call, trace.ArgNamespaces, flag, "")),
		}
	}
	setting := func(name, what, guard string, paths ...string) Act {
		return Act{Name: name, Tries: "open for writing " + what, Harmless: opens, Guards: []string{guard}, kind: "write", on: anyOf(writes, paths...), asks: files(writes)}
	}
	both, calls := []string{"CapabilityBoundingSet", "SystemCallFilter"}, []string{"SystemCallFilter"}
	return []Act{
		plain("mount", "mount a file system", "EINVAL: the option is none", "mount", both, called("mount"), capability("CAP_SYS_ADMIN", "mount")),
		plain("chroot", "change the root directory (to what it is)", "", "chroot", both, called("chroot"), capability("CAP_SYS_CHROOT", "chroot")),
		namespace("new-user-namespace", "make a user namespace (unshare)", "unshare", "unshare", "CLONE_NEWUSER", "268435456"),
		namespace("clone-user-namespace", "make a user namespace (clone)", "clone", "clone", "CLONE_NEWUSER", "268435456"),
		namespace("new-mount-namespace", "make a mount namespace (unshare)", "unshare", "unshare", "CLONE_NEWNS", "131072"),
		namespace("new-network-namespace", "make a network namespace (unshare)", "unshare", "unshare", "CLONE_NEWNET", "1073741824"),
		plain("load-module", "load a kernel module", "ENOEXEC: it has no image", "module", []string{"ProtectKernelModules"}, called("init_module"), capability("CAP_SYS_MODULE", "init_module")),
		{
			Name: "set-clock", Tries: "set the clock", Harmless: "neither a time nor a time zone is given", Guards: []string{"ProtectClock"},
			kind: "clock", on: nothing, asks: facts(called("settimeofday"), capability("CAP_SYS_TIME", "settimeofday")),
		},
		plain("wake-machine", "make a timer that wakes the machine", "", "wake", []string{"ProtectClock"}, capability("CAP_WAKE_ALARM", "timerfd_create")),
		plain("set-hostname", "set the host name", "EINVAL: it is too long", "hostname", []string{"ProtectHostname"}, called("sethostname"), capability("CAP_SYS_ADMIN", "sethostname")),
		plain("start-kernel", "load another kernel (kexec_load)", "EINVAL: it has too many segments", "kexec", both, called("kexec_load"), capability("CAP_SYS_BOOT", "kexec_load")),
		plain("reboot", "restart the machine", "EINVAL: the magic numbers are missing", "reboot", both, called("reboot"), capability("CAP_SYS_BOOT", "reboot")),
		{
			Name: "user-keys", Tries: "reach the user's keyring (keyctl)", Possible: "it succeeds, or ENOKEY: the user has none",
			Harmless: "it asks for the keyring's number", Guards: calls, kind: "keyctl", on: nothing, asks: facts(called("keyctl")),
		},
		plain("load-bpf", "load a BPF program", "", "bpf", calls, called("bpf"), capability("CAP_BPF", "bpf")),
		plain("watch-processor", "count what a processor does, for whomever (perf_event_open)", "", "perf", calls, called("perf_event_open"), capability("CAP_PERFMON", "perf_event_open")),
		plain("io-uring", "set up an io_uring", "", "io_uring", calls, called("io_uring_setup")),
		plain("handle-faults", "handle page faults (userfaultfd)", "", "userfaultfd", calls, called("userfaultfd")),
		plain("read-kernel-log", "read the kernel's log (syslog)", "", "log", []string{"ProtectKernelLogs"}, called("syslog"), capability("CAP_SYSLOG", "syslog")),
		plain("machine-ports", "reach the machine's ports (ioperm)", "", "ports", []string{"PrivateDevices"}, called("ioperm"), capability("CAP_SYS_RAWIO", "ioperm")),
		setting("write-core-pattern", "what the kernel runs as root when a process crashes (core_pattern)", "ProtectKernelTunables", "/proc/sys/kernel/core_pattern"),
		setting("write-sysfs", "a setting of the kernel in /sys", "ProtectKernelTunables", "/sys/kernel/uevent_helper", "/sys/kernel/mm/transparent_hugepage/enabled"),
		setting("write-cgroup", "the machine's own control group", "ProtectControlGroups", "/sys/fs/cgroup/cgroup.procs"),
	}
}

func socket(action, typ string) func(string) []any {
	return func(port string) []any {
		return []any{trace.Socket{Seen: ok, Action: action, Family: "AF_INET", Type: typ, Address: "127.0.0.1", Port: atoi(port)}}
	}
}

func unixSocket(path string) []any {
	return []any{trace.Socket{Seen: ok, Action: "connect", Family: "AF_UNIX", Type: "SOCK_STREAM", Path: trace.Path(path)}}
}
