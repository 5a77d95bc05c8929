package systemd

import (
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// cutsOff says whether a network namespace of its own keeps a socket from its
// use. There is loopback in it and nothing else: sockets can be made and bound,
// and the worker's own processes reach each other.
func (s *Sandbox) cutsOff(k trace.Socket, w *scene) bool {
	if !s.exact {
		return k.Family != "AF_UNIX" || k.Abstract != ""
	}
	if k.Family == "AF_UNIX" {
		return k.Abstract != "" && (k.Action == "connect" || k.Action == "send") && !w.abstract[k.Abstract]
	}
	a, known := peer(k)
	if !isInet(k.Family) || !known {
		return false
	}
	inside := a.IsLoopback()
	switch k.Action {
	case "bind":
		return !inside && !a.IsUnspecified() && !a.IsMulticast()
	case "connect", "send":
		if slices.Contains([]string{"ENETUNREACH", "EHOSTUNREACH", "ENETDOWN"}, k.Outcome) || inside && k.Outcome == "ECONNREFUSED" {
			return false // the answer would be the same
		}
		return !inside || !w.listens[k.Port]
	case "accept", "receive":
		return !inside || k.Action == "accept" && !w.connects[k.Port]
	}
	return false
}

// doubtSocket notes what a fact does not tell of a socket's use.
func (s *Sandbox) doubtSocket(k trace.Socket, w *scene) {
	if !s.exact || !isInet(k.Family) || !hasPeer(k) {
		return
	}
	a, known := peer(k)
	if !known {
		for _, of := range []struct {
			name string
			on   bool
		}{{"IPAddressDeny", len(s.network.deny) > 0}, {"RestrictNetworkInterfaces", s.value("RestrictNetworkInterfaces") != ""}, {"PrivateNetwork", s.yes("PrivateNetwork")}} {
			if of.on {
				s.doubt(of.name, "the addresses of some peers are not in the trace")
			}
		}
		return
	}
	if n := s.network.interfaces; n.limited && n.others && !n.all && !a.IsLoopback() && !w.addresses[a] {
		s.doubt("RestrictNetworkInterfaces", "facts do not tell which interface a packet took")
	}
}

// showsOtherNetwork says whether a file is about a network interface that a
// namespace of its own does not have.
func showsOtherNetwork(p trace.Path) bool {
	parts := strings.Split(string(p), "/")
	for i, part := range parts[:len(parts)-1] {
		next := parts[i+1]
		if next == "lo" || next == "all" || next == "default" {
			continue
		}
		switch {
		case part == "net" && synth.Within(p, "/sys/class") && i == 3, part == "net" && synth.Within(p, "/sys/devices"):
			return true
		case (part == "conf" || part == "neigh") && synth.Within(p, "/proc/sys/net"):
			return true
		}
	}
	return false
}
