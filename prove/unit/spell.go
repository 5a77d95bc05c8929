package unit

import (
	"fmt"
	"math"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/osapi-io/osapi-profile/trace/record/launch"
)

// speller gives the words of a text and those of the property in one spelling.
type speller func(r reader, want []string, held any) (both, got []string, err error)

// lists are the directives whose words need more than to be taken as they are.
func lists() map[string]speller {
	out := map[string]speller{
		"CapabilityBoundingSet": capabilities, "AmbientCapabilities": capabilities,
		"RestrictNamespaces": namespaces, "SystemCallFilter": filter("syscall-filter"), "RestrictFileSystems": filter("filesystems"),
		"RestrictAddressFamilies": filter(""), "RestrictNetworkInterfaces": filter(""), "SystemCallLog": filter("syscall-filter"),
		"BindReadOnlyPaths": binds, "BindPaths": binds, "DeviceAllow": tuples(device),
		"IPAddressAllow": tuples(address), "IPAddressDeny": tuples(address),
		"SocketBindAllow": tuples(socket), "SocketBindDeny": tuples(socket),
	}
	for _, name := range []string{"ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths", "ExecPaths", "NoExecPaths"} {
		out[name] = paths
	}
	return out
}

// scalar compares a value, or a list of plain words.
func scalar(want []string, held any) (both, got []string, err error) {
	last := ""
	if len(want) > 0 {
		last = want[len(want)-1]
	}
	switch v := held.(type) {
	case bool:
		on := slices.Contains([]string{"yes", "true", "1", "on"}, last)
		return []string{strconv.FormatBool(on)}, []string{strconv.FormatBool(v)}, nil
	case string:
		if on, is := map[string]string{"true": "yes", "on": "yes", "1": "yes", "false": "no", "off": "no", "0": "no"}[last]; is {
			last = on
		}
		return []string{last}, []string{v}, nil
	case []string:
		return want, v, nil
	case int32:
		return []string{last}, []string{number(v, last)}, nil
	case uint32: // UMask
		mode, err := strconv.ParseUint(last, 8, 32)
		return []string{fmt.Sprintf("%04o", mode)}, []string{fmt.Sprintf("%04o", v)}, err
	case uint64:
		n, err := size(last)
		return []string{fmt.Sprint(n)}, []string{fmt.Sprint(v)}, err
	case []any: // AppArmorProfile: whether it may be missing, and its name
		if name, ok := v[len(v)-1].(string); ok {
			return []string{strings.TrimPrefix(last, "-")}, []string{name}, nil
		}
	}
	return nil, nil, fmt.Errorf("systemd tells it as %T", held)
}

// number spells one as the text does: as itself, a signal (KillSignal=) or an error
// (SystemCallErrorNumber=).
func number(v int32, like string) string {
	switch _, err := strconv.Atoi(like); {
	case err == nil:
		return strconv.Itoa(int(v))
	case strings.HasPrefix(like, "SIG"):
		return unix.SignalName(syscall.Signal(v))
	}
	return unix.ErrnoName(syscall.Errno(v))
}

// size reads a number, a size in bytes or a share of one CPU, which systemd keeps
// in microseconds a second.
func size(s string) (uint64, error) {
	if s == "infinity" {
		return math.MaxUint64, nil
	}
	factor, number := uint64(1), s
	for unit, f := range map[string]uint64{"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40, "%": 10_000} {
		if n, ok := strings.CutSuffix(s, unit); ok {
			factor, number = f, n
		}
	}
	n, err := strconv.ParseUint(number, 10, 64)
	return n * factor, err
}

func paths(_ reader, want []string, held any) (both, got []string, err error) {
	got, ok := held.([]string)
	if !ok {
		return nil, nil, fmt.Errorf("systemd tells it as %T", held)
	}
	for i, w := range want {
		p := strings.TrimLeft(w, "-+")
		want[i] = w[:len(w)-len(p)] + path.Clean(p)
	}
	return want, got, nil
}

func capabilities(_ reader, want []string, held any) (both, got []string, err error) {
	set, ok := held.(uint64)
	if !ok {
		return nil, nil, fmt.Errorf("systemd tells it as %T", held)
	}
	for c := range uint8(64) {
		if set&(1<<c) != 0 {
			got = append(got, launch.CapabilityName(c))
		}
	}
	for i := range want {
		want[i] = strings.ToUpper(want[i])
	}
	return want, got, nil
}

// namespaceFlags are the words of RestrictNamespaces=.
var namespaceFlags = map[string]uint64{
	"cgroup": unix.CLONE_NEWCGROUP, "ipc": unix.CLONE_NEWIPC, "net": unix.CLONE_NEWNET, "mnt": unix.CLONE_NEWNS,
	"pid": unix.CLONE_NEWPID, "user": unix.CLONE_NEWUSER, "uts": unix.CLONE_NEWUTS,
}

