package systemd

import (
	"path"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// privateDev is what PrivateDevices= keeps in /dev; trees end in a slash.
var privateDev = []string{
	"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx", "/dev/log",
	"/dev/pts/", "/dev/shm/", "/dev/mqueue/", "/dev/hugepages/",
}

// pseudoDevices are the numbers of those, which may be opened elsewhere too;
// 136 to 143 are terminals.
var pseudoDevices = []string{"1:3", "1:5", "1:7", "1:8", "1:9", "5:0", "5:2"}

var rawIO = []string{
	"ioperm", "iopl", "pciconfig_iobase", "pciconfig_read", "pciconfig_write", "s390_pci_mmio_read", "s390_pci_mmio_write",
}

func againstPrivateDevices(d *draft) []conflict {
	var others []conflict
	for _, x := range d.Execs {
		if x.Name().MayLieIn("/dev") {
			others = append(others, conflict{name(x.Name()) + " is executed", x.Evidence})
		}
	}
	for _, s := range d.Sockets {
		g := synth.FileGrant{Path: s.Path, Pattern: s.Pattern, Access: trace.AccessConnect}
		if len(g.Name()) > 0 && g.Name().MayLieIn("/dev") && !keptInDev(g) {
			others = append(others, conflict{"socket " + name(g.Name()) + " is used", s.Evidence})
		}
	}
	return slices.Concat(others,
		d.files("is another device", func(g synth.FileGrant) bool {
			return g.Name().MayLieIn("/dev") && !keptInDev(g) || otherDevice(g)
		}),
		d.files("would be mapped executable from /dev", func(g synth.FileGrant) bool {
			return g.Name().MayLieIn("/dev") && g.Access&(trace.AccessExec|trace.AccessExecMap) != 0
		}),
		d.files("is moved within /dev", func(g synth.FileGrant) bool {
			return slices.ContainsFunc(g.Moves, func(m synth.Move) bool {
				from, to := synth.Literal(m.From).Dir(), g.Name().Dir()
				return from != to && (synth.Within(from, "/dev") || synth.Within(to, "/dev"))
			})
		}),
		d.needs("CAP_MKNOD", "CAP_SYS_RAWIO"), d.calls(rawIO...))
}

// keptInDev says whether a use of /dev goes on working: what is kept there can
// be used, but nothing made, removed or changed in /dev itself.
func keptInDev(g synth.FileGrant) bool {
	text := string(g.Name()[0].Text)
	for _, kept := range privateDev {
		if strings.HasSuffix(kept, "/") && (strings.HasPrefix(text, kept) || text == strings.TrimSuffix(kept, "/")) {
			return true
		}
		if g.Path == trace.Path(kept) {
			return g.Access&trace.AccessModifies == 0 || special(g)
		}
	}
	return g.Path == "/dev" && g.Access&trace.AccessModifies == 0
}

// otherDevice says whether a device is opened that the device policy closes,
// wherever its node lies.
func otherDevice(g synth.FileGrant) bool {
	rights := deviceRights(g.Access)
	return rights != "" && slices.ContainsFunc(g.Devices, func(device string) bool {
		kind, number, _ := strings.Cut(device, " ")
		return !openAnyhow(kind, number, rights)
	})
}

// readOnlyTunables are the trees that ProtectKernelTunables= makes read-only.
var readOnlyTunables = []trace.Path{
	"/sys", "/proc/acpi", "/proc/apm", "/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/latency_stats",
	"/proc/mtrr", "/proc/scsi", "/proc/sys", "/proc/sysrq-trigger", "/proc/timer_stats",
}

// writableTunables stay as they are inside of those.
var writableTunables = []trace.Path{"/sys/fs/cgroup", "/sys/fs/selinux"}

func changesTunable(g synth.FileGrant) bool {
	if g.Access&trace.AccessModifies == 0 || special(g) || slices.ContainsFunc(writableTunables, func(t trace.Path) bool {
		return synth.Within(g.Name()[0].Text, t)
	}) {
		return false
	}
	return slices.ContainsFunc(readOnlyTunables, func(t trace.Path) bool { return g.Name().MayLieIn(t) })
}

// aboutOthers are the files in /proc/PID that programs read of other processes
// than themselves.
var aboutOthers = []string{"cmdline", "environ", "root", "cwd"}

// againstProtectProc finds looks at other processes. The facts do not tell
// which process a number was, so the signs are: process 1, a listing of /proc,
// files of another owner, and files that are of interest only for others. A
// worker with CAP_SYS_PTRACE sees all of them anyhow.
func againstProtectProc(d *draft) []conflict {
	if slices.Contains(d.Required(), "CAP_SYS_PTRACE") {
		return d.coversProc()
	}
	return append(d.coversProc(), d.looksAtOthers()...)
}

// newProc are directives that have a new /proc mounted for the service, ProcSubset=
// being another one.
var newProc = []string{"ProtectProc", "ProtectKernelTunables", "ProtectControlGroups"}

// coversProc finds files of /proc that are mounted over it, as containers have them: in
// a new one they are not.
func (d *draft) coversProc() []conflict {
	return d.files("is mounted over a part of /proc, and not there in a new one", func(g synth.FileGrant) bool {
		return slices.ContainsFunc(append(g.Systems, g.FS), func(fs string) bool { return coversProc(shape(g.Name()), fs) })
	})
}

// coversProc says whether a file of /proc is of a file system that is mounted over it.
// What is said of a process may be of another one by itself, such as its namespaces.
func coversProc(name, fs string) bool { return fs != "" && fs != "proc" && beyondProcess(name) }

// looksAtOthers goes by the number of a process, whether or not it was folded.
func (d *draft) looksAtOthers() []conflict {
	return d.files("tells of another process", func(g synth.FileGrant) bool {
		text := shape(g.Name())
		if text == "/proc" {
			return g.Access&trace.AccessRead != 0
		}
		rest, inside := strings.CutPrefix(text, "/proc/")
		pid, below, _ := strings.Cut(rest, "/")
		switch {
		case !inside || strings.Trim(pid, "0123456789*") != "":
			return false
		case pid == "1" || !g.Owned:
			return true
		}
		return slices.Contains(aboutOthers, path.Base(below))
	})
}
