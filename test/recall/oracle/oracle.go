// Package oracle works out from a log of strace what a workload did: which
// files it opened, created, removed and renamed, by their resolved names. It
// shares no code with the recorder, whose answers it is held against. What the
// log does not say (the targets of symlinks, which names were there before) is
// read from the tree of files, which has to be as it was before the workload.
package oracle

import (
	"errors"
	"fmt"
	"strings"

	"github.com/osapi-io/osapi-profile/test/recall/seen"
	"github.com/osapi-io/osapi-profile/test/recall/strace"
)

type oracle struct {
	root      *node
	origins   map[int]origin
	processes map[int]*process
	sockets   map[string]strace.Arg // by "socket:[INODE]": the family it was made for
	seen      seen.Set
	line      int
}

// Read answers what the records show. The workload began in directory cwd.
func Read(records []strace.Record, cwd string) (seen.Set, error) {
	from, err := origins(records)
	if err != nil {
		return nil, err
	}
	if len(records) == 0 {
		return nil, errors.New("the log is empty")
	}
	o := &oracle{root: newTree(), origins: from, processes: map[int]*process{}, sockets: map[string]strace.Arg{}, seen: seen.Set{}}
	first := records[0].PID
	o.processes[first] = &process{
		o: o, pid: first, group: first,
		fs:  &directories{root: o.root, cwd: o.host(cwd)},
		fds: &descriptors{open: map[int]strace.File{}},
	}
	for _, r := range records {
		o.line = r.Line
		if err := o.record(r); err != nil {
			return nil, fmt.Errorf("line %d: %w", r.Line, err)
		}
	}
	return o.seen, nil
}

func (o *oracle) record(r strace.Record) error {
	p, err := o.process(r.PID)
	if err != nil {
		return err
	}
	switch r.Kind {
	case strace.KindSuperseded:
		other, err := o.process(r.Other)
		if err != nil {
			return err
		}
		*p = *other
		p.pid, p.group = r.PID, r.PID
	case strace.KindCall:
		if err := p.call(r.Call); err != nil {
			return fmt.Errorf("%s: %w", r.Call.Name, err)
		}
	}
	return nil
}

// call counts the call itself and, when it did what it was asked to, what it
// did to files and sockets.
func (p *process) call(c strace.Call) error {
	name := c.Name
	if c.ABI != "" {
		name = c.ABI + ":" + name
	}
	p.add("syscall", name)
	switch {
	case registers[c.Name]:
	case c.Result.OK():
		p.add("outcome", name+" ok")
	case c.Result.Errno != "":
		p.add("outcome", name+" "+c.Result.Errno)
	}
	p.notice(c)
	if !c.Result.OK() && (c.Result.Errno != "EINPROGRESS" || c.Name != "connect") {
		return nil
	}
	effect, ok := effects[c.Name]
	if !ok {
		return unknown(c)
	}
	err := effect(p, c)
	if errors.Is(err, errAnonymous) {
		return nil
	}
	return err
}

// registers return what the interrupted code had in a register.
var registers = set("rt_sigreturn", "sigreturn")

// unknown refuses a call that took an absolute path and that the table of
// effects does not have: it might have done something to that file.
func unknown(c strace.Call) error {
	if lookers[c.Name] {
		return nil
	}
	for _, a := range c.Args {
		if text, err := a.Text(); err == nil && strings.HasPrefix(text, "/") {
			return fmt.Errorf("takes a path and is not known")
		}
	}
	return nil
}

// lookers take a path and change nothing that is compared here.
var lookers = set("stat", "lstat", "newfstatat", "stat64", "lstat64", "fstatat64", "statx", "statfs", "statfs64",
	"access", "faccessat", "faccessat2", "readlink", "readlinkat", "getxattr", "lgetxattr", "listxattr", "llistxattr",
	"getcwd", "name_to_handle_at", "inotify_add_watch")

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// add puts down an item for the program that the process runs.
func (p *process) add(kind, name string) {
	p.o.seen.Add(seen.Item{Subject: p.subject, Kind: kind, Name: name}, fmt.Sprintf("line %d of the log", p.o.line))
}
