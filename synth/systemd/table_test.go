package systemd_test

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

// has says whether the text assigns a directive, or else says why not.
func has(text []byte, name string) (written, leftOut bool) {
	return regexp.MustCompile(`(?m)^` + name + `=`).Match(text), regexp.MustCompile(`(?m)^# ` + name + `= left out: `).Match(text)
}

// TestEachDirectiveIsWrittenUnlessAFactForbidsIt goes through the table: one
// fact for each directive that alone makes it disappear.
func TestEachDirectiveIsWrittenUnlessAFactForbidsIt(t *testing.T) {
	device := func(b build) build {
		b = b.file("op", "/dev/sda", read, "openat", trace.OK)
		b.Files[len(b.Files)-1].Type, b.Files[len(b.Files)-1].Device = "block", "8:0"
		return b
	}
	for name, forbid := range map[string]func(build) build{
		"NoNewPrivileges":  func(b build) build { return b.exec("op", "/usr/bin/sudo", true) },
		"RestrictSUIDSGID": func(b build) build { return b.argument("op", "chmod", trace.ArgModeBits, "S_ISUID") },
		"ProtectSystem": func(b build) build {
			return b.file("op", "/new", created, "openat", trace.OK).file("op", "/usr/share/new", created, "openat", trace.OK)
		},
		"PrivateTmp":              func(b build) build { return b.file("op", "/tmp/theirs", read, "openat", trace.OK) },
		"PrivateDevices":          device,
		"NoExecPaths":             func(b build) build { return b.exec("op", "/\n", false) },
		"ProtectKernelTunables":   func(b build) build { return b.file("op", "/proc/sys/vm/x", inPlace, "openat", trace.OK) },
		"ProtectKernelModules":    func(b build) build { return b.calls("finit_module") },
		"ProtectKernelLogs":       func(b build) build { return b.file("op", "/dev/kmsg", read, "openat", trace.OK) },
		"ProtectClock":            func(b build) build { return b.capability("op", "CAP_SYS_TIME", trace.OK, trace.Needed, "adjtimex") },
		"ProtectHostname":         func(b build) build { return b.calls("sethostname") },
		"PrivateIPC":              func(b build) build { return b.argument("op", "shmget", trace.ArgIPC, "0x4d2") },
		"ProtectControlGroups":    func(b build) build { return b.file("op", "/sys/fs/cgroup/x", created, "mkdir", trace.OK) },
		"ProtectProc":             func(b build) build { return b.file("op", "/proc/1/stat", read, "openat", trace.OK) },
		"SystemCallFilter":        func(b build) build { return b.calls("syscall_999") },
		"RestrictAddressFamilies": func(b build) build { return b.socket("op", "create", "AF_45", "") },
		"RestrictNamespaces": func(b build) build {
			return b.argument("op", "clone3", trace.ArgNamespaces, "CLONE_NEWNS")
		},
		"PrivateUsers":              func(b build) build { return b.capability("op", "CAP_KILL", trace.OK, trace.Needed, "kill") },
		"PrivateMounts":             func(b build) build { return b.file("op", "/mnt", trace.AccessMount, "mount", trace.OK) },
		"ProcSubset":                func(b build) build { return b.file("op", "/proc/meminfo", read, "openat", trace.OK) },
		"KeyringMode":               func(b build) build { return b.calls("keyctl") },
		"PrivateNetwork":            func(b build) build { return b.socket("op", "create", "AF_NETLINK", "") },
		"IPAddressDeny":             func(b build) build { return b.inet("listen", "SOCK_STREAM", "0.0.0.0", 80) },
		"RestrictNetworkInterfaces": func(b build) build { return b.inet("connect", "SOCK_STREAM", "192.0.2.1", 80) },
		"SocketBindDeny": func(b build) build {
			b.Holes = append(b.Holes, trace.Hole{Kind: trace.HoleAttached})
			return b
		},
		"RestrictFileSystems": func(b build) build {
			b = b.file("op", "/x", read, "openat", trace.OK)
			b.Files[len(b.Files)-1].FS = "myfs"
			return b
		},
		"RestrictRealtime":       func(b build) build { return b.argument("op", "sched_setscheduler", trace.ArgScheduler, "SCHED_RR") },
		"LockPersonality":        func(b build) build { return b.argument("op", "personality", trace.ArgPersonality, "0xffffffff") },
		"MemoryDenyWriteExecute": func(b build) build { return b.argument("op", "mprotect", trace.ArgProtection, "PROT_EXEC") },
	} {
		t.Run(name, func(t *testing.T) {
			base := func() build {
				if name == "RestrictFileSystems" { // which PrivateUsers= forbids
					return quiet().capability("op", "CAP_KILL", trace.OK, trace.Needed, "kill")
				}
				return quiet()
			}
			text, _ := emit(t, synth.Infer(base().Trace, synth.Options{}), systemd.Options{})
			written, leftOut := has(text, name)
			require.True(t, written && !leftOut)
			text, _ = emit(t, synth.Infer(forbid(base()).Trace, synth.Options{}), systemd.Options{})
			written, leftOut = has(text, name)
			require.True(t, !written && leftOut, "%s", text)
		})
	}
}

