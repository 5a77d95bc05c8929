package systemd

import (
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// viewRows are about what the worker sees of others on the host.
func viewRows() []row { return append(namespaceRows(), subsetRows()...) }

// namespaceRows give the service a view of its own.
func namespaceRows() []row {
	file := []string{"file"}
	every := []string{"capability", "exec", "file", "argument", "socket", "syscall"}
	return []row{
		{
			group: "View of the host", name: "PrivateIPC", since: 248, kinds: []string{"argument", "file", "syscall"},
			says:    "System V IPC and POSIX message queues are the service's own.",
			unless:  "an IPC object that others can name, or one that the worker did not make",
			against: againstPrivateIPC, write: yes("PrivateIPC"),
		},
		{
			name: "PrivateUsers", since: 232, kinds: every,
			unless: "a capability, a setuid program, a look into another process, setgroups(2); before systemd 257 also " +
				"a file of another user that is looked at or changed, and peers at a UNIX socket of the worker's",
			against: func(d *draft) []conflict {
				_, why := d.privateUsers()
				return why
			},
			write: func(d *draft, t *text) {
				mode, _ := d.privateUsers()
				if mode == "identity" {
					t.say("A user namespace in which everybody keeps their number; no capability counts outside of it.")
				} else {
					t.say("A user namespace with root and the worker's user in it; no capability counts outside of it, and " +
						"everybody else shows as nobody.")
				}
				t.line("PrivateUsers=" + mode)
			},
		},
		{
			name: "PrivateMounts", since: 239, kinds: file,
			says:    "What the service mounts, nobody else sees.",
			unless:  "something is mounted or unmounted",
			against: (*draft).mounts, write: yes("PrivateMounts"),
		},
	}
}

// subsetRows take parts out of the view.
func subsetRows() []row {
	file := []string{"file"}
	return []row{
		{
			name: "ProtectControlGroups", since: 232, kinds: file,
			unless:  "a control group is made, changed or removed, what is mounted over a part of /proc used",
			against: func(d *draft) []conflict { return append(d.written("/sys/fs/cgroup"), d.coversProc()...) },
			write:   writeControlGroups,
		},
		{
			name: "ProtectProc", since: 247, kinds: file,
			says:    "Processes of other users are not to be seen in /proc.",
			unless:  "a listing of /proc, process 1, files that programs read of other processes than their own, what is mounted over a part of /proc",
			against: againstProtectProc,
			write:   func(_ *draft, t *text) { t.line("ProtectProc=invisible") },
		},
		{
			name: "ProcSubset", since: 247, kinds: file,
			says:    "Of /proc, nothing is there but processes.",
			unless:  "a file of /proc that is not about a process, or that has a short name there (/proc/mounts, /proc/net)",
			against: func(d *draft) []conflict { return d.usedWhere(beyondPID) },
			write:   func(_ *draft, t *text) { t.line("ProcSubset=pid") },
		},
		{
			name: "KeyringMode", since: 235, kinds: []string{"syscall"},
			says:    "A session keyring of its own, without the keys of the user.",
			unless:  "a keyring is used",
			against: func(d *draft) []conflict { return d.calls("add_key", "request_key", "keyctl") },
			write:   func(_ *draft, t *text) { t.line("KeyringMode=private") },
		},
		{
			name: "PrivateBPF", since: 258, kinds: []string{"file", "syscall"},
			says:    "The BPF file system is the service's own, so that programs and maps pinned there are out of reach.",
			unless:  "bpf(2) or /sys/fs/bpf is used",
			against: func(d *draft) []conflict { return append(d.calls("bpf"), d.used("/sys/fs/bpf")...) },
			write:   yes("PrivateBPF"),
		},
	}
}

// mounts finds what is mounted or unmounted: any directive that makes a mount
// keeps it from everybody else.
func (d *draft) mounts() []conflict {
	return d.files("is a mount that others must see", func(g synth.FileGrant) bool {
		return g.Access&(trace.AccessMount|trace.AccessUnmount) != 0
	})
}

// strictGroups is the first version with ProtectControlGroups=strict.
const strictGroups = 257

// writeControlGroups takes even the view of other groups where the worker never
// looked. "strict" is a namespace in which the service's own group is the root.
func writeControlGroups(d *draft, t *text) {
	if d.Version >= strictGroups && len(d.looksAtGroups()) == 0 {
		t.say("Of the control groups only its own is there, read-only.")
		t.line("ProtectControlGroups=strict")
		return
	}
	t.say("Control groups are read-only.")
	t.line("ProtectControlGroups=yes")
}

func (d *draft) looksAtGroups() []conflict {
	return slices.Concat(d.used("/sys/fs/cgroup"), d.missed("/sys/fs/cgroup"),
		d.usedWhere(func(p synth.Pattern) bool {
			text := shape(p)
			return strings.HasPrefix(text, "/proc/") && (strings.HasSuffix(text, "/cgroup") || strings.HasSuffix(text, "/ns"))
		}))
}

// shape is a name with "*" for any number and "?" for what else varies.
func shape(p synth.Pattern) string {
	var b strings.Builder
	for _, piece := range p {
		switch piece.Vary {
		case "":
		case synth.VaryDigits:
			b.WriteByte('*')
		default:
			b.WriteByte('?')
		}
		b.WriteString(string(piece.Text))
	}
	return b.String()
}

// beyondPID says whether a file of /proc is gone under ProcSubset=pid. What is
// reached by a link in /proc itself, such as mounts and net, is among it.
func beyondPID(p synth.Pattern) bool { return beyondProcess(shape(p)) }

func beyondProcess(name string) bool {
	rest, ok := strings.CutPrefix(name, "/proc/")
	if !ok {
		return false
	}
	first, below, _ := strings.Cut(rest, "/")
	if strings.Trim(first, "0123456789*") != "" && first != "self" && first != "thread-self" {
		return true
	}
	return below == "mounts" || below == "net" || strings.HasPrefix(below, "net/")
}
