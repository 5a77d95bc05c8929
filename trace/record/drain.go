package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/cilium/ebpf"

	"github.com/osapi-io/osapi-profile/bpf"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/osapi-io/osapi-profile/trace/record/launch"
	"github.com/osapi-io/osapi-profile/trace/record/sysnum"
)

// The flags of a capability check in bpf/abi.h.
const (
	capUserNS   = 1
	capNoAudit  = 2
	capOverride = 4
	capSameID   = 8
	capBelow    = 16
)

// drain reads the sets that the kernel keeps and writes what is new in them.
// Entries of a subject that is not known yet are left for the next time,
// unless it is the last.
func (o *observer) drain(maps *bpf.RecorderMaps, symbols *symbols, last bool) error {
	known := func(subject uint32) bool {
		_, ok := o.targets[subject]
		return ok || last
	}
	if err := each(maps.Calls, o.meanwhile, func(k bpf.RecorderCallKey, v bpf.RecorderTally) error {
		if !known(k.Subject) {
			return nil
		}
		return o.syscall(k, v)
	}); err != nil {
		return err
	}
	if err := each(maps.Arguments, o.meanwhile, func(k bpf.RecorderArgumentKey, v bpf.RecorderTally) error {
		if !known(k.Subject) {
			return nil
		}
		return o.argument(k, v)
	}); err != nil {
		return err
	}
	for _, set := range []*ebpf.Map{maps.Sockets, maps.Peers} {
		if err := each(set, o.meanwhile, func(k bpf.RecorderSocketKey, v bpf.RecorderTally) error {
			if !known(k.Subject) {
				return nil
			}
			return o.socket(k, v, last)
		}); err != nil {
			return err
		}
	}
	return o.drainCapabilities(maps.Capabilities, symbols, known)
}

// batch is how many entries are read at once: a plan has a key for each fact of
// each operation, and two system calls for each of them would be felt.
const batch = 1024

// each walks a kernel map. An entry that is added meanwhile may be left for the
// next walk; one is never deleted. What is to be done between two batches is done
// if it is not nil: many entries take a while.
func each[K, V any](m *ebpf.Map, between func() error, visit func(K, V) error) error {
	var cursor ebpf.MapBatchCursor
	keys, values := make([]K, batch), make([]V, batch)
	for {
		n, err := m.BatchLookup(&cursor, keys, values, nil)
		if err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
			return fmt.Errorf("reading map %s: %w", m, err)
		}
		for i := range n {
			if err := visit(keys[i], values[i]); err != nil {
				return err
			}
		}
		if err != nil {
			return nil // that was all
		}
		if between == nil {
			continue
		}
		if err := between(); err != nil {
			return err
		}
	}
}

func (o *observer) tallied(subject, operation, outcome uint32, v bpf.RecorderTally) trace.Seen {
	return trace.Seen{
		Subject: o.targets[subject], Operation: o.operation(operation), Outcome: outcomeName(outcome),
		Count: v.Count, First: o.milliseconds(v.First), Last: o.milliseconds(v.Last),
	}
}

func (o *observer) syscall(k bpf.RecorderCallKey, v bpf.RecorderTally) error {
	if o.doubts.about(k, v) {
		return nil
	}
	name, abi := o.call(k.Call)
	if inMemory(name, abi) {
		o.holes.set(trace.HoleCompat, fmt.Sprintf("%s(2) of %s was called, whose arguments lie in memory: whether memory "+
			"was made executable by it is not seen", name, abi.Label(o.arch)), 1)
	}
	if abi == sysnum.X32 && k.Call&callNumberMask >= numbers {
		o.holes.set(trace.HoleCompat, "calls were made that only x32 has: their arguments are not seen", 1)
	}
	if name == "io_uring_setup" && k.Outcome == 0 && !o.requested {
		o.holes.set(trace.HoleIOURing, "io_uring is used: what its rings do runs no system call and is not seen", 1)
	}
	fresh, err := o.syscalls.see(trace.Syscall{Seen: o.tallied(k.Subject, k.Operation, k.Outcome, v), Name: name,
		ABI: abi.Label(o.arch)})
	o.note(fresh)
	return err
}

// inMemory says whether a call of the older 32-bit ABI takes a structure where
// the calls of that name that are looked at take arguments.
func inMemory(name string, abi sysnum.ABI) bool {
	return abi == sysnum.Compat && (name == "mmap" || name == "ipc")
}

