package record

import "syscall"

// alike resolves names of commands of a unit that have ended. Each of them has a mount
// namespace of its own, made by systemd from the same settings, and may have ended
// before the recorder comes to it. What it did then waits until a later command of the
// unit is found, whose namespace leads to the same names.
type alike struct {
	on       bool            // a unit is recorded
	commands map[uint32]bool // mount namespaces that commands began in
	prefix   string          // leads into one of them that is there; "" before
	late     []event         // whose namespace is gone
	over     bool            // nothing waits any more
}

// Bounds of what waits, in events, and in ns since the last one began to: a slow
// machine may take longer than that from the first command of a unit to the second.
const (
	mostLate    = 1 << 14
	longestLate = 15e9
)

// begins learns that a command of the unit was executed.
func (o *observer) begins(e *event) {
	if !o.alike.on || e.Mntns == o.mntns || !e.is(eventFirst) {
		return
	}
	o.alike.commands[e.Mntns] = true
	if prefix, there := o.spaces.open(e.Mntns, e.Tgid); there {
		o.alike.prefix = prefix
	}
}

// waits keeps an event back whose names nobody can look at so far.
func (o *observer) waits(e *event) bool {
	if e.Mntns == o.mntns || o.alike.over || o.alike.prefix != "" || !o.alike.commands[e.Mntns] || len(o.alike.late) >= mostLate {
		return false
	}
	if prefix, there := o.spaces.open(e.Mntns, e.Tgid); there || reachable(prefix) {
		return false
	}
	o.alike.late = append(o.alike.late, *e)
	return true
}

// reachable says whether a process is there to look through.
func reachable(prefix string) bool {
	var st syscall.Stat_t
	return syscall.Stat(prefix+"/", &st) == nil
}

// catchUp takes the events that waited once their names can be looked at, and at the
// end, or when none came for too long, as they are.
func (o *observer) catchUp(now uint64, end bool) error {
	late := o.alike.late
	if len(late) == 0 || o.alike.prefix == "" && !end && now < late[len(late)-1].Time+longestLate {
		return nil
	}
	o.alike.late, o.alike.over = nil, o.alike.over || o.alike.prefix == ""
	for _, e := range late {
		if err := o.observe(e); err != nil {
			return err
		}
	}
	return nil
}

// prefixOf leads to the files that the task of an event saw.
func (o *observer) prefixOf(e *event) string {
	if e.Mntns == o.mntns {
		return ""
	}
	prefix, there := o.spaces.open(e.Mntns, e.Tgid)
	if !there && o.alike.prefix != "" && o.alike.commands[e.Mntns] && !reachable(prefix) {
		return o.alike.prefix
	}
	return prefix
}
