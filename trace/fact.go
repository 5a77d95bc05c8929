package trace

// OK is the outcome of a call that did not fail. Every other outcome is the
// errno's name as errno(3) spells it ("ENOENT"; "ERESTARTSYS" and its kin are
// the kernel's own and reach the program as EINTR or not at all).
const OK = "ok"

// Seccomp stands before the outcome of a system call that a seccomp filter
// answered in the kernel's place: "seccomp:EPERM", "seccomp:SIGSYS" where the
// filter sent that signal, "seccomp:ok" where its supervisor made the call
// (seccomp_unotify(2)). The call did not begin, so that no other fact of it can
// be there.
const Seccomp = "seccomp:"

// Seen is what all facts have in common.
type Seen struct {
	Subject   int    `json:"subject"`           // Subject.ID of the program that did it
	Operation string `json:"op,omitempty"`      // step of the training plan; "" without a plan
	Outcome   string `json:"outcome,omitempty"` // OK or the errno's name, after Seccomp if a filter said so
	Count     uint64 `json:"count,omitempty"`   // how often, at least (duplicates are dropped in the kernel)
	First     int64  `json:"first"`             // first seen, milliseconds after Header.Started
	Last      int64  `json:"last,omitempty"`    // last seen, likewise
}

// Succeeded says whether the call did what it was asked to, or, as a
// non-blocking connect does, is still about to.
func (s Seen) Succeeded() bool { return s.Outcome == OK || s.Outcome == "EINPROGRESS" }

// Subject is one program inside the worker: what a child profile is made for.
type Subject struct {
	ID      int    `json:"id"`
	Exe     Path   `json:"exe"`               // the executed file; for a script its interpreter
	Script  Path   `json:"script,omitempty"`  // the script, when Exe was started by its #! line
	Loader  Path   `json:"loader,omitempty"`  // the ELF interpreter (PT_INTERP) of Exe, "" if static
	Runtime string `json:"runtime,omitempty"` // "go", "glibc" or "musl", as the ELF file of Exe shows
	Lifted  Lifted `json:"lifted,omitempty"`  // what of its unit's sandbox it ran without
}

// Lifted is what of a unit's sandbox does not apply to a command of it, by the
// prefix of its line (systemd.service(5)), nor to anything that it starts.
type Lifted string

// The prefixes that lift something.
const (
	LiftedUser Lifted = "user" // "!": user, group and capabilities
	LiftedAll  Lifted = "all"  // "+": everything
)

// Syscall is a system call and one of its outcomes. A call that never returns
// (exit_group) or that was not seen to return has no outcome.
type Syscall struct {
	Seen
	Name string `json:"name"`          // as in syscalls(2), or "syscall_NNN" when the tool knows no name
	ABI  string `json:"abi,omitempty"` // "" for the worker's native one, else "i386" or "x32"
}

// Exec is a successful execve(2) or execveat(2). Subject is the caller.
type Exec struct {
	Seen
	Target int  `json:"target"`           // the subject the caller became
	Called Path `json:"called,omitempty"` // the name it was executed by, resolved to absolute but with symlinks kept
	UID    bool `json:"uid,omitempty"`    // the effective uid changed (setuid bit)
	GID    bool `json:"gid,omitempty"`    // the effective gid changed (setgid bit)
	Caps   bool `json:"caps,omitempty"`   // permitted capabilities were gained (file capabilities or setuid root)
}

// File is one access to one file. The resolved path is the one that the host
// sees: symlinks followed, mounts crossed, chroots undone.
type File struct {
	Seen
	Path    Path   `json:"path"`
	Target  Path   `json:"target,omitempty"` // for LinkTo: the existing name; for RenameTo: the old one
	Access  Access `json:"access"`
	Syscall string `json:"syscall,omitempty"`  // by which call
	Type    string `json:"filetype,omitempty"` // "file", "dir", "char", "block", "fifo", "socket", "symlink"; "" if unknown
	UID     uint32 `json:"uid"`                // owner; meaningful only when Type is set
	GID     uint32 `json:"gid"`
	Mode    uint32 `json:"mode,omitempty"` // permission bits with setuid, setgid and sticky: 0o7777
	FSUID   uint32 `json:"fsuid"`          // the caller's, which permission checks use
	FSGID   uint32 `json:"fsgid"`
	FS      string `json:"fs,omitempty"`     // filesystem type: "ext4", "tmpfs", "proc", …
	Device  string `json:"device,omitempty"` // "MAJOR:MINOR" of a char or block device
	Anon    bool   `json:"anon,omitempty"`   // has no name in any mount: memfd, pipe, deleted; Path is then only a label
}

// Optional says why a capability check may be refused without harm.
type Optional string

