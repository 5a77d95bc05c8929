package systemd

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

func networkRows() []row {
	socket := []string{"socket"}
	return []row{
		{
			group: "Network", name: "PrivateNetwork", since: 33, kinds: []string{"socket", "file"},
			says:    "No network but a loopback interface of its own.",
			unless:  "a socket of another family than AF_UNIX, an abstract UNIX socket, a look at the host's interfaces",
			against: (*draft).reachesNetwork, write: yes("PrivateNetwork"),
		},
		{
			name: "IPAddressDeny", since: 235, kinds: socket,
			says:    "No packet from or to any other address, which counts for those who come to the worker as well.",
			unless:  "anybody may come to the worker, or the addresses are what the DNS said",
			against: func(d *draft) []conflict { return d.addresses().against },
			write: func(d *draft, t *text) {
				t.line("IPAddressDeny=any")
			},
		},
		{
			name: "IPAddressAllow", beside: "IPAddressDeny", since: 235, kinds: socket,
			unless:  "the same as IPAddressDeny=",
			against: func(d *draft) []conflict { return d.addresses().against }, write: writeAddresses,
		},
		{
			name: "SocketBindAllow", since: 249, kinds: socket,
			unless: "the recorder attached to a running worker; where it binds none, SocketBindDeny= stands alone",
			beside: "SocketBindDeny", against: (*draft).beganUnseen, write: writeBinds,
		},
		{
			name: "SocketBindDeny", since: 249, kinds: socket,
			says:    "No other TCP or UDP port can be bound. (Needs a systemd built with BPF: Debian 12's is not, and ignores it.)",
			unless:  "the recorder attached to a running worker",
			against: (*draft).beganUnseen,
			write:   func(_ *draft, t *text) { t.line("SocketBindDeny=any") },
		},
		{
			name: "RestrictNetworkInterfaces", since: 250, kinds: socket,
			says:    "Packets pass the loopback interface only. (Needs a systemd built with BPF.)",
			unless:  "an address beside loopback: facts do not tell which interface a packet took",
			against: (*draft).leavesLoopback,
			write: func(d *draft, t *text) {
				if d.dropIn {
					t.line("RestrictNetworkInterfaces=")
				}
				t.line("RestrictNetworkInterfaces=lo")
			},
		},
	}
}

// isInet says whether a socket carries IP addresses.
func isInet(family string) bool { return family == "AF_INET" || family == "AF_INET6" }

// reachesNetwork finds what a network namespace of its own would cut off. The
// names of abstract sockets belong to the namespace.
func (d *draft) reachesNetwork() []conflict {
	var out []conflict
	for _, s := range d.Sockets {
		switch {
		case s.Family != "AF_UNIX":
			out = append(out, conflict{"a socket of " + plainText(s.Family) + " is used", s.Evidence})
		case s.Abstract != "":
			out = append(out, conflict{"the abstract socket " + quoted(s.Abstract) + " is used", s.Evidence})
		}
	}
	return slices.Concat(out, d.usedWhere(aboutNetwork), d.beganUnseen())
}

var networkTrees = []trace.Path{"/sys/class/net", "/sys/devices/virtual/net", "/proc/sys/net"}

// aboutNetwork says whether a file shows the network namespace.
func aboutNetwork(p synth.Pattern) bool {
	text := shape(p)
	return slices.ContainsFunc(networkTrees, p.MayLieIn) || strings.HasPrefix(text, "/sys/devices/") && strings.Contains(text, "/net/") ||
		strings.HasPrefix(text, "/proc/") && (strings.Contains(text, "/net/") || strings.HasSuffix(text, "/net"))
}

// addressPlan is which IP addresses packets came from and went to.
type addressPlan struct {
	against  []conflict
	loopback bool // some address was loopback
	hosts    []netip.Addr
	listens  []int // ports listened at on loopback alone
	evidence []synth.Evidence
}

// addresses gathers them. A filter by address counts both ways: it would refuse
// whoever comes to the worker, and what a name stands for tomorrow.
func (d *draft) addresses() *addressPlan {
	pl := &addressPlan{listens: d.loopbackPorts(), against: d.beganUnseen()}
	var names []conflict
	for _, s := range d.Sockets {
		if isInet(s.Family) {
			pl.add(s, &names)
		}
	}
	if len(pl.hosts) > 0 {
		pl.against = append(pl.against, append(names, d.resolves()...)...)
	}
	slices.SortFunc(pl.hosts, netip.Addr.Compare)
	pl.hosts = slices.Compact(pl.hosts)
	return pl
}

// loopbackPorts are ports that the worker listens at for this machine alone.
func (d *draft) loopbackPorts() []int {
	var inside, outside []int
	for _, s := range d.Sockets {
		if s.Action != "listen" || !isInet(s.Family) {
			continue
		}
		if a, err := netip.ParseAddr(s.Address); err == nil && a.Unmap().IsLoopback() {
			inside = append(inside, s.Port)
		} else {
			outside = append(outside, s.Port)
		}
	}
	return slices.DeleteFunc(inside, func(port int) bool { return slices.Contains(outside, port) })
}

