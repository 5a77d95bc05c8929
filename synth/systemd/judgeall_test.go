package systemd_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

// a worker whose facts the cases below are about.
func works() build { return newTrace("/usr/bin/worker") }

func (b build) typed(typ, device string) build {
	f := &b.Files[len(b.Files)-1]
	f.Type, f.Device = typ, device
	return b
}

func (b build) on(fs string) build {
	b.Files[len(b.Files)-1].FS = fs
	return b
}

func (b build) owned(uid, fsuid, mode uint32) build {
	f := &b.Files[len(b.Files)-1]
	f.UID, f.GID, f.FSUID, f.FSGID, f.Mode = uid, uid, fsuid, fsuid, mode
	return b
}

func (b build) at(target string) build {
	b.Arguments[len(b.Arguments)-1].Target = target
	return b
}

func (b build) abi(abi string) build {
	b.Syscalls[len(b.Syscalls)-1].ABI = abi
	return b
}

func (b build) peaks(r trace.Resources) build {
	b.Runs[0].End = &trace.End{Resources: r}
	return b
}

// judging is a hand-written spelling of a directive, a fact that it denies and one
// that it admits. Of a directive that denies nothing there is only why.
type judging struct {
	unit           string // lines of [Service]
	denies, admits build
	by             string // the directive that denies, where another than the first line's
	why            string
}

func file(p trace.Path, a trace.Access) build { return works().file("op", p, a, "openat", trace.OK) }

func inet(action, typ, address string, port int) build {
	return works().inet(action, typ, address, port)
}

func judgings() []judging {
	return slices.Concat(judgedPrivileges(), judgedFiles(), judgedMounts(), judgedDevices(), judgedKernel(), judgedView(), judgedNetwork(), judgedCalls(), judgedLimits())
}

func judgedPrivileges() []judging {
	chown := works().capability("op", "CAP_CHOWN", trace.OK, trace.Needed, "chown")
	raw := works().capability("op", "CAP_NET_RAW", trace.OK, trace.Needed, "socket")
	return []judging{
		{unit: "CapabilityBoundingSet=~CAP_CHOWN CAP_KILL", denies: chown, admits: raw},
		{unit: "CapabilityBoundingSet=cap_net_raw", denies: chown, admits: raw},
		{unit: "AmbientCapabilities=CAP_NET_RAW\nUser=worker", denies: chown, admits: raw},
		{unit: "NoNewPrivileges=1", denies: works().exec("op", "/usr/bin/sudo", true), admits: works().exec("op", "/usr/bin/ls", false)},
		{
			unit: "RestrictSUIDSGID=on", denies: works().argument("op", "fchmodat", trace.ArgModeBits, "S_ISGID"), admits: file("/etc/x", created),
		},
		{unit: "SupplementaryGroups=adm", why: "harmless"},
		{
			unit: "User=worker\nDynamicUser=TRUE", by: "ProtectSystem", denies: file("/var/lib/worker/x", created), admits: file("/etc/passwd", read),
		},
		{unit: "DynamicUser=yes\nStateDirectory=worker", by: "ProtectSystem", denies: file("/srv/x", created), admits: file("/var/lib/worker/x", created)},
	}
}

