package apparmor

import (
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
)

// families are the address families that the language of apparmor_parser 3.0
// has a word for, all of them AF_ names in lower case.
var families = strings.Fields(`unix inet ax25 ipx appletalk netrom bridge atmpvc x25 inet6 rose netbeui security key
	netlink packet ash econet atmsvc rds sna irda pppox wanpipe llc ib mpls can tipc bluetooth iucv rxrpc isdn phonet
	ieee802154 caif alg nfc vsock kcm qipcrtr smc xdp mctp`)

var socketTypes = []string{"stream", "dgram", "seqpacket", "rdm", "raw", "packet"}

// network grants families and types of sockets, which is all that AppArmor
// tells apart on kernels without finer mediation.
func (d document) network() (s section, unknown []string) {
	s.title = []string{"Network"}
	if !d.profile.Sees("socket") {
		s.add(byRule(ruleBlind), "network")
		return s, nil
	}
	evidence := map[string][]synth.Evidence{}
	for _, g := range d.profile.Sockets {
		family, typ := familyWord(g.Family), socketTypeWord(g.Type)
		switch {
		case family == "":
			unknown = append(unknown, "sockets of family "+g.Family)
			continue
		case family == "unix":
			continue // see unix
		case typ == "":
			g.Rules = append(slices.Clone(g.Rules), ruleFamily)
		}
		text := strings.TrimSpace("network " + family + " " + typ)
		evidence[text] = append(evidence[text], g.Evidence)
	}
	for _, text := range sortedKeys(evidence) {
		s.add(because(evidence[text]...), "%s", text)
	}
	return s, slices.Compact(slices.Sorted(slices.Values(unknown)))
}

// familyWord is AppArmor's word for "AF_INET", "" if it has none.
func familyWord(name string) string {
	word := strings.ToLower(strings.TrimPrefix(name, "AF_"))
	if word == "local" || word == "file" {
		word = "unix"
	}
	if !slices.Contains(families, word) {
		return ""
	}
	return word
}

// socketTypeWord is AppArmor's word for "SOCK_STREAM", "" if it has none.
func socketTypeWord(name string) string {
	word := strings.ToLower(strings.TrimPrefix(name, "SOCK_"))
	if !slices.Contains(socketTypes, word) {
		return ""
	}
	return word
}