// TestEachProcThatIsNotAProcess is about ProcSubset=: links in /proc lead to
// names that are about a process, and are gone themselves.
func TestEachProcThatIsNotAProcess(t *testing.T) {
	for path, gone := range map[trace.Path]bool{
		"/proc/self/status": false, "/proc/4711/stat": false, "/proc/1/mountinfo": false, "/proc/4711/mounts": true, "/proc/4711/net/tcp": true,
		"/proc/sys/kernel/osrelease": true, "/proc/cpuinfo": true, "/proc": false,
	} {
		text, _ := emit(t, synth.Infer(quiet().file("op", path, read, "openat", trace.OK).Trace, synth.Options{}), systemd.Options{})
		written, _ := has(text, "ProcSubset")
		require.Equal(t, !gone, written, path)
	}
}

// TestWhatIsMountedOverProc: a container's manager puts files of its own there, and
// some directives have a /proc mounted without them.
func TestWhatIsMountedOverProc(t *testing.T) {
	for path, c := range map[trace.Path]struct {
		fs   string
		gone bool
	}{
		"/proc/kmsg": {"tmpfs", true}, "/proc/meminfo": {"fuse.lxcfs", true}, "/proc/uptime": {"proc", false}, "/proc/self/ns/net": {"nsfs", false},
		"/proc/loadavg": {"", false},
	} {
		b := quiet().file("op", path, read, "openat", trace.OK)
		b.Files[len(b.Files)-1].FS = c.fs
		text, _ := emit(t, synth.Infer(b.Trace, synth.Options{}), systemd.Options{})
		for name, value := range map[string]string{"ProtectProc": "invisible", "ProtectKernelTunables": "yes", "ProtectControlGroups": "yes"} {
			written, leftOut := has(text, name)
			require.Equal(t, c.gone, !written && leftOut, "%s %s", path, name)
			box, err := systemd.NewSandbox(systemd.Settings{{Name: name, Value: value}}, systemd.DefaultVersion)
			require.NoError(t, err)
			require.Equal(t, c.gone, len(box.Refuses(b.Trace)) > 0, "%s %s", path, name)
		}
	}
}

// TestFileSystemsNeedRootOfTheHost: systemd makes a BPF map for them as the service.
func TestFileSystemsNeedRootOfTheHost(t *testing.T) {
	kills := func() build { return quiet().capability("op", "CAP_KILL", trace.OK, trace.Needed, "kill") }
	asUser := kills()
	asUser.Runs[0].User = "worker"
	for name, c := range map[string]struct {
		b                build
		user             string
		inDropIn, inUnit bool
	}{
		"root": {b: kills(), inDropIn: true, inUnit: true}, "in a user namespace": {b: quiet()},
		"recorded as a user": {b: asUser, inUnit: true}, "for a user": {b: kills(), user: "worker"},
	} {
		dropIn, unit := emit(t, synth.Infer(c.b.Trace, synth.Options{}), systemd.Options{User: c.user, Version: 257})
		inDropIn, _ := has(dropIn, "RestrictFileSystems")
		inUnit, _ := has(unit, "RestrictFileSystems")
		require.Equal(t, []bool{c.inDropIn, c.inUnit}, []bool{inDropIn, inUnit}, name)
	}
}

