// Package synth turns facts into grants: the least privilege that admits what
// a trace saw, each grant with the facts or the named rule it stands on. The
// formats in its subpackages write a Profile down; none of them infers
// privileges of its own. Everything here is deterministic and needs no root.
package synth

import (
	"slices"

	"github.com/osapi-io/osapi-profile/trace"
)

// Evidence is why a grant is there. At least one of the two is set.
type Evidence struct {
	Facts []FactRef `json:"facts,omitempty"`
	Rules []string  `json:"rules,omitempty"` // names of generalisation rules, each a key of Rules
}

// FactRef points at a fact, with as much as explains a line in words.
type FactRef struct {
	Subject   trace.Path `json:"subject"`           // script or executable of the subject
	Starter   string     `json:"starter,omitempty"` // who executed the worker itself, in words; then there is no subject
	Operation string     `json:"op,omitempty"`
	Syscall   string     `json:"syscall,omitempty"`
	Outcome   string     `json:"outcome,omitempty"`
	Count     uint64     `json:"count,omitempty"`
	First     int64      `json:"first"` // milliseconds after the recording's start
	Last      int64      `json:"last"`  // last seen, likewise
}

// Profile is what the worker may do. It is the one form that all formats are
// written from. Slices are sorted; equal traces give equal profiles.
type Profile struct {
	Worker       Worker            `json:"worker"`
	Operations   []Operation       `json:"operations"` // of the training plan, in its order; empty without one
	Syscalls     []SyscallGrant    `json:"syscalls"`
	Capabilities []CapabilityGrant `json:"capabilities"`
	Execs        []ExecGrant       `json:"execs"`
	Files        []FileGrant       `json:"files"`
	Sockets      []SocketGrant     `json:"sockets"`
	Arguments    []ArgumentGrant   `json:"arguments"`
	Resources    trace.Resources   `json:"resources"`
	// ChosenIn are directories in which the worker made several names that it did not make
	// up, and may make others, which are not granted.
	ChosenIn  []trace.Path  `json:"chosen_in,omitempty"`
	Absent    []Absence     `json:"absent"`               // what was looked for and was not there
	NoSockets []SocketGrant `json:"no_sockets,omitempty"` // UNIX sockets that were connected to and were not there
	Escapes   []Escape      `json:"escapes"`              // ways out that facts force open
	Replayed  *UserPlan     `json:"replayed,omitempty"`   // what the asked-for user needs, when no run had that user
	Holes     []trace.Hole  `json:"holes"`
	// Blind lists the kinds of facts that some run had no probe for. What
	// depends on such a kind can't be told and must not be written.
	Blind []string `json:"blind"`
	// Marks are what running the worker without parts of the profile has shown; nil when
	// nobody did.
	Marks *Marks `json:"marks,omitempty"`
	// Programs are what each program needs by itself, sorted by name. Together
	// they need what the profile grants.
	Programs []*Program `json:"-"`
	// Dynamic is whether DynamicUser= would hold.
	Dynamic Dynamic `json:"-"`
}

// Sees says whether every run had a probe for a kind of fact ("syscall",
// "exec", "file", "capability", "socket", "argument"). Where it is false, the
// grants of that kind are only a part of what the worker needs.
func (p *Profile) Sees(kind string) bool { return !slices.Contains(p.Blind, kind) }

// Worker is the program as a whole.
type Worker struct {
	Exe      trace.Path   `json:"exe"`
	Called   trace.Path   `json:"called,omitempty"` // the name it was started by, when that is a link to Exe
	Name     string       `json:"name"`             // base name of what it was started by, fit for a unit or profile name
	Users    []string     `json:"users"`            // identities it was recorded as
	Runs     []string     `json:"runs"`
	Kernels  []string     `json:"kernels,omitempty"`
	Arch     []string     `json:"arch"`
	Subjects []trace.Path `json:"subjects"` // script or executable of everything it ran
	Runtimes []string     `json:"runtimes,omitempty"`
}

// SyscallGrant is one admitted system call.
type SyscallGrant struct {
	Name string `json:"name"`
	ABI  string `json:"abi,omitempty"`
	Evidence
}

// Need classes a capability.
type Need string

// The classes. Only Required is granted.
const (
	Required       Need = "required" // asked, granted, audited, in the initial user namespace
	OptionalCheck  Need = "optional" // the kernel only asked to choose; Reason says which check
	DeniedHarmless Need = "denied"   // refused, and the call that asked went on all the same
	DeniedMissed   Need = "missed"   // refused, and the call that asked failed with it
)

// CapabilityGrant is one capability that was checked, granted by the profile
// only when Need is Required.
type CapabilityGrant struct {
	Name   string `json:"name"` // "CAP_NET_RAW"
	Need   Need   `json:"need"`
	Reason string `json:"reason,omitempty"`
	// Instead: required as well, and answers the same checks, which the kernel
	// makes for this one first. AppArmor would log each.
	Instead string `json:"instead,omitempty"`
	// UserNS: granted in a user namespace of the worker's own. Bounding sets do
	// not decide that; AppArmor asks for the capability there as well.
	UserNS  bool     `json:"userns,omitempty"`
	Callers []string `json:"callers,omitempty"` // kernel functions that asked
	Evidence
}

