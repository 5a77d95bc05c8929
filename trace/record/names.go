package record

import (
	"fmt"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/osapi-io/osapi-profile/trace"
)

// Outcomes that bpf/abi.h adds to the errno values.
const (
	outcomeNone          = 0xffff
	outcomeSeccomp       = 0x10000 // the errno is in the low half
	outcomeSeccompSignal = 0x20000 // the signal is
)

// outcomeName spells an outcome as a trace does. The numbers past 511 are the
// kernel's own (include/linux/errno.h) and have no name in errno(3).
func outcomeName(errno uint32) string {
	switch {
	case errno&outcomeSeccompSignal != 0:
		return trace.Seccomp + signalName(syscall.Signal(errno&0xffff))
	case errno&outcomeSeccomp != 0:
		return trace.Seccomp + outcomeName(errno&0xffff)
	}
	switch errno {
	case 0:
		return trace.OK
	case outcomeNone:
		return ""
	case 95:
		return "EOPNOTSUPP" // ENOTSUP in errno(3) is the same number
	case 512:
		return "ERESTARTSYS"
	case 513:
		return "ERESTARTNOINTR"
	case 514:
		return "ERESTARTNOHAND"
	case 515:
		return "ENOIOCTLCMD"
	case 516:
		return "ERESTART_RESTARTBLOCK"
	case 524:
		return "ENOTSUPP"
	case 529:
		return "EIOCBQUEUED"
	}
	if name := unix.ErrnoName(unix.Errno(errno)); name != "" {
		return name
	}
	return fmt.Sprintf("E%d", errno)
}

// families are the AF_ constants of socket(2) and linux/socket.h.
var families = map[uint16]string{
	0: "AF_UNSPEC", 1: "AF_UNIX", 2: "AF_INET", 3: "AF_AX25", 4: "AF_IPX", 5: "AF_APPLETALK", 6: "AF_NETROM",
	7: "AF_BRIDGE", 8: "AF_ATMPVC", 9: "AF_X25", 10: "AF_INET6", 11: "AF_ROSE", 12: "AF_DECnet",
	13: "AF_NETBEUI", 14: "AF_SECURITY", 15: "AF_KEY", 16: "AF_NETLINK", 17: "AF_PACKET", 18: "AF_ASH",
	19: "AF_ECONET", 20: "AF_ATMSVC", 21: "AF_RDS", 22: "AF_SNA", 23: "AF_IRDA", 24: "AF_PPPOX",
	25: "AF_WANPIPE", 26: "AF_LLC", 27: "AF_IB", 28: "AF_MPLS", 29: "AF_CAN", 30: "AF_TIPC",
	31: "AF_BLUETOOTH", 32: "AF_IUCV", 33: "AF_RXRPC", 34: "AF_ISDN", 35: "AF_PHONET", 36: "AF_IEEE802154",
	37: "AF_CAIF", 38: "AF_ALG", 39: "AF_NFC", 40: "AF_VSOCK", 41: "AF_KCM", 42: "AF_QIPCRTR",
	43: "AF_SMC", 44: "AF_XDP", 45: "AF_MCTP",
}

var socketTypes = map[uint16]string{
	1: "SOCK_STREAM", 2: "SOCK_DGRAM", 3: "SOCK_RAW", 4: "SOCK_RDM", 5: "SOCK_SEQPACKET", 6: "SOCK_DCCP", 10: "SOCK_PACKET",
}

func named[K comparable](names map[K]string, n K, prefix string) string {
	if name, ok := names[n]; ok {
		return name
	}
	return fmt.Sprintf("%s%v", prefix, n)
}

// bit names one flag of a set.
type bit struct {
	value uint64
	name  string
}

func joinBits(value uint64, bits []bit) string {
	if value == 0 {
		return "0"
	}
	var names []string
	for _, b := range bits {
		if value&b.value != 0 {
			names = append(names, b.name)
			value &^= b.value
		}
	}
	if value != 0 {
		names = append(names, fmt.Sprintf("0x%x", value))
	}
	return strings.Join(names, "|")
}

// socketAction names what a call does to a socket.
func socketAction(kind uint8) string {
	switch kind {
	case sockBind:
		return "bind"
	case sockConnect:
		return "connect"
	case sockListen:
		return "listen"
	case sockSendto, sockSendmsg:
		return "send"
	case sockAccept:
		return "accept"
	case sockRecvfrom, sockRecvmsg:
		return "receive"
	}
	return "create"
}

// socketOptions are those of SOL_SOCKET that the kernel asks a capability for,
// socket(7) and net/core/sock.c.
var socketOptions = map[uint32]string{
	1: "SO_DEBUG", 12: "SO_PRIORITY", 25: "SO_BINDTODEVICE", 32: "SO_SNDBUFFORCE", 33: "SO_RCVBUFFORCE", 36: "SO_MARK",
	46: "SO_BUSY_POLL", 61: "SO_TXTIME", 69: "SO_PREFER_BUSY_POLL", 70: "SO_BUSY_POLL_BUDGET", 75: "SO_RCVMARK",
}

const solSocket = 1

// checkArgument words what a capability was asked for in a call: the option of
// setsockopt ("LEVEL:OPTION" below SOL_SOCKET) or prctl, the request of ioctl, the mode
// of chmod.
func checkArgument(call string, level, argument uint32) string {
	switch {
	case call == "setsockopt" && level == solSocket:
		return named(socketOptions, argument, "SO_")
	case call == "setsockopt":
		return fmt.Sprintf("%d:%d", level, argument)
	case call == "prctl":
		return named(prctls, uint64(argument), "")
	case call == "ioctl":
		return fmt.Sprintf("0x%x", argument)
	case slices.Contains([]string{"chmod", "fchmod", "fchmodat", "fchmodat2"}, call):
		return fmt.Sprintf("0%o", argument&0o7777)
	}
	return ""
}
