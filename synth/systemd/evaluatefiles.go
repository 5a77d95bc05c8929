package systemd

import (
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// madeIn lists the names that the worker made: only those are in a private
// /tmp.
func madeIn(t *trace.Trace) map[trace.Path]bool {
	made := map[trace.Path]bool{}
	for _, f := range t.Files {
		if synth.RestsOnPermission(f.Seen) && f.Access&(trace.AccessCreate|trace.AccessRenameTo|trace.AccessLinkTo|trace.AccessBind) != 0 {
			made[f.Path] = true
		}
	}
	return made
}

// hides names the directive that keeps a path out of sight.
func (s *Sandbox) hides(p trace.Path, made map[trace.Path]bool) string {
	if by := s.hidesView(p); by != "" {
		return by
	}
	m := deepest(s.mounts, p)
	if m == nil {
		return ""
	}
	switch m.mode {
	case mountInaccessible:
		return m.by
	case mountTmpfs:
		if p != m.path {
			return m.by
		}
	case mountPrivateTmp:
		if p == m.path {
			return ""
		}
		top, _, _ := strings.Cut(strings.TrimPrefix(string(p), string(m.path)+"/"), "/")
		if !made[m.path+"/"+trace.Path(top)] {
			return m.by
		}
	case mountPrivateDev:
		if p != "/dev" && !slices.Contains(privateDev, string(p)) {
			return m.by
		}
	}
	return ""
}

// data are the accesses that change what a file holds and not its inode.
const data = trace.AccessWrite | trace.AccessAppend | trace.AccessTruncate

func (s *Sandbox) refusesFile(f trace.File, made map[trace.Path]bool) string {
	if by := s.hides(f.Path, made); by != "" {
		return by
	}
	if by := s.refusesSystem(f); by != "" {
		return by
	}
	changes := f.Access & trace.AccessModifies
	if f.Access&data == changes && slices.Contains([]string{"char", "block", "fifo", "socket"}, f.Type) {
		changes = 0
	}
	entry := changes & (trace.AccessEntry | trace.AccessLinkFrom)
	if m := deepest(s.mounts, f.Path); m != nil {
		if changes != 0 && entry == 0 && m.readOnly {
			return m.by
		}
		if f.Access&(trace.AccessExec|trace.AccessExecMap) != 0 && m.noExec {
			return "NoExecPaths"
		}
		// A mount point can neither be removed nor replaced.
		if entry&^(trace.AccessLinkFrom|trace.AccessCreate|trace.AccessBind) != 0 && m.path == f.Path && m.mode != mountImplicit {
			return m.by
		}
	}
	if up := deepest(s.mounts, parent(f.Path)); entry != 0 && up != nil && up.readOnly {
		return up.by
	}
	if f.Target != "" && f.Access&(trace.AccessRenameTo|trace.AccessLinkTo) != 0 {
		if from, to := deepest(s.mounts, parent(f.Target)), deepest(s.mounts, parent(f.Path)); from != to {
			return by(from, to)
		}
	}
	return s.refusesDevice(f)
}

func by(from, to *mount) string {
	if to != nil {
		return to.by
	}
	return from.by
}

// refusesDevice names the directive that closes a device.
func (s *Sandbox) refusesDevice(f trace.File) string {
	if !s.devices.refuses(f) {
		return ""
	}
	switch {
	case s.yes("PrivateDevices"):
		return "PrivateDevices"
	case s.yes("ProtectClock") && s.version < clockAlone:
		return "ProtectClock"
	}
	return "DevicePolicy"
}

// refusesExec names the directive that refuses an execution, and of which file.
func (s *Sandbox) refusesExec(t *trace.Trace, e trace.Exec, made map[trace.Path]bool) (string, trace.Path) {
	i := slices.IndexFunc(t.Subjects, func(subject trace.Subject) bool { return subject.ID == e.Target })
	if i < 0 {
		return "", ""
	}
	target := t.Subjects[i]
	if users := s.value("PrivateUsers"); users != "" && users != "no" && (e.UID || e.GID || e.Caps) {
		return "PrivateUsers", target.Exe
	}
	if s.noNewPrivileges() && (e.UID || e.GID || e.Caps) {
		return "NoNewPrivileges", target.Exe
	}
	for _, p := range []trace.Path{target.Exe, target.Script, target.Loader} {
		if !strings.HasPrefix(string(p), "/") {
			continue
		}
		if by := s.hides(p, made); by != "" {
			return by, p
		}
		if m := deepest(s.mounts, p); m != nil && m.noExec {
			return "NoExecPaths", p
		}
	}
	return "", ""
}

func (s *Sandbox) refusesSocket(k trace.Socket, made map[trace.Path]bool) string {
	if s.families != nil && !s.families[k.Family] {
		return "RestrictAddressFamilies"
	}
	if s.yes("PrivateNetwork") && (k.Family != "AF_UNIX" || k.Abstract != "") {
		return "PrivateNetwork"
	}
	if by := s.network.refuses(k); by != "" {
		return by
	}
	if strings.HasPrefix(string(k.Path), "/") {
		return s.hides(k.Path, made)
	}
	return ""
}
