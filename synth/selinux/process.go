package selinux

import (
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// byCall are permissions of class process on the worker itself that a call asks
// for (selinux/hooks.c).
var byCall = map[string]string{
	"setrlimit": "setrlimit", "prlimit64": "setrlimit", "sched_setscheduler": "setsched", "sched_setparam": "setsched",
	"sched_setaffinity": "setsched", "sched_setattr": "setsched", "setpriority": "setsched", "ioprio_set": "setsched",
	"sched_getscheduler": "getsched", "sched_getaffinity": "getsched", "sched_getparam": "getsched", "sched_getattr": "getsched",
	"getpriority": "getsched", "setpgid": "setpgid", "getpgid": "getpgid", "getsid": "getsession", "capset": "setcap", "capget": "getcap",
	"ptrace": "ptrace",
}

func (m *module) processes() {
	m.rules.allow("self", "process", "fork", "getattr", "sigchld", "sigkill", "signal", "signull", "sigstop")
	m.rules.allow("self", "fd", "use")
	m.rules.allow("self", "fifo_file", "append", "getattr", "ioctl", "lock", "read", "write")
	for _, s := range m.p.Syscalls {
		if permission, ok := byCall[s.Name]; ok {
			m.rules.allow("self", "process", permission)
		}
	}
	for _, a := range m.p.Arguments {
		if a.Name == trace.ArgProtection {
			m.rules.allow("self", "process", "execmem", "execstack", "execheap")
		}
	}
}

// second are the capabilities of class capability2.
var second = []string{
	"mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore",
}

func (m *module) capabilities() {
	for _, c := range m.p.Capabilities {
		if c.Need != synth.Required {
			continue
		}
		name := strings.ToLower(strings.TrimPrefix(c.Name, "CAP_"))
		class := "capability"
		if slices.Contains(second, name) {
			class = "capability2"
		}
		if c.UserNS {
			m.rules.allow("self", strings.Replace(class, "capability", "cap_userns", 1), name)
		}
		m.rules.allow("self", class, name)
	}
}

// netlink are the classes of netlink sockets by protocol (uapi/linux/netlink.h).
var netlink = map[int]string{
	0: "netlink_route_socket", 4: "netlink_tcpdiag_socket", 5: "netlink_nflog_socket", 6: "netlink_xfrm_socket",
	7: "netlink_selinux_socket", 9: "netlink_audit_socket", 10: "netlink_fib_lookup_socket", 11: "netlink_connector_socket",
	12: "netlink_netfilter_socket", 15: "netlink_kobject_uevent_socket", 16: "netlink_generic_socket", 20: "netlink_rdma_socket",
	21: "netlink_crypto_socket",
}

// socketClass is the class of a socket (socket_type_to_security_class).
func socketClass(s synth.SocketGrant) string {
	switch s.Family {
	case "AF_UNIX":
		if s.Type == "SOCK_DGRAM" {
			return "unix_dgram_socket"
		}
		return "unix_stream_socket"
	case "AF_NETLINK":
		if class, ok := netlink[s.Protocol]; ok {
			return class
		}
		return "netlink_socket"
	case "AF_PACKET":
		return "packet_socket"
	case "AF_INET", "AF_INET6":
		switch {
		case s.Type == "SOCK_STREAM":
			return "tcp_socket"
		case s.Type == "SOCK_DGRAM" && (s.Protocol == 1 || s.Protocol == 58):
			return "icmp_socket"
		case s.Type == "SOCK_DGRAM":
			return "udp_socket"
		}
		return "rawip_socket"
	case "AF_ALG":
		return "alg_socket"
	case "AF_VSOCK":
		return "vsock_socket"
	}
	return "socket"
}

func (m *module) sockets() {
	for _, s := range m.p.Sockets {
		class := socketClass(s)
		m.rules.allow("self", class, "bind", "connect", "create", "getattr", "getopt", "ioctl", "lock", "read", "setopt", "shutdown", "write")
		if strings.HasPrefix(class, "netlink_route") || class == "netlink_tcpdiag_socket" || class == "netlink_audit_socket" || class == "netlink_xfrm_socket" {
			m.rules.allow("self", class, "nlmsg_read")
		}
		internet := s.Family == "AF_INET" || s.Family == "AF_INET6"
		switch {
		case s.Action == "listen" || s.Action == "accept":
			m.rules.allow("self", class, "accept", "listen")
		case s.Action == "bind" && internet:
			m.rules.allow("port_type", class, "name_bind")
			m.rules.allow("node_type", class, "node_bind")
		case s.Action == "connect" && class == "tcp_socket":
			m.rules.allow("port_type", class, "name_connect")
		case (s.Action == "connect" || s.Action == "send") && s.Family == "AF_UNIX" && class == "unix_stream_socket":
			m.rules.allow("domain", class, "connectto")
		case (s.Action == "connect" || s.Action == "send") && class == "unix_dgram_socket":
			m.rules.allow("domain", class, "sendto")
		}
	}
}
