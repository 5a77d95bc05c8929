package synth_test

import (
	"slices"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

// privileged are the calls of systemd's @privileged set and its kin: no rule
// may add one to a worker that made none of its family.
var privileged = []string{
	"chown", "fchown", "fchownat", "lchown", "clock_settime", "adjtimex", "settimeofday", "init_module", "finit_module", "iopl",
	"ioperm", "reboot", "kexec_load", "swapon", "acct", "bpf", "capset", "chroot", "fanotify_init", "open_by_handle_at",
	"pivot_root", "quotactl", "setdomainname", "setfsuid", "setgroups", "sethostname", "setresuid", "setreuid", "setuid", "vhangup",
	"mount", "umount2", "ptrace", "perf_event_open", "unshare", "setns", "keyctl", "add_key", "userfaultfd", "io_uring_setup",
	"process_vm_writev", "mknod", "mknodat", "personality", "setrlimit",
}

func calls(p *synth.Profile) map[string]synth.SyscallGrant {
	m := map[string]synth.SyscallGrant{}
	for _, g := range p.Syscalls {
		m[g.Name+g.ABI] = g
	}
	return m
}

func traceOf(outcome string, names ...string) *trace.Trace {
	in := oneRun()
	for _, n := range names {
		in.Syscalls = append(in.Syscalls, trace.Syscall{Seen: seen(outcome), Name: n})
	}
	return in
}

func TestSyscallIsGrantedWhateverItReturned(t *testing.T) {
	for outcome, granted := range map[string]bool{
		trace.OK: true, "": true, "EPERM": true, "EINPROGRESS": true, "EINVAL": true, "ENOSYS": false,
	} {
		got := calls(synth.Infer(traceOf(outcome, "connect"), synth.Options{}))
		require.Equal(t, granted, got["connect"].Facts != nil, outcome)
	}
}

func TestSiblings(t *testing.T) {
	for _, c := range []struct {
		seen, want, not string
	}{
		{"open", "openat2", "unlink"}, {"openat", "open", "mkdir"}, {"stat", "statx", "stat64"}, {"access", "faccessat2", "chmod"},
		{"fchmodat", "fchmodat2", "chown"}, {"fork", "clone3", "ptrace"}, {"poll", "ppoll", "select"}, {"select", "pselect6", "poll"},
		{"epoll_wait", "epoll_pwait2", "poll"}, {"dup2", "dup3", "pipe"}, {"pipe", "pipe2", "socket"}, {"unlink", "unlinkat", "rename"},
		{"rename", "renameat2", "unlink"}, {"recvfrom", "recvmsg", "sendto"}, {"sendmsg", "sendmmsg", "recvmsg"},
		{"preadv", "preadv2", "pwritev2"}, {"accept", "accept4", "connect"}, {"chown", "fchownat", "setuid"},
		{"mknod", "mknodat", "mkdir"}, {"setuid", "setuid", "setresuid"},
	} {
		t.Run(c.seen, func(t *testing.T) {
			got := calls(synth.Infer(traceOf(trace.OK, c.seen), synth.Options{}))
			require.Contains(t, got, c.want)
			require.NotContains(t, got, c.not)
			require.Empty(t, got[c.seen].Rules)
			if c.want != c.seen {
				require.NotEmpty(t, got[c.want].Rules)
			}
			strict := calls(synth.Infer(traceOf(trace.OK, c.seen), synth.Options{Strict: true}))
			require.Contains(t, strict, c.seen)
			if c.want != c.seen {
				require.NotContains(t, strict, c.want)
			}
			require.Contains(t, strict, "execve", "systemd itself needs it")
		})
	}
}

func TestNoRuleAddsAPrivilegedCall(t *testing.T) {
	for _, runtime := range []string{"", "go", "glibc", "musl"} {
		in := traceOf(trace.OK, "read", "openat", "stat", "mkdir", "clone", "getrlimit", "socket", "bind")
		in.Subjects[0].Runtime = runtime
		for name := range calls(synth.Infer(in, synth.Options{})) {
			if name != "setrlimit" { // the process's own limits, which anybody may lower
				require.NotContains(t, privileged, name, runtime)
			}
		}
	}
}

func TestRuntimeSets(t *testing.T) {
	for runtime, call := range map[string]string{"go": "sigaltstack", "glibc": "mremap", "musl": "tkill"} {
		in := traceOf(trace.OK, "read")
		require.NotContains(t, calls(synth.Infer(in, synth.Options{})), call)
		in.Subjects[0].Runtime = runtime
		require.Equal(t, []string{"runtime-" + runtime}, calls(synth.Infer(in, synth.Options{}))[call].Rules)
	}
}

func TestRulesNameOnlyCallsOfTheArchitecture(t *testing.T) {
	in := traceOf(trace.OK, "newfstatat", "ppoll", "openat")
	in.Runs[0].Arch = "arm64"
	got := calls(synth.Infer(in, synth.Options{}))
	for _, name := range []string{"stat", "poll", "open", "stat64", "ppoll_time64"} {
		require.NotContains(t, got, name)
	}
	require.Contains(t, got, "openat2")
}

func TestCapabilityClasses(t *testing.T) {
	check := func(outcome string, optional trace.Optional, userNS bool) trace.Capability {
		return trace.Capability{Seen: seen(outcome), Name: "CAP_SYS_ADMIN", Optional: optional, UserNS: userNS, Syscall: "mmap"}
	}
	option := func(name string) trace.Capability {
		c := check(trace.OK, trace.Needed, false)
		c.Syscall, c.Argument = "setsockopt", name
		return c
	}
	caller := func(function string) trace.Capability {
		c := check(trace.OK, trace.Needed, false)
		c.Caller = function
		return c
	}
	for name, c := range map[string]struct {
		checks []trace.Capability
		need   synth.Need
		says   string
	}{
		"needed":                    {[]trace.Capability{check(trace.OK, trace.Needed, false)}, synth.Required, ""},
		"memory accounting":         {[]trace.Capability{check(trace.OK, trace.Memory, false)}, synth.OptionalCheck, "vm_enough_memory"},
		"without audit":             {[]trace.Capability{check(trace.OK, trace.NoAudit, false)}, synth.OptionalCheck, "without audit"},
		"overridden credentials":    {[]trace.Capability{check(trace.OK, trace.Override, false)}, synth.OptionalCheck, "credentials"},
		"own user namespace":        {[]trace.Capability{check(trace.OK, trace.Needed, true)}, synth.OptionalCheck, "namespace"},
		"a module for an interface": {[]trace.Capability{caller("dev_load")}, synth.OptionalCheck, "dev_load"},
		"a larger buffer":           {[]trace.Capability{option("SO_SNDBUFFORCE")}, synth.OptionalCheck, "smaller buffer"},
		"a mark on packets":         {[]trace.Capability{option("SO_MARK")}, synth.Required, ""},
		"another caller":            {[]trace.Capability{caller("dev_ioctl")}, synth.Required, ""},
		"the same identity":         {[]trace.Capability{check(trace.OK, trace.Same, false)}, synth.OptionalCheck, "had already"},
		"denied":                    {[]trace.Capability{check("EPERM", trace.Needed, false)}, synth.DeniedHarmless, "refused"},
		"memory and a real check":   {[]trace.Capability{check(trace.OK, trace.Memory, false), check(trace.OK, trace.Needed, false)}, synth.Required, ""},
		"memory and denied":         {[]trace.Capability{check(trace.OK, trace.Memory, false), check("EPERM", trace.Needed, false)}, synth.OptionalCheck, "vm_enough_memory"},
	} {
		t.Run(name, func(t *testing.T) {
			in := oneRun()
			in.Capabilities = c.checks
			got := synth.Infer(in, synth.Options{}).Capabilities
			require.Len(t, got, 1)
			require.Equal(t, c.need, got[0].Need)
			require.Contains(t, got[0].Reason, c.says)
			require.Equal(t, c.need == synth.Required, got[0].Reason == "")
			require.Equal(t, c.need == synth.Required, slices.Contains(synth.Infer(in, synth.Options{}).Required(), "CAP_SYS_ADMIN"))
		})
	}
}

// Checks that are told from others by what they are about.
func TestCapabilityRules(t *testing.T) {
	for name, c := range map[string]struct {
		check    trace.Capability
		required bool
	}{
		"module for an interface that is looked at": {trace.Capability{Name: "CAP_NET_ADMIN", Syscall: "ioctl", Argument: "0x8921", Caller: "dev_ioctl"}, false},
		"module for any":               {trace.Capability{Name: "CAP_SYS_MODULE", Syscall: "ioctl", Argument: "0x8922", Caller: "dev_ioctl"}, false},
		"an interface is changed":      {trace.Capability{Name: "CAP_NET_ADMIN", Syscall: "ioctl", Argument: "0x8922", Caller: "dev_ioctl"}, true},
		"a module is loaded":           {trace.Capability{Name: "CAP_SYS_MODULE", Syscall: "finit_module", Caller: "may_init_module"}, true},
		"capset":                       {trace.Capability{Name: "CAP_SETPCAP", Syscall: "capset", Caller: "cap_capset"}, false},
		"the bounding set":             {trace.Capability{Name: "CAP_SETPCAP", Syscall: "prctl", Argument: "PR_CAPBSET_DROP", Caller: "cap_task_prctl"}, true},
		"a mode":                       {trace.Capability{Name: "CAP_FSETID", Syscall: "fchmodat", Argument: "0644", Caller: "setattr_copy"}, false},
		"a mode with setuid":           {trace.Capability{Name: "CAP_FSETID", Syscall: "fchmod", Argument: "04755", Caller: "setattr_copy"}, false},
		"a mode with setgid":           {trace.Capability{Name: "CAP_FSETID", Syscall: "chmod", Argument: "02755", Caller: "setattr_copy"}, true},
		"a mode that was not recorded": {trace.Capability{Name: "CAP_FSETID", Syscall: "chmod", Caller: "setattr_copy"}, true},
		"a write":                      {trace.Capability{Name: "CAP_FSETID", Syscall: "write", Caller: "setattr_should_drop_sgid"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			in := oneRun()
			c.check.Seen = seen(trace.OK)
			in.Capabilities = []trace.Capability{c.check}
			require.Equal(t, c.required, len(synth.Infer(in, synth.Options{}).Required()) == 1)
			require.Equal(t, c.required, synth.Needs(c.check))
		})
	}
}

// What a broader capability answers as well is not granted beside it.
func TestBroaderCapability(t *testing.T) {
	read := trace.Capability{Seen: seen(trace.OK), Name: "CAP_DAC_READ_SEARCH", Syscall: "openat", Caller: "generic_permission"}
	handle := trace.Capability{Seen: seen(trace.OK), Name: "CAP_DAC_READ_SEARCH", Syscall: "open_by_handle_at", Caller: "do_handle_open"}
	write := trace.Capability{Seen: seen(trace.OK), Name: "CAP_DAC_OVERRIDE", Syscall: "openat", Caller: "generic_permission"}
	refused := write
	refused.Outcome = "EPERM"
	for name, c := range map[string]struct {
		checks []trace.Capability
		want   []string
	}{
		"alone":              {[]trace.Capability{read}, []string{"CAP_DAC_READ_SEARCH"}},
		"beside it":          {[]trace.Capability{read, write}, []string{"CAP_DAC_OVERRIDE"}},
		"it was refused":     {[]trace.Capability{read, refused}, []string{"CAP_DAC_READ_SEARCH"}},
		"for something else": {[]trace.Capability{read, handle, write}, []string{"CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH"}},
	} {
		t.Run(name, func(t *testing.T) {
			in := oneRun()
			in.Capabilities = c.checks
			p := synth.Infer(in, synth.Options{})
			require.Equal(t, c.want, p.Required())
			require.Empty(t, p.Refused(in))
		})
	}
}
