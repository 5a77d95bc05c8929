package record

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"slices"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"

	"github.com/osapi-io/osapi-profile/bpf"
	"github.com/osapi-io/osapi-profile/trace"
)

// ErrUnsupported says that this kernel, or these privileges, cannot record.
var ErrUnsupported = errors.New("cannot record here")

// choice is one way to see a kind of fact: programs that are loaded together.
type choice struct {
	hook     string
	programs []string
}

// capabilityChoices are tried in this order. fexit gives the final verdict and
// the options of the check; the tracepoint needs no function probe. Programs below
// see what passes the tracepoint, and not security_capable.
func capabilityChoices() []choice {
	return []choice{
		{"fexit/security_capable", []string{"capability_fexit", "below_fexit"}},
		{"tp_btf/cap_capable", []string{"capability_tracepoint"}},
		{"kprobe/security_capable", []string{"capability_kprobe", "capability_kretprobe", "below_kprobe", "below_kretprobe"}},
	}
}

// tracepoints are what no recording does without.
func tracepoints() []string {
	return []string{"fork", "finish", "exec", "enter", "leave"}
}

// handlerPrograms are reached by tail call, by their number in bpf/abi.h.
func handlerPrograms() map[uint32]string {
	return map[uint32]string{
		handleOpen: "handle_open", handlePath: "handle_path", handlePaths: "handle_paths",
		handleFD: "handle_fd", handleSocket: "handle_socket", handlePeer: "handle_peer",
	}
}

// probes are the programs in the kernel, attached while the value lives.
type probes struct {
	maps      bpf.RecorderMaps
	variables bpf.RecorderVariables
	chosen    []trace.Probe
	functions map[string]bool // kernel functions that are hooked
	requests  bool            // what rings are asked for is seen

	collection *ebpf.Collection
	links      map[string]link.Link // by name of the program
}

// load loads and attaches everything, and loads more. The scope is still closed: nothing is
// recorded before arm.
func load(ways []choice, functions []string, more ...string) (*probes, error) {
	spec, err := bpf.LoadRecorder()
	if err != nil {
		return nil, fmt.Errorf("reading the built-in probes: %w", err)
	}
	kernel := btf.NewCache() // its types are decoded once: a tenth of a second each time
	capability := chooseCapability(spec, kernel, ways)
	wanted := slices.Concat(tracepoints(), capability.programs, functionPrograms(spec, kernel, functions, capability), more)
	for _, name := range handlerPrograms() {
		wanted = append(wanted, name)
	}
	p := &probes{chosen: chosen(capability.hook)}
	if p.collection, err = collect(only(spec, wanted), kernel); err != nil {
		return nil, explain(err)
	}
	if err := p.attach(capability); err != nil {
		p.close()
		return nil, explain(err)
	}
	if err := p.attachFunctions(); err != nil {
		p.close()
		return nil, explain(err)
	}
	return p, nil
}

// collect loads what is in a specification, with the kernel's types as they were
// decoded before.
func collect(spec *ebpf.CollectionSpec, kernel *btf.Cache) (*ebpf.Collection, error) {
	return ebpf.NewCollectionWithOptions(spec, ebpf.CollectionOptions{Cache: kernel})
}

// only leaves the programs of these names.
func only(spec *ebpf.CollectionSpec, names []string) *ebpf.CollectionSpec {
	spec = spec.Copy()
	for name := range spec.Programs {
		if !slices.Contains(names, name) {
			delete(spec.Programs, name)
		}
	}
	return spec
}

func chosen(capability string) []trace.Probe {
	return []trace.Probe{
		{Fact: "syscall", Hook: "tp_btf/sys_enter+sys_exit"}, {Fact: "exec", Hook: "tp_btf/sched_process_exec"},
		{Fact: "file", Hook: "tp_btf/sys_exit"}, {Fact: "capability", Hook: capability},
		{Fact: "socket", Hook: "tp_btf/sys_exit"}, {Fact: "argument", Hook: "tp_btf/sys_exit"},
	}
}

// chooseCapability tries each way for real: whether a program loads says
// nothing of whether it attaches.
func chooseCapability(spec *ebpf.CollectionSpec, kernel *btf.Cache, ways []choice) choice {
	for _, c := range ways {
		if try(spec, kernel, c) == nil {
			return c
		}
	}
	return choice{}
}

func try(spec *ebpf.CollectionSpec, kernel *btf.Cache, c choice) error {
	p := &probes{}
	var err error
	if p.collection, err = collect(small(only(spec, c.programs)), kernel); err != nil {
		return err
	}
	defer p.close()
	for _, name := range c.programs {
		if err := p.hook(name); err != nil {
			return err
		}
	}
	return nil
}

