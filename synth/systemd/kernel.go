package systemd

import (
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

func kernelRows() []row {
	return []row{
		{
			group: "Kernel", name: "ProtectKernelTunables", since: 232, kinds: []string{"file", "syscall"}, filter: true,
			unless: "a setting in /proc/sys or /sys is changed, /proc/kallsyms or /proc/kcore used, what is mounted over a part of /proc",
			says:   "/proc/sys, /sys and other settings of the kernel are read-only.",
			against: func(d *draft) []conflict {
				return slices.Concat(d.files("is changed", changesTunable), d.used("/proc/kallsyms", "/proc/kcore"), d.calls("_sysctl"), d.coversProc())
			},
			write: yes("ProtectKernelTunables"),
		},
		{
			name: "ProtectKernelModules", since: 232, kinds: []string{"file", "capability", "syscall"}, filter: true,
			unless: "a module is loaded or looked for, CAP_SYS_MODULE",
			says:   "No module can be loaded, or looked at in /usr/lib/modules.",
			against: func(d *draft) []conflict {
				return slices.Concat(d.used(moduleTrees...), d.missed(moduleTrees...), d.needs("CAP_SYS_MODULE"),
					d.calls("init_module", "finit_module", "delete_module"))
			},
			write: yes("ProtectKernelModules"),
		},
		{
			name: "ProtectKernelLogs", since: 244, kinds: []string{"file", "capability", "syscall"}, filter: true,
			unless: "/dev/kmsg, /proc/kmsg, syslog(2), CAP_SYSLOG",
			says:   "The kernel's log cannot be read or written.",
			against: func(d *draft) []conflict {
				return slices.Concat(d.used("/proc/kmsg", "/dev/kmsg"), d.needs("CAP_SYSLOG"), d.calls("syslog"))
			},
			write: yes("ProtectKernelLogs"),
		},
		{
			name: "ProtectClock", since: 245, kinds: []string{"file", "capability", "syscall"}, filter: true,
			unless: "the clock is set, CAP_SYS_TIME, CAP_WAKE_ALARM; before systemd 251, when it closes devices, what forbids DevicePolicy=",
			says:   "The clock cannot be set.",
			against: func(d *draft) []conflict {
				rtc := d.files("is opened for writing", func(g synth.FileGrant) bool {
					return strings.HasPrefix(string(g.Name()[0].Text), "/dev/rtc") && g.Access&trace.AccessWrite != 0
				})
				var closed []conflict
				if d.Version < clockAlone {
					closed = d.unknownDevices()
				}
				return slices.Concat(d.needs("CAP_SYS_TIME", "CAP_WAKE_ALARM"), d.calls(clockCalls...), rtc, closed)
			},
			write: yes("ProtectClock"),
		},
		{
			name: "ProtectHostname", since: 242, kinds: []string{"file", "syscall"}, filter: true,
			unless: "the host or domain name is set",
			says:   "The host name cannot be set; a new one shows only after a restart.",
			against: func(d *draft) []conflict {
				return append(d.calls("sethostname", "setdomainname"),
					d.written("/proc/sys/kernel/hostname", "/proc/sys/kernel/domainname")...)
			},
			write: yes("ProtectHostname"),
		},
	}
}

// clockAlone is the first version in which ProtectClock= leaves the policy of
// other devices alone.
const clockAlone = 251

var moduleTrees = []trace.Path{"/usr/lib/modules", "/lib/modules"}

var clockCalls = []string{
	"adjtimex", "clock_adjtime", "clock_adjtime64", "clock_settime", "clock_settime64", "settimeofday", "stime",
}
