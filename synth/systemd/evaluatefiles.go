package systemd

import (
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// hides names the directive that keeps a path out of sight.
func (s *Sandbox) hides(p trace.Path, w *scene) string {
	if by := s.hidesView(p); by != "" {
		return by
	}
	m := deepest(s.mounts, p)
	if m == nil {
		return ""
	}
	if m.foreign {
		s.doubtAt(m.by, m.path, "what is put in the place of "+quoted(m.path)+" is not in the trace")
	}
	switch m.mode {
	case mountInaccessible:
		return m.by
	case mountTmpfs:
		if p != m.path && !s.leadsToMount(p) && (m.readOnly || !w.made[topUnder(p, m.path)]) {
			return m.by
		}
	case mountPrivateTmp:
		if p == m.path {
			return ""
		}
		if !s.leadsToMount(p) && !w.made[topUnder(p, m.path)] {
			return m.by
		}
	case mountPrivateDev:
		if p != "/dev" && !slices.Contains(privateDev, string(p)) {
			return m.by
		}
	}
	return ""
}

// topUnder is the name directly in a directory that leads to a path below it.
func topUnder(p, dir trace.Path) trace.Path {
	top, _, _ := strings.Cut(strings.TrimPrefix(string(p), string(dir)+"/"), "/")
	return dir + "/" + trace.Path(top)
}

// leadsToMount says whether a path is a directory that systemd makes on the way
// to a mount.
func (s *Sandbox) leadsToMount(p trace.Path) bool {
	return slices.ContainsFunc(s.mounts, func(m mount) bool { return m.path != p && synth.Within(m.path, p) })
}

// data are the accesses that change what a file holds and not its inode.
const data = trace.AccessWrite | trace.AccessAppend | trace.AccessTruncate

func (s *Sandbox) refusesFile(f trace.File, w *scene) string {
	if by := s.hides(f.Path, w); by != "" {
		return by
	}
	if by := s.refusesSystem(f, w); by != "" {
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
			return m.noExecBy()
		}
		// A mount point can neither be removed nor replaced.
		if entry&^(trace.AccessLinkFrom|trace.AccessCreate|trace.AccessBind) != 0 && m.path == f.Path && m.mode != mountImplicit {
			return m.by
		}
	}
	if up := deepest(s.mounts, parent(f.Path)); entry != 0 && up != nil && up.readOnly {
		return up.by
	}
	if strings.HasPrefix(string(f.Target), "/") && f.Access&(trace.AccessRenameTo|trace.AccessLinkTo) != 0 {
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
	refused, unsure := s.devices.refuses(f)
	switch {
	case !refused:
		return ""
	case unsure && s.exact:
		s.doubt(s.devices.by(), "whether "+quoted(f.Path)+" is one of the devices that are allowed depends on the host")
		return ""
	case s.yes("PrivateDevices"):
		return "PrivateDevices"
	case s.yes("ProtectClock") && s.version < clockAlone && s.devices.policy == "":
		return "ProtectClock"
	}
	return s.devices.by()
}

// refusesExec names the directive that refuses an execution, and of which file.
func (s *Sandbox) refusesExec(t *trace.Trace, e trace.Exec, w *scene) (string, trace.Path) {
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
		if by := s.hides(p, w); by != "" {
			return by, p
		}
		if m := deepest(s.mounts, p); m != nil && m.noExec {
			return m.noExecBy(), p
		}
	}
	return "", ""
}

func (s *Sandbox) refusesSocket(k trace.Socket, w *scene) string {
	if s.families != nil && !s.families[k.Family] {
		return "RestrictAddressFamilies"
	}
	if s.yes("PrivateNetwork") && s.cutsOff(k, w) {
		return "PrivateNetwork"
	}
	if by := s.network.refuses(k, w); by != "" {
		return by
	}
	if by := s.network.refusesComers(k); by != "" && !s.exact {
		return by
	}
	s.doubtSocket(k, w)
	if strings.HasPrefix(string(k.Path), "/") {
		return s.hides(k.Path, w)
	}
	return ""
}