func TestPrivateUsersByVersion(t *testing.T) {
	theirs := quiet().file("op", "/var/lib/theirs", trace.AccessStat, "newfstatat", trace.OK)
	theirs.Files[len(theirs.Files)-1].UID = 33
	for version, want := range map[int]string{252: "# PrivateUsers= left out", 257: "\nPrivateUsers=identity\n"} {
		text, _ := emit(t, synth.Infer(theirs.Trace, synth.Options{}), systemd.Options{Version: version})
		require.Contains(t, string(text), want)
	}
	text, _ := emit(t, synth.Infer(quiet().Trace, synth.Options{}), systemd.Options{Version: 257})
	require.Contains(t, string(text), "\nPrivateUsers=yes\n")
	require.Contains(t, string(text), "\nProtectControlGroups=strict\n")
	require.Contains(t, string(text), "\n#   from 258: PrivateBPF=\n")
}

// TestAddresses is about both directions: what comes in counts as well.
func TestAddresses(t *testing.T) {
	for name, c := range map[string]struct {
		b    build
		want string // lines; "" when left out
	}{
		"nobody":           {quiet(), "IPAddressDeny=any\nIPAddressAllow=\n"},
		"loopback":         {quiet().inet("connect", "SOCK_STREAM", "127.0.0.1", 4222), "IPAddressAllow=localhost\n"},
		"mapped":           {quiet().inet("connect", "SOCK_STREAM", "::ffff:127.0.0.1", 4222), "IPAddressAllow=localhost\n"},
		"served inside":    {quiet().inet("listen", "SOCK_STREAM", "::1", 80).inet("accept", "SOCK_STREAM", "::1", 80), "IPAddressAllow=localhost\n"},
		"a fixed host":     {quiet().inet("connect", "SOCK_STREAM", "192.0.2.7", 443), "IPAddressAllow=192.0.2.7\n"},
		"wildcard":         {quiet().inet("listen", "SOCK_STREAM", "::", 80), ""},
		"its own address":  {quiet().inet("listen", "SOCK_STREAM", "192.0.2.1", 80), ""},
		"handed over":      {quiet().inet("accept", "SOCK_STREAM", "192.0.2.1", 80), ""},
		"datagrams":        {quiet().inet("receive", "SOCK_DGRAM", "192.0.2.1", 53), ""},
		"multicast":        {quiet().inet("send", "SOCK_DGRAM", "224.0.0.251", 5353), ""},
		"asks the DNS":     {quiet().inet("connect", "SOCK_STREAM", "192.0.2.7", 443).inet("send", "SOCK_DGRAM", "192.0.2.53", 53), ""},
		"reads its config": {quiet().inet("connect", "SOCK_STREAM", "192.0.2.7", 443).file("op", "/etc/resolv.conf", read, "openat", trace.OK), ""},
	} {
		t.Run(name, func(t *testing.T) {
			text, _ := emit(t, synth.Infer(c.b.Trace, synth.Options{}), systemd.Options{})
			written, leftOut := has(text, "IPAddressDeny")
			require.Equal(t, c.want == "", leftOut && !written, "%s", text)
			require.Contains(t, string(text), c.want)
		})
	}
}

func TestBinds(t *testing.T) {
	b := quiet().inet("bind", "SOCK_STREAM", "0.0.0.0", 80).inet("bind", "SOCK_STREAM", "::", 443).inet("bind", "SOCK_DGRAM", "0.0.0.0", 45678)
	icmp := b.inet("bind", "SOCK_DGRAM", "0.0.0.0", 0)
	icmp.Sockets[len(icmp.Sockets)-1].Protocol = 1
	used := icmp.inet("bind", "SOCK_STREAM", "0.0.0.0", 8080)
	used.Sockets[len(used.Sockets)-1].Outcome = "EADDRINUSE"
	text, _ := emit(t, synth.Infer(used.Trace, synth.Options{}), systemd.Options{})
	require.Equal(t, []string{"", "ipv4:tcp:80", "ipv4:tcp:8080", "ipv4:udp", "ipv6:tcp:443"}, values(text, "SocketBindAllow"))
	require.Equal(t, []string{"any"}, values(text, "SocketBindDeny"))
}

// Ports that differ in every run are one item, whose reasons stand in one order.
func TestBindsAreToldInOneOrder(t *testing.T) {
	b := quiet()
	for i, operation := range []string{"d", "a", "e", "b", "c"} {
		b.inet("bind", "SOCK_DGRAM", "0.0.0.0", 1000+i).inet("bind", "SOCK_DGRAM", "0.0.0.0", 40000+i)
		b.Sockets[len(b.Sockets)-2].Operation = operation
	}
	p := synth.Infer(b.Trace, synth.Options{})
	first, _ := emit(t, p, systemd.Options{})
	require.Contains(t, string(first), "SocketBindAllow=ipv4:udp\n")
	for range 20 {
		again, _ := emit(t, p, systemd.Options{})
		require.Equal(t, string(first), string(again))
	}
}