// The reasons, as far as the probe can tell them.
const (
	Needed   Optional = ""         // an ordinary, audited check
	NoAudit  Optional = "noaudit"  // CAP_OPT_NOAUDIT: the kernel asks to choose, not to refuse
	Memory   Optional = "memory"   // cap_vm_enough_memory: a bonus of memory for root
	Override Optional = "override" // under overridden credentials (overlayfs): not the worker's own need
	Same     Optional = "same"     // setuid and setgid to the identity that the process has already
)

// Capability is a capability check. Outcome is OK when it was granted, else
// "EPERM".
type Capability struct {
	Seen
	Name     string   `json:"name"` // "CAP_NET_RAW"
	Optional Optional `json:"optional,omitempty"`
	UserNS   bool     `json:"userns,omitempty"`   // checked against a user namespace other than the initial one
	Syscall  string   `json:"syscall,omitempty"`  // during which call; "" outside of any
	Argument string   `json:"argument,omitempty"` // what that call was about: "SO_MARK" of setsockopt, the option of prctl, the request of ioctl
	Caller   string   `json:"caller,omitempty"`   // kernel function that asked
}

// Socket is one use of a socket. Without an address (Action "create") it is
// the triple alone.
type Socket struct {
	Seen
	Action   string `json:"action"`             // "create", "bind", "listen", "connect", "send", "accept", "receive"
	Family   string `json:"family"`             // "AF_INET", or "AF_NN" when the tool knows no name
	Type     string `json:"socktype,omitempty"` // "SOCK_STREAM", or "SOCK_NN"
	Protocol int    `json:"protocol,omitempty"` // as in socket(2): for AF_INET the IP protocol number
	Address  string `json:"address,omitempty"`  // IP address without a port; of the peer for "accept" and "receive", "" past the first few thousand
	Port     int    `json:"port,omitempty"`     // the local one for "accept" and "receive"
	Path     Path   `json:"path,omitempty"`     // UNIX: resolved path; "" for unnamed ones
	Abstract Path   `json:"abstract,omitempty"` // UNIX: abstract name without its leading NUL, NULs within as "@"
}

// Argument is an argument that decides a directive, kept as a small set.
type Argument struct {
	Seen
	Syscall string `json:"syscall"`
	Name    string `json:"name"`  // one of the Arg constants
	Value   string `json:"value"` // in the man page's spelling, sets joined by "|": "CLONE_NEWNS|CLONE_NEWPID"; "0" for none
	// Target is what the call was aimed at: one of the Target constants for a
	// process, "char:MAJOR:MINOR" or "block:MAJOR:MINOR" for a device, the type
	// of a file system or key. "" where there is none, or it could not be told.
	Target string `json:"target,omitempty"`
}

// What Argument.Name can be.
const (
	ArgNamespaces  = "namespaces"  // CLONE_NEW* flags of clone, clone3, unshare and setns
	ArgProtection  = "protection"  // "PROT_WRITE|PROT_EXEC" mmap; "PROT_EXEC" mprotect, pkey_mprotect; "SHM_EXEC" shmat
	ArgPersonality = "personality" // hexadecimal; 0xffffffff only asks
	ArgScheduler   = "scheduler"   // "SCHED_FIFO", "SCHED_RR", "SCHED_DEADLINE", …
	ArgModeBits    = "mode"        // "S_ISUID|S_ISGID" in chmod, mknod, mkdir and open
	ArgPrctl       = "prctl"       // "PR_SET_NAME", …, or the number
	ArgSignal      = "signal"      // "SIGTERM"; "0" only asks whether the target is there
	ArgPtrace      = "ptrace"      // "PTRACE_ATTACH", …; of other calls the check they make: "PTRACE_MODE_READ_REALCREDS"
	ArgProcess     = "process"     // limits and scheduling of another process: "RLIMIT_NOFILE", or "" where there is no more to say
	ArgMount       = "mount"       // "MS_BIND|MS_REC"; MNT_, MOVE_MOUNT_, OPEN_TREE_, FSOPEN_ and MOUNT_ATTR_ flags
	ArgIoctl       = "ioctl"       // request of a device: "TCGETS", or the number
	ArgIPC         = "ipc"         // key of System V IPC: "IPC_PRIVATE", or hexadecimal
	ArgKeyring     = "keyring"     // "KEY_SPEC_SESSION_KEYRING"; "serial" for one that has only a number
	ArgAncillary   = "ancillary"   // what went with a message: "SCM_RIGHTS", "SCM_CREDENTIALS"
	ArgCommand     = "command"     // of keyctl, bpf, reboot, …: "KEYCTL_READ", "BPF_PROG_LOAD"
	ArgFlags       = "flags"       // of memfd_create, userfaultfd, …: "MFD_CLOEXEC"
)

// What Argument.Target can be where a call is aimed at a process. Of several,
// the one furthest out.
const (
	TargetSelf    = "self"    // the calling process
	TargetWorker  = "worker"  // another process of the worker
	TargetOutside = "outside" // a process that is not of the worker
	TargetAll     = "all"     // everybody that the caller may: kill(-1)
)