func judgedFiles() []judging {
	etc, usr, srv := file("/etc/x", inPlace), file("/usr/share/x", inPlace), file("/srv/x", inPlace)
	home := file("/home/op/x", read)
	root := file("/root", trace.AccessStat)
	shared := func(a trace.Access, uid, mode uint32) build {
		return file("/var/lib/worker/x", created).owned(0, 0, mode).file("op", "/var/lib/worker/x", a, "openat", trace.OK).owned(uid, 33, mode)
	}
	return []judging{
		{unit: "ProtectSystem=true", denies: usr, admits: etc},
		{unit: "ProtectSystem=full", denies: etc, admits: srv},
		{unit: "ProtectSystem=strict", denies: srv, admits: file("/proc/sys/vm/x", inPlace)},
		{unit: "ProtectSystem=strict\nReadWritePaths=-/srv /etc\nReadWritePaths=\nReadWritePaths=+/srv", denies: etc, admits: srv},
		{unit: "ReadWritePaths=/srv\nProtectSystem=strict", by: "ProtectSystem", denies: etc, admits: srv},
		{unit: "ReadOnlyPaths=/srv/a\nReadWritePaths=/srv\nProtectSystem=strict", denies: file("/srv/a/b", inPlace), admits: srv},
		{unit: "ReadOnlyPaths=/srv\nReadWritePaths=/srv/a", denies: srv, admits: file("/srv/a/b", created)},
		{unit: "ReadOnlyDirectories=%S/worker", by: "ReadOnlyPaths", denies: file("/var/lib/worker/x", created), admits: file("/var/lib/other", created)},
		{unit: "InaccessiblePaths=-/srv\nReadWritePaths=/srv/a", denies: file("/srv/a/b", read), admits: etc},
		{unit: "ProtectHome=yes", denies: home, admits: etc},
		{unit: "ProtectHome=tmpfs", denies: home, admits: root},
		{unit: "ProtectHome=read-only", denies: file("/home/op/x", inPlace), admits: home},
		{unit: "PrivateTmp=yes", denies: file("/tmp/theirs", read), admits: file("/tmp/mine", created)},
		{unit: "PrivateTmp=disconnected", denies: file("/var/tmp/theirs", read), admits: file("/var/tmp/mine", created)},
		{unit: "UMask=0077", denies: shared(read, 0, 0o644), admits: shared(read, 33, 0o644)},
		{unit: "UMask=0022", denies: shared(inPlace, 0, 0o666), admits: shared(read, 0, 0o644)},
		{unit: "StateDirectory=worker\nProtectSystem=strict", by: "ProtectSystem", denies: srv, admits: file("/var/lib/worker/x", created)},
		{unit: "CacheDirectory=a b/c\nProtectSystem=strict", by: "ProtectSystem", denies: srv, admits: file("/var/cache/b/c/x", created)},
		{unit: "LogsDirectory=worker\nProtectSystem=strict", by: "ProtectSystem", denies: srv, admits: file("/var/log/worker/x", created)},
		{unit: "RuntimeDirectory=worker\nProtectSystem=strict", by: "ProtectSystem", denies: srv, admits: file("/run/worker/x", created)},
		{
			unit: "RestrictFileSystems=@basic-api ext2", denies: file("/mnt/x", read).on("xfs"), admits: file("/etc/x", read).on("ext4"),
		},
		{unit: "RestrictFileSystems=~@temporary nfs", denies: file("/dev/x", read).on("devtmpfs"), admits: file("/etc/x", read).on("ext4")},
		{unit: "RestrictFileSystems=@known\nRestrictFileSystems=~@network", denies: file("/mnt/x", read).on("nfs4"), admits: file("/x", read).on("sysfs")},
		{unit: "RestrictFileSystems=@known", denies: file("/mnt/x", read).on("myfs"), admits: file("/mnt/x", trace.AccessStat).on("myfs")},
		{unit: "RestrictFileSystems=\nRestrictFileSystems=~proc\nRestrictFileSystems=\nRestrictFileSystems=~xfs", denies: file("/x", read).on("xfs"), admits: file("/proc/x", read).on("proc")},
	}
}

