package record

import (
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"

	"github.com/osapi-io/osapi-profile/bpf"
	"github.com/osapi-io/osapi-profile/trace"
)

// function is a kernel function that tells what no system call does.
type function struct {
	hook uint64 // enum hook of bpf/function.h
	name string
	fact string // kind of the facts it adds
}

func (f function) program() string { return "fexit_" + f.name }

// functions are in the order of enum hook. Which of them a kernel has differs:
// security_file_truncate is there since 6.2, __sys_bind_socket and
// __sys_listen_socket since 6.11, when rings learnt to bind and to listen, and
// do_filp_open is do_file_open since 7.0. The arguments that are looked at have been
// the same since 6.1; vfs_mkdir gives back a pointer since 6.15, which
// bpf/ringfile.h tells from a number.
func functions() []function {
	names := []struct{ name, fact string }{
		{"do_filp_open", "file"}, {"security_file_open", "file"}, {"security_file_truncate", "file"},
		{"security_path_mkdir", "file"}, {"security_path_symlink", "file"}, {"security_path_unlink", "file"},
		{"security_path_rmdir", "file"}, {"security_path_rename", "file"}, {"security_path_link", "file"},
		{"vfs_mkdir", "file"}, {"vfs_symlink", "file"}, {"vfs_unlink", "file"},
		{"vfs_rmdir", "file"}, {"vfs_rename", "file"}, {"vfs_link", "file"},
		{"__sock_create", "socket"}, {"__sys_connect_file", "socket"}, {"__sys_bind_socket", "socket"},
		{"__sys_listen_socket", "socket"}, {"security_socket_sendmsg", "socket"},
	}
	list := make([]function, len(names))
	for i, n := range names {
		list[i] = function{uint64(i), n.name, n.fact}
	}
	return append(list, function{0, "do_file_open", "file"}) // what do_filp_open is called since 7.0
}

// The ways to see a function, best first. fexit needs BPF trampolines.
const (
	byFexit  = "fexit"
	byKprobe = "kprobe"
)

func functionWays() []string { return []string{byFexit, byKprobe} }

// requestPrograms tell what rings are asked for; a kernel has one of the
// tracepoints.
func requestPrograms() []string { return []string{"request", "request_sqe"} }

func requestHook(program string) string {
	if program == "request" {
		return "tp_btf/io_uring_submit_req"
	}
	return "tp_btf/io_uring_submit_sqe"
}

// functionPrograms are those programs for functions that can be loaded here by
// one of the ways: fexit wants each function to be in the kernel's BTF.
func functionPrograms(spec *ebpf.CollectionSpec, cache *btf.Cache, ways []string, capability choice) []string {
	kernel, err := cache.Kernel()
	if err != nil {
		return nil
	}
	var names []string
	for _, name := range requestPrograms() {
		var prototype *btf.Typedef
		if kernel.TypeByName("btf_trace_"+strings.TrimPrefix(requestHook(name), "tp_btf/"), &prototype) == nil {
			names = append(names, name)
		}
	}
	tried := choice{programs: []string{"fexit_security_file_open"}}
	if slices.Contains(ways, byFexit) && (strings.HasPrefix(capability.hook, "fexit/") || try(spec, cache, tried) == nil) {
		names = append(names, trampolines(kernel)...)
	}
	if slices.Contains(ways, byKprobe) && haveKprobes() {
		names = append(names, "function_kprobe", "function_kretprobe")
	}
	return names
}

// haveKprobes looks for the event source by which they are attached.
func haveKprobes() bool {
	_, err := os.Stat("/sys/bus/event_source/devices/kprobe/type")
	return err == nil
}

// trampolines are the fexit programs whose functions this kernel has.
func trampolines(kernel *btf.Spec) []string {
	var names []string
	for _, f := range functions() {
		var known *btf.Func
		if kernel.TypeByName(f.name, &known) == nil {
			names = append(names, f.program())
		}
	}
	return names
}

