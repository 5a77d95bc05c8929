package systemd

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// Sandbox is what a unit's text makes systemd build. It is read from the text
// alone and knows nothing of the profile the text was made of.
type Sandbox struct {
	Settings
	version      int
	mounts       []mount
	calls        map[string]bool // nil: no filter
	archs        []string
	families     map[string]bool // nil: any
	namespaces   map[string]bool // nil: any
	capabilities map[string]bool // nil: any
	systems      map[string]bool // types of file systems and groups of them; nil: any
	network      network
	devices      devices

	// exact asks what would be refused; else what merely comes out differently counts
	// as well, which nothing that is written may do.
	exact  bool
	doubts []Doubt // what exact questions could not settle
}

// Doubt is what facts do not tell of a directive, although some are about it.
type Doubt struct {
	Directive string     // without "="
	At        trace.Path // which of its lines, by what that mounts; "" for the first
	Why       string
}

func (s *Sandbox) doubt(directive, why string) {
	s.doubtAt(directive, "", why)
}

func (s *Sandbox) doubtAt(directive string, at trace.Path, why string) {
	if d := (Doubt{directive, at, why}); s.exact && !slices.Contains(s.doubts, d) {
		s.doubts = append(s.doubts, d)
	}
}

// Refusal is a fact that a sandbox would not let happen again.
type Refusal struct {
	Directive string // without "="
	Fact      string // in words
	Of        any    // the fact, as synth.Each gives it
}

// ReadSandbox reads a unit or drop-in as the given version of systemd does.
func ReadSandbox(r io.Reader, version int) (*Sandbox, error) {
	settings, err := ReadSettings(r)
	if err != nil {
		return nil, err
	}
	return NewSandbox(settings, version)
}

// NewSandbox is what the given version of systemd builds of settings.
func NewSandbox(settings Settings, version int) (*Sandbox, error) {
	s := &Sandbox{Settings: settings, version: version}
	var err error
	if s.mounts, err = mountsOf(settings); err != nil {
		return nil, err
	}
	for _, l := range []struct {
		name string
		to   *map[string]bool
	}{
		{"SystemCallFilter", &s.calls}, {"RestrictAddressFamilies", &s.families}, {"CapabilityBoundingSet", &s.capabilities},
		{"RestrictFileSystems", &s.systems},
	} {
		words, assigned, err := settings.words(l.name)
		if err != nil {
			return nil, err
		}
		if assigned {
			*l.to = setOf(words)
		}
	}
	s.expandGroups()
	if s.archs, _, err = settings.words("SystemCallArchitectures"); err != nil {
		return nil, err
	}
	if s.network, err = readNetwork(settings); err != nil {
		return nil, err
	}
	if s.devices, err = readDevices(settings, version); err != nil {
		return nil, err
	}
	if v := settings.value("RestrictNamespaces"); v != "" && v != "no" {
		s.namespaces = setOf(strings.Fields(strings.TrimPrefix(v, "yes")))
		if len(s.namespaces) == len(namespaceTypes) {
			s.namespaces = nil // nothing is left to refuse
		}
	}
	return s, nil
}

// expandGroups puts the calls of a group in the place of its name.
func (s *Sandbox) expandGroups() {
	for _, g := range callGroups() {
		if s.calls[g.name] {
			for _, call := range g.in(s.version) {
				s.calls[call] = true
			}
		}
	}
}