// ExecGrant is one file the worker may execute or map executable.
type ExecGrant struct {
	Path    trace.Path   `json:"path,omitempty"`    // "" when Pattern is set
	Pattern Pattern      `json:"pattern,omitempty"` // several paths folded by a rule
	Kind    string       `json:"kind"`              // one of the Kind constants
	From    []trace.Path `json:"from,omitempty"`    // subjects that execute it; empty for loaders and libraries
	Gains   bool         `json:"gains,omitempty"`   // executing it changed credentials: NoNewPrivileges would break it
	Evidence
}

// FileGrant is one path and what may be done to it. Failed accesses that need
// no permission (ENOENT) make no grant.
type FileGrant struct {
	Path     trace.Path   `json:"path,omitempty"`    // "" when Pattern is set
	Pattern  Pattern      `json:"pattern,omitempty"` // several paths folded by a rule
	Covers   []trace.Path `json:"covers,omitempty"`  // the first few of the paths folded
	Names    int          `json:"names,omitempty"`   // how many paths were folded
	Target   trace.Path   `json:"target,omitempty"`  // of a hard link; the first where there are several
	Moves    []Move       `json:"moves,omitempty"`   // what was renamed or hard-linked to this name
	Access   trace.Access `json:"access"`
	Type     string       `json:"type,omitempty"`
	Device   string       `json:"device,omitempty"`
	Devices  []string     `json:"devices,omitempty"` // all that were seen, as "char 1:3"; Device is set when it is the only one
	FS       string       `json:"fs,omitempty"`
	Systems  []string     `json:"systems,omitempty"` // all types of file systems that were seen, when there were several; FS is "" then
	Owned    bool         `json:"owned,omitempty"`   // every access was by the file's owner
	Others   bool         `json:"others,omitempty"`  // the owner was seen to be neither root nor who had access
	Mode     uint32       `json:"mode,omitempty"`    // permission bits seen, those of all facts together
	Subjects []trace.Path `json:"subjects"`
	Uses     []Use        `json:"uses,omitempty"` // what was done in which operation, sorted by name
	Evidence
}

// Name is the path or the pattern, whichever the grant has.
func (g FileGrant) Name() Pattern { return nameOf(g.Path, g.Pattern) }

// Name is the path or the pattern, whichever the grant has.
func (g ExecGrant) Name() Pattern { return nameOf(g.Path, g.Pattern) }

// Kinds of ExecGrant.
const (
	KindProgram     = "program"     // executed by name
	KindScript      = "script"      // executed by name, starts with #!
	KindInterpreter = "interpreter" // executed only by way of a #! line
	KindLoader      = "loader"      // the ELF interpreter of a program
	KindLibrary     = "library"     // mapped executable
)

// Move is the old name of a rename or hard link. Both names must stay on one
// mount, or the call fails with EXDEV.
type Move struct {
	From trace.Path `json:"from"`
	Link bool       `json:"link,omitempty"`
}

// Absence is a name that was looked for in vain. It grants nothing, but a
// directive that answers "permission denied" where training saw "no such file"
// changes what the worker is told.
type Absence struct {
	Path     trace.Path   `json:"path"`
	Access   trace.Access `json:"access"`
	Outcomes []string     `json:"outcomes"`
	Evidence
}

// SocketGrant is one socket use.
type SocketGrant struct {
	Action   string     `json:"action"`
	Family   string     `json:"family"`
	Type     string     `json:"type,omitempty"`
	Protocol int        `json:"protocol,omitempty"`
	Address  string     `json:"address,omitempty"`
	Port     int        `json:"port,omitempty"`
	Path     trace.Path `json:"path,omitempty"` // "" when Pattern is set
	Pattern  Pattern    `json:"pattern,omitempty"`
	Abstract trace.Path `json:"abstract,omitempty"`
	Evidence
}

// ArgumentGrant is an argument that decides a directive.
type ArgumentGrant struct {
	Syscall string `json:"syscall"`
	Name    string `json:"name"`
	Value   string `json:"value"`
	Target  string `json:"target,omitempty"` // at whom or what, as trace.Argument has it
	Evidence
}

// Escape is a way out of the sandbox that a fact needs open.
type Escape struct {
	Path       trace.Path `json:"path,omitempty"`       // "/run/dbus/system_bus_socket"; "" for a capability
	Capability string     `json:"capability,omitempty"` // "CAP_SYS_ADMIN"
	Why        string     `json:"why"`                  // what can be done through it, in words
	Evidence
}

// Name is the path, or the capability where there is none.
func (e Escape) Name() trace.Path {
	if e.Capability != "" {
		return trace.Path(e.Capability)
	}
	return e.Path
}
