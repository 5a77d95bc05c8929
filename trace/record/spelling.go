package record

import (
	"fmt"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/osapi-io/osapi-profile/bpf"
	"github.com/osapi-io/osapi-profile/trace"
)

// spelling is what the argument of a call is about, and how its manual page
// puts a value into words.
type spelling struct {
	name  string
	words func(value uint64) string
}

// word spells one of several values, and others as numbers.
func word(names map[uint64]string) func(uint64) string {
	return func(value uint64) string { return named(names, value, "") }
}

// sum spells a set of flags.
func sum(bits []bit) func(uint64) string {
	return func(value uint64) string { return joinBits(value, bits) }
}

// always is the one word that a call has.
func always(text string) func(uint64) string { return func(uint64) string { return text } }

func hexadecimal(value uint64) string { return fmt.Sprintf("0x%x", value) }

// The checks of ptrace(2) that other calls make, by its manual page.
var (
	attaches = spelling{trace.ArgPtrace, always("PTRACE_MODE_ATTACH_REALCREDS")}
	reads    = spelling{trace.ArgPtrace, always("PTRACE_MODE_READ_REALCREDS")}
	looksAt  = spelling{trace.ArgPtrace, always("PTRACE_MODE_READ_FSCREDS")}
)

var (
	namespaceFlags = spelling{trace.ArgNamespaces, func(value uint64) string {
		if value == 0 {
			return "any"
		}
		return joinBits(value, namespaceBits)
	}}
	protection = spelling{trace.ArgProtection, sum(protectionBits)}
	scheduler  = spelling{trace.ArgScheduler, func(value uint64) string {
		return named(schedulers, value&^0x40000000 /* SCHED_RESET_ON_FORK */, "SCHED_")
	}}
	sent      = spelling{trace.ArgSignal, signalWord}
	key       = spelling{trace.ArgIPC, ipcKey}
	control   = spelling{trace.ArgCommand, word(ipcCommands)}
	quota     = spelling{trace.ArgCommand, quotaName}
	clockBits = spelling{trace.ArgFlags, sum(adjustBits)}
	ancillary = spelling{trace.ArgAncillary, word(ancillaryTypes)}
	keyring   = spelling{trace.ArgKeyring, keyringName}
	opened    = spelling{trace.ArgMount, sum(openTreeBits)}
	nothing   = always("")
)

