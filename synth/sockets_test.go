package synth

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/trace"
)

// Who comes to a worker is grouped by where it takes them in.
func TestPeersAreOneGrantAPort(t *testing.T) {
	accept := func(address string, port int) trace.Socket {
		return trace.Socket{Seen: trace.Seen{Outcome: trace.OK}, Action: "accept", Family: "AF_INET", Type: "SOCK_STREAM", Address: address, Port: port}
	}
	in := &trace.Trace{Sockets: []trace.Socket{accept("192.0.2.1", 80), accept("192.0.2.2", 80), accept("", 80), accept("192.0.2.1", 443)}}
	p := Infer(in, Options{})
	require.Len(t, p.Sockets, 2)
	for _, g := range p.Sockets {
		require.Empty(t, g.Address)
		require.Contains(t, g.Rules, RulePeer)
	}
	require.Empty(t, p.Refused(in))
}