func judgedMounts() []judging {
	mapped := file("/usr/lib/x.so", mapped)
	return []judging{
		{unit: "TemporaryFileSystem=/var:ro", denies: file("/var/lib/x", read), admits: file("/etc/x", read)},
		{unit: "TemporaryFileSystem=/var:ro", denies: file("/var/new", created), admits: file("/var", trace.AccessStat)},
		{unit: "TemporaryFileSystem=/var:mode=0700,size=1M", denies: file("/var/lib/x", read), admits: file("/var/new", created)},
		{
			unit: "TemporaryFileSystem=-/var:ro\nTemporaryFileSystem=/var:ro\nBindReadOnlyPaths=/var/lib/a", denies: file("/var/lib/b", read),
			admits: file("/var/lib/a/x", read).file("op", "/var/lib", trace.AccessStat, "newfstatat", trace.OK),
		},
		{unit: "TemporaryFileSystem=/var\nReadWritePaths=-/var/lib/a", denies: file("/var/lib/a/x", inPlace), admits: file("/etc/x", inPlace)},
		{unit: "TemporaryFileSystem=/var\nBindReadOnlyPaths=/var/lib/a\nBindPaths=", denies: file("/var/lib/a/x", read), admits: file("/var", trace.AccessStat)},
		{unit: "TemporaryFileSystem=/opt:noexec", denies: file("/opt", trace.AccessExecMap), admits: file("/opt", trace.AccessStat)},
		{unit: "BindReadOnlyPaths=/srv/a /srv/b:/srv/b:norbind", denies: file("/srv/b/x", created), admits: file("/srv/b/x", read)},
		{unit: `BindReadOnlyPaths="/srv/a b"`, denies: file("/srv/a b/x", created), admits: file("/srv/a/x", created)},
		{unit: "BindPaths=/srv/a\nProtectSystem=strict", by: "ProtectSystem", denies: file("/srv/x", created), admits: file("/srv/a/x", created)},
		{unit: "BindReadOnlyPaths=-/other:/srv", denies: file("/srv/x", created), admits: file("/other/x", created)},
		{unit: "NoExecPaths=/\nExecPaths=/usr/lib /usr/bin/worker", denies: works().exec("op", "/usr/bin/ls", false), admits: mapped},
		{unit: "ExecPaths=/usr/bin\nNoExecPaths=/", by: "NoExecPaths", denies: mapped, admits: file("/usr/bin/x", trace.AccessExec)},
		{unit: "PrivateMounts=yes", admits: file("/mnt", trace.AccessMount), why: "whether others must see what the worker mounts is not told"},
	}
}

func judgedDevices() []judging {
	disk := file("/dev/sda", read).typed("block", "8:0")
	null := file("/dev/null", inPlace).typed("char", "1:3")
	return []judging{
		{unit: "PrivateDevices=yes", denies: disk, admits: null},
		{unit: "DevicePolicy=closed", denies: disk, admits: null},
		{unit: "DevicePolicy=strict\nDeviceAllow=/dev/zero", denies: null, admits: file("/dev/zero", read).typed("char", "1:5")},
		{unit: "DeviceAllow=/dev/sdb", denies: disk, admits: null},
		{unit: "DeviceAllow=/dev/sda r", denies: file("/dev/sda", inPlace).typed("block", "8:0"), admits: disk},
		{unit: "DeviceAllow=/dev/sda r\nDeviceAllow=/dev/block/8:0 w\nDevicePolicy=closed", by: "DevicePolicy", denies: file("/dev/sda", trace.AccessCreate).typed("block", "8:0"), admits: file("/dev/sda", read|inPlace).typed("block", "8:0")},
		{unit: "DeviceAllow=block-s* rw", denies: file("/dev/loop0", read).typed("block", "7:0"), admits: disk},
		{unit: "DeviceAllow=char-pts", denies: disk, admits: file("/dev/pts/3", trace.AccessCreate).typed("char", "136:3")},
		{unit: "DeviceAllow=char-*", denies: disk, admits: file("/dev/kvm", read).typed("char", "10:232")},
		{unit: "DeviceAllow=/dev/sda\nDeviceAllow=\nDeviceAllow=/dev/kvm", denies: disk, admits: file("/dev/kvm", read).typed("char", "10:232")},
		{unit: "DeviceAllow=char-rtc r", admits: file("/dev/rtc0", read).typed("char", "249:0"), why: "depends on the host"},
		{unit: "DeviceAllow=/dev/disk/by-uuid/x", admits: disk, why: "depends on the host"},
		{unit: "DeviceAllow=/dev/sda rwx", admits: disk, why: "bad syntax"},
	}
}

