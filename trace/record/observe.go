package record

import (
	"strings"
	"syscall"

	"github.com/osapi-io/osapi-profile/bpf"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/osapi-io/osapi-profile/trace/record/sysnum"
)

// observer turns events into facts.
type observer struct {
	*collector
	arch       string
	mntns      uint32 // the recorder's own mount namespace
	spaces     mountSpaces
	alike      alike
	names      *resolver
	operations []string       // by number; 0 is "" (no plan)
	targets    map[uint32]int // the kernel's number of a subject → its ID in the trace
	waiting    map[uint32][]event
	filesystem map[uint64]string // st_dev → type, learnt from what the kernel resolved
	images     map[string]image
	// Where the names of UNIX sockets lead, which depends on the directory and the
	// root of whoever used them: learnt from the event of the file.
	socketPaths map[socketName]trace.Path
	requested   bool // what rings are asked for is seen
	opens       bool // files that the kernel opens by itself are seen

	doubts    doubts
	meanwhile func() error // done now and then while the sets are read; may be nil
}

// socketName is the path of a UNIX socket as a program wrote it.
type socketName struct {
	subject int
	name    string
}

func newObserver(c *collector, arch string, mntns uint32) *observer {
	return &observer{
		collector: c, arch: arch, mntns: mntns, spaces: mountSpaces{}, names: newResolver(), operations: []string{""},
		targets: map[uint32]int{0: 0}, waiting: map[uint32][]event{}, filesystem: map[uint64]string{},
		alike: alike{commands: map[uint32]bool{}}, images: map[string]image{}, socketPaths: map[socketName]trace.Path{}, doubts: doubts{certain: map[bpf.RecorderCallKey]bool{}},
	}
}

// observe takes one event. Events of a subject whose exec has not come yet
// wait for it: another CPU may have been quicker.
func (o *observer) observe(e event) error {
	if _, known := o.targets[e.Subject]; !known {
		o.waiting[e.Subject] = append(o.waiting[e.Subject], e)
		return nil
	}
	if e.is(eventCut) {
		o.holes.add(trace.HoleUnresolved, "a file name was longer than the probes can read")
		return nil
	}
	if e.Kind == eventFile {
		return o.file(e)
	}
	if o.begins(&e); o.waits(&e) {
		return nil
	}
	if err := o.catchUp(e.Time, false); err != nil {
		return err
	}
	switch e.Kind {
	case eventPath:
		return o.named(e)
	case eventPaths:
		return o.pair(e)
	}
	return o.exec(e)
}

// release takes the events that waited for a subject, or for one that never
// came: these belong to subject 0.
func (o *observer) release(subject uint32) error {
	events := o.waiting[subject]
	delete(o.waiting, subject)
	for _, e := range events {
		if err := o.observe(e); err != nil {
			return err
		}
	}
	return nil
}

// abandon gives up waiting, at the end.
func (o *observer) abandon() error {
	if err := o.catchUp(0, true); err != nil {
		return err
	}
	for subject, events := range o.waiting {
		o.holes.set(trace.HoleUnresolved, "a program could not be told: its exec was lost", uint64(len(events)))
		o.targets[subject] = 0
		if err := o.release(subject); err != nil {
			return err
		}
	}
	return nil
}

func (o *observer) seen(e *bpf.RecorderEvent) trace.Seen {
	at := o.milliseconds(e.Time)
	return trace.Seen{
		Subject: o.targets[e.Subject], Operation: o.operation(e.Operation),
		Outcome: outcomeName(e.Outcome), Count: 1, First: at, Last: at,
	}
}

func (o *observer) operation(n uint32) string {
	if int(n) < len(o.operations) {
		return o.operations[n]
	}
	return ""
}

// call names a system call as it stands in a key.
func (o *observer) call(call uint32) (name string, abi sysnum.ABI) {
	switch {
	case call == callRing:
		return "io_uring", sysnum.Native
	case call >= callExeced:
		return "", sysnum.Native
	}
	abi = sysnum.ABI(call >> callABIShift)
	return sysnum.Name(o.arch, abi, call&callNumberMask), abi
}

// The encoding of a call in bpf/abi.h.
const (
	callABIShift   = 12
	callNumberMask = 0xfff
	callExeced     = 0xfffffffe
	callRing       = 0xfffffffd
)

func (o *observer) view(e *event) view {
	return view{prefix: o.prefixOf(e), root: climb(e.text[textRoot]), pid: e.Tgid, mntns: e.Mntns, time: e.Time}
}

// fact is what any event says of a file, the path aside.
func (o *observer) fact(e *event) trace.File {
	name, _ := o.call(e.Call)
	return trace.File{
		Seen: o.seen(&e.RecorderEvent), Access: trace.Access(e.Access), Syscall: name,
		FSUID: e.Fsuid, FSGID: e.Fsgid,
	}
}

