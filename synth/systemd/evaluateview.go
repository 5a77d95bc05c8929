package systemd

import (
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// hidesView names the directive that takes a file out of /proc or /sys.
func (s *Sandbox) hidesView(p trace.Path) string {
	switch {
	case s.value("ProcSubset") == "pid" && s.beyondProcess(p):
		return "ProcSubset"
	case s.hidesGroups(p):
		return "ProtectControlGroups"
	case s.yes("PrivateNetwork") && (s.exact && showsOtherNetwork(p) || !s.exact && aboutNetwork(synth.Literal(p))):
		return "PrivateNetwork"
	case s.yes("PrivateBPF") && synth.Within(p, "/sys/fs/bpf"):
		return "PrivateBPF"
	}
	return ""
}

// beyondProcess says whether a file of /proc is about no process. Some are
// reached by a short name in /proc as well, which is gone.
func (s *Sandbox) beyondProcess(p trace.Path) bool {
	if !beyondProcess(string(p)) {
		return false
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(string(p), "/proc/"), "/")
	if s.exact && strings.Trim(first, "0123456789") == "" {
		s.doubt("ProcSubset", "facts do not tell /proc/mounts and /proc/net, which are gone, from the same files in a process's own directory")
		return false
	}
	return true
}

// hidesGroups says whether a control group is not to be seen: in a namespace of
// its own the service is the root of what there is.
func (s *Sandbox) hidesGroups(p trace.Path) bool {
	mode, name := s.value("ProtectControlGroups"), string(p)
	if mode != "strict" && mode != "private" {
		return false
	}
	below := synth.Within(p, "/sys/fs/cgroup")
	if s.exact { // what is in the root of the tree is there in any
		return below && slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool {
			return strings.HasSuffix(part, ".slice") || strings.HasSuffix(part, ".scope") || strings.HasSuffix(part, ".service")
		})
	}
	return below || strings.HasPrefix(name, "/proc/") && strings.HasSuffix(name, "/cgroup")
}

// refusesSystem names the directive that refuses a file for what it lies on,
// whose it is, or a mount that others were to see.
func (s *Sandbox) refusesSystem(f trace.File, w *scene) string {
	if s.systems != nil && f.Access&opensFile != 0 {
		switch {
		case s.exact && f.FS == "":
			s.doubt("RestrictFileSystems", "of some files it is not told which file system they lie on")
		case !s.systems[sameSystem(f.FS)] && !s.systems[f.FS] && !s.systems[groupOf(f.FS)]:
			return "RestrictFileSystems"
		}
	}
	if f.Access&(trace.AccessMount|trace.AccessUnmount) != 0 && s.yes("PrivateMounts") {
		if !s.exact {
			return "PrivateMounts"
		}
		s.doubt("PrivateMounts", "whether others must see what the worker mounts is not told")
	}
	if coversProc(string(f.Path), f.FS) {
		for _, name := range newProc {
			if v := s.value(name); v != "default" && v != "" && v != "no" {
				return name
			}
		}
	}
	if by := s.hidesProcess(f); by != "" {
		return by
	}
	if s.refusesOwner(f, w) {
		return "PrivateUsers"
	}
	return ""
}

// hidesProcess names the directive that takes another process out of /proc.
func (s *Sandbox) hidesProcess(f trace.File) string {
	first, below, _ := strings.Cut(strings.TrimPrefix(string(f.Path), "/proc/"), "/")
	if !s.exact || !strings.HasPrefix(string(f.Path), "/proc/") || strings.Trim(first, "0123456789") != "" {
		return ""
	}
	if s.yes("PrivatePIDs") {
		s.doubt("PrivatePIDs", "whether a number in /proc was a process of the worker's own is not told; nor whether it gets on as process 1")
	}
	mode := s.value("ProtectProc")
	if mode == "" || mode == "default" || mode == "noaccess" && below == "" || s.maySee(f) {
		return ""
	}
	if first != "1" && (f.Type == "" || f.UID == 0) {
		s.doubt("ProtectProc", "whether what root owns in /proc was the worker's own process is not told")
		return ""
	}
	return "ProtectProc"
}

// maySee says whether a process can look into another whatever /proc hides: it is
// its user's own, or it has the capability to.
func (s *Sandbox) maySee(f trace.File) bool {
	if s.value("PrivateUsers") == "" || s.value("PrivateUsers") == "no" {
		words, _, _ := s.words("AmbientCapabilities")
		if s.refusesCapability("CAP_SYS_PTRACE") == "" && (s.root() && f.FSUID == 0 || slices.Contains(words, "CAP_SYS_PTRACE")) {
			return true
		}
	}
	return f.Type != "" && f.UID == f.FSUID && !synth.Within(f.Path, "/proc/1")
}

func (s *Sandbox) root() bool { return isRoot(s.value("User")) }

// ownUsers says whether the service has a user namespace of its own.
func (s *Sandbox) ownUsers() bool {
	users := s.value("PrivateUsers")
	return users != "" && users != "no"
}

// refusesOwner says whether a user namespace keeps the worker from a file of
// somebody who is nobody in it: then only what the group or everybody may do is
// left, whatever capability overrode that before.
func (s *Sandbox) refusesOwner(f trace.File, w *scene) bool {
	others := f.Type != "" && f.UID != 0 && f.UID != f.FSUID
	if !s.exact {
		return others && s.yes("PrivateUsers") && f.Access&(trace.AccessStat|trace.AccessModifies) != 0 ||
			f.Access&trace.AccessChown != 0 && s.ownUsers()
	}
	if f.Access&trace.AccessChown != 0 && s.ownUsers() {
		s.doubt("PrivateUsers", "to whom the worker gave files is not told; nobody but root and its own user is there")
	}
	if !others || !s.yes("PrivateUsers") || !w.overrides {
		return false
	}
	return f.Access&trace.AccessCreate == 0 && takenBy(0, f)
}

// refusesUsers says whether a user namespace keeps the worker from a call.
func (s *Sandbox) refusesUsers(call string) bool {
	if !s.ownUsers() || !slices.Contains([]string{"setgroups", "add_key", "request_key", "keyctl"}, call) {
		return false
	}
	s.doubt("PrivateUsers", call+" goes on for the groups and keys of the namespace, and which they were is not told")
	return !s.exact
}