func values(text []byte, name string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`(?m)^`+name+`=(.*)$`).FindAllStringSubmatch(string(text), -1) {
		out = append(out, m[1])
	}
	return out
}

// TestDevices is about the policy where /dev cannot be private. Until 250
// ProtectClock= closes devices too.
func TestDevices(t *testing.T) {
	device := func(b build, path trace.Path, kind, number string, access trace.Access) build {
		b = b.file("op", path, access, "openat", trace.OK)
		f := &b.Files[len(b.Files)-1]
		f.Type, f.Device = kind, number
		return b
	}
	b := device(quiet(), "/dev/net/tun", "char", "10:200", read|inPlace)
	b = device(b, "/dev/null", "char", "1:3", inPlace)
	b = device(b, "/dev/pts/3", "char", "136:3", read)
	b = device(b, "/srv/disk", "block", "8:0", read)
	text, _ := emit(t, synth.Infer(b.Trace, synth.Options{}), systemd.Options{})
	require.Equal(t, []string{"closed"}, values(text, "DevicePolicy"))
	require.Equal(t, []string{"", "/dev/block/8:0 r", "/dev/net/tun rw"}, values(text, "DeviceAllow"))
	written, _ := has(text, "ProtectClock")
	require.True(t, written)
	text, _ = emit(t, synth.Infer(quiet().Trace, synth.Options{}), systemd.Options{})
	require.Empty(t, values(text, "DevicePolicy"))
	unknown := quiet().file("op", "/dev/what", read, "openat", trace.OK)
	unknown.Files[len(unknown.Files)-1].Type = ""
	for version, names := range map[int][]string{250: {"DevicePolicy", "PrivateDevices", "ProtectClock"}, 252: {"DevicePolicy", "PrivateDevices"}} {
		text, _ = emit(t, synth.Infer(unknown.Trace, synth.Options{}), systemd.Options{Version: version})
		for _, name := range []string{"DevicePolicy", "PrivateDevices", "ProtectClock"} {
			_, leftOut := has(text, name)
			require.Equal(t, slices.Contains(names, name), leftOut, "%d %s", version, name)
		}
	}
}

func TestProtectHomeIsAsStrictAsTheFactsAllow(t *testing.T) {
	for want, change := range map[string]func(build) build{
		"yes":       func(b build) build { return b },
		"tmpfs":     func(b build) build { return b.file("op", "/root/.rc", read, "openat", "ENOENT") },
		"read-only": func(b build) build { return b.file("op", "/home/op/x", read, "openat", trace.OK) },
	} {
		text, _ := emit(t, synth.Infer(change(quiet()).Trace, synth.Options{}), systemd.Options{})
		require.Contains(t, string(text), "\nProtectHome="+want+"\n")
	}
	text, _ := emit(t, synth.Infer(quiet().file("op", "/root/x", created, "openat", trace.OK).Trace, synth.Options{}), systemd.Options{})
	_, leftOut := has(text, "ProtectHome")
	require.True(t, leftOut, "of two mounts on /root the stricter would win")
}

func TestVersionsAndKindsWithoutAProbe(t *testing.T) {
	text, _ := emit(t, synth.Infer(quiet().Trace, synth.Options{}), systemd.Options{Version: 247})
	require.Empty(t, values(text, "NoExecPaths"))
	require.Contains(t, string(text), "\n#   from 248: NoExecPaths=, ExecPaths=, PrivateIPC=\n")
	text, _ = emit(t, synth.Infer(blind().Trace, synth.Options{}), systemd.Options{})
	for _, name := range []string{"CapabilityBoundingSet", "RestrictAddressFamilies", "MemoryDenyWriteExecute", "ProtectClock"} {
		written, leftOut := has(text, name)
		require.True(t, !written && leftOut, name)
	}
	require.Contains(t, string(text), "# HOLES: what the recording cannot vouch for")
}

