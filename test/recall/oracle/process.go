package oracle

import (
	"fmt"
	"maps"

	"github.com/osapi-io/osapi-profile/test/recall/strace"
)

// process is a thread with what it shares or has inherited.
type process struct {
	o       *oracle
	pid     int
	group   int // number of the process that the thread belongs to
	fs      *directories
	fds     *descriptors
	subject string
}

// directories are where relative and absolute paths begin (CLONE_FS).
type directories struct{ root, cwd *node }

// descriptors are what the log has told of open files (CLONE_FILES).
type descriptors struct{ open map[int]strace.File }

// origin is how a thread came to be.
type origin struct {
	parent int
	flags  map[string]bool
}

var makers = map[string]bool{"clone": true, "clone3": true, "fork": true, "vfork": true}

// origins reads beforehand who makes whom, since a child's calls may stand in
// the log before the call that made it.
func origins(records []strace.Record) (map[int]origin, error) {
	from := make(map[int]origin)
	for _, r := range records {
		if r.Kind != strace.KindCall || !makers[r.Call.Name] || !r.Call.Result.OK() {
			continue
		}
		child := int(r.Call.Result.Value)
		if _, twice := from[child]; twice {
			return nil, fmt.Errorf("line %d: thread %d is made twice", r.Line, child)
		}
		flags := map[string]bool{}
		for _, a := range r.Call.Args {
			if r.Call.Name == "clone3" && a.Field("flags") != "" {
				flags = a.Field("flags").Flags()
			}
			if v, ok := a.Value("flags"); ok {
				flags = v.Flags()
			}
		}
		from[child] = origin{parent: r.PID, flags: flags}
	}
	return from, nil
}

// process finds the thread of a record; one that is new begins as its parent
// is now.
func (o *oracle) process(pid int) (*process, error) {
	if p, ok := o.processes[pid]; ok {
		return p, nil
	}
	from, ok := o.origins[pid]
	if !ok {
		return nil, fmt.Errorf("nobody made thread %d", pid)
	}
	parent, err := o.process(from.parent)
	if err != nil {
		return nil, err
	}
	p := *parent
	p.pid, p.group = pid, pid
	if from.flags["CLONE_THREAD"] {
		p.group = parent.group
	}
	if !from.flags["CLONE_FS"] {
		p.fs = &directories{root: parent.fs.root, cwd: parent.fs.cwd}
	}
	if !from.flags["CLONE_FILES"] {
		p.fds = &descriptors{open: maps.Clone(parent.fds.open)}
	}
	o.processes[pid] = &p
	return &p, nil
}

// notice keeps what a call shows of descriptors.
func (p *process) notice(c strace.Call) {
	for _, a := range c.Args {
		if fd, file, err := a.FD(); err == nil && file != nil && fd >= 0 {
			p.fds.open[fd] = *file
		}
	}
	if c.Result.File != nil {
		p.fds.open[int(c.Result.Value)] = *c.Result.File
	}
}
