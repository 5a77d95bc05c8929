package synth

import (
	"cmp"
	"slices"

	"github.com/osapi-io/osapi-profile/trace"
)

// inferSockets grants every socket use that was not refused. A connect that
// found nobody (ECONNREFUSED) or is under way (EINPROGRESS) was allowed.
func inferSockets(t *trace.Trace, by subjects, folds *folder) []SocketGrant {
	return socketsOf(t, by, folds, SocketRestsOnPermission)
}

// missingSockets lists the names of UNIX sockets that were connected to and were not
// there.
func missingSockets(t *trace.Trace, by subjects, folds *folder) []SocketGrant {
	return socketsOf(t, by, folds, SocketIsMissing)
}

// SocketIsMissing says whether a connect found no UNIX socket of that name. What
// guards the socket is asked before that, and what guards the name is not.
func SocketIsMissing(s trace.Socket) bool {
	return s.Family == "AF_UNIX" && s.Action == "connect" && s.Outcome == "ENOENT"
}

func socketsOf(t *trace.Trace, by subjects, folds *folder, counts func(trace.Socket) bool) []SocketGrant {
	type key struct {
		action, family, typ string
		protocol, port      int
		address, name       string
		abstract            trace.Path
	}
	grants := map[key]*SocketGrant{}
	for _, s := range t.Sockets {
		if !counts(s) {
			continue
		}
		g := SocketGrant{
			Action: s.Action, Family: s.Family, Type: s.Type, Protocol: s.Protocol,
			Address: s.Address, Port: s.Port, Path: s.Path, Abstract: s.Abstract,
		}
		var rules []string
		if fromPeer(s) {
			g.Address, rules = "", []string{RulePeer}
		}
		if s.Path != "" {
			if g.Pattern, rules = folds.fold(s.Path); g.Pattern != nil {
				g.Path = ""
			}
		}
		k := key{s.Action, s.Family, s.Type, s.Protocol, s.Port, g.Address, nameOf(g.Path, g.Pattern).key(), s.Abstract}
		if grants[k] == nil {
			grants[k] = &g
		}
		grants[k].Facts = append(grants[k].Facts, by.ref(s.Seen, socketCall(s.Action)))
		grants[k].Rules = append(grants[k].Rules, rules...)
	}
	out := make([]SocketGrant, 0, len(grants))
	for _, g := range grants {
		g.normalise()
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b SocketGrant) int {
		return cmp.Or(cmp.Compare(a.Family, b.Family), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Protocol, b.Protocol),
			cmp.Compare(a.Action, b.Action), cmp.Compare(a.Address, b.Address), cmp.Compare(a.Port, b.Port),
			cmp.Compare(nameOf(a.Path, a.Pattern).key(), nameOf(b.Path, b.Pattern).key()), cmp.Compare(a.Abstract, b.Abstract))
	})
	return out
}

// fromPeer says whether the address is that of somebody who came to the worker.
func fromPeer(s trace.Socket) bool {
	return s.Address != "" && (s.Action == "accept" || s.Action == "receive")
}

func socketCall(action string) string {
	switch action {
	case "create":
		return "socket"
	case "send":
		return "sendto"
	case "receive":
		return "recvfrom"
	}
	return action
}