func (o *observer) argument(k bpf.RecorderArgumentKey, v bpf.RecorderTally) error {
	call, _ := o.call(k.Call)
	f := trace.Argument{Seen: o.tallied(k.Subject, k.Operation, k.Outcome, v), Syscall: call}
	f.Name, f.Value = argumentOf(call, k.Value)
	f.Target = targetOf(&k)
	fresh, err := o.arguments.see(f)
	o.note(fresh)
	return err
}

func (o *observer) socket(k bpf.RecorderSocketKey, v bpf.RecorderTally, last bool) error {
	f := trace.Socket{
		Seen: o.tallied(k.Subject, k.Operation, k.Outcome, v), Action: socketAction(k.Action),
		Family: named(families, k.Family, "AF_"), Type: named(socketTypes, k.Type, "SOCK_"), Protocol: int(k.Protocol),
	}
	if !o.address(&f, k.Address[:min(int(k.Length), len(k.Address))]) && !last {
		return nil
	}
	fresh, err := o.sockets.see(f)
	o.note(fresh)
	return err
}

// address reads what bpf/socket.h left of a sockaddr. It says false while the
// event that tells where a UNIX path leads has not come.
func (o *observer) address(f *trace.Socket, raw []byte) (known bool) {
	if len(raw) < 2 {
		return true
	}
	family := families[binary.NativeEndian.Uint16(raw)]
	switch {
	case len(raw) == 4 && family != "AF_UNIX": // one of too many peers
		f.Port = int(binary.BigEndian.Uint16(raw[2:]))
	case family == "AF_INET" && len(raw) == 8:
		f.Port = int(binary.BigEndian.Uint16(raw[2:]))
		f.Address = netip.AddrFrom4([4]byte(raw[4:8])).String()
	case family == "AF_INET6" && len(raw) == 20:
		f.Port = int(binary.BigEndian.Uint16(raw[2:]))
		f.Address = netip.AddrFrom16([16]byte(raw[4:20])).String()
	case family == "AF_UNIX" && len(raw) > 2 && raw[2] == 0:
		f.Abstract = trace.Path(strings.ReplaceAll(string(raw[3:]), "\x00", "@"))
	case family == "AF_UNIX" && len(raw) > 2:
		f.Path, known = o.socketPaths[socketName{f.Subject, string(raw[2:])}]
		return known
	}
	return true
}

// drainCapabilities sums the call chains that come to the same caller.
func (o *observer) drainCapabilities(m *ebpf.Map, symbols *symbols, known func(uint32) bool) error {
	sums := map[trace.Capability]trace.Seen{}
	err := each(m, o.meanwhile, func(k bpf.RecorderCapabilityKey, v bpf.RecorderCapabilityValue) error {
		if !known(k.Subject) {
			return nil
		}
		if k.Flags&capBelow != 0 && symbols.has(v.Stack[:], "security_capable") {
			return nil // seen there
		}
		outcome := uint32(0)
		if k.Denied != 0 {
			outcome = 1 // EPERM
		}
		f := trace.Capability{Seen: o.tallied(k.Subject, k.Operation, outcome, v.Tally),
			Name: launch.CapabilityName(k.Capability), UserNS: k.Flags&capUserNS != 0}
		var abi sysnum.ABI
		if f.Syscall, abi = o.call(k.Call); abi != sysnum.Compat {
			f.Argument = checkArgument(f.Syscall, k.Level, k.Argument)
		}
		f.Caller, f.Optional = symbols.judge(v.Stack[:])
		switch {
		case k.Flags&capOverride != 0 && !symbols.own(f, v.Stack[:]):
			f.Optional = trace.Override
		case k.Flags&capSameID != 0 && f.Optional == trace.Needed:
			f.Optional = trace.Same
		case k.Flags&capNoAudit != 0 && f.Optional == trace.Needed:
			f.Optional = trace.NoAudit
		}
		identity := o.capabilities.identity(f)
		sum, ok := sums[identity]
		if !ok {
			sums[identity] = f.Seen
			return nil
		}
		sum.Count += f.Count
		sum.First, sum.Last = min(sum.First, f.First), max(sum.Last, f.Last)
		sums[identity] = sum
		return nil
	})
	if err != nil {
		return err
	}
	for f, seen := range sums {
		f.Seen = seen
		fresh, err := o.capabilities.see(f)
		o.note(fresh)
		if err != nil {
			return err
		}
	}
	return nil
}
