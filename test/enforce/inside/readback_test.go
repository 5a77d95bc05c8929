//go:build inside

package inside

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/coreos/go-systemd/v22/unit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/osapi-io/osapi-profile/trace/record/launch"
)

// settings are the directives of a unit's [Service] section in their order; an
// empty assignment takes back those before it.
func settings(t *testing.T, text string) (names []string, values map[string]string) {
	t.Helper()
	options, err := unit.DeserializeOptions(strings.NewReader(text))
	require.NoError(t, err)
	values = map[string]string{}
	for _, o := range options {
		if o.Section != "Service" {
			continue
		}
		if _, known := values[o.Name]; !known {
			names = append(names, o.Name)
		}
		if o.Value == "" {
			values[o.Name] = ""
		} else {
			values[o.Name] = strings.TrimSpace(values[o.Name] + " " + o.Value)
		}
	}
	return names, values
}

// asWritten compares what systemd made of each directive with what the text says.
func (m *manager) asWritten(text string) {
	m.Helper()
	names, values := settings(m.T, text)
	require.Contains(m, names, "SystemCallFilter")
	for _, name := range names {
		if name == "ExecStart" { // the arguments' drop-in sets it
			continue
		}
		if name == "RestrictFileSystems" && strings.Contains(command(m.T, "systemctl", "--version"), "-BPF_FRAMEWORK") {
			assert.Empty(m, written(m.T, name, m.property(name), ""), "a systemd built without BPF passes over it, as the unit says")
			continue
		}
		assert.Equal(m, values[name], written(m.T, name, m.property(name), values[name]), name)
	}
}

// written turns a property back into the spelling of a unit. Lists that systemd
// sorts are given in the order of the text.
func written(t *testing.T, name string, value any, text string) string {
	t.Helper()
	switch v := value.(type) {
	case string:
		return v
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case int32:
		return unix.ErrnoName(syscall.Errno(v))
	case []string:
		return inOrderOf(text, v)
	case uint64:
		if name == "RestrictNamespaces" {
			return map[uint64]string{0: "yes"}[v]
		}
		var names []string
		for c := range uint8(64) {
			if v&(1<<c) != 0 {
				names = append(names, launch.CapabilityName(c))
			}
		}
		return inOrderOf(text, names)
	case [][]any: // BindReadOnlyPaths: source, destination, ignore when missing, flags
		var names []string
		if spell := spellings[name]; spell != nil {
			for _, item := range v {
				names = append(names, spell(item)...)
			}
			return inOrderOf(text, names)
		}
		for _, bind := range v {
			require.Equal(t, bind[0], bind[1])
			names = append(names, map[bool]string{true: "-"}[bind[2].(bool)]+bind[0].(string))
		}
		return inOrderOf(text, names)
	case []any: // SystemCallFilter, RestrictAddressFamilies: allow-list or not, and the list
		if on, ok := v[0].(bool); ok && len(v) == 2 {
			if list, ok := v[1].([]string); ok {
				require.True(t, on, "%s denies instead of allowing", name)
				if name == "SystemCallFilter" {
					list = withoutDefaults(t, list, text)
				}
				return inOrderOf(text, list)
			}
			return v[1].(string) // AppArmorProfile
		}
	}
	t.Errorf("%s: nothing compares a %T yet: %v", name, value, value)
	return ""
}

// spellings turn the items of a list back into words of a unit.
var spellings = map[string]func([]any) []string{
	"TemporaryFileSystem": func(v []any) []string { return []string{v[0].(string) + ":" + v[1].(string)} },

	"DeviceAllow":     func(v []any) []string { return []string{v[0].(string), v[1].(string)} },
	"IPAddressDeny":   address,
	"IPAddressAllow":  address,
	"SocketBindAllow": bind,
	"SocketBindDeny":  bind,
}

// address is a family, an address and the length of its prefix; "any" and
// "localhost" are two of them, of which the first stands for both.
func address(v []any) []string {
	a, _ := netip.AddrFromSlice(v[1].([]byte))
	prefix := netip.PrefixFrom(a, int(v[2].(uint32)))
	switch prefix.String() {
	case "0.0.0.0/0":
		return []string{"any"}
	case "127.0.0.0/8":
		return []string{"localhost"}
	case "::/0", "::1/128":
		return nil
	}
	return []string{prefix.Addr().String()}
}

// bind is a family, a transport, a number of ports and the first of them.
func bind(v []any) []string {
	var parts []string
	if family := map[int32]string{unix.AF_INET: "ipv4", unix.AF_INET6: "ipv6"}[v[0].(int32)]; family != "" {
		parts = append(parts, family)
	}
	if transport := map[int32]string{unix.IPPROTO_TCP: "tcp", unix.IPPROTO_UDP: "udp"}[v[1].(int32)]; transport != "" {
		parts = append(parts, transport)
	}
	if v[2].(uint16) == 1 {
		parts = append(parts, strconv.Itoa(int(v[3].(uint16))))
	}
	if parts == nil {
		return []string{"any"}
	}
	return []string{strings.Join(parts, ":")}
}

// withoutDefaults takes out what systemd puts into every allow-list of system calls
// unasked.
func withoutDefaults(t *testing.T, list []string, text string) []string {
	t.Helper()
	unasked := map[string]bool{}
	for _, name := range strings.Fields(command(t, "systemd-analyze", "syscall-filter", "@default")) {
		unasked[name] = true
	}
	for _, name := range strings.Fields(text) {
		delete(unasked, name)
	}
	return slices.DeleteFunc(list, func(name string) bool { return unasked[name] })
}

// inOrderOf joins got in the order of text when both hold the same names.
func inOrderOf(text string, got []string) string {
	count := map[string]int{}
	for _, name := range got {
		count[name]++
	}
	for _, name := range strings.Fields(text) {
		count[name]--
	}
	for _, n := range count {
		if n != 0 {
			return strings.Join(got, " ")
		}
	}
	return text
}
