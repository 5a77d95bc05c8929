package seccomp

import (
	"fmt"
	"maps"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// narrowed are the calls that are decided by an argument.
type narrowed struct {
	p       *synth.Profile
	entries []Entry
	decided map[string]bool // calls that need no entry of their own any more
}

// narrow makes the entries of calls for whose arguments there are facts. Without
// a probe for those, nothing is narrowed.
func narrow(p *synth.Profile, opt Options) *narrowed {
	n := &narrowed{p: p, decided: map[string]bool{}}
	if p.Sees("socket") {
		n.sockets()
	}
	if p.Sees("argument") {
		n.clones()
		n.unshare()
		n.values("setns", 1, trace.ArgNamespaces, func(word string) (uint64, bool) {
			if word == "any" {
				return 0, true
			}
			return flags(word, namespaceFlags)
		})
		n.values("personality", 0, trace.ArgPersonality, func(word string) (uint64, bool) { return number(word, nil, "") })
		if opt.Prctl {
			n.values("prctl", 0, trace.ArgPrctl, func(word string) (uint64, bool) { return number(word, prctls, "") })
		}
	}
	return n
}

// granted says which of the calls the profile grants.
func (n *narrowed) granted(names ...string) []string {
	return slices.DeleteFunc(names, func(name string) bool {
		return !slices.ContainsFunc(n.p.Syscalls, func(s synth.SyscallGrant) bool { return s.Name == name })
	})
}

// word is the width of the arguments compared here. The kernel does not look at
// the rest of the register, so neither may the filter.
const word = 1<<32 - 1

// only lets calls through when an argument has a value under a mask.
func (n *narrowed) only(comment string, names []string, index uint, mask, value uint64) {
	for _, name := range names {
		n.decided[name] = true
	}
	n.entries = append(n.entries, Entry{comment, specs.LinuxSyscall{
		Names: names, Action: specs.ActAllow,
		Args: []specs.LinuxSeccompArg{{Index: index, Value: mask, ValueTwo: value, Op: specs.OpMaskedEqual}},
	}})
}

// sockets allows the families that were used, and AF_UNIX, by which a libc
// reaches its name services and the log. The i386 call socketcall has its
// arguments in memory, where no filter looks.
func (n *narrowed) sockets() {
	names := n.granted("socket", "socketpair")
	used := map[string]bool{"AF_UNIX": true}
	for _, s := range n.p.Sockets {
		if _, ok := number(s.Family, families, "AF_"); !ok {
			return
		}
		used[s.Family] = true
	}
	if len(names) == 0 {
		return
	}
	for _, family := range slices.Sorted(maps.Keys(used)) {
		value, _ := number(family, families, "AF_")
		n.only("sockets of family "+family, names, 0, word, value)
	}
}

// namespaces are those that calls were seen to make or enter.
func (n *narrowed) namespaces(calls ...string) (used uint64, known bool) {
	for _, a := range n.p.Arguments {
		if a.Name == trace.ArgNamespaces && slices.Contains(calls, a.Syscall) {
			sum, ok := flags(a.Value, namespaceFlags)
			if !ok {
				return 0, false
			}
			used |= sum
		}
	}
	return used, true
}

// allNamespaces but that of time, which clone(2) cannot make.
const allNamespaces = 0x7e020000

// clones lets threads and processes be made, and only such namespaces as were
// seen. No filter sees the flags of clone3, which lie in memory: it is refused
// as unknown, whereupon every libc takes clone, unless it made namespaces. The
// container's runtime needs clone in any case.
func (n *narrowed) clones() {
	used, known := n.namespaces("clone", "clone3")
	if !known {
		return
	}
	comment := "no new namespaces"
	if used != 0 {
		comment = "no new namespaces but those seen"
	}
	n.only(comment, []string{"clone"}, 0, allNamespaces&^used, 0)
	n.decided["clone3"] = true
	if by3, _ := n.namespaces("clone3"); by3 != 0 {
		n.entries = append(n.entries, allow("makes namespaces, and no filter can see which", []string{"clone3"}))
	}
}

// unshare lets only such namespaces be made as were seen.
func (n *narrowed) unshare() {
	used, known := n.namespaces("unshare")
	if known && len(n.granted("unshare")) > 0 {
		n.only("no namespaces but those seen", []string{"unshare"}, 0, (allNamespaces|namespaceFlags["CLONE_NEWTIME"])&^used, 0)
	}
}

// values lets a call through with the values that were seen of an argument. A
// call of which none was kept is left alone.
func (n *narrowed) values(call string, index uint, argument string, read func(string) (uint64, bool)) {
	type entry struct {
		word  string
		value uint64
	}
	var seen []entry
	for _, a := range n.p.Arguments {
		if a.Syscall != call || a.Name != argument {
			continue
		}
		value, ok := read(a.Value)
		if !ok {
			return
		}
		seen = append(seen, entry{a.Value, value})
	}
	if len(n.granted(call)) == 0 {
		return
	}
	done := map[uint64]bool{}
	for _, s := range seen {
		if !done[s.value] {
			done[s.value] = true
			n.only(fmt.Sprintf("%s with %s", call, synth.Printable(s.word)), []string{call}, index, word, s.value)
		}
	}
}
