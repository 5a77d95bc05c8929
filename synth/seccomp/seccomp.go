// Package seccomp writes a profile as the seccomp filter of a container, in
// JSON as the OCI runtime specification has it (config-linux.md, "Seccomp").
// Docker, Podman, containerd, CRI-O and Kubernetes take the same file.
package seccomp

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/osapi-io/osapi-profile/synth"
)

// Options steer how narrow the filter is.
type Options struct {
	// Prctl lets only those options of prctl(2) through that were seen. The
	// runtimes of languages choose further ones by version, so it is not done
	// unasked.
	Prctl bool
	// OnlyRequired leaves out what the profile's marks say is tolerated.
	OnlyRequired bool
}

// The errors of profiles that no filter can be made of.
var (
	ErrBlind  = errors.New("no probe saw system calls, so there is nothing to make a filter of")
	ErrNoName = errors.New("a system call has no name, and a filter goes by names: a newer osapi-profile or kernel header knows it")
)

// Filter is what is written. Runtimes pass over Comment, which the
// specification does not know.
type Filter struct {
	Comment         []string                 `json:"comment"`
	DefaultAction   specs.LinuxSeccompAction `json:"defaultAction"`
	DefaultErrnoRet uint                     `json:"defaultErrnoRet"`
	Architectures   []specs.Arch             `json:"architectures"`
	Syscalls        []Entry                  `json:"syscalls"`
}

// Entry allows calls, whatever their arguments, or one call with some.
type Entry struct {
	Comment string `json:"comment"`
	specs.LinuxSyscall
}

// enosys is the same number on every architecture that is recorded on
// (include/uapi/asm-generic/errno.h).
const enosys = 38

// Write writes the filter, indented.
func Write(w io.Writer, p *synth.Profile, opt Options) error {
	f, err := newFilter(p, opt)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(f)
}

func newFilter(p *synth.Profile, opt Options) (*Filter, error) {
	if !p.Sees("syscall") {
		return nil, ErrBlind
	}
	for _, s := range p.Syscalls {
		if strings.HasPrefix(s.Name, "syscall_") {
			return nil, fmt.Errorf("%w (%s)", ErrNoName, s.Name)
		}
	}
	n := narrow(p, opt)
	if opt.OnlyRequired {
		n.entries = slices.DeleteFunc(n.entries, func(e Entry) bool { return tolerated(p, e.Names[0]) })
		p = withoutTolerated(p)
	}
	f := &Filter{
		Comment: append(head(p), marks(p, opt)...), DefaultAction: specs.ActErrno, DefaultErrnoRet: enosys,
		Architectures: architectures(p), Syscalls: n.entries,
	}
	granted := map[string]bool{}
	seen, ruled := map[synth.Mark][]string{}, map[string][]string{}
	for _, s := range p.Syscalls {
		switch {
		case granted[s.Name] || n.decided[s.Name]:
		case len(s.Facts) > 0:
			mark := p.Marks.Of(synth.EntrySyscall, s.Name)
			seen[mark] = append(seen[mark], s.Name)
		default:
			rules := strings.Join(s.Rules, ", ")
			ruled[rules] = append(ruled[rules], s.Name)
		}
		granted[s.Name] = true
	}
	for _, mark := range slices.Sorted(maps.Keys(seen)) {
		comment := "seen in the recording"
		if mark != "" {
			comment += "; " + string(mark)
		}
		f.Syscalls = append(f.Syscalls, allow(comment, seen[mark]))
	}
	for _, rules := range slices.Sorted(maps.Keys(ruled)) {
		f.Syscalls = append(f.Syscalls, allow("not seen; by rule: "+rules, ruled[rules]))
	}
	runtime := slices.DeleteFunc(containerRuntime(), func(name string) bool { return granted[name] || n.decided[name] })
	if len(runtime) > 0 {
		f.Syscalls = append(f.Syscalls, allow("not seen; by rule: "+synth.RuleContainer, runtime))
	}
	return f, nil
}

func allow(comment string, names []string) Entry {
	slices.Sort(names)
	return Entry{comment, specs.LinuxSyscall{Names: slices.Compact(names), Action: specs.ActAllow}}
}

// containerRuntime are the calls that runc, which is written in Go, still makes
// between the filter and the worker's execve(2): its own by strace (runc 1.1,
// eight runs), the Go runtime's by the rule for that. Without no_new_privs it
// installs the filter earlier, and needs more.
func containerRuntime() []string {
	return append(synth.RuntimeCalls("go"), "close", "epoll_ctl", "execve", "fstatfs", "getdents64", "getpid", "openat", "rt_sigreturn", "write")
}

// head says what the filter stands on and what it cannot vouch for.
func head(p *synth.Profile) []string {
	w := p.Worker
	lines := []string{
		fmt.Sprintf("seccomp filter for %s, made by osapi-profile from %d recorded runs on kernel %s", synth.Printable(string(w.Exe)),
			len(w.Runs), synth.Printable(strings.Join(w.Kernels, ", "))),
		"docker run --security-opt no-new-privileges --security-opt seccomp=FILE; with no_new_privs the runtime installs it last",
		"a refused call looks as if the kernel did not have it (ENOSYS), so that a newer libc falls back to the call it knows; " +
			"runtimes that do not know defaultErrnoRet (runc before 1.1) answer EPERM instead",
	}
	if len(p.Holes) == 0 {
		lines = append(lines, "holes: none known")
	}
	for _, h := range p.Holes {
		lines = append(lines, "hole: "+synth.Printable(h.Kind)+": "+synth.Printable(h.Detail))
	}
	for _, e := range p.Escapes {
		lines = append(lines, "way out: "+synth.Printable(string(e.Name()))+": "+e.Why)
	}
	return lines
}

// architectures lists what the runs were made on, and the second ABI where it
// was used. A call of any other ends the process: libseccomp's default.
func architectures(p *synth.Profile) []specs.Arch {
	own := map[string]specs.Arch{"amd64": specs.ArchX86_64, "386": specs.ArchX86, "arm64": specs.ArchAARCH64, "arm": specs.ArchARM}
	second := map[string]specs.Arch{"i386": specs.ArchX86, "x32": specs.ArchX32, "arm": specs.ArchARM}
	var out []specs.Arch
	for _, a := range p.Worker.Arch {
		if arch, ok := own[a]; ok {
			out = append(out, arch)
		}
	}
	for _, s := range p.Syscalls {
		if arch, ok := second[s.ABI]; ok {
			out = append(out, arch)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
