// Package trace is the model of what a worker was seen to do: facts, the file
// they are kept in, and their union over several runs. It knows nothing of how
// facts are gathered and builds on every OS.
package trace

import "time"

// Version of the file format. A reader refuses a newer one.
const Version = 1

// Header opens a trace file and says where and by what it was made.
type Header struct {
	Version  int       `json:"version"`
	Tool     string    `json:"tool"` // osapi-profile's own version
	Run      string    `json:"run"`  // unique id of the recording
	Started  time.Time `json:"started"`
	Worker   Path      `json:"worker"`         // executable of the command; its arguments are never kept
	User     string    `json:"user,omitempty"` // identity the worker was started with: "root", "osapi"
	UID      uint32    `json:"uid"`
	GID      uint32    `json:"gid"`
	Unit     string    `json:"unit,omitempty"`     // systemd unit that was recorded: "nginx.service"
	Attached Attached  `json:"attached,omitempty"` // how the recorder came to the worker, "" when it started it
	Arch     string    `json:"arch"`               // GOARCH of the recorder: "amd64", "arm64"
	Kernel   string    `json:"kernel,omitempty"`   // uname -r
	OS       string    `json:"os,omitempty"`       // PRETTY_NAME of os-release(5)
	Systemd  int       `json:"systemd,omitempty"`  // major version, 0 if unknown
	Root     string    `json:"root,omitempty"`     // filesystem type of /
	Probes   []Probe   `json:"probes"`
}

// Attached says how the recorder came to a worker that it did not start itself.
type Attached string

// The ways to a worker. AttachedUnit, AttachedPID and AttachedCgroup found it
// running; what it did before is a hole.
const (
	AttachedPID       Attached = "pid"
	AttachedCgroup    Attached = "cgroup"
	AttachedUnit      Attached = "unit"
	AttachedStarted   Attached = "unit-started" // the unit was started with the probes in place
	AttachedRestarted Attached = "unit-restarted"
)

// Probe says which hook stands behind a kind of fact. Hook "" means none: a hole.
type Probe struct {
	Fact string `json:"fact"` // "syscall", "exec", "file", "capability", "socket", "argument"; "io_uring": what rings are asked for
	Hook string `json:"hook"` // "tp_btf/sys_exit", "fexit/security_capable", …
}

// Hole is something the trace cannot vouch for.
type Hole struct {
	Kind   string `json:"kind"`             // one of the Hole constants
	Detail string `json:"detail,omitempty"` // in words
	Count  uint64 `json:"count,omitempty"`  // how many events, where they can be counted
}

// Kinds of holes.
const (
	HoleTruncated  = "truncated"  // the file has no closing record: the recorder was killed
	HoleDamaged    = "damaged"    // a line could not be read
	HoleLost       = "lost"       // events were dropped and not seen again
	HoleNoProbe    = "no-probe"   // a kind of fact had no hook
	HoleUnresolved = "unresolved" // a path or subject could not be resolved
	HoleIOURing    = "io_uring"   // io_uring operations that no function probe saw: they run no system call of their own
	HoleCompat     = "compat"     // calls of an older ABI that keep their arguments where they are not looked at
	HoleFull       = "full"       // a kernel map was full
	HoleScope      = "scope"      // a process could not be followed
	HoleAttached   = "attached"   // what a process did before the recorder attached to it
	HoleUntrained  = "untrained"  // a step of the training plan failed or never ran
	HoleFailed     = "failed"     // the worker ended in a failure
	HoleMixed      = "mixed"      // runs of different architectures were merged
)

// Resources are what the worker used at its peak.
type Resources struct {
	MemoryPeak uint64  `json:"memory_peak,omitempty"` // bytes resident, sum over the worker's processes
	CPUPeak    float64 `json:"cpu_peak,omitempty"`    // CPUs busy over the busiest second
	CPUTime    float64 `json:"cpu_time,omitempty"`    // seconds
	TasksPeak  uint64  `json:"tasks_peak,omitempty"`  // processes and threads
	FilesPeak  uint64  `json:"files_peak,omitempty"`  // descriptors of one process
}

// End closes a trace file.
type End struct {
	Ended     time.Time `json:"ended"`
	Exit      int       `json:"exit"`             // exit status, -1 when a signal ended it
	Signal    string    `json:"signal,omitempty"` // "SIGTERM"
	Resources Resources `json:"resources"`
	Holes     []Hole    `json:"holes,omitempty"`
}

// Trace is the content of one file, or the union of several. One that was read
// or merged is not to be changed: what is written or merged again is its runs.
type Trace struct {
	Runs         []Run
	Subjects     []Subject // sorted, ids 1..n; id 0 is a program that could not be told
	Syscalls     []Syscall
	Execs        []Exec
	Files        []File
	Capabilities []Capability
	Sockets      []Socket
	Arguments    []Argument
	Holes        []Hole // of all runs, together with what the reader found

	parts []*Trace // the runs by themselves, when there are several
}

// Run is one recording in a Trace. End is nil when the recording was cut off.
type Run struct {
	Header
	Operations []Operation // in the order they began; nil without a plan and marks
	End        *End
}