func namespaces(_ reader, want []string, held any) (both, got []string, err error) {
	allowed, ok := held.(uint64)
	if !ok {
		return nil, nil, fmt.Errorf("systemd tells it as %T", held)
	}
	for name, flag := range namespaceFlags {
		if allowed&flag != 0 {
			got = append(got, name)
		}
		if len(want) == 1 && slices.Contains([]string{"no", "false", "0", "off"}, want[0]) {
			both = append(both, name)
		}
	}
	for _, w := range want {
		if namespaceFlags[w] != 0 {
			both = append(both, w)
		}
	}
	return both, got, nil
}

// filter compares lists that may hold names of groups, of which systemd keeps
// what is in them.
func filter(kind string) speller {
	return func(r reader, want []string, held any) (both, got []string, err error) {
		v, ok := held.([]any)
		if !ok || len(v) != 2 {
			return nil, nil, fmt.Errorf("systemd tells it as %T", held)
		}
		got, _ = v[1].([]string)
		if allow, _ := v[0].(bool); !allow && len(want) > 0 && len(got) > 0 {
			return nil, nil, fmt.Errorf("systemd holds it as a list that takes away")
		}
		for _, w := range want {
			switch {
			case strings.HasPrefix(w, "@") && len(common(r.groups(kind, w), got)) > 0:
				both = append(both, common(r.groups(kind, w), got)...) // some names of a group are of other machines
			case w != "none":
				both = append(both, w)
			}
		}
		var flat []string
		for _, g := range got { // newer ones keep the name of the group as well
			if !strings.HasPrefix(g, "@") {
				flat = append(flat, g)
			}
		}
		return both, flat, nil
	}
}

// common are the words of a that b has as well.
func common(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(w string) bool { return !slices.Contains(b, w) })
}

func binds(_ reader, want []string, held any) (both, got []string, err error) {
	v, ok := held.([][]any) // source, destination, ignore when missing, flags
	if !ok {
		return nil, nil, fmt.Errorf("systemd tells it as %T", held)
	}
	for _, b := range v {
		word := fmt.Sprint(b[0])
		if b[1] != b[0] {
			word += ":" + fmt.Sprint(b[1])
		}
		if b[2] == true {
			word = "-" + word
		}
		got = append(got, word)
	}
	return want, got, nil
}

// tuples compares a list whose items systemd tells in parts. An item may stand for
// several words of the text, or a word for several items.
func tuples(spell func([]any) []string) speller {
	return func(_ reader, want []string, held any) (both, got []string, err error) {
		v, ok := held.([][]any)
		if !ok {
			return nil, nil, fmt.Errorf("systemd tells it as %T", held)
		}
		for _, item := range v {
			got = append(got, spell(item)...)
		}
		return want, got, nil
	}
}

func device(v []any) []string { return []string{fmt.Sprint(v[0]), fmt.Sprint(v[1])} }

// address is a family, an address and the length of its prefix; "any" and
// "localhost" are two of them, of which the first stands for both.
func address(v []any) []string {
	bytes, _ := v[1].([]byte)
	length, _ := v[2].(uint32)
	a, _ := netip.AddrFromSlice(bytes)
	prefix := netip.PrefixFrom(a, int(length))
	switch prefix.String() {
	case "0.0.0.0/0":
		return []string{"any"}
	case "127.0.0.0/8":
		return []string{"localhost"}
	case "::/0", "::1/128":
		return nil
	}
	if prefix.IsSingleIP() {
		return []string{a.String()}
	}
	return []string{prefix.String()}
}

// socket is a family, a transport, a number of ports and the first of them.
func socket(v []any) []string {
	var parts []string
	if family := map[any]string{int32(unix.AF_INET): "ipv4", int32(unix.AF_INET6): "ipv6"}[v[0]]; family != "" {
		parts = append(parts, family)
	}
	if transport := map[any]string{int32(unix.IPPROTO_TCP): "tcp", int32(unix.IPPROTO_UDP): "udp"}[v[1]]; transport != "" {
		parts = append(parts, transport)
	}
	switch count, _ := v[2].(uint16); count {
	case 0:
	case 1:
		parts = append(parts, fmt.Sprint(v[3]))
	default:
		first, _ := v[3].(uint16)
		parts = append(parts, fmt.Sprintf("%d-%d", first, first+count-1))
	}
	if parts == nil {
		return []string{"any"}
	}
	return []string{strings.Join(parts, ":")}
}