// noNewPrivileges says whether the flag is set: by its directive, or because a
// filter has to be installed for another user than root, whatever capabilities it
// has (see filtersCostPrivileges). Newer versions keep the privileges for that as
// long as the filter lets them be dropped.
func (s *Sandbox) noNewPrivileges() bool {
	if s.yes("NoNewPrivileges") || isRoot(s.value("User")) {
		return s.yes("NoNewPrivileges")
	}
	filtered := s.calls != nil || s.families != nil || s.namespaces != nil || len(s.archs) > 0 ||
		strings.Trim(s.value("SystemCallLog"), "~ ") != ""
	for _, d := range []string{
		"LockPersonality", "MemoryDenyWriteExecute", "PrivateDevices", "ProtectClock", "ProtectHostname", "ProtectKernelTunables",
		"ProtectKernelModules", "ProtectKernelLogs", "RestrictRealtime", "RestrictSUIDSGID",
	} {
		filtered = filtered || s.yes(d)
	}
	if s.version < keepsPrivileges {
		return filtered
	}
	return filtered && s.calls != nil && !(s.calls["capget"] && s.calls["capset"] && s.calls["prctl"])
}

func setOf(words []string) map[string]bool {
	m := map[string]bool{}
	for _, w := range words {
		m[w] = true
	}
	return m
}

// Refuses lists the facts of a trace that the worker's outcome rests on and
// that the sandbox would refuse.
func (s *Sandbox) Refuses(t *trace.Trace) []Refusal {
	var out []Refusal
	note := func(of any, directive, format string, args ...any) {
		if directive != "" {
			out = append(out, Refusal{directive, fmt.Sprintf(format, args...), of})
		}
	}
	for _, c := range t.Syscalls {
		if c.Outcome != "ENOSYS" {
			note(c, s.refusesCall(c), "%s %s", c.Name, c.ABI)
		}
	}
	for _, a := range t.Arguments {
		if synth.RestsOnPermission(a.Seen) {
			note(a, s.refusesArgument(a), "%s with %s", a.Syscall, a.Value)
		}
	}
	for _, c := range t.Capabilities {
		if !synth.Suffices(c, func(name string) bool { return s.refusesCapability(name) == "" }) {
			note(c, s.refusesCapability(c.Name), "%s", c.Name)
		} else if synth.Needs(c) && s.ownUsers() {
			s.doubt("PrivateUsers", c.Name+" goes on for files and processes of root and the service's own user, and whose they were is not told")
		}
	}
	w := sceneOf(t)
	for _, e := range t.Execs {
		if e.Outcome == trace.OK {
			directive, path := s.refusesExec(t, e, w)
			note(e, directive, "execution of %s", path)
		}
	}
	known := map[trace.File]string{} // most files are met in many operations
	for _, f := range t.Files {
		if synth.RestsOnPermission(f.Seen) && !f.Anon && strings.HasPrefix(string(f.Path), "/") {
			same := f
			same.Seen = trace.Seen{}
			directive, ok := known[same]
			if !ok {
				directive = s.refusesFile(same, w)
				known[same] = directive
			}
			note(f, directive, "%s of %s (from %s)", f.Access, f.Path, f.Target)
		}
	}
	for _, k := range t.Sockets {
		if synth.SocketRestsOnPermission(k) {
			note(k, s.refusesSocket(k, w), "%s %s %s", k.Action, k.Family, k.Path)
		}
	}
	return out
}

// filtersBy are calls that directives refuse beside SystemCallFilter=.
var filtersBy = map[string][]string{
	"PrivateDevices":       rawIO,
	"ProtectClock":         clockCalls,
	"ProtectKernelModules": {"init_module", "finit_module", "delete_module"},
	"ProtectKernelLogs":    {"syslog"},
	"ProtectHostname":      {"sethostname", "setdomainname"},
	"RestrictSUIDSGID":     {"openat2"},
	"PrivateIPC":           sharedIPC,
	"PrivateBPF":           {"bpf"},
}