// spellings are those of the calls whose argument is kept. Any other call's is
// a file mode.
var spellings = map[string]spelling{
	"clone": namespaceFlags, "clone3": namespaceFlags, "unshare": namespaceFlags, "setns": namespaceFlags,
	"mmap": protection, "mmap2": protection, "mprotect": protection, "pkey_mprotect": protection,
	"shmat":       {trace.ArgProtection, always("SHM_EXEC")},
	"personality": {trace.ArgPersonality, hexadecimal},

	"sched_setscheduler": scheduler, "sched_setattr": scheduler,
	"prctl": {trace.ArgPrctl, word(prctls)},

	"kill": sent, "tkill": sent, "tgkill": sent, "rt_sigqueueinfo": sent, "rt_tgsigqueueinfo": sent,
	"pidfd_send_signal": sent,
	"ptrace":            {trace.ArgPtrace, word(ptraceRequests)},
	"process_vm_readv":  attaches, "process_vm_writev": attaches, "pidfd_getfd": attaches,
	"kcmp": reads, "get_robust_list": reads, "move_pages": reads, "migrate_pages": reads, "process_madvise": looksAt,
	"process_mrelease": {trace.ArgProcess, nothing}, "prlimit64": {trace.ArgProcess, word(limits)},
	"sched_setparam": {trace.ArgProcess, nothing}, "sched_setaffinity": {trace.ArgProcess, nothing},

	"mount":     {trace.ArgMount, func(value uint64) string { return joinBits(withoutMagic(value), mountBits) }},
	"umount2":   {trace.ArgMount, sum(unmountBits)},
	"open_tree": opened, "open_tree_attr": opened,
	"move_mount":    {trace.ArgMount, sum(moveMountBits)},
	"fsopen":        {trace.ArgMount, sum([]bit{{1, "FSOPEN_CLOEXEC"}})},
	"fsconfig":      {trace.ArgCommand, word(fsconfigCommands)},
	"fsmount":       {trace.ArgMount, sum(mountAttributes)},
	"mount_setattr": {trace.ArgMount, sum(mountAttributes)},

	"ioctl":   {trace.ArgIoctl, func(value uint64) string { return named(ioctls, value, "") }},
	"keyctl":  {trace.ArgCommand, word(keyctlCommands)},
	"add_key": keyring, "request_key": keyring,
	"bpf":      {trace.ArgCommand, word(bpfCommands)},
	"seccomp":  {trace.ArgCommand, word(seccompOperations)},
	"syslog":   {trace.ArgCommand, word(syslogActions)},
	"reboot":   {trace.ArgCommand, word(rebootCommands)},
	"quotactl": quota, "quotactl_fd": quota,
	"landlock_create_ruleset": {trace.ArgFlags, sum([]bit{{1, "LANDLOCK_CREATE_RULESET_VERSION"}, {2, "LANDLOCK_CREATE_RULESET_ERRATA"}})},
	"landlock_add_rule":       {trace.ArgCommand, word(landlockRules)},
	"landlock_restrict_self":  {trace.ArgFlags, sum(landlockRestrictBits)},
	"lsm_set_self_attr":       {trace.ArgCommand, word(lsmAttributes)},
	"memfd_create":            {trace.ArgFlags, sum(memfdBits)},
	"memfd_secret":            {trace.ArgFlags, sum([]bit{{unix.O_CLOEXEC, "O_CLOEXEC"}})},
	"userfaultfd":             {trace.ArgFlags, sum(userfaultBits)},
	"io_uring_setup":          {trace.ArgFlags, sum(ringBits)},
	"fanotify_init":           {trace.ArgFlags, sum(fanotifyBits)},
	"fanotify_mark":           {trace.ArgFlags, sum(fanotifyMarkBits)},
	"perf_event_open":         {trace.ArgCommand, word(perfTypes)},
	"adjtimex":                clockBits, "clock_adjtime": clockBits, "clock_adjtime64": clockBits,
	"shmget": key, "semget": key, "msgget": key, "shmctl": control, "semctl": control, "msgctl": control,
	"sendmsg": ancillary, "sendmmsg": ancillary, "recvmsg": ancillary, "recvmmsg": ancillary, "recvmmsg_time64": ancillary, "socketcall": ancillary,
}

// argumentOf names what an argument of a call says and puts it into the words
// of the call's manual page.
func argumentOf(call string, value uint64) (name, text string) {
	if s, ok := spellings[call]; ok {
		return s.name, s.words(value)
	}
	return trace.ArgModeBits, joinBits(value, modeBitNames)
}

// targets are enum target of bpf/abi.h.
var targets = [...]string{"", trace.TargetSelf, trace.TargetWorker, trace.TargetOutside, trace.TargetAll}

// targetOf says what a call was aimed at.
func targetOf(k *bpf.RecorderArgumentKey) string {
	switch {
	case k.Mode != 0:
		return typeOf(uint32(k.Mode)) + ":" + device(uint32(k.Mode), k.Device)
	case int(k.Target) < len(targets) && k.Target != 0:
		return targets[k.Target]
	}
	return kernelName(text(k.Text[:]))
}

// kernelName replaces what no name of the kernel's has in a string that the
// worker made up.
func kernelName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_.-", r) {
			return r
		}
		return '_'
	}, name)
}

// signalWord spells a signal; real-time signals count from the kernel's own
// first one, 32, which the C library keeps for itself.
func signalWord(value uint64) string {
	if name := unix.SignalName(syscall.Signal(value)); name != "" {
		return name
	}
	if value >= 32 && value <= 64 {
		return fmt.Sprintf("SIGRTMIN+%d", value-32)
	}
	return fmt.Sprint(value)
}

// keyringName spells the special keyrings; others have numbers of no meaning
// beyond the run.
func keyringName(value uint64) string {
	if id := int32(value); id > 0 {
		return "serial"
	}
	return named(keyrings, int32(value), "")
}

func ipcKey(value uint64) string {
	if value == 0 {
		return "IPC_PRIVATE"
	}
	return hexadecimal(value)
}

// withoutMagic takes away MS_MGC_VAL, which mount(2) of old asked for.
func withoutMagic(flags uint64) uint64 {
	if flags>>16 == 0xc0ed {
		return flags & 0xffff
	}
	return flags
}

// quotaName spells the command without its type of quota (QCMD).
func quotaName(value uint64) string { return named(quotaCommands, value>>8, "") }
