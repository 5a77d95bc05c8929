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
	allow, deny         []netip.Prefix // addresses of peers
	bindAllow, bindDeny []bindRule
	interfaces          interfaces
}

// interfaces is a list of network interfaces.
type interfaces struct {
	limited  bool
	loopback bool // lo may be used
	others   bool // some other may be used
	all      bool // every other may be
}

func readNetwork(s Settings) (network, error) {
	var n network
	for name, to := range map[string]*[]netip.Prefix{"IPAddressAllow": &n.allow, "IPAddressDeny": &n.deny} {
		words, _, err := s.words(name)
		if err != nil {
			return n, err
		}
		if *to, err = prefixes(words); err != nil {
			return n, fmt.Errorf("%s=: %w", name, err)
		}
	}
	for name, to := range map[string]*[]bindRule{"SocketBindAllow": &n.bindAllow, "SocketBindDeny": &n.bindDeny} {
		words, _, err := s.words(name)
		if err != nil {
			return n, err
		}
		if *to, err = bindRules(words); err != nil {
			return n, fmt.Errorf("%s=: %w", name, err)
		}
	}
	var err error
	n.interfaces, err = readInterfaces(s)
	return n, err
}

// addressWords are names that systemd has for addresses.
var addressWords = map[string][]string{
	"any": {"0.0.0.0/0", "::/0"}, "localhost": {"127.0.0.0/8", "::1/128"}, "link-local": {"169.254.0.0/16", "fe80::/64"},
	"multicast": {"224.0.0.0/4", "ff00::/8"},
}

// prefixes reads addresses, with a length or whole, and systemd's names for some.
func prefixes(words []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, w := range words {
		all := addressWords[w]
		if all == nil {
			all = []string{w}
		}
		for _, text := range all {
			if prefix, err := netip.ParsePrefix(text); err == nil {
				out = append(out, prefix.Masked())
			} else if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
				out = append(out, netip.PrefixFrom(a, a.BitLen()))
			} else {
				return nil, fmt.Errorf("%w: %q is no address", ErrSyntax, w)
			}
		}
	}
	return out, nil
}

// bindRule is what bind(2) may be asked for; what it leaves out may be anything.
type bindRule struct {
	family    string // "ipv4" or "ipv6"
	transport string // "tcp" or "udp"
	low, high int    // ports; 0 for any
}

// bindRules reads [FAMILY:][TRANSPORT:][PORTS], in this order, or "any".
func bindRules(words []string) ([]bindRule, error) {
	var out []bindRule
	for _, w := range words {
		var r bindRule
		parts := strings.Split(w, ":")
		if parts[0] == "ipv4" || parts[0] == "ipv6" {
			r.family, parts = parts[0], parts[1:]
		}
		if len(parts) > 0 && (parts[0] == "tcp" || parts[0] == "udp") {
			r.transport, parts = parts[0], parts[1:]
		}
		if len(parts) > 0 && parts[0] != "any" {
			low, high, ranged := strings.Cut(parts[0], "-")
			if !ranged {
				high = low
			}
			var wrong [2]error
			r.low, wrong[0] = strconv.Atoi(low)
			r.high, wrong[1] = strconv.Atoi(high)
			if wrong[0] != nil || wrong[1] != nil || r.low < 1 || r.low > r.high || r.high > 65535 {
				return nil, fmt.Errorf("%w: %q is no rule for bind(2)", ErrSyntax, w)
			}
		}
		if len(parts) > 1 || w == "" {
			return nil, fmt.Errorf("%w: %q is no rule for bind(2)", ErrSyntax, w)
		}
		out = append(out, r)
	}
	return out, nil
}

// matches says whether a bind of a kind ([bindKind]) is meant.
func (r bindRule) matches(kind string, port int) bool {
	family, transport, _ := strings.Cut(kind, ":")
	return (r.family == "" || r.family == family) && (r.transport == "" || r.transport == transport) &&
		(r.low == 0 || r.low <= port && port <= r.high)
}

func readInterfaces(s Settings) (interfaces, error) {
	n := interfaces{loopback: true, others: true, all: true}
	named, denies := map[string]bool{}, false
	for _, o := range s {
		if o.Name != "RestrictNetworkInterfaces" {
			continue
		}
		value, inverted := strings.CutPrefix(o.Value, "~")
		words, err := splitWords(value)
		if err != nil {
			return n, fmt.Errorf("%s=: %w", o.Name, err)
		}
		switch {
		case o.Value == "":
			n.limited = false
			clear(named)
			continue
		case !n.limited:
			n.limited, denies = true, inverted
		}
		for _, w := range words {
			if named[w] = inverted == denies; !named[w] {
				delete(named, w)
			}
		}
	}
	if n.limited && len(named) > 0 {
		n.loopback = named["lo"] != denies
		beside := len(named) > 1 || len(named) == 1 && !named["lo"]
		n.others, n.all = denies || beside, denies && !beside
	}
	return n, nil
}

// refuses names the directive that keeps a socket from its use. Addresses are
// those of peers: a filter sees packets, and none goes to where a socket is
// bound before there is one.
func (n network) refuses(k trace.Socket, w *scene) string {
	if !isInet(k.Family) {
		return ""
	}
	if kind := bindKind(k.Family, k.Type, k.Protocol); k.Action == "bind" && kind != "" && n.refusesBind(kind, k.Port) {
		return "SocketBindDeny"
	}
	a, known := peer(k)
	if !known || !hasPeer(k) {
		return ""
	}
	holds := func(p netip.Prefix) bool { return p.Contains(a) }
	if !slices.ContainsFunc(n.allow, holds) && slices.ContainsFunc(n.deny, holds) {
		return "IPAddressDeny"
	}
	if inside := a.IsLoopback() || w.addresses[a]; inside && !n.interfaces.loopback || !inside && !n.interfaces.others {
		return "RestrictNetworkInterfaces"
	}
	return ""
}

func (n network) refusesBind(kind string, port int) bool {
	hit := func(r bindRule) bool { return r.matches(kind, port) }
	return !slices.ContainsFunc(n.bindAllow, hit) && slices.ContainsFunc(n.bindDeny, hit)
}

// hasPeer says whether a fact tells of somebody at the other end.
func hasPeer(k trace.Socket) bool {
	return slices.Contains([]string{"connect", "send", "accept", "receive"}, k.Action)
}

// refusesComers says whether a filter would keep out whoever may come to a
// socket that anybody can reach: not a fact that is refused, but nothing that is
// derived of who came so far would hold.
func (n network) refusesComers(k trace.Socket) string {
	a, known := peer(k)
	if !isInet(k.Family) || !known || !a.IsUnspecified() || k.Action != "listen" && (k.Action != "bind" || k.Type == "SOCK_STREAM") {
		return ""
	}
	everybody := func(p netip.Prefix) bool { return p.Bits() == 0 && p.Addr().Is4() == a.Is4() }
	switch {
	case slices.ContainsFunc(n.deny, everybody) && !slices.ContainsFunc(n.allow, everybody):
		return "IPAddressDeny"
	case !n.interfaces.others:
		return "RestrictNetworkInterfaces"
	}
	return ""
}