// TestLooksAtOtherProcesses: a process has a number, which may be folded and may not be.
func TestLooksAtOtherProcesses(t *testing.T) {
	for p, c := range map[trace.Path]struct {
		uid   uint32
		looks bool
	}{
		"/proc/4711/status": {0, false}, "/proc/4711/task/4712/comm": {0, false}, "/proc/sys/kernel/cmdline": {0, false},
		"/proc/4711/cmdline": {0, true}, "/proc/4711/stat": {33, true}, "/proc/1/status": {0, true}, "/proc/4711": {33, true}, "/proc/1/task/1/comm": {0, true},
	} {
		for _, fold := range synth.Folds() {
			b := quiet().file("op", p, read, "openat", trace.OK).owned(c.uid, 0, 0o444)
			text, _ := emit(t, synth.Infer(b.Trace, synth.Options{Fold: fold}), systemd.Options{Version: 257})
			for _, name := range []string{"ProtectProc", "PrivateUsers"} {
				written, leftOut := has(text, name)
				require.Equal(t, c.looks, leftOut && !written, "%s= with %s, fold %s", name, p, fold)
			}
		}
	}
}

func TestUMaskOnlyWhereEvident(t *testing.T) {
	b := quiet().file("op", "/var/lib/x/f", created, "openat", trace.OK)
	for mode, want := range map[uint32]bool{0o600: true, 0o700: true, 0o640: false, 0o604: false} {
		b.Files[len(b.Files)-1].Mode = mode
		text, _ := emit(t, synth.Infer(b.Trace, synth.Options{}), systemd.Options{})
		written, _ := has(text, "UMask")
		require.Equal(t, want, written, "%o", mode)
	}
}

func TestLimitsAreCommentsUnlessAskedFor(t *testing.T) {
	p := synth.Infer(quiet().Trace, synth.Options{})
	text, _ := emit(t, p, systemd.Options{})
	require.Contains(t, string(text), "# MemoryMax=192M\n")
	text, _ = emit(t, p, systemd.Options{Limits: true})
	for _, line := range []string{"MemoryHigh=144M", "MemoryMax=192M", "CPUQuota=140%", "TasksMax=64"} {
		require.Contains(t, string(text), "\n"+line+"\n")
	}
}

// What no mount may separate costs ProtectSystem=strict, not the protection of what
// belongs to the distribution and to root.
func TestProtectSystemGivesWayByDegrees(t *testing.T) {
	moved := func() build {
		return newTrace("/usr/bin/worker").calls("openat").rename("op", "/var/lib/worker/body/1", "/srv/site/1")
	}
	for want, b := range map[string]build{
		"full": moved(),
		"yes":  moved().file("op", "/etc/worker.conf", inPlace, "openat", trace.OK),
		"":     moved().file("op", "/usr/share/x", inPlace, "openat", trace.OK),
	} {
		p := synth.Infer(b.Trace, synth.Options{})
		dropIn, _ := emit(t, p, systemd.Options{})
		const open = "both writable and executable"
		if want == "" {
			require.NotContains(t, string(dropIn), "\nProtectSystem=")
			require.NotContains(t, string(dropIn), "\nBindReadOnlyPaths=")
			require.Contains(t, strings.ReplaceAll(string(dropIn), "\n#     ", " "), open, "no mount keeps what it executes from root's hands")
			continue
		}
		require.NotContains(t, string(dropIn), open)
		require.Contains(t, string(dropIn), "\nProtectSystem="+want+"\n")
		require.Contains(t, string(dropIn), "\nBindReadOnlyPaths=-/usr/bin/worker")
		box, err := systemd.ReadSandbox(bytes.NewReader(dropIn), systemd.DefaultVersion)
		require.NoError(t, err)
		require.Empty(t, box.Refuses(b.Trace))
		require.NotEmpty(t, box.Refuses(newTrace("/usr/bin/worker").file("op", "/usr/bin/worker", inPlace, "openat", trace.OK).Trace))
	}
}

// A program that the service itself executes again, as sshd does for each
// connection, must be there after an upgrade too.
func TestWorkerThatIsExecutedAgainIsGrantedByDirectory(t *testing.T) {
	once := newTrace("/usr/sbin/worker")
	dropIn, _ := emit(t, synth.Infer(once.Trace, synth.Options{}), systemd.Options{})
	require.Contains(t, string(dropIn), "\nExecPaths=-/usr/sbin/worker\n")
	once.Execs = append(once.Execs, trace.Exec{Seen: did("op", trace.OK), Target: 1})
	dropIn, _ = emit(t, synth.Infer(once.Trace, synth.Options{}), systemd.Options{})
	require.Contains(t, string(dropIn), "\nExecPaths=-/usr/sbin\n")
	require.NotContains(t, string(dropIn), "/usr/sbin/worker\n")
}
