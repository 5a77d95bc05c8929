package record

import (
	"strings"

	"github.com/osapi-io/osapi-profile/trace"
	"github.com/osapi-io/osapi-profile/trace/record/sysnum"
)

// exec is a program that took the place of another.
func (o *observer) exec(e event) error {
	if e.is(eventDetached) {
		from := "from memory (memfd_create)"
		if e.text[textWalk] != "" {
			from = "from a mount that has no place"
		}
		o.holes.add(trace.HoleUnresolved, "a program was executed "+from+": no path can be granted for it")
		o.targets[e.Target] = 0
		return o.release(e.Target)
	}
	v := o.view(&e)
	subject := trace.Subject{Exe: trace.Path(climb(e.text[textWalk]))}
	name := e.text[textName]
	called := o.names.resolve(v, climb(e.text[textWalk2]), name, true)
	if e.is(eventScript) {
		subject.Script = trace.Path(called.path)
		if called.missing || strings.HasPrefix(name, "/dev/fd/") {
			o.holes.add(trace.HoleUnresolved, "a script's path could not be resolved")
		}
	}
	image := o.image(v.prefix + string(subject.Exe))
	if image.loader != "" {
		subject.Loader = trace.Path(o.names.resolve(v, "/", image.loader, true).path)
	}
	subject.Runtime, subject.Lifted = image.runtime, liftedName(e.Flags)
	target, err := o.subject(subject)
	if err != nil {
		return err
	}
	if _, known := o.targets[e.Target]; !known {
		o.targets[e.Target] = target
		if err := o.release(e.Target); err != nil {
			return err
		}
	}
	if e.is(eventAttached) {
		return o.found(&e, target, image)
	}
	if e.is(eventScript) && !e.is(eventFirst) {
		if err := o.interpreters(v, &e, subject.Script, subject.Exe); err != nil {
			return err
		}
	}
	f := trace.Exec{Seen: o.seen(&e.RecorderEvent), Target: target, Called: o.absolute(v, &e),
		UID: e.is(eventUID), GID: e.is(eventGID), Caps: e.is(eventCaps)}
	if e.is(eventFirst) {
		f.Subject = 0 // the recorder's launcher is not part of the worker
	}
	fresh, err := o.execs.again(f)
	o.note(fresh)
	return err
}

// found is a process that ran already. The calls that its threads wait in are
// all that is told of it so far.
func (o *observer) found(e *event, target int, image image) error {
	if image.compat {
		return nil
	}
	for _, number := range waitingCalls(e.Tgid, e.Inode) {
		f := trace.Syscall{Seen: o.seen(&e.RecorderEvent), Name: sysnum.Name(o.arch, sysnum.Native, number)}
		f.Subject, f.Outcome = target, ""
		fresh, err := o.syscalls.see(f)
		o.note(fresh)
		if err != nil {
			return err
		}
	}
	return nil
}

// liftedName spells enum lifted, which stands in the flags of an exec.
func liftedName(flags uint32) trace.Lifted {
	switch flags >> eventLifted & 3 {
	case liftedUser:
		return trace.LiftedUser
	case liftedAll:
		return trace.LiftedAll
	}
	return ""
}

// absolute is the name a program was called by, from the root of its namespace.
func (o *observer) absolute(v view, e *event) trace.Path {
	name, base := e.text[textName], climb(e.text[textWalk2])
	if strings.HasPrefix(name, "/") {
		base = v.root
	}
	return trace.Path(join(base, split(name)...))
}

func (o *observer) image(name string) image {
	known, ok := o.images[name]
	if !ok {
		known = inspect(name)
		o.images[name] = known
	}
	return known
}