// attachFunctions hooks every function by the best way that works for it.
func (p *probes) attachFunctions() error {
	p.functions = map[string]bool{}
	for _, f := range functions() {
		hook := ""
		switch {
		case p.collection.Programs[f.program()] != nil && p.hook(f.program()) == nil:
			hook = byFexit
		case p.hookKprobes(f) == nil:
			hook = byKprobe
		default:
			continue
		}
		p.functions[functions()[f.hook].name] = true
		p.chosen = append(p.chosen, trace.Probe{Fact: f.fact, Hook: hook + "/" + f.name})
	}
	for _, name := range requestPrograms() {
		if p.collection.Programs[name] != nil && p.hook(name) == nil {
			p.requests = true
			p.chosen = append(p.chosen, trace.Probe{Fact: "io_uring", Hook: requestHook(name)})
		}
	}
	if p.requests {
		return nil
	}
	// Nothing tells when the first request comes: it may have come.
	return p.variables.Rings.Set(uint32(1))
}

func (p *probes) hookKprobes(f function) error {
	entry, end := p.collection.Programs["function_kprobe"], p.collection.Programs["function_kretprobe"]
	if entry == nil || end == nil {
		return errors.ErrUnsupported
	}
	options := &link.KprobeOptions{Cookie: f.hook}
	first, err := link.Kprobe(f.name, entry, options)
	if err != nil {
		return err
	}
	second, err := link.Kretprobe(f.name, end, options)
	if err != nil {
		return errors.Join(err, first.Close())
	}
	p.links["kprobe/"+f.name], p.links["kretprobe/"+f.name] = first, second
	return nil
}

// request is an operation of io_uring that needs a permission of its own, by
// enum io_uring_op of linux/io_uring.h, with the functions that tell all of it.
type request struct {
	name, fact string
	by         []string
}

// lastRequest is the newest operation that is known here.
const lastRequest = 62

// requests are those operations. What is not listed works on descriptors and
// memory that the worker holds, and asks for nothing.
func requests() map[uint32]request {
	sends := []string{"security_socket_sendmsg"}
	opens := []string{"do_filp_open"}
	changes := func(what string) []string { return []string{"security_path_" + what, "vfs_" + what} }
	return map[uint32]request{
		9:  {"SENDMSG", "socket", sends},
		16: {"CONNECT", "socket", []string{"__sys_connect_file"}},
		18: {"OPENAT", "file", opens},
		21: {"STATX", "file", nil},
		26: {"SEND", "socket", sends},
		28: {"OPENAT2", "file", opens},
		35: {"RENAMEAT", "file", changes("rename")},
		36: {"UNLINKAT", "file", slices.Concat(changes("unlink"), changes("rmdir"))},
		37: {"MKDIRAT", "file", changes("mkdir")},
		38: {"SYMLINKAT", "file", changes("symlink")},
		39: {"LINKAT", "file", changes("link")},
		41: {"FSETXATTR", "file", nil},
		42: {"SETXATTR", "file", nil},
		44: {"GETXATTR", "file", nil},
		45: {"SOCKET", "socket", []string{"__sock_create"}},
		46: {"URING_CMD", "device", nil},
		47: {"SEND_ZC", "socket", sends},
		48: {"SENDMSG_ZC", "socket", sends},
		55: {"FTRUNCATE", "file", []string{"security_file_truncate"}},
		56: {"BIND", "socket", []string{"__sys_bind_socket"}},
		57: {"LISTEN", "socket", []string{"__sys_listen_socket"}},
	}
}

// unseenRequest says what is not seen of an operation, "" when nothing is.
func (p *probes) unseenRequest(opcode uint32) string {
	r, known := requests()[opcode]
	switch {
	case opcode > lastRequest:
		return "io_uring was asked for an operation that this version does not know: its facts are not seen"
	case !known:
		return ""
	case r.by != nil && !slices.ContainsFunc(r.by, func(name string) bool { return !p.functions[name] }):
		return ""
	}
	return "io_uring was asked for IORING_OP_" + r.name + ": no system call is made, and its " + r.fact + " facts are not seen" +
		strings.Repeat(" without function probes", min(len(r.by), 1))
}

// rings says of each operation that rings were asked for whether it was seen.
func (r *recording) rings() error {
	unseen := map[string]uint64{}
	err := each(r.maps.Requests, nil, func(k bpf.RecorderRequestKey, v bpf.RecorderTally) error {
		unseen[r.unseenRequest(k.Opcode)] += v.Count
		return nil
	})
	for detail, count := range unseen {
		if detail != "" {
			r.holes.set(trace.HoleIOURing, detail, count)
		}
	}
	return err
}
