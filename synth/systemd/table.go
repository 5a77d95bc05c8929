package systemd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// row is one directive.
type row struct {
	group   string   // heading it stands under; "" for the one before
	name    string   // without "="
	since   int      // systemd version that brought it
	kinds   []string // kinds of facts without which it cannot be told
	filter  bool     // installs a seccomp filter, which on old versions implies NoNewPrivileges=
	says    string   // what it takes away, for the comment
	against func(*draft) []conflict
	write   func(*draft, *text)
}

// yes writes a boolean directive.
func yes(name string) func(*draft, *text) {
	return func(_ *draft, t *text) { t.line(name + "=yes") }
}

// table lists the directives in the order of the text.
func table() []row {
	return slices.Concat(privilegeRows(), fileRows(), kernelRows(), viewRows(), callRows(), limitRows())
}

func privilegeRows() []row {
	return []row{
		{
			group: "Privileges", name: "CapabilityBoundingSet", since: 21, kinds: []string{"capability"},
			says:  "No process of the service can have any other capability, whatever it executes.",
			write: writeBoundingSet,
		},
		{
			name: "AmbientCapabilities", since: 229, kinds: []string{"capability"},
			says:    "Given to the worker although it does not run as root; everything it executes inherits them.",
			against: func(*draft) []conflict { return nil },
			write:   writeAmbient,
		},
		{
			name: "NoNewPrivileges", since: 187, kinds: []string{"exec"},
			says:    "Setuid bits and file capabilities have no effect.",
			against: (*draft).gains, write: yes("NoNewPrivileges"),
		},
		{
			name: "RestrictSUIDSGID", since: 242, kinds: []string{"argument", "syscall"}, filter: true,
			says: "No setuid or setgid file can be made; openat2 looks as if the kernel did not have it.",
			against: func(d *draft) []conflict {
				return append(d.arguments(trace.ArgModeBits, func(a synth.ArgumentGrant) bool {
					return strings.Contains(a.Value, "S_ISUID") || strings.Contains(a.Value, "S_ISGID")
				}), d.calls("openat2")...)
			},
			write: yes("RestrictSUIDSGID"),
		},
	}
}

func fileRows() []row {
	file := []string{"file"}
	return []row{
		{
			group: "Files", name: "ProtectSystem", since: 232, kinds: file,
			says:    "Everything is read-only, except for what ReadWritePaths= lists and what directives below decide on: /dev, /proc, /sys and home directories.",
			against: func(d *draft) []conflict { return d.plan.strict },
			write:   func(_ *draft, t *text) { t.line("ProtectSystem=strict") },
		},
		{name: "ReadWritePaths", since: 231, kinds: file, write: writeReadWrite},
		{
			name: "ReadOnlyPaths", since: 231, kinds: file,
			says: "Inside writable directories, what root obeys stays as it is. /run is named because Protect directives below " +
				"take it out of ProtectSystem=.",
			write: func(d *draft, t *text) { t.list("ReadOnlyPaths", words("-", d.plan.noWrite)) },
		},
		{
			name: "ProtectHome", since: 214, kinds: file,
			against: func(d *draft) []conflict {
				if d.plan.home == "" {
					return d.plan.homeWhy
				}
				return nil
			},
			write: writeHome,
		},
		{
			name: "PrivateTmp", since: 214, kinds: file,
			says:    "/tmp and /var/tmp are the service's own.",
			against: func(d *draft) []conflict { return d.plan.tmp }, write: yes("PrivateTmp"),
		},
		{
			name: "PrivateDevices", since: 209, kinds: []string{"file", "capability", "syscall"}, filter: true,
			says:    "Of /dev only null, zero, full, random, urandom, tty, terminals, shm, mqueue, hugepages and log are there.",
			against: againstPrivateDevices, write: yes("PrivateDevices"),
		},
		{
			name: "InaccessiblePaths", since: 231, kinds: []string{"file", "socket"},
			says:  "Ways out of the sandbox and secrets that no fact touches.",
			write: writeInaccessible,
		},
		{
			group: "Programs", name: "NoExecPaths", since: 248, kinds: []string{"exec", "file"},
			says: "Nothing can be executed or mapped executable, except for what ExecPaths= lists. " +
				"Writable places are named again, because they are mounts that \"/\" does not reach.",
			against: func(d *draft) []conflict { return d.plan.noExec },
			write:   func(d *draft, t *text) { t.list("NoExecPaths", append([]string{"/"}, words("-", d.plan.execOff)...)) },
		},
		{name: "ExecPaths", since: 248, kinds: []string{"exec", "file"}, against: func(d *draft) []conflict { return d.plan.noExec }, write: writeExec},
		{
			name: "BindReadOnlyPaths", since: 248, kinds: []string{"exec", "file"},
			says: "ExecPaths= makes mounts that ProtectSystem= leaves writable: this makes them read-only.",
			against: func(d *draft) []conflict {
				return slices.Concat(d.plan.noExec, d.plan.strict)
			},
			write: func(d *draft, t *text) { t.list("BindReadOnlyPaths", words("-", d.plan.bindRO)) },
		},
		{name: "UMask", since: 1, kinds: file, write: writeUMask},
	}
}

