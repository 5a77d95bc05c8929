package systemd

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/osapi-io/osapi-profile/trace"
)

// network is what a unit's text says about sockets.
type network struct {
	denyAll    bool // IPAddressDeny=any
	addresses  []netip.Prefix
	denyBinds  bool // SocketBindDeny=any
	binds      []string
	interfaces []string
}

// addressWords are names that systemd has for addresses.
var addressWords = map[string][]string{
	"any": {"0.0.0.0/0", "::/0"}, "localhost": {"127.0.0.0/8", "::1/128"}, "link-local": {"169.254.0.0/16", "fe80::/64"},
	"multicast": {"224.0.0.0/4", "ff00::/8"},
}

func readNetwork(s Settings) (network, error) {
	var n network
	deny, _, err := s.words("IPAddressDeny")
	if err != nil {
		return n, err
	}
	n.denyAll = slices.Contains(deny, "any")
	allow, _, err := s.words("IPAddressAllow")
	if err != nil {
		return n, err
	}
	for _, w := range allow {
		for _, p := range append(addressWords[w], w) {
			if prefix, err := netip.ParsePrefix(p); err == nil {
				n.addresses = append(n.addresses, prefix)
			} else if a, err := netip.ParseAddr(p); err == nil {
				n.addresses = append(n.addresses, netip.PrefixFrom(a, a.BitLen()))
			} else if addressWords[p] == nil {
				return n, fmt.Errorf("%w: IPAddressAllow= has %q, which is no address", ErrSyntax, p)
			}
		}
	}
	n.denyBinds = s.value("SocketBindDeny") == "any"
	if n.binds, _, err = s.words("SocketBindAllow"); err != nil {
		return n, err
	}
	n.interfaces, _, err = s.words("RestrictNetworkInterfaces")
	return n, err
}

// refuses names the directive that keeps a socket from its use.
func (n network) refuses(k trace.Socket) string {
	if !isInet(k.Family) {
		return ""
	}
	if kind := bindKind(k.Family, k.Type, k.Protocol); k.Action == "bind" && n.denyBinds && kind != "" && !n.allowsBind(kind, k.Port) {
		return "SocketBindDeny"
	}
	a, err := netip.ParseAddr(k.Address)
	if err != nil || k.Action == "bind" && k.Type == "SOCK_STREAM" {
		return ""
	}
	a = a.Unmap().WithZone("")
	if n.denyAll && !slices.ContainsFunc(n.addresses, func(p netip.Prefix) bool { return p.Contains(a) }) && !a.IsUnspecified() {
		return "IPAddressDeny"
	}
	listens := a.IsUnspecified() && (k.Action == "listen" || k.Action == "bind")
	if n.denyAll && listens {
		return "IPAddressDeny"
	}
	if len(n.interfaces) > 0 && (listens || !a.IsLoopback() && !a.IsUnspecified()) {
		return "RestrictNetworkInterfaces"
	}
	return ""
}

// allowsBind says whether one of the rules matches. A part that a rule leaves
// out matches anything.
func (n network) allowsBind(kind string, port int) bool {
	return slices.ContainsFunc(n.binds, func(rule string) bool {
		for _, part := range strings.Split(rule, ":") {
			if number, err := strconv.Atoi(part); err == nil {
				if number != port {
					return false
				}
			} else if !slices.Contains(strings.Split(kind, ":"), part) {
				return false
			}
		}
		return true
	})
}

// devices is the device policy.
type devices struct {
	closed bool
	allow  map[string]string // rights by node
}

// readDevices reads the policy. A list that opens something closes the rest, and
// until 250 ProtectClock= was such a list: it opens the clock for reading.
func readDevices(s Settings, version int) (devices, error) {
	v := devices{allow: map[string]string{}}
	for _, o := range s {
		if o.Name != "DeviceAllow" {
			continue
		}
		if o.Value == "" {
			clear(v.allow)
			continue
		}
		words, err := splitWords(o.Value)
		if err != nil || len(words) != 2 || strings.Trim(words[1], "rwm") != "" {
			return v, fmt.Errorf("%w: DeviceAllow=%s", ErrSyntax, o.Value)
		}
		node, err := expand(words[0])
		if err != nil {
			return v, err
		}
		v.allow[node] = joinRights(v.allow[node], words[1])
	}
	policy := s.value("DevicePolicy")
	v.closed = s.yes("PrivateDevices") || s.yes("ProtectClock") && version < clockAlone || policy == "closed" || policy == "strict" || len(v.allow) > 0
	return v, nil
}

// refuses says whether a device cannot be opened or made.
func (v devices) refuses(f trace.File) bool {
	rights := deviceRights(f.Access)
	if !v.closed || rights == "" || f.Type != "block" && f.Type != "char" {
		return false
	}
	if openAnyhow(f.Type, f.Device, rights) {
		return false
	}
	allowed := joinRights(v.allow[string(f.Path)], v.allow["/dev/"+f.Type+"/"+f.Device])
	return strings.Trim(rights, allowed) != ""
}