func judgedKernel() []judging {
	return []judging{
		{unit: "ProtectKernelTunables=yes", denies: file("/proc/sys/vm/x", inPlace), admits: file("/proc/sys/vm/x", read)},
		{unit: "ProtectKernelModules=yes", denies: works().calls("finit_module"), admits: works().calls("openat")},
		{unit: "ProtectKernelLogs=yes", denies: works().calls("syslog"), admits: file("/run/systemd/journal/socket", trace.AccessConnect)},
		{unit: "ProtectClock=yes", denies: works().calls("adjtimex"), admits: works().calls("clock_gettime")},
		{unit: "ProtectHostname=yes", denies: works().calls("sethostname"), admits: works().calls("uname")},
		{unit: "ProtectHostname=yes", denies: file("/proc/sys/kernel/hostname", inPlace), admits: file("/proc/sys/kernel/hostname", read)},
		{unit: "ProtectHostname=private:box", admits: works().calls("sethostname"), why: "harmless"},
	}
}

func judgedView() []judging {
	theirs := func(uid, fsuid uint32) build { return file("/proc/4711/status", read).owned(uid, fsuid, 0o444) }
	return []judging{
		{unit: "PrivateIPC=yes", denies: works().argument("op", "shmget", trace.ArgIPC, "0x4d2"), admits: works().argument("op", "shmget", trace.ArgIPC, "IPC_PRIVATE")},
		{unit: "PrivateUsers=yes", denies: works().capability("op", "CAP_NET_ADMIN", trace.OK, trace.Needed, "ioctl"), admits: works().capability("op", "CAP_NET_ADMIN", trace.OK, trace.NoAudit, "ioctl")},
		{
			unit:   "PrivateUsers=self",
			denies: file("/home/op/x", read).owned(1000, 0, 0o600).capability("op", "CAP_DAC_READ_SEARCH", trace.OK, trace.Needed, "openat"),
			admits: file("/home/op/x", read).owned(1000, 0, 0o644),
		},
		{unit: "PrivateUsers=identity", denies: works().exec("op", "/usr/bin/sudo", true), admits: file("/home/op/x", read).owned(1000, 0, 0o600)},
		{unit: "PrivateUsers=full", denies: works().argument("op", "ptrace", trace.ArgPtrace, "PTRACE_ATTACH").at(trace.TargetOutside), admits: works().argument("op", "ptrace", trace.ArgPtrace, "PTRACE_ATTACH").at(trace.TargetWorker)},
		{unit: "PrivateUsers=yes", admits: works().capability("op", "CAP_CHOWN", trace.OK, trace.Needed, "chown"), why: "CAP_CHOWN goes on for files"},
		{unit: "PrivatePIDs=yes", denies: works().argument("op", "kill", trace.ArgSignal, "SIGHUP").at(trace.TargetOutside), admits: works().argument("op", "kill", trace.ArgSignal, "SIGHUP").at(trace.TargetWorker)},
		{unit: "PrivatePIDs=yes", admits: theirs(0, 0), why: "process of the worker's own"},
		{unit: "ProtectControlGroups=yes", denies: file("/sys/fs/cgroup/x", trace.AccessCreate), admits: file("/sys/fs/cgroup/system.slice/x", read)},
		{unit: "ProtectControlGroups=strict", denies: file("/sys/fs/cgroup/system.slice/x", read), admits: file("/proc/4711/cgroup", read)},
		{unit: "ProtectControlGroups=private", denies: file("/sys/fs/cgroup/system.slice/x", read), admits: file("/sys/fs/cgroup/cgroup.procs", read)},
		{unit: "ProtectProc=invisible\nCapabilityBoundingSet=~CAP_SYS_PTRACE", denies: theirs(33, 0), admits: theirs(0, 0)},
		{unit: "ProtectProc=noaccess\nUser=worker", denies: file("/proc/1/stat", read).owned(0, 33, 0o444), admits: file("/proc/1", trace.AccessStat).owned(0, 33, 0o555)},
		{unit: "ProtectProc=ptraceable", admits: theirs(33, 0), why: "harmless"},
		{unit: "ProtectProc=invisible\nUser=worker", admits: theirs(0, 33), why: "root owns in /proc"},
		{unit: "ProcSubset=pid", denies: file("/proc/meminfo", read), admits: theirs(0, 0)},
		{unit: "ProcSubset=pid", admits: file("/proc/4711/mounts", read), why: "facts do not tell /proc/mounts"},
		{unit: "KeyringMode=private", admits: works().calls("keyctl"), why: "whether a key was in the user's keyring"},
		{unit: "PrivateBPF=yes", denies: works().calls("bpf"), admits: works().calls("openat")},
	}
}