// refusesCall names the directive that refuses a call whatever its arguments.
// clone3 under RestrictNamespaces= is not counted: it answers ENOSYS, and every
// libc falls back to clone.
func (s *Sandbox) refusesCall(c trace.Syscall) string {
	arch := map[string]string{"": "native", "i386": "x86", "x32": "x32"}[c.ABI]
	if len(s.archs) > 0 && !slices.Contains(s.archs, arch) {
		return "SystemCallArchitectures"
	}
	if s.calls != nil && !s.calls[c.Name] {
		return "SystemCallFilter"
	}
	for directive, calls := range filtersBy {
		if s.yes(directive) && slices.Contains(calls, c.Name) {
			return directive
		}
	}
	if s.refusesUsers(c.Name) {
		return "PrivateUsers"
	}
	if s.yes("MemoryDenyWriteExecute") && c.ABI == "i386" && c.Name == "mmap" {
		return "MemoryDenyWriteExecute"
	}
	return ""
}

func (s *Sandbox) refusesArgument(a trace.Argument) string {
	switch a.Name {
	case trace.ArgProtection:
		if s.yes("MemoryDenyWriteExecute") {
			return "MemoryDenyWriteExecute"
		}
	case trace.ArgPersonality:
		if s.yes("LockPersonality") && strings.TrimLeft(strings.TrimPrefix(a.Value, "0x"), "0") != "" {
			return "LockPersonality"
		}
	case trace.ArgScheduler:
		if s.yes("RestrictRealtime") && !slices.Contains([]string{"SCHED_OTHER", "SCHED_BATCH", "SCHED_IDLE"}, a.Value) {
			return "RestrictRealtime"
		}
	case trace.ArgIPC:
		if s.yes("PrivateIPC") && a.Value != "IPC_PRIVATE" {
			return "PrivateIPC"
		}
	case trace.ArgPtrace, trace.ArgProcess, trace.ArgSignal:
		return s.refusesTarget(a)
	case trace.ArgModeBits:
		if s.yes("RestrictSUIDSGID") {
			return "RestrictSUIDSGID"
		}
	case trace.ArgNamespaces:
		if s.namespaces == nil {
			return ""
		}
		for _, flag := range strings.Split(a.Value, "|") {
			if flag == "CLONE_NEWTIME" && s.exact && (a.Syscall != "setns" || len(s.namespaces) > 0) {
				continue // the filter has no word for it, but may refuse setns(2) as a whole
			}
			if a.Syscall == "clone3" || !s.namespaces[namespaceTypes[flag]] {
				return "RestrictNamespaces"
			}
		}
	}
	return ""
}

// refusesTarget names the directive that keeps a call from another process. In a
// namespace of their own none but the worker's processes are there.
func (s *Sandbox) refusesTarget(a trace.Argument) string {
	switch {
	case a.Target == trace.TargetOutside && s.exact && s.yes("PrivatePIDs"):
		return "PrivatePIDs"
	case a.Name != trace.ArgSignal && s.ownUsers() && a.Target != trace.TargetSelf && a.Target != trace.TargetWorker:
		return "PrivateUsers"
	}
	return ""
}

// capsBy are capabilities that directives take out of the bounding set.
var capsBy = map[string][]string{
	"PrivateDevices":       {"CAP_MKNOD", "CAP_SYS_RAWIO"},
	"ProtectKernelModules": {"CAP_SYS_MODULE"},
	"ProtectKernelLogs":    {"CAP_SYSLOG"},
	"ProtectClock":         {"CAP_SYS_TIME", "CAP_WAKE_ALARM"},
}

// namespaced are capabilities that the kernel asks the caller's own user namespace
// for, or that of the file's owner or the other process (kernel/capability.c,
// capable_wrt_inode_uidgid).
var namespaced = []string{
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_SETFCAP", "CAP_KILL", "CAP_SETGID",
	"CAP_SETUID", "CAP_SETPCAP", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE",
}

func (s *Sandbox) refusesCapability(name string) string {
	for directive, caps := range capsBy {
		if s.yes(directive) && slices.Contains(caps, name) {
			return directive
		}
	}
	if s.ownUsers() && !(s.exact && slices.Contains(namespaced, name)) {
		return "PrivateUsers"
	}
	if s.capabilities != nil && !s.capabilities[name] {
		return "CapabilityBoundingSet"
	}
	return ""
}
