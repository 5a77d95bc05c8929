package systemd_test

import (
	"regexp"
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
		"NoNewPrivileges":         func(b build) build { return b.exec("op", "/usr/bin/sudo", true) },
		"RestrictSUIDSGID":        func(b build) build { return b.argument("op", "chmod", trace.ArgModeBits, "S_ISUID") },
		"ProtectSystem":           func(b build) build { return b.file("op", "/new", created, "openat", trace.OK) },
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
		"RestrictRealtime":       func(b build) build { return b.argument("op", "sched_setscheduler", trace.ArgScheduler, "SCHED_RR") },
		"LockPersonality":        func(b build) build { return b.argument("op", "personality", trace.ArgPersonality, "0xffffffff") },
		"MemoryDenyWriteExecute": func(b build) build { return b.argument("op", "mprotect", trace.ArgProtection, "PROT_EXEC") },
	} {
		t.Run(name, func(t *testing.T) {
			text, _ := emit(t, synth.Infer(quiet().Trace, synth.Options{}), systemd.Options{})
			written, leftOut := has(text, name)
			require.True(t, written && !leftOut)
			text, _ = emit(t, synth.Infer(forbid(quiet()).Trace, synth.Options{}), systemd.Options{})
			written, leftOut = has(text, name)
			require.True(t, !written && leftOut, "%s", text)
		})
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
	_, leftOut := has(text, "NoExecPaths")
	require.True(t, leftOut)
	require.Contains(t, string(text), "# NoExecPaths= left out: needs systemd 248.")
	text, _ = emit(t, synth.Infer(blind().Trace, synth.Options{}), systemd.Options{})
	for _, name := range []string{"CapabilityBoundingSet", "RestrictAddressFamilies", "MemoryDenyWriteExecute", "ProtectClock"} {
		written, leftOut := has(text, name)
		require.True(t, !written && leftOut, name)
	}
	require.Contains(t, string(text), "# HOLES: what the recording cannot vouch for")
}

// TestFiltersForAUserWhoGainsPrivileges is about what 252 does unasked: a
// filter for a user without CAP_SYS_ADMIN sets NoNewPrivileges=.
func TestFiltersForAUserWhoGainsPrivileges(t *testing.T) {
	p := synth.Infer(quiet().exec("op", "/usr/bin/sudo", true).Trace, synth.Options{})
	for _, c := range []struct {
		opt  systemd.Options
		kept bool
	}{
		{systemd.Options{Version: 252}, true},
		{systemd.Options{Version: 252, User: "osapi"}, false},
		{systemd.Options{Version: 254, User: "osapi"}, false},
		{systemd.Options{Version: 257, User: "osapi"}, true},
	} {
		text, _ := emit(t, p, c.opt)
		for _, name := range []string{"SystemCallFilter", "PrivateDevices", "ProtectClock", "RestrictAddressFamilies"} {
			written, _ := has(text, name)
			require.Equal(t, c.kept, written, "%+v %s", c.opt, name)
		}
	}
	text, _ := emit(t, p, systemd.Options{Version: 257, User: "osapi"})
	require.Regexp(t, `(?m)^SystemCallFilter=.*\bcapset\b`, string(text))
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