func judgedNetwork() []judging {
	outside, self := inet("connect", "SOCK_STREAM", "192.0.2.1", 80), inet("connect", "SOCK_STREAM", "127.0.0.1", 80)
	comes := inet("accept", "SOCK_STREAM", "192.0.2.1", 80)
	listens := func() build { return inet("listen", "SOCK_STREAM", "0.0.0.0", 80) }
	six := inet("send", "SOCK_DGRAM", "fe80::1%eth0", 546)
	bind := inet("bind", "SOCK_STREAM", "0.0.0.0", 80)
	return []judging{
		{unit: "PrivateNetwork=yes", denies: outside, admits: listens().inet("connect", "SOCK_STREAM", "127.0.0.1", 80)},
		{unit: "PrivateNetwork=yes", denies: self, admits: works().socket("op", "create", "AF_NETLINK", "")},
		{unit: "PrivateNetwork=yes", denies: comes, admits: listens().inet("connect", "SOCK_STREAM", "127.0.0.1", 80).inet("accept", "SOCK_STREAM", "127.0.0.1", 80)},
		{unit: "PrivateNetwork=yes", denies: inet("bind", "SOCK_STREAM", "192.0.2.7", 80), admits: bind},
		{unit: "PrivateNetwork=yes", denies: file("/sys/class/net/eth0/address", read), admits: file("/sys/class/net/lo/address", read)},
		{unit: "IPAddressDeny=any", denies: outside, admits: listens()},
		{unit: "IPAddressDeny=any", denies: comes, admits: bind},
		{unit: "IPAddressDeny=any\nIPAddressAllow=localhost", denies: outside, admits: self},
		{unit: "IPAddressDeny=192.0.2.99/24", denies: outside, admits: self},
		{unit: "IPAddressDeny=link-local multicast", denies: six, admits: outside},
		{unit: "IPAddressDeny=multicast", denies: inet("send", "SOCK_DGRAM", "224.0.0.251", 5353), admits: outside},
		{unit: "IPAddressDeny=any\nIPAddressDeny=\nIPAddressDeny=192.0.2.1", denies: outside, admits: self},
		{unit: "IPAddressAllow=192.0.2.0/25\nIPAddressDeny=192.0.2.0/24", by: "IPAddressDeny", denies: inet("receive", "SOCK_DGRAM", "192.0.2.200", 53), admits: outside},
		{unit: "IPAddressDeny=::/0", denies: six, admits: outside},
		{unit: "IPAddressDeny=0.0.0.0/0", denies: outside, admits: six},
		{unit: "IPAddressDeny=localhost", denies: inet("connect", "SOCK_STREAM", "0.0.0.0", 80), admits: outside},
		{unit: "IPAddressDeny=nonsense", admits: outside, why: "is no address"},
		{unit: "IPAddressDeny=any", admits: inet("accept", "SOCK_STREAM", "", 80), why: "addresses of some peers are not in the trace"},
		{unit: "SocketBindDeny=any", denies: bind, admits: outside},
		{unit: "SocketBindDeny=ipv6:udp:1-1023 tcp:80", denies: bind, admits: inet("bind", "SOCK_STREAM", "0.0.0.0", 81)},
		{unit: "SocketBindDeny=ipv6:udp:1-1023", denies: inet("bind", "SOCK_DGRAM", "::", 546), admits: inet("bind", "SOCK_DGRAM", "::", 5353)},
		{unit: "SocketBindAllow=tcp:80\nSocketBindDeny=any", by: "SocketBindDeny", denies: inet("bind", "SOCK_DGRAM", "0.0.0.0", 80), admits: bind},
		{unit: "SocketBindAllow=80-90\nSocketBindAllow=\nSocketBindAllow=443\nSocketBindDeny=ipv4", by: "SocketBindDeny", denies: bind, admits: inet("bind", "SOCK_STREAM", "0.0.0.0", 443)},
		{unit: "SocketBindDeny=tcp:0", admits: bind, why: "no rule for bind"},
		{unit: "RestrictNetworkInterfaces=lo", denies: outside, admits: self},
		{unit: "RestrictNetworkInterfaces=lo", denies: comes, admits: inet("bind", "SOCK_DGRAM", "192.0.2.1", 53).inet("connect", "SOCK_STREAM", "192.0.2.1", 80)},
		{unit: "RestrictNetworkInterfaces=~lo", denies: self, admits: outside},
		{unit: "RestrictNetworkInterfaces=eth0", denies: self, admits: listens()},
		{unit: "RestrictNetworkInterfaces=eth0", admits: outside, why: "which interface"},
		{unit: "RestrictNetworkInterfaces=lo eth0\nRestrictNetworkInterfaces=~eth0", denies: outside, admits: self},
		{unit: "RestrictAddressFamilies=AF_UNIX", denies: works().socket("op", "create", "AF_NETLINK", ""), admits: works().socket("op", "create", "AF_UNIX", "")},
		{unit: "RestrictAddressFamilies=~AF_NETLINK AF_PACKET", denies: works().socket("op", "create", "AF_NETLINK", ""), admits: self},
		{unit: "RestrictAddressFamilies=none", denies: works().socket("op", "create", "AF_UNIX", ""), admits: works().calls("openat")},
	}
}

