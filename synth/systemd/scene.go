package systemd

import (
	"net/netip"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// scene is what the worker made itself, as all facts of a trace together tell:
// it is there in a sandbox that hides what others made.
type scene struct {
	made      map[trace.Path]bool // names of files
	abstract  map[trace.Path]bool // names of UNIX sockets without a file
	listens   map[int]bool        // ports that it binds
	connects  map[int]bool        // ports that it connects to on loopback
	addresses map[netip.Addr]bool // that it binds: this machine has them
	overrides bool                // it used files that their modes kept from it
}

func sceneOf(t *trace.Trace) *scene {
	w := &scene{
		made: map[trace.Path]bool{}, abstract: map[trace.Path]bool{}, listens: map[int]bool{}, connects: map[int]bool{},
		addresses: map[netip.Addr]bool{},
	}
	for _, f := range t.Files {
		if synth.RestsOnPermission(f.Seen) && f.Access&(trace.AccessCreate|trace.AccessRenameTo|trace.AccessLinkTo|trace.AccessBind) != 0 {
			w.made[f.Path] = true
		}
	}
	for _, c := range t.Capabilities {
		w.overrides = w.overrides || synth.Needs(c) && (c.Name == "CAP_DAC_OVERRIDE" || c.Name == "CAP_DAC_READ_SEARCH")
	}
	for _, k := range t.Sockets {
		if synth.SocketRestsOnPermission(k) {
			w.add(k)
		}
	}
	return w
}

func (w *scene) add(k trace.Socket) {
	a, known := peer(k)
	switch k.Action {
	case "bind", "listen":
		w.abstract[k.Abstract] = true
		if !isInet(k.Family) {
			return
		}
		w.listens[k.Port] = true
		if known {
			w.addresses[a] = true
		}
	case "connect", "send":
		if known && a.IsLoopback() {
			w.connects[k.Port] = true
		}
	}
}

// peer is the address of a socket's fact. The address that stands for any leads
// to this machine when it is connected to.
func peer(k trace.Socket) (netip.Addr, bool) {
	a, err := netip.ParseAddr(k.Address)
	if err != nil {
		return a, false
	}
	a = a.Unmap().WithZone("")
	if a.IsUnspecified() && (k.Action == "connect" || k.Action == "send") {
		if a.Is4() {
			return netip.AddrFrom4([4]byte{127, 0, 0, 1}), true
		}
		return netip.IPv6Loopback(), true
	}
	return a, true
}
