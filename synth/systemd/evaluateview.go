package systemd

import (
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// hidesView names the directive that takes a file out of /proc or /sys.
func (s *Sandbox) hidesView(p trace.Path) string {
	switch name := string(p); {
	case s.value("ProcSubset") == "pid" && beyondProcess(name):
		return "ProcSubset"
	case s.value("ProtectControlGroups") == "strict" && (synth.Within(p, "/sys/fs/cgroup") ||
		strings.HasPrefix(name, "/proc/") && strings.HasSuffix(name, "/cgroup")):
		return "ProtectControlGroups"
	case s.yes("PrivateNetwork") && aboutNetwork(synth.Literal(p)):
		return "PrivateNetwork"
	case s.yes("PrivateBPF") && synth.Within(p, "/sys/fs/bpf"):
		return "PrivateBPF"
	}
	return ""
}

// refusesSystem names the directive that refuses a file for what it lies on, or
// a mount that others were to see.
func (s *Sandbox) refusesSystem(f trace.File) string {
	if s.systems != nil && f.Access&opensFile != 0 && !s.systems[f.FS] && !s.systems[groupOf(f.FS)] {
		return "RestrictFileSystems"
	}
	if f.Access&(trace.AccessMount|trace.AccessUnmount) != 0 && s.yes("PrivateMounts") {
		return "PrivateMounts"
	}
	if coversProc(string(f.Path), f.FS) {
		for _, name := range newProc {
			if v := s.value(name); v != "default" && v != "" && v != "no" {
				return name
			}
		}
	}
	users := s.value("PrivateUsers")
	others := f.Type != "" && f.UID != 0 && f.UID != f.FSUID && f.Access&(trace.AccessStat|trace.AccessModifies) != 0
	if others && s.yes("PrivateUsers") || f.Access&trace.AccessChown != 0 && users != "" && users != "no" {
		return "PrivateUsers"
	}
	return ""
}

// refusesUsers says whether a user namespace keeps the worker from a call.
func (s *Sandbox) refusesUsers(call string) bool {
	users := s.value("PrivateUsers")
	return users != "" && users != "no" && slices.Contains([]string{"setgroups", "add_key", "request_key", "keyctl"}, call)
}