func judgedCalls() []judging {
	unshare := func(flags string) build { return works().argument("op", "unshare", trace.ArgNamespaces, flags) }
	return []judging{
		{unit: "SystemCallFilter=openat", denies: works().calls("mount"), admits: works().calls("openat")},
		{unit: "SystemCallFilter=~mount:EPERM", denies: works().calls("mount"), admits: works().calls("openat")},
		{unit: "SystemCallErrorNumber=EPERM", why: "harmless"},
		{unit: "SystemCallLog=~openat", admits: works().calls("mount"), why: "harmless"},
		{unit: "SystemCallArchitectures=native", denies: works().calls("read").abi("i386"), admits: works().calls("read")},
		{unit: "SystemCallArchitectures=x86-64 x86", denies: works().calls("read").abi("x32"), admits: works().calls("read").abi("i386")},
		{unit: "SystemCallArchitectures=arm64", denies: works().calls("read").abi("i386"), admits: works().calls("read")},
		{unit: "RestrictNamespaces=~user mnt", denies: unshare("CLONE_NEWNS"), admits: unshare("CLONE_NEWNET")},
		{unit: "RestrictNamespaces=net", denies: unshare("CLONE_NEWNET|CLONE_NEWNS"), admits: unshare("CLONE_NEWNET")},
		{unit: "RestrictNamespaces=yes", denies: works().argument("op", "setns", trace.ArgNamespaces, "0"), admits: unshare("CLONE_NEWTIME")},
		{unit: "RestrictRealtime=Yes", denies: works().argument("op", "sched_setscheduler", trace.ArgScheduler, "SCHED_RR"), admits: works().argument("op", "sched_setscheduler", trace.ArgScheduler, "SCHED_IDLE")},
		{unit: "LockPersonality=true", denies: works().argument("op", "personality", trace.ArgPersonality, "0x40000"), admits: works().argument("op", "personality", trace.ArgPersonality, "0x0")},
		{unit: "MemoryDenyWriteExecute=y", denies: works().argument("op", "mprotect", trace.ArgProtection, "PROT_EXEC"), admits: works().calls("mprotect")},
	}
}

