package systemd

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// mountMode orders what can be mounted on one path: the first of them wins.
type mountMode int

const (
	mountInaccessible mountMode = iota
	mountBind
	mountPrivateTmp
	mountPrivateDev
	mountReadOnly
	mountReadWrite
	mountNoExec
	mountExec
	mountTmpfs
	mountRun      // /run, implied by MountAPIVFS=
	mountImplicit // left writable by ProtectSystem=strict
)

// mount is one mount that systemd makes for the service.
type mount struct {
	path                   trace.Path
	mode                   mountMode
	readOnly, noExec, exec bool
	foreign                bool   // of a bind mount: something else is put there
	by                     string // the directive
}

// noExecBy is the directive that keeps a mount's files from being executed.
func (m mount) noExecBy() string {
	if m.mode == mountTmpfs { // by its own options
		return m.by
	}
	return "NoExecPaths"
}

// mountsOf gathers the mounts of all directives and brings them into the order
// and number that systemd does: sorted, one for each path with the flags of all
// that were meant for it, none below an inaccessible path, none that only
// repeats its parent.
func mountsOf(s Settings) ([]mount, error) {
	all := fixedMounts(s)
	for _, l := range []struct {
		name string
		mount
	}{
		{"ReadWritePaths", mount{mode: mountReadWrite}},
		{"ReadOnlyPaths", mount{mode: mountReadOnly, readOnly: true}},
		{"InaccessiblePaths", mount{mode: mountInaccessible, readOnly: true, noExec: true}},
		{"ExecPaths", mount{mode: mountExec, exec: true}},
		{"NoExecPaths", mount{mode: mountNoExec, noExec: true}},
	} {
		paths, err := s.Paths(l.name)
		if err != nil {
			return nil, err
		}
		for _, p := range paths {
			m := l.mount
			m.path, m.by = p, l.name
			all = append(all, m)
		}
	}
	more, err := replacedBy(s)
	if err != nil {
		return nil, err
	}
	all = append(all, more...)
	slices.SortStableFunc(all, func(a, b mount) int {
		return cmp.Or(comparePaths(a.path, b.path), cmp.Compare(a.mode, b.mode))
	})
	return dropAbsent(dropRepeated(dropMasked(joinEqual(all)))), nil
}

// comparePaths sorts a directory before what is in it.
func comparePaths(a, b trace.Path) int {
	return slices.Compare(strings.Split(string(a), "/"), strings.Split(string(b), "/"))
}

func joinEqual(all []mount) []mount {
	var out []mount
	for _, m := range all {
		if n := len(out); n > 0 && out[n-1].path == m.path {
			out[n-1].readOnly = out[n-1].readOnly || m.readOnly
			out[n-1].noExec = out[n-1].noExec || m.noExec
			out[n-1].exec = out[n-1].exec || m.exec
			continue
		}
		out = append(out, m)
	}
	return out
}

func dropMasked(all []mount) []mount {
	var out []mount
	for _, m := range all {
		if !slices.ContainsFunc(out, func(up mount) bool { return up.mode == mountInaccessible && synth.Within(m.path, up.path) }) {
			out = append(out, m)
		}
	}
	return out
}

func dropRepeated(all []mount) []mount {
	var out []mount
	for _, m := range all {
		up := deepest(out, m.path)
		if up != nil && up.mode == m.mode && slices.Contains([]mountMode{mountReadOnly, mountReadWrite, mountImplicit}, m.mode) {
			continue
		}
		out = append(out, m)
	}
	return out
}

// dropAbsent leaves out what would only change the flags of a path that is not
// there, because an empty file system was mounted above it.
func dropAbsent(all []mount) []mount {
	var out []mount
	for _, m := range all {
		brings := m.mode == mountBind || m.mode == mountTmpfs || m.mode == mountPrivateTmp || m.mode == mountPrivateDev
		if up := deepest(out, m.path); brings || up == nil || up.mode != mountTmpfs {
			out = append(out, m)
		}
	}
	return out
}

// deepest is the mount that a path lies on, nil for one that systemd did not
// make. It alone decides: a mount is left out when the flags of one above it
// are applied.
func deepest(all []mount, p trace.Path) *mount {
	var found *mount
	for i := range all {
		if synth.Within(p, all[i].path) && (found == nil || len(all[i].path) >= len(found.path)) {
			found = &all[i]
		}
	}
	return found
}

// parent is the directory of a name.
func parent(p trace.Path) trace.Path { return trace.Path(path.Dir(string(p))) }

// fixedMounts are those of directives that take no paths.
func fixedMounts(s Settings) []mount {
	var all []mount
	add := func(by string, m mount, paths ...trace.Path) {
		for _, p := range paths {
			m.path, m.by = p, by
			all = append(all, m)
		}
	}
	readOnly := mount{mode: mountReadOnly, readOnly: true}
	hidden := mount{mode: mountInaccessible, readOnly: true, noExec: true}
	switch s.value("ProtectSystem") {
	case "strict":
		add("ProtectSystem", readOnly, "/")
		add("ProtectSystem", mount{mode: mountImplicit}, "/proc", "/sys", "/dev", "/home", "/run/user", "/root")
	default:
		add("ProtectSystem", readOnly, systemTrees[s.value("ProtectSystem")]...)
	}
	switch s.value("ProtectHome") {
	case "yes":
		add("ProtectHome", hidden, "/home", "/run/user", "/root")
	case "tmpfs":
		add("ProtectHome", mount{mode: mountTmpfs, readOnly: true}, "/home", "/run/user", "/root")
	case "read-only":
		add("ProtectHome", readOnly, "/home", "/run/user", "/root")
	}
	if s.yes("PrivateTmp") {
		add("PrivateTmp", mount{mode: mountPrivateTmp}, "/tmp", "/var/tmp")
	}
	if s.yes("PrivateDevices") {
		add("PrivateDevices", mount{mode: mountPrivateDev, readOnly: true, noExec: true}, "/dev")
		// What is bound back in keeps the host's flags.
		add("PrivateDevices", mount{mode: mountBind}, "/dev/shm", "/dev/pts", "/dev/mqueue", "/dev/hugepages")
	}
	if s.yes("ProtectKernelTunables") {
		add("ProtectKernelTunables", readOnly, "/proc/acpi", "/proc/apm", "/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq",
			"/proc/latency_stats", "/proc/mtrr", "/proc/scsi", "/proc/sys", "/proc/sysrq-trigger", "/proc/timer_stats", "/sys")
		add("ProtectKernelTunables", hidden, "/proc/kallsyms", "/proc/kcore")
		add("ProtectKernelTunables", mount{mode: mountImplicit}, "/sys/fs/cgroup", "/sys/fs/selinux")
	}
	if s.yes("ProtectKernelModules") {
		add("ProtectKernelModules", hidden, "/usr/lib/modules", "/lib/modules")
	}
	if s.yes("ProtectKernelLogs") {
		add("ProtectKernelLogs", hidden, "/proc/kmsg", "/dev/kmsg")
	}
	if v := s.value("ProtectProc"); v != "" && v != "default" || s.yes("ProtectControlGroups") || s.yes("ProtectKernelTunables") {
		add("MountAPIVFS", mount{mode: mountRun}, "/run")
	}
	if s.yes("ProtectControlGroups") || s.value("ProtectControlGroups") == "strict" {
		add("ProtectControlGroups", readOnly, "/sys/fs/cgroup")
	}
	if s.yes("ProtectHostname") {
		add("ProtectHostname", readOnly, "/proc/sys/kernel/hostname", "/proc/sys/kernel/domainname")
	}
	return all
}
