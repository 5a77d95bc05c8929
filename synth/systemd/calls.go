package systemd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

func callRows() []row { return append(listRows(), argumentRows()...) }

// listRows are about calls and kinds by their names.
func listRows() []row {
	return []row{
		{
			group: "System calls", name: "SystemCallFilter", since: 187, kinds: []string{"syscall"}, filter: true,
			unless:  "a call without a name",
			against: againstFilter, write: writeFilter,
		},
		{
			name: "SystemCallLog", since: 247, kinds: []string{"syscall"}, filter: true,
			unless:  "written in the place of SystemCallFilter= when asked for (--log-syscalls); then nothing is refused",
			says:    "Nothing is refused: each call that the filter would refuse is written to the audit log instead.",
			against: againstFilter, write: writeCallLog,
		},
		{
			name: "SystemCallErrorNumber", beside: "SystemCallFilter", since: 209, kinds: []string{"syscall"}, filter: true,
			unless: "the same as SystemCallFilter=",
			says: "A refused call looks as if the kernel did not have it, so that a newer libc falls back to the older " +
				"call it knows; with EPERM it would give up.",
			against: againstFilter,
			write: func(d *draft, t *text) {
				if !d.LogCalls {
					t.line("SystemCallErrorNumber=ENOSYS")
				}
			},
		},
		{
			name: "SystemCallArchitectures", since: 209, kinds: []string{"syscall"}, filter: true,
			unless: "nothing; it lists the ABIs that were seen",
			says:   "Calls of no other ABI.", write: writeArchitectures,
		},
		{
			name: "RestrictAddressFamilies", since: 211, kinds: []string{"socket"}, filter: true,
			unless:  "a family without a name",
			says:    "Sockets of no other family.",
			against: againstFamilies, write: writeFamilies,
		},
		{
			name: "RestrictNamespaces", since: 233, kinds: []string{"argument", "syscall"}, filter: true,
			unless:  "a namespace made by clone3(2), or of a kind that systemd does not know",
			against: againstNamespaces, write: writeNamespaces,
		},
	}
}

// argumentRows are about what calls are made with.
func argumentRows() []row {
	return []row{
		{
			name: "RestrictRealtime", since: 231, kinds: []string{"argument"}, filter: true,
			unless: "a realtime scheduling policy",
			says:   "No realtime scheduling.",
			against: func(d *draft) []conflict {
				return d.arguments(trace.ArgScheduler, func(a synth.ArgumentGrant) bool {
					return !slices.Contains([]string{"SCHED_OTHER", "SCHED_BATCH", "SCHED_IDLE"}, a.Value)
				})
			},
			write: yes("RestrictRealtime"),
		},
		{
			name: "LockPersonality", since: 235, kinds: []string{"argument", "syscall"}, filter: true,
			unless: "personality(2) with anything but 0",
			says:   "The execution domain cannot be changed, or asked for.",
			against: func(d *draft) []conflict {
				return d.arguments(trace.ArgPersonality, func(a synth.ArgumentGrant) bool { return a.Value != "0x0" && a.Value != "0" })
			},
			write: yes("LockPersonality"),
		},
		{
			name: "MemoryDenyWriteExecute", since: 231, kinds: []string{"argument"}, filter: true,
			unless: "memory that is writable and executable, or becomes executable",
			says:   "Memory is writable or executable, never both, and never becomes executable later.",
			against: func(d *draft) []conflict {
				all := d.arguments(trace.ArgProtection, func(synth.ArgumentGrant) bool { return true })
				// The old mmap of 32-bit x86 has its arguments in memory and is refused altogether.
				for _, s := range d.Syscalls {
					if s.ABI == "i386" && s.Name == "mmap" {
						all = append(all, conflict{"the i386 call mmap is used", s.Evidence})
					}
				}
				return all
			},
			write: yes("MemoryDenyWriteExecute"),
		},
	}
}

func keys(m map[string]bool) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		if plainWord(k) {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

func writeArchitectures(d *draft, t *text) {
	archs := []string{"native"}
	for _, s := range d.Syscalls {
		arch := map[string]string{"i386": "x86", "x32": "x32"}[s.ABI]
		if arch != "" && !slices.Contains(archs, arch) {
			archs = append(archs, arch)
		}
	}
	t.list("SystemCallArchitectures", archs)
}

// againstFamilies finds families that systemd has no name for.
func againstFamilies(d *draft) []conflict {
	var out []conflict
	for _, s := range d.Sockets {
		digits := strings.TrimPrefix(s.Family, "AF_")
		if digits == s.Family || !plainWord(s.Family) || strings.Trim(digits, "0123456789") == "" {
			out = append(out, conflict{"family " + plainText(s.Family) + " has no name", s.Evidence})
		}
	}
	return out
}

func writeFamilies(d *draft, t *text) {
	by := map[string][]synth.Evidence{}
	for _, s := range d.Sockets {
		by[s.Family] = append(by[s.Family], s.Evidence)
	}
	if by["AF_UNIX"] == nil {
		by["AF_UNIX"] = nil
	}
	families := map[string]bool{}
	for f := range by {
		families[f] = true
	}
	for _, f := range keys(families) {
		if len(by[f]) == 0 {
			t.item("%s: not seen; libc and systemd reach the journal and the service manager by it", f)
			continue
		}
		t.item("%s: %s", f, needers(by[f]...))
	}
	if d.dropIn {
		t.line("RestrictAddressFamilies=")
	}
	t.list("RestrictAddressFamilies", keys(families))
}

// namespaceTypes are the kinds that the directive knows, by flag.
var namespaceTypes = map[string]string{
	"CLONE_NEWCGROUP": "cgroup", "CLONE_NEWIPC": "ipc", "CLONE_NEWNET": "net", "CLONE_NEWNS": "mnt",
	"CLONE_NEWPID": "pid", "CLONE_NEWUSER": "user", "CLONE_NEWUTS": "uts",
}

// againstNamespaces finds what the filter refuses whatever is allowed: clone3,
// whose flags no filter can see, with namespaces; setns without a type.
func againstNamespaces(d *draft) []conflict {
	return d.arguments(trace.ArgNamespaces, func(a synth.ArgumentGrant) bool {
		for _, flag := range strings.Split(a.Value, "|") {
			if namespaceTypes[flag] == "" {
				return true
			}
		}
		return a.Syscall == "clone3"
	})
}

func writeNamespaces(d *draft, t *text) {
	kinds := map[string]bool{}
	for _, a := range d.Arguments {
		if a.Name != trace.ArgNamespaces {
			continue
		}
		for _, flag := range strings.Split(a.Value, "|") {
			kinds[namespaceTypes[flag]] = true
		}
		t.item("%s: %s", plainText(a.Value), needers(a.Evidence))
	}
	if len(kinds) == 0 {
		t.say("No namespace can be made or entered; clone3 looks as if the kernel did not have it.")
		t.line("RestrictNamespaces=yes")
		return
	}
	t.say("Namespaces of no other kind; clone3 looks as if the kernel did not have it.")
	t.line(fmt.Sprintf("RestrictNamespaces=%s", strings.Join(keys(kinds), " ")))
}
