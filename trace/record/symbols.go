package record

import (
	"bufio"
	"cmp"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/osapi-io/osapi-profile/trace"
)

type symbol struct {
	address uint64
	name    string
}

// symbols names kernel functions by address.
type symbols struct{ table []symbol }

// readSymbols reads /proc/kallsyms, once the probes are loaded: their own frames
// stand in every call chain, and without a name of their own they would be taken
// for whatever lies before them, and that for who asked.
func readSymbols() *symbols {
	s := &symbols{}
	f, err := os.Open("/proc/kallsyms")
	if err != nil {
		return s
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 3 || !strings.ContainsAny(fields[1], "tTwW") {
			continue
		}
		address, err := strconv.ParseUint(fields[0], 16, 64)
		if err != nil || address == 0 { // 0: kernel.kptr_restrict hides them
			continue
		}
		s.table = append(s.table, symbol{address, fields[2]})
	}
	slices.SortFunc(s.table, func(a, b symbol) int { return cmp.Compare(a.address, b.address) })
	return s
}

// name is the function that a return address lies in, "" if unknown.
func (s *symbols) name(address uint64) string {
	i, found := slices.BinarySearchFunc(s.table, address, func(sym symbol, a uint64) int { return cmp.Compare(sym.address, a) })
	if !found {
		i--
	}
	if i < 0 {
		return ""
	}
	name, _, _ := strings.Cut(s.table[i].name, ".") // foo.cold, foo.isra.0
	return name
}

// has says whether a call chain leads through a function.
func (s *symbols) has(stack []uint64, function string) bool {
	return slices.ContainsFunc(stack, func(address uint64) bool { return address != 0 && s.name(address) == function })
}

// bounds are where a function begins and where the next one does, zeros if it
// is not known.
func (s *symbols) bounds(name string) (begin, end uint64) {
	i := slices.IndexFunc(s.table, func(sym symbol) bool { return sym.name == name })
	if i < 0 || i+1 == len(s.table) {
		return 0, 0
	}
	return s.table[i].address, s.table[i+1].address
}

// memoryChecks fill memory_checks of bpf/capability.h.
func (s *symbols) memoryChecks() (bounds [4]uint64) {
	bounds[0], bounds[1] = s.bounds("security_vm_enough_memory_mm")
	bounds[2], bounds[3] = s.bounds("cap_vm_enough_memory")
	return bounds
}

// between are the functions between a probe and whoever asked for a capability:
// kernel/capability.c, security/security.c and the probes' own frames.
func between(name string) bool {
	switch name {
	case "cap_capable", "security_capable", "capable", "ns_capable", "ns_capable_common", "ns_capable_setid",
		"ns_capable_noaudit", "has_capability", "has_capability_noaudit", "has_ns_capability",
		"has_ns_capability_noaudit", "file_ns_capable", "capable_wrt_inode_uidgid", "ptracer_capable",
		"sk_ns_capable", "sk_capable", "netlink_ns_capable", "netlink_capable", "sk_net_capable",
		"netlink_net_capable", "bpf_get_stack", "bpf_get_stack_raw_tp", "perf_trace_run_bpf_submit",
		"kprobe_ftrace_handler", "kprobe_perf_func", "kprobe_dispatcher", "trace_call_bpf", "privileged_wrt_inode_uidgid":
		return true
	}
	for _, prefix := range []string{"bpf_prog_", "bpf_trampoline_", "__bpf_", "bpf_trace_run", "__traceiter_", "ftrace_", "arch_ftrace", "bpf_get_stack"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// own says whether a check under credentials that the kernel had put in place was of the
// worker's own: access(2) goes by the real user, with the capabilities that the process
// may have (do_faccessat, always before Linux 6.4; fs/open.c). An overlay that is looked
// into there asks by the same credentials first, and then below itself, by
// inode_permission, by those of whoever mounted it (ovl_permission, fs/overlayfs/inode.c).
func (s *symbols) own(f trace.Capability, stack []uint64) bool {
	if f.Outcome != trace.OK || !slices.Contains([]string{"access", "faccessat", "faccessat2"}, f.Syscall) {
		return false
	}
	inner := ""
	for _, address := range stack {
		name := s.name(address)
		if strings.HasPrefix(name, "ovl_") {
			return inner == "generic_permission"
		}
		inner = name
	}
	return true
}

// judge names the kernel function that asked, and reads from the call chain
// whether the check was one that only chooses.
func (s *symbols) judge(stack []uint64) (caller string, why trace.Optional) {
	for _, address := range stack {
		if address == 0 {
			break
		}
		name := s.name(address)
		switch {
		case strings.Contains(name, "vm_enough_memory"):
			return name, trace.Memory
		case strings.HasSuffix(name, "_noaudit"):
			why = trace.NoAudit
		}
		if name != "" && !between(name) && caller == "" {
			caller = name
			// The frames above belong to the caller's callers: a vm_enough_memory
			// there is not what asked.
			break
		}
	}
	return caller, why
}