func (pl *addressPlan) add(s synth.SocketGrant, names *[]conflict) {
	reject := func(what string) { pl.against = append(pl.against, conflict{what, s.Evidence}) }
	if s.Action == "create" {
		return
	}
	a, err := netip.ParseAddr(s.Address)
	a = a.Unmap().WithZone("")
	switch {
	case s.Action == "accept":
		if !slices.Contains(pl.listens, s.Port) {
			reject("whoever came to the worker, it was not by an address that only this machine has")
		}
		return
	case s.Action == "receive":
		if s.Port != 0 || s.Type != "SOCK_STREAM" {
			reject("datagrams come in from addresses that are not the worker's choice")
		}
	case err != nil && s.Action == "listen":
		reject("it listens on an address that is not known")
	case err != nil && s.Action != "bind":
		reject("the peer of a " + plainText(s.Action) + " is not known")
	case err != nil:
		return
	case a.IsUnspecified() && (s.Action == "listen" || s.Action == "bind" && s.Type != "SOCK_STREAM"):
		reject("anybody may come to " + s.Address)
	case a.IsUnspecified():
		pl.note(s, a) // connect to it is to the machine itself
	case a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		reject("anybody may answer what is sent to " + s.Address)
	case !a.IsLoopback() && (s.Action == "listen" || s.Action == "bind" && s.Type != "SOCK_STREAM"):
		reject("anybody may come to " + s.Address)
	default:
		pl.note(s, a)
	}
	if s.Port == 53 || s.Port == 853 || s.Port == 5353 {
		*names = append(*names, conflict{"names are looked up at " + s.Address, s.Evidence})
	}
}

func (pl *addressPlan) note(s synth.SocketGrant, a netip.Addr) {
	pl.evidence = append(pl.evidence, s.Evidence)
	if a.IsLoopback() || a.IsUnspecified() {
		pl.loopback = true
		return
	}
	if s.Action == "connect" || s.Action == "send" {
		pl.hosts = append(pl.hosts, a)
	}
}

// resolverPlaces are asked for the address of a name.
var resolverPlaces = []trace.Path{"/etc/resolv.conf", "/etc/hosts", "/run/systemd/resolve", "/run/nscd", "/run/resolvconf", "/var/lib/misc"}

func (d *draft) resolves() []conflict {
	out := d.used(resolverPlaces...)
	for i := range out {
		out[i].what = "addresses may be what a name stands for: " + out[i].what
	}
	return out
}

func (d *draft) leavesLoopback() []conflict {
	pl := d.addresses()
	out := pl.against
	for _, s := range d.Sockets {
		if a, err := netip.ParseAddr(s.Address); err == nil && slices.Contains(pl.hosts, a.Unmap().WithZone("")) {
			out = append(out, conflict{plainText(s.Address) + " is reached", s.Evidence})
		}
	}
	return out
}

func writeAddresses(d *draft, t *text) {
	pl := d.addresses()
	var list []string
	if pl.loopback {
		list = append(list, "localhost")
	}
	for _, a := range pl.hosts {
		list = append(list, a.String())
	}
	if d.dropIn {
		t.line("IPAddressAllow=")
	}
	if len(pl.hosts) > 0 {
		t.say("Addresses from the worker's configuration: change them here when they change there.")
	}
	if len(list) > 0 {
		t.item("%s", needers(pl.evidence...))
	}
	t.list("IPAddressAllow", list)
}

// ephemeralPort is where the kernel's own choice of ports begins
// (net.ipv4.ip_local_port_range). A bound port up there differs in every run.
const ephemeralPort = 32768

// portsListed is how many ports of a kind are listed before any is allowed.
const portsListed = 32

// binds gathers what is bound, as systemd spells it: a family and a transport,
// and the port where it is the same in every run.
func (d *draft) binds() map[string][]synth.Evidence {
	ports := map[string]map[int][]synth.Evidence{}
	for _, s := range d.Sockets {
		kind := bindKind(s.Family, s.Type, s.Protocol)
		if s.Action != "bind" || kind == "" {
			continue
		}
		port := s.Port
		if port >= ephemeralPort {
			port = 0
		}
		if ports[kind] == nil {
			ports[kind] = map[int][]synth.Evidence{}
		}
		ports[kind][port] = append(ports[kind][port], s.Evidence)
	}
	out := map[string][]synth.Evidence{}
	for kind, by := range ports {
		for _, port := range slices.Sorted(maps.Keys(by)) {
			item := fmt.Sprintf("%s:%d", kind, port)
			if by[0] != nil || len(by) > portsListed {
				item = kind
			}
			out[item] = append(out[item], by[port]...)
		}
	}
	return out
}

// bindKind is the family and transport of a bind that systemd looks at, "" for
// one that it does not: raw and ping sockets bind by functions of their own.
func bindKind(family, typ string, protocol int) string {
	af := map[string]string{"AF_INET": "ipv4", "AF_INET6": "ipv6"}[family]
	if af == "" {
		return ""
	}
	switch {
	case typ == "SOCK_STREAM" && (protocol == 0 || protocol == 6):
		return af + ":tcp"
	case typ == "SOCK_DGRAM" && (protocol == 0 || protocol == 17):
		return af + ":udp"
	case typ == "SOCK_RAW" || protocol == 1 || protocol == 58:
		return ""
	}
	return af
}

func writeBinds(d *draft, t *text) {
	binds := d.binds()
	if d.dropIn {
		t.line("SocketBindAllow=")
	}
	items := make([]string, 0, len(binds))
	for item := range binds {
		items = append(items, item)
	}
	slices.Sort(items)
	if len(items) > 0 {
		t.say("Ports that the worker binds; without a number any, where they differ in every run.")
	}
	for _, item := range items {
		t.item("%s", needers(binds[item]...))
		t.line("SocketBindAllow=" + item)
	}
}
