package apparmor

import (
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
)

// rule takes in one rule of a profile, whoever wrote it. It says why it could
// not be understood, or only in part; "" when all is well.
func (p *Policy) rule(at synth.Line, words []word, vars map[string][]string) string {
	owner, deny := false, false
	for len(words) > 1 && !words[0].quoted {
		switch words[0].text {
		case "owner":
			owner = true
		case "deny":
			deny = true
		case "audit", "allow", "quiet":
		default:
			return p.bareRule(at, words, vars, owner, deny)
		}
		words = words[1:]
	}
	return p.bareRule(at, words, vars, owner, deny)
}

// bareRule is a rule without its qualifiers.
func (p *Policy) bareRule(at synth.Line, words []word, vars map[string][]string, owner, deny bool) string {
	rest := texts(words[1:])
	switch first := words[0]; {
	case first.quoted || strings.HasPrefix(first.text, "/") || strings.HasPrefix(first.text, "@{"):
		return p.fileRule(at, words, vars, owner, deny)
	case first.text == "file":
		if len(words) == 1 {
			words = []word{{text: "file"}, {text: "/{**,}"}, {text: "rwkmlix"}} // as the parser has it: the root directory as well
		}
		return p.fileRule(at, words[1:], vars, owner, deny)
	case first.text == "capability":
		return p.capabilityRule(rest, deny)
	case first.text == "network":
		return p.networkRule(rest, deny)
	case first.text == "link":
		return p.linkRuleOf(at, words, vars, deny)
	case slices.Contains([]string{"signal", "ptrace"}, first.text) && !deny:
		p.Others = append(p.Others, strings.Join(texts(words), " "))
		if strings.Contains(at.Text, "peer=") && !ownPeer(at.Text) {
			return "who a peer is, a trace does not tell"
		}
		return ""
	case first.text == "unix" && !deny:
		return p.unixRuleOf(rest)
	case slices.Contains([]string{"mount", "remount", "umount"}, first.text) && !deny && p.mount(words, vars) == nil:
		return "facts about it are not looked at"
	case slices.Contains([]string{"mount", "remount", "umount", "pivot_root", "dbus", "change_profile", "userns", "io_uring", "mqueue", "unix"}, first.text):
		p.Others = append(p.Others, strings.Join(texts(words), " "))
		return "facts about it are not looked at"
	case isPerms(first.text) && len(words) > 1:
		return p.fileRule(at, append([]word{words[1], first}, words[2:]...), vars, owner, deny)
	}
	return "unknown rule"
}

// isPerms says whether a word is the permissions of a file rule.
func isPerms(text string) bool { return text != "" && strings.Trim(text, "rwaklmxipcuPCU") == "" }

func (p *Policy) fileRule(at synth.Line, words []word, vars map[string][]string, owner, deny bool) string {
	if len(words) > 1 && !words[0].quoted && isPerms(words[0].text) {
		words = append([]word{words[1], words[0]}, words[2:]...)
	}
	if len(words) < 2 || len(words) > 2 && words[2].text != "->" || !isPerms(words[1].text) {
		return "a name and its permissions are expected"
	}
	m, err := compile(words[0].text, vars)
	if err != nil {
		return err.Error()
	}
	perm := words[1].text
	r := pathRule{owner: owner, name: m, deny: deny, at: at}
	if len(words) > 3 {
		r.to = words[3].text
	}
	for i, c := range "mrwk" {
		if strings.ContainsRune(perm, c) {
			r.perms |= 1 << i
		}
	}
	if strings.ContainsRune(perm, 'x') {
		r.perms |= permExec
		r.exec = strings.Trim(perm, "rwaklm")
	}
	if !deny && !r.moves() {
		r.perms = r.perms.implied()
	}
	p.files = append(p.files, r)
	switch {
	case strings.ContainsRune(perm, 'l'):
		if deny {
			return "what it says of hard links is not looked at"
		}
		anything, _ := compile("/**", vars)
		p.links = append(p.links, linkRule{m, anything})
	case strings.ContainsRune(perm, 'a'):
		return "appending is not told from writing, and counts as denied here"
	}
	return ""
}

// unixRuleOf takes in a rule as they are written here, which gives by type whatever
// a socket needs on every kernel that asks. Of others it takes the family.
func (p *Policy) unixRuleOf(words []string) string {
	n := len(p.unix)
	if p.unixSockets(words) == nil {
		given := p.unix[n].actions
		if len(given) == 0 || !slices.ContainsFunc(unixAlways, func(a string) bool { return !slices.Contains(given, a) }) {
			return ""
		}
	}
	p.unix = p.unix[:n]
	p.Networks = append(p.Networks, Network{Family: "unix"})
	return "taken to allow every UNIX socket: conditions of unix rules are not looked at"
}

func (p *Policy) linkRuleOf(at synth.Line, words []word, vars map[string][]string, deny bool) string {
	if len(words) > 1 && words[1].text == "subset" {
		words = slices.Delete(slices.Clone(words), 1, 2)
	}
	if deny {
		return "what it says of hard links is not looked at"
	}
	if err := p.link(words, vars); err != nil {
		return err.Error()
	}
	return ""
}

func (p *Policy) capabilityRule(names []string, deny bool) string {
	if len(names) == 0 {
		names = []string{""}
	}
	for _, n := range names {
		if deny {
			p.denied = append(p.denied, strings.TrimSpace("capability "+n))
			continue
		}
		p.Capabilities = append(p.Capabilities, n)
	}
	return ""
}

// protocols are the words that stand for a family and a type.
var protocols = map[string]string{"tcp": "stream", "udp": "dgram", "icmp": "raw"}

func (p *Policy) networkRule(words []string, deny bool) string {
	var of []string
	var typ, why string
	for _, w := range words {
		switch {
		case slices.Contains(families, w):
			of = append(of, w)
		case slices.Contains(socketTypes, w):
			typ = w
		case protocols[w] != "":
			typ = protocols[w]
			if len(of) == 0 {
				of = []string{"inet", "inet6"}
			}
		default:
			why = "conditions of network rules are not looked at: taken to allow what it would without them"
		}
	}
	if len(of) == 0 && typ != "" {
		of = families
	}
	if len(of) == 0 {
		of = []string{""}
	}
	for _, f := range of {
		switch {
		case deny && why != "":
		case deny:
			p.denied = append(p.denied, strings.TrimSpace("network "+strings.TrimSpace(f+" "+typ)))
		default:
			p.Networks = append(p.Networks, Network{f, typ})
		}
	}
	return why
}

// ownPeer says whether a rule is about the profile itself, or about what has no
// profile: neither decides over what the evaluator looks at.
func ownPeer(text string) bool {
	return strings.Contains(text, "peer=@{profile_name}") || strings.Contains(text, "(receive) peer=") || strings.Contains(text, "(readby, tracedby) peer=") ||
		strings.HasSuffix(strings.TrimSuffix(text, ","), "peer=unconfined")
}
