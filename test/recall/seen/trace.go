package seen

import (
	"fmt"
	"strings"

	"github.com/osapi-io/osapi-profile/trace"
)

// Opens are the calls that open a file, by which a look with O_PATH is told
// from one with stat(2).
var opens = map[string]bool{"open": true, "openat": true, "openat2": true, "creat": true, "open_by_handle_at": true}

// kinds are the accesses that are compared, each as its own item.
var kinds = trace.AccessRead | trace.AccessWrite | trace.AccessAppend | trace.AccessCreate | trace.AccessTruncate |
	trace.AccessDelete | trace.AccessRenameFrom | trace.AccessRenameTo | trace.AccessLinkFrom | trace.AccessLinkTo |
	trace.AccessChmod | trace.AccessChown | trace.AccessAttr | trace.AccessExecMap

// FromTrace answers what the trace holds of what is compared.
func FromTrace(t *trace.Trace) Set {
	s := Set{}
	names := subjects(t)
	for i, c := range t.Syscalls {
		name := c.Name
		if c.ABI != "" {
			name = c.ABI + ":" + name
		}
		where := fmt.Sprintf("system call %d of the trace", i+1)
		s.Add(Item{Subject: names[c.Subject], Kind: "syscall", Name: name}, where)
		if c.Outcome != "" {
			// To strace a filter's answer looks like the kernel's.
			outcome := strings.TrimPrefix(c.Outcome, trace.Seccomp)
			s.Add(Item{Subject: names[c.Subject], Kind: "outcome", Name: name + " " + outcome}, where)
		}
	}
	for i, e := range t.Execs {
		s.Add(Item{Subject: names[e.Subject], Kind: "exec", Name: names[e.Target]}, fmt.Sprintf("exec %d of the trace", i+1))
	}
	for i, f := range t.Files {
		s.file(names[f.Subject], f, fmt.Sprintf("file %d of the trace, by %s", i+1, f.Syscall))
	}
	for _, sub := range t.Subjects {
		if sub.Loader != "" {
			s.Add(Item{Subject: names[sub.ID], Kind: "exec-map", Name: string(sub.Loader)}, fmt.Sprintf("subject %d of the trace", sub.ID))
		}
	}
	for i, k := range t.Sockets {
		s.socket(names[k.Subject], k, fmt.Sprintf("socket %d of the trace", i+1))
	}
	return s
}

func subjects(t *trace.Trace) map[int]string {
	names := make(map[int]string, len(t.Subjects))
	for _, sub := range t.Subjects {
		names[sub.ID] = string(sub.Exe)
		if sub.Script != "" {
			names[sub.ID] = fmt.Sprintf("%s (%s)", sub.Script, sub.Exe)
		}
	}
	return names
}

func (s Set) file(subject string, f trace.File, where string) {
	if f.Outcome != trace.OK || f.Anon || f.Syscall == "recvmsg" { // strace does not tell what a descriptor that came in is
		return
	}
	add := func(kind, name string) { s.Add(Item{Subject: subject, Kind: kind, Name: name}, where) }
	for _, kind := range (f.Access & kinds).Names() {
		add(kind, string(f.Path))
	}
	if f.Access&trace.AccessStat != 0 && opens[f.Syscall] {
		add("path", string(f.Path))
	}
	if f.Access&trace.AccessBind != 0 {
		add("bound", string(f.Path))
	}
	if f.Access&trace.AccessConnect != 0 {
		add("reached", string(f.Path))
	}
}

func (s Set) socket(subject string, k trace.Socket, where string) {
	item := Item{Subject: subject, Kind: k.Action}
	switch {
	case k.Action == "create":
		item.Kind, item.Name = "socket", fmt.Sprintf("%s %s %d", k.Family, k.Type, k.Protocol)
	case k.Action == "listen" || k.Action == "accept" || k.Action == "receive" || !k.Succeeded():
		return
	case k.Abstract != "":
		item.Name = fmt.Sprintf("%s @%s", k.Family, string(k.Abstract))
	case k.Path != "":
		item.Name = fmt.Sprintf("%s %s", k.Family, string(k.Path))
	case k.Address != "":
		item.Name = fmt.Sprintf("%s %s %d", k.Family, k.Address, k.Port)
	default:
		item.Name = k.Family
	}
	s.Add(item, where)
}