func (o *observer) see(f trace.File) error {
	fresh, err := o.files.again(f)
	o.note(fresh)
	return err
}

// unread is an event without the name that it was about. A call that came to
// EFAULT had none.
func (o *observer) unread(e *event) error {
	if name, _ := o.call(e.Call); e.Outcome != uint32(syscall.EFAULT) {
		o.holes.add(trace.HoleUnresolved, "a file name given to "+name+"(2) could not be read from the worker's memory")
	}
	return nil
}

// nowhere is a hole of names that start below a mount which is in no tree.
const nowhere = "a name was used that starts in a mount that has no place: it was unmounted lazily, or never moved to one"

// astray says whether an event is of a name that leads nowhere. What never had a name,
// such as a pipe, is no loss.
func (o *observer) astray(e *event) bool {
	if !e.is(eventDetached) {
		return false
	}
	if e.text[textName] != "" || e.text[textWalk] != "" {
		o.holes.add(trace.HoleUnresolved, nowhere)
	}
	return true
}

// file is an event with what the kernel resolved.
func (o *observer) file(e event) error {
	f := o.fact(&e)
	f.Path = trace.Path(climb(e.text[textWalk]))
	f.Type, f.UID, f.GID, f.Mode = typeOf(e.Mode), e.Uid, e.Gid, e.Mode&0o7777
	f.FS, f.Device = text(e.Fs[:]), device(e.Mode, e.Rdev)
	f.Anon = e.is(eventDetached) || e.is(eventUnlinked) && !e.is(eventTmpfile) && !o.view(&e).leads(string(f.Path), uint64(e.Device), e.Inode)
	if f.Anon && f.Access == trace.AccessStat {
		return nil // fstat of a pipe, say
	}
	if !f.Anon && e.Device != 0 {
		o.filesystem[uint64(e.Device)] = f.FS
	}
	o.names.memory.learn(&e, &f)
	return o.see(f)
}

// named is an event with a name as the program wrote it.
func (o *observer) named(e event) error {
	if e.is(eventFault) {
		return o.unread(&e)
	}
	if e.text[textName] == "" && e.Outcome == uint32(syscall.ENOENT) {
		return nil // an empty name names nothing
	}
	f := o.fact(&e)
	if f.Syscall == "mq_open" || f.Syscall == "mq_unlink" {
		return o.queue(f, e.text[textName])
	}
	if o.astray(&e) {
		return nil
	}
	at := o.names.resolve(o.view(&e), climb(e.text[textWalk]), e.text[textName], e.is(eventFollow))
	o.place(&f, at)
	if f.Access&trace.AccessMount != 0 {
		f.Target = o.mounted(o.view(&e), e.text[textName2])
	}
	f.Anon = f.Anon || e.is(eventUnlinked)
	if f.Type == "" && e.Mode != 0 { // a probe saw it before it was gone
		f.Type, f.UID, f.GID, f.Mode = typeOf(e.Mode), e.Uid, e.Gid, e.Mode&0o7777
	}
	o.names.memory.learn(&e, &f)
	if f.Access&(trace.AccessBind|trace.AccessConnect) != 0 {
		o.socketPaths[socketName{f.Subject, e.text[textName]}] = f.Path
	}
	if f.Anon && f.Access == trace.AccessStat {
		return nil
	}
	return o.see(f)
}

// pair is a rename or a hard link: two names, two facts.
func (o *observer) pair(e event) error {
	if e.is(eventFault) {
		return o.unread(&e)
	}
	if o.astray(&e) {
		return nil
	}
	v := o.view(&e)
	from := o.names.resolve(v, climb(e.text[textWalk]), e.text[textName], e.is(eventFollow))
	to := o.names.resolve(v, climb(e.text[textWalk2]), e.text[textName2], false)
	first, second := o.fact(&e), o.fact(&e)
	o.place(&first, from)
	o.place(&second, to)
	o.names.memory.learn(&e, &first)
	if first.Access&trace.AccessRenameFrom != 0 && first.Outcome == trace.OK {
		o.names.memory.rename(e.Mntns, from.path, to.path)
	}
	second.Access = trace.Access(e.Access2)
	second.Target = first.Path
	if first.Access&trace.AccessRenameTo != 0 { // exchanged
		first.Target = second.Path
	}
	if first.Type == "" { // renamed: what it was stands at its new name now
		first.Type, first.UID, first.GID, first.Mode, first.FS =
			second.Type, second.UID, second.GID, second.Mode, second.FS
	}
	if err := o.see(first); err != nil {
		return err
	}
	return o.see(second)
}

// text is a C string in a fixed field.
func text(field []int8) string {
	var b strings.Builder
	for _, c := range field {
		if c == 0 {
			break
		}
		b.WriteByte(byte(c))
	}
	return b.String()
}