// small makes the maps of a collection that only is tried as small as they can
// be: to clear tables takes longer than all else.
func small(spec *ebpf.CollectionSpec) *ebpf.CollectionSpec {
	for _, m := range spec.Maps {
		switch m.Type {
		case ebpf.Hash, ebpf.LRUHash:
			m.MaxEntries = 1
		case ebpf.RingBuf:
			m.MaxEntries = uint32(os.Getpagesize())
		}
	}
	return spec
}

func (p *probes) attach(capability choice) error {
	if err := p.collection.Assign(&p.maps); err != nil {
		return err
	}
	if err := p.collection.Assign(&p.variables); err != nil {
		return err
	}
	if err := p.store(); err != nil {
		return err
	}
	for i, t := range treatments(runtime.GOARCH) {
		if t.Handler == 0 && t.ArgMask == 0 && t.AtEnter == 0 && t.CheckArg == 0 && t.Ring == 0 {
			continue
		}
		if err := p.maps.Treatments.Put(uint32(i), t); err != nil {
			return fmt.Errorf("filling the table of calls: %w", err)
		}
	}
	for number, name := range handlerPrograms() {
		if err := p.maps.Handlers.Put(number, p.collection.Programs[name]); err != nil {
			return fmt.Errorf("placing %s: %w", name, err)
		}
	}
	for _, name := range slices.Concat(tracepoints(), capability.programs) {
		if err := p.hook(name); err != nil {
			return fmt.Errorf("attaching %s: %w", name, err)
		}
	}
	return nil
}

func (p *probes) hook(name string) error {
	var (
		l       link.Link
		err     error
		program = p.collection.Programs[name]
	)
	switch name {
	case "capability_kprobe":
		l, err = link.Kprobe("security_capable", program, nil)
	case "capability_kretprobe":
		l, err = link.Kretprobe("security_capable", program, nil)
	case "below_kprobe":
		l, err = link.Kprobe("cap_capable", program, nil)
	case "below_kretprobe":
		l, err = link.Kretprobe("cap_capable", program, nil)
	default:
		l, err = link.AttachTracing(link.TracingOptions{Program: program})
	}
	if err != nil {
		return err
	}
	if p.links == nil {
		p.links = map[string]link.Link{}
	}
	p.links[name] = l
	return nil
}

// arm says whose next exec opens the scope: a process of this pid namespace.
func (p *probes) arm(pid int) error {
	namespace, err := namespaceInode("/proc/self/ns/pid")
	if err != nil {
		return err
	}
	if err := p.variables.ArmedNamespace.Set(namespace); err != nil {
		return fmt.Errorf("arming the probes: %w", err)
	}
	if err := p.variables.Armed.Set(uint32(pid)); err != nil {
		return fmt.Errorf("arming the probes: %w", err)
	}
	return nil
}

// detach ends the recording; the maps can still be read.
func (p *probes) detach() { p.detachAllBut() }

// detachAllBut leaves the named programs attached.
func (p *probes) detachAllBut(names ...string) {
	for name, l := range p.links {
		if !slices.Contains(names, name) {
			_ = l.Close()
			delete(p.links, name)
		}
	}
}

func (p *probes) close() {
	p.detach()
	if p.collection != nil {
		p.collection.Close()
	}
}

// explain puts the kernel's refusal into words and names the remedy.
func explain(err error) error {
	var verifier *ebpf.VerifierError
	switch {
	case os.Geteuid() == 0 && tooOld(kernelRelease()):
		return fmt.Errorf("%w: Linux %s is too old: %s or newer is needed; osapi-profile doctor says what else is missing: %w",
			ErrUnsupported, kernelRelease(), oldestKernel, err)
	case errors.Is(err, errNoStorage): // says itself what to do
	case errors.As(err, &verifier):
		return fmt.Errorf("%w: the kernel refused a probe (please report this): %w", ErrUnsupported, err)
	case errors.Is(err, os.ErrPermission), os.Geteuid() != 0: // a feature that may not be tried looks as if it were missing
		return fmt.Errorf("%w: loading probes is not permitted; run as root (CAP_BPF and CAP_PERFMON at least, "+
			"and no kernel lockdown); osapi-profile doctor says what is missing: %w", ErrUnsupported, err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, ebpf.ErrNotSupported):
		return fmt.Errorf("%w: the kernel lacks BTF (/sys/kernel/btf/vmlinux, CONFIG_DEBUG_INFO_BTF) or a tracepoint; "+
			"use a distribution kernel of 6.1 or newer; osapi-profile doctor says what is missing: %w", ErrUnsupported, err)
	}
	return fmt.Errorf("%w: %w", ErrUnsupported, err)
}
