package systemd

import (
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// table lists the directives in the order of the text.
func table() []row {
	return slices.Concat(privilegeRows(), []row{groupRow()}, fileRows(), readRows(), directoryRows(), deviceRows(), programRows(), kernelRows(), viewRows(), networkRows(),
		callRows(), limitRows())
}

func privilegeRows() []row {
	return []row{
		{
			group: "Privileges", name: "CapabilityBoundingSet", since: 21, kinds: []string{"capability"},
			unless: "nothing; capabilities that the worker needs are listed",
			says:   "No process of the service can have any other capability, whatever it executes.",
			write:  writeBoundingSet,
		},
		{
			name: "AmbientCapabilities", since: 229, kinds: []string{"capability"},
			unless:  "the service runs as root",
			says:    "Given to the worker although it does not run as root; everything it executes inherits them.",
			against: func(*draft) []conflict { return nil },
			write:   writeAmbient,
		},
		{
			name: "NoNewPrivileges", since: 187, kinds: []string{"exec"},
			unless:  "a setuid program, or one with file capabilities, is executed",
			says:    "Setuid bits and file capabilities have no effect.",
			against: (*draft).gains, write: yes("NoNewPrivileges"),
		},
		{
			name: "RestrictSUIDSGID", since: 242, kinds: []string{"argument", "syscall"}, filter: true,
			unless: "a setuid or setgid bit is set, or openat2(2) is called",
			says:   "No setuid or setgid file can be made; openat2 looks as if the kernel did not have it.",
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
			unless: "names in the top directory change, or a move crosses what would be two mounts; it is weaker where nothing in " +
				"/usr and /boot changes",
			against: func(d *draft) []conflict {
				if d.plan.system == "" {
					return d.plan.strict
				}
				return nil
			},
			write: writeSystem,
		},
		{name: "ReadWritePaths", unless: "nothing; it lists what is written", since: 231, kinds: file, write: writeReadWrite},
		{
			name: "ReadOnlyPaths", since: 231, kinds: file,
			unless: "what root obeys is changed",
			says: "Inside writable directories, what root obeys stays as it is. /run is named because Protect directives below " +
				"take it out of ProtectSystem=.",
			write: func(d *draft, t *text) { t.list("ReadOnlyPaths", words("-", d.plan.noWrite)) },
		},
		{
			name: "ProtectHome", since: 214, kinds: file,
			unless: "a home directory itself is changed; it is weaker where files in one are used",
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
			unless:  "a file in /tmp or /var/tmp that the worker did not make, or that others must reach",
			says:    "/tmp and /var/tmp are the service's own.",
			against: func(d *draft) []conflict { return d.plan.tmp }, write: yes("PrivateTmp"),
		},
		{
			name: "PrivateDevices", since: 209, kinds: []string{"file", "capability", "syscall"}, filter: true,
			unless:  "another device, a change in /dev, CAP_MKNOD, CAP_SYS_RAWIO, raw port I/O",
			says:    "Of /dev only null, zero, full, random, urandom, tty, terminals, shm, mqueue, hugepages and log are there.",
			against: againstPrivateDevices, write: yes("PrivateDevices"),
		},
		{
			name: "InaccessiblePaths", since: 231, kinds: []string{"file", "socket"},
			unless: "a fact about one of the paths, which is then not listed",
			says:   "Ways out of the sandbox and secrets that no fact touches.",
			write:  writeInaccessible,
		},
		fileSystemRow(),
		{name: "UMask", unless: "a file made for group or others", since: 1, kinds: file, write: writeUMask},
	}
}

func programRows() []row {
	return []row{
		{
			group: "Programs", name: "NoExecPaths", since: 248, kinds: []string{"exec", "file"},
			unless: "a program whose path no unit file can spell, or that a move would have to cross",
			says: "Nothing can be executed or mapped executable, except for what ExecPaths= lists. " +
				"Writable places are named again, because they are mounts that \"/\" does not reach.",
			against: func(d *draft) []conflict { return d.plan.noExec },
			write:   writeNoExec,
		},
		{name: "ExecPaths", beside: "NoExecPaths", unless: "the same as NoExecPaths=", since: 248, kinds: []string{"exec", "file"}, against: func(d *draft) []conflict { return d.plan.noExec }, write: writeExec},
		{
			name: "BindReadOnlyPaths", beside: "NoExecPaths", since: 233, kinds: []string{"exec", "file"},
			unless: "the same as NoExecPaths= and ProtectSystem=; of what is read, --read-allowlist is not asked for",
			against: func(d *draft) []conflict {
				if len(d.plan.reads.read) > 0 {
					return nil
				}
				if d.plan.system != "" {
					return d.plan.noExec
				}
				return slices.Concat(d.plan.noExec, d.plan.strict)
			},
			write: writeBindReadOnly,
		},
	}
}