func kernelRows() []row {
	return []row{
		{
			group: "Kernel", name: "ProtectKernelTunables", since: 232, kinds: []string{"file", "syscall"}, filter: true,
			says: "/proc/sys, /sys and other settings of the kernel are read-only.",
			against: func(d *draft) []conflict {
				return slices.Concat(d.files("is changed", changesTunable), d.used("/proc/kallsyms", "/proc/kcore"), d.calls("_sysctl"))
			},
			write: yes("ProtectKernelTunables"),
		},
		{
			name: "ProtectKernelModules", since: 232, kinds: []string{"file", "capability", "syscall"}, filter: true,
			says: "No module can be loaded, or looked at in /usr/lib/modules.",
			against: func(d *draft) []conflict {
				return slices.Concat(d.used(moduleTrees...), d.missed(moduleTrees...), d.needs("CAP_SYS_MODULE"),
					d.calls("init_module", "finit_module", "delete_module"))
			},
			write: yes("ProtectKernelModules"),
		},
		{
			name: "ProtectKernelLogs", since: 244, kinds: []string{"file", "capability", "syscall"}, filter: true,
			says: "The kernel's log cannot be read or written.",
			against: func(d *draft) []conflict {
				return slices.Concat(d.used("/proc/kmsg", "/dev/kmsg"), d.needs("CAP_SYSLOG"), d.calls("syslog"))
			},
			write: yes("ProtectKernelLogs"),
		},
		{
			name: "ProtectClock", since: 245, kinds: []string{"file", "capability", "syscall"}, filter: true,
			says: "The clock cannot be set.",
			against: func(d *draft) []conflict {
				rtc := d.files("is opened for writing", func(g synth.FileGrant) bool {
					return strings.HasPrefix(string(g.Name()[0].Text), "/dev/rtc") && g.Access&trace.AccessWrite != 0
				})
				return slices.Concat(d.needs("CAP_SYS_TIME", "CAP_WAKE_ALARM"), d.calls(clockCalls...), rtc)
			},
			write: yes("ProtectClock"),
		},
		{
			name: "ProtectHostname", since: 242, kinds: []string{"file", "syscall"}, filter: true,
			says: "The host name cannot be set; a new one shows only after a restart.",
			against: func(d *draft) []conflict {
				return append(d.calls("sethostname", "setdomainname"),
					d.written("/proc/sys/kernel/hostname", "/proc/sys/kernel/domainname")...)
			},
			write: yes("ProtectHostname"),
		},
	}
}

// viewRows are about what the worker sees of other processes.
func viewRows() []row {
	return []row{
		{
			name: "PrivateIPC", since: 248, kinds: []string{"argument", "file", "syscall"},
			says:    "System V IPC and POSIX message queues are the service's own.",
			against: againstPrivateIPC, write: yes("PrivateIPC"),
		},
		{
			name: "ProtectControlGroups", since: 232, kinds: []string{"file"},
			says:    "Control groups are read-only.",
			against: func(d *draft) []conflict { return d.written("/sys/fs/cgroup") }, write: yes("ProtectControlGroups"),
		},
		{
			name: "ProtectProc", since: 247, kinds: []string{"file"},
			says:    "Processes of other users are not to be seen in /proc.",
			against: againstProtectProc,
			write:   func(_ *draft, t *text) { t.line("ProtectProc=invisible") },
		},
	}
}

var moduleTrees = []trace.Path{"/usr/lib/modules", "/lib/modules"}

var clockCalls = []string{
	"adjtimex", "clock_adjtime", "clock_adjtime64", "clock_settime", "clock_settime64", "settimeofday", "stime",
}

// directives writes every row, or the reason why it is not written.
func (d *draft) directives(t *text) {
	for _, r := range table() {
		if r.group != "" {
			t.blank()
			t.say("=== %s ===", r.group)
		}
		if why := d.leftOut(r); len(why) > 0 {
			t.wrap("# ", "#   ", fmt.Sprintf("%s= left out: %s.", r.name, strings.Join(why, "; ")))
			continue
		}
		body := &text{}
		r.write(d, body)
		if body.Len() == 0 {
			continue
		}
		if r.says != "" {
			t.say("%s", r.says)
		}
		t.WriteString(body.String())
	}
}

// conflictsShown is how many of the facts against a directive are named.
const conflictsShown = 3

// leftOut says why a directive cannot be written, nothing if it can.
func (d *draft) leftOut(r row) []string {
	if d.Version < r.since {
		return []string{fmt.Sprintf("needs systemd %d", r.since)}
	}
	var why []string
	for _, kind := range r.kinds {
		if !d.Sees(kind) {
			why = append(why, "no probe saw facts of kind "+kind+", on which it depends")
		}
	}
	if len(why) > 0 {
		return why
	}
	if r.filter && d.filtersCostPrivileges() {
		if gains := d.gains(); len(gains) > 0 {
			return []string{fmt.Sprintf("with User=%s, systemd %d sets NoNewPrivileges= along with it, and %s (%s)",
				plainText(d.asUser()), d.Version, gains[0].what, because(gains[0].evidence))}
		}
	}
	if r.against == nil {
		return nil
	}
	conflicts := r.against(d)
	for i, c := range conflicts {
		if i == conflictsShown {
			return append(why, fmt.Sprintf("and %d more", len(conflicts)-i))
		}
		why = append(why, fmt.Sprintf("%s (%s)", c.what, because(c.evidence)))
	}
	return why
}

// keepsPrivileges is the first version that can install filters for a user
// without CAP_SYS_ADMIN and without NoNewPrivileges=.
const keepsPrivileges = 255

// filtersCostPrivileges says whether a directive with a filter implies
// NoNewPrivileges=.
func (d *draft) filtersCostPrivileges() bool {
	return d.Version < keepsPrivileges && d.asUser() != "" && !slices.Contains(d.Required(), "CAP_SYS_ADMIN")
}

// asUser is the identity that the service runs with, "" for root: what was asked
// for, else, because a drop-in leaves the unit's own User= alone, what was
// recorded.
func (d *draft) asUser() string {
	user := d.User
	if user == "" && d.dropIn && len(d.Worker.Users) > 0 && !slices.Contains(d.Worker.Users, "root") {
		user = d.Worker.Users[0]
	}
	if user == "root" {
		return ""
	}
	return user
}
