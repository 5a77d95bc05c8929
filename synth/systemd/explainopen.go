package systemd

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// What words of lists that open something again are needed for, whoever wrote them.

func (x *Explainer) socketsWhere(is func(synth.SocketGrant) bool) []synth.Grant {
	var out []synth.Grant
	for _, s := range x.d.Sockets {
		if isInet(s.Family) && is(s) {
			out = append(out, s.Grant())
		}
	}
	return out
}

func (x *Explainer) filesWhere(is func(synth.FileGrant) bool) []synth.Grant {
	var out []synth.Grant
	for _, g := range x.d.Files {
		if is(g) {
			out = append(out, g.Grant())
		}
	}
	return out
}

// bound are the binds that a word of SocketBindAllow= lets through.
func (x *Explainer) bound(w string) []synth.Grant {
	rules, err := bindRules([]string{w})
	if err != nil {
		return nil
	}
	return x.socketsWhere(func(s synth.SocketGrant) bool {
		kind := bindKind(s.Family, s.Type, s.Protocol)
		return s.Action == "bind" && kind != "" && rules[0].matches(kind, s.Port)
	})
}

// reached are the uses of addresses that a word of IPAddressAllow= stands for. To bind
// to one needs the word where it is the machine's own alone: then peers have it as well.
func (x *Explainer) reached(w string) []synth.Grant {
	allowed, err := prefixes([]string{w})
	if err != nil {
		return nil
	}
	return x.socketsWhere(func(s synth.SocketGrant) bool {
		a, err := netip.ParseAddr(s.Address)
		if err != nil {
			return false
		}
		a = a.Unmap().WithZone("")
		here := a.IsLoopback() || a.IsUnspecified()
		if a.IsUnspecified() {
			a = map[bool]netip.Addr{true: netip.AddrFrom4([4]byte{127, 0, 0, 1}), false: netip.IPv6Loopback()}[a.Is4()]
		}
		peers := slices.Contains([]string{"connect", "send", "accept", "receive"}, s.Action)
		return (here || peers) && slices.ContainsFunc(allowed, func(p netip.Prefix) bool { return p.Contains(a) })
	})
}

// devices are the openings of devices that a word of DeviceAllow= is about.
func (x *Explainer) devices(w string) []synth.Grant {
	entry, err := readDevice(w)
	if err != nil {
		return nil // what may be done with the device
	}
	return x.filesWhere(func(g synth.FileGrant) bool {
		return deviceRights(g.Access) != "" && slices.ContainsFunc(g.Devices, func(device string) bool {
			kind, number, _ := strings.Cut(device, " ")
			meant, _ := entry.means(trace.File{Path: g.Path, Type: kind, Device: number})
			return meant
		})
	})
}

// byGroup are the files that membership of a group opens for the user.
func (x *Explainer) byGroup(w string) []synth.Grant {
	if x.d.Replayed == nil {
		return nil
	}
	return x.filesWhere(func(g synth.FileGrant) bool {
		return slices.ContainsFunc(x.d.Replayed.Groups, func(a synth.UserAnswer) bool {
			return a.Answer == w && slices.ContainsFunc(a.Paths, g.Name().Match)
		})
	})
}