func judgedLimits() []judging {
	peaks := func(r trace.Resources) build { return works().peaks(r) }
	return []judging{
		{unit: "TasksMax=10", denies: peaks(trace.Resources{TasksPeak: 11}), admits: peaks(trace.Resources{TasksPeak: 10})},
		{unit: "TasksMax=1", denies: peaks(trace.Resources{TasksPeak: 2}), admits: peaks(trace.Resources{TasksPeak: 1})},
		{unit: "TasksMax=80%", admits: works(), why: "depends on the host"},
		{unit: "LimitNOFILE=1K", denies: peaks(trace.Resources{FilesPeak: 1025}), admits: peaks(trace.Resources{FilesPeak: 1024})},
		{unit: "LimitNOFILE=10:20", denies: peaks(trace.Resources{FilesPeak: 21}), admits: peaks(trace.Resources{FilesPeak: 10})},
		{unit: "LimitNOFILE=10:20", admits: peaks(trace.Resources{FilesPeak: 11}), why: "raise its limit by itself"},
		{unit: "LimitNOFILE=infinity", admits: peaks(trace.Resources{FilesPeak: 11}), why: "harmless"},
		{unit: "MemoryMax=1M", admits: peaks(trace.Resources{MemoryPeak: 2 << 20}), why: "counted for each"},
		{unit: "MemoryMax=1G", admits: peaks(trace.Resources{MemoryPeak: 2 << 20}), why: "harmless"},
		{unit: "MemoryHigh=1M", admits: peaks(trace.Resources{MemoryPeak: 2 << 20}), why: "harmless"},
		{unit: "CPUQuota=1%", admits: peaks(trace.Resources{CPUPeak: 2}), why: "harmless"},
	}
}

// judge is what a unit denies, by the directive and with the line, and what is said
// not to be judged.
func judge(t *testing.T, unit string, in *trace.Trace) ([]systemd.Judged, []synth.Unjudged) {
	t.Helper()
	all, err := systemd.ReadAssignments("u", []byte("[Service]\n"+unit+"\n"))
	require.NoError(t, err)
	denied, unjudged, err := systemd.Judge(all, in, 258, groups)
	require.NoError(t, err, unit)
	unjudged = slices.DeleteFunc(unjudged, func(u synth.Unjudged) bool {
		return strings.HasPrefix(u.Text, "User=") || strings.Contains(u.Why, "@default")
	})
	return denied, unjudged
}

// TestEachDirectiveIsJudged: every directive of the table, in a spelling of somebody
// else's, denies a fact and admits one; where the facts do not tell, it says why.
func TestEachDirectiveIsJudged(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range judgings() {
		name, _, _ := strings.Cut(c.unit, "=")
		seen[name] = true
		by := name
		if c.by != "" {
			by = c.by
		}
		if c.denies.Trace != nil {
			denied, _ := judge(t, c.unit, c.denies.Trace)
			require.NotEmpty(t, denied, c.unit)
			require.Equal(t, by, denied[0].Directive, c.unit)
		}
		if c.admits.Trace == nil {
			c.admits = works()
		}
		denied, unjudged := judge(t, c.unit, c.admits.Trace)
		require.Empty(t, denied, c.unit)
		if c.why == "" || c.why == "harmless" {
			require.Empty(t, unjudged, c.unit)
			continue
		}
		require.Len(t, unjudged, 1, c.unit)
		require.Contains(t, unjudged[0].Why, c.why, c.unit)
		require.NotEmpty(t, unjudged[0].Text, c.unit)
	}
	for _, name := range systemd.Directives() {
		require.True(t, seen[name], "%s= is in the table and in none of the cases", name)
	}
}

// TestWhatIsNeverJudgedSaysWhy: what sandboxes and is in no case above is listed with
// the reason, or it is known to refuse nothing.
func TestWhatIsNeverJudgedSaysWhy(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range judgings() {
		for line := range strings.Lines(c.unit) {
			name, _, _ := strings.Cut(line, "=")
			seen[name] = true
		}
	}
	for _, n := range systemd.Unjudgeable() {
		for _, name := range strings.Split(n.Names, ", ") {
			require.False(t, seen[name], name)
			seen[name] = true
			_, unjudged := judge(t, name+"=x", works().Trace)
			require.Len(t, unjudged, 1, name)
			require.Equal(t, n.Why, unjudged[0].Why)
		}
	}
	for _, d := range systemd.Underived() {
		for _, name := range strings.Split(strings.TrimSuffix(d.Name, " and kin"), ", ") {
			require.True(t, seen[name] || systemd.Harmless(name), "%s= is neither judged nor listed", name)
		}
	}
}
