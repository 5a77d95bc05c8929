package oracle

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/osapi-io/osapi-profile/test/recall/strace"
)

// protocols are the numbers of names that workloads use.
var protocols = map[strace.Arg]string{
	"0": "0", "IPPROTO_IP": "0", "IPPROTO_TCP": "6", "IPPROTO_UDP": "17", "IPPROTO_MPTCP": "262",
	"NETLINK_ROUTE": "0", "NETLINK_AUDIT": "9",
}

// socket puts down family, type and protocol.
func socket(p *process, c strace.Call) error {
	kind := strings.ReplaceAll(strings.ReplaceAll(string(c.Args[1]), "|SOCK_CLOEXEC", ""), "|SOCK_NONBLOCK", "")
	protocol, ok := protocols[c.Args[2]]
	if !ok {
		return fmt.Errorf("protocol %s is not known", c.Args[2])
	}
	p.add("socket", fmt.Sprintf("%s %s %s", c.Args[0], kind, protocol))
	if c.Result.File != nil {
		p.o.sockets[c.Result.File.Path] = c.Args[0]
	}
	return nil
}

// bind to a path makes a file.
func bind(p *process, c strace.Call) error {
	name, at, err := p.address(c.Args[1], false)
	if err != nil {
		return err
	}
	if name != "" {
		p.add("bind", name)
	}
	if at != nil {
		p.add("create", at.path())
		p.add("bound", at.path())
		at.dir.set(at.name, &node{})
	}
	return nil
}

// toward is a call that takes the address of somebody else, if it takes one.
func toward(kind string, argument int) effect {
	return func(p *process, c strace.Call) error {
		if len(c.Args) <= argument {
			return fmt.Errorf("has %d arguments only", len(c.Args))
		}
		a := c.Args[argument]
		if c.Name == "sendmsg" {
			a = a.Field("msg_name")
		}
		if a.Null() {
			return nil
		}
		name, at, err := p.address(a, true)
		if err != nil {
			return err
		}
		p.add(kind, p.ofSocket(c.Args[0], name))
		if at != nil {
			p.add("reached", at.path())
		}
		return nil
	}
}

// ofSocket puts the family of the socket in the place of the address's: one of
// IPv6 can be connected to an address of IPv4, or to none by AF_UNSPEC.
func (p *process) ofSocket(fd strace.Arg, name string) string {
	_, file, err := fd.FD()
	if err != nil || file == nil || p.o.sockets[file.Path] != "AF_INET6" {
		return name
	}
	if _, address, there := strings.Cut(name, " "); there {
		return "AF_INET6 " + address
	}
	return "AF_INET6"
}

// address reads a structure sockaddr. The place is that of a UNIX path.
func (p *process) address(a strace.Arg, follow bool) (string, *place, error) {
	family := a.Field("sa_family")
	switch family {
	case "AF_UNIX":
		return p.unix(a.Field("sun_path"), follow)
	case "AF_INET":
		ip, _ := a.Field("sin_addr").Inner("inet_addr")
		return inet(family, ip, a.Field("sin_port"))
	case "AF_INET6":
		return inet(family, inner6(a), a.Field("sin6_port"))
	case "AF_UNSPEC", "AF_NETLINK":
		return string(family), nil, nil
	}
	return "", nil, fmt.Errorf("family %q is not known", family)
}

// inner6 finds the address in inet_pton(AF_INET6, "…", &sin6_addr), which
// stands in the structure as a member without a name.
func inner6(a strace.Arg) strace.Arg {
	_, after, _ := strings.Cut(string(a), "inet_pton(AF_INET6, ")
	before, _, _ := strings.Cut(after, ",")
	return strace.Arg(before)
}

func inet(family, ip, port strace.Arg) (string, *place, error) {
	text, err := ip.Text()
	if err != nil {
		return "", nil, err
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return "", nil, err
	}
	number, ok := port.Inner("htons")
	if !ok {
		return "", nil, fmt.Errorf("%q is not a port", port)
	}
	return fmt.Sprintf("%s %s %s", family, addr, number), nil, nil
}

func (p *process) unix(a strace.Arg, follow bool) (string, *place, error) {
	if a == "" {
		return "", nil, nil // the kernel chooses a name
	}
	if name, ok := strings.CutPrefix(string(a), "@"); ok {
		text, err := strace.Arg(name).Text()
		return "AF_UNIX @" + text, nil, err
	}
	path, err := a.Text()
	if err != nil {
		return "", nil, err
	}
	at, err := p.walk(p.fs.cwd, path, follow)
	if err != nil {
		return "", nil, err
	}
	return "AF_UNIX " + at.path(), &at, nil
}
