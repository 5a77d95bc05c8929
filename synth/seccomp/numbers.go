package seccomp

import (
	"strconv"
	"strings"
)

// families are the address families of socket(2) by name, with the numbers of
// include/linux/socket.h, which are the same on every architecture.
var families = map[string]uint64{
	"AF_UNSPEC": 0, "AF_UNIX": 1, "AF_INET": 2, "AF_AX25": 3, "AF_IPX": 4, "AF_APPLETALK": 5, "AF_NETROM": 6, "AF_BRIDGE": 7,
	"AF_ATMPVC": 8, "AF_X25": 9, "AF_INET6": 10, "AF_ROSE": 11, "AF_DECnet": 12, "AF_NETBEUI": 13, "AF_SECURITY": 14,
	"AF_KEY": 15, "AF_NETLINK": 16, "AF_PACKET": 17, "AF_ASH": 18, "AF_ECONET": 19, "AF_ATMSVC": 20, "AF_RDS": 21,
	"AF_IRDA": 23, "AF_PPPOX": 24, "AF_WANPIPE": 25, "AF_LLC": 26, "AF_IB": 27, "AF_MPLS": 28, "AF_CAN": 29, "AF_TIPC": 30,
	"AF_BLUETOOTH": 31, "AF_IUCV": 32, "AF_RXRPC": 33, "AF_ISDN": 34, "AF_PHONET": 35, "AF_IEEE802154": 36, "AF_CAIF": 37,
	"AF_ALG": 38, "AF_NFC": 39, "AF_VSOCK": 40, "AF_KCM": 41, "AF_QIPCRTR": 42, "AF_SMC": 43, "AF_XDP": 44, "AF_MCTP": 45,
}

// namespaceFlags are those of clone(2) and unshare(2), from
// include/uapi/linux/sched.h. CLONE_NEWTIME lies within clone(2)'s signal and
// counts for unshare(2) and setns(2) only.
var namespaceFlags = map[string]uint64{
	"CLONE_NEWTIME": 0x80, "CLONE_NEWNS": 0x20000, "CLONE_NEWCGROUP": 0x2000000, "CLONE_NEWUTS": 0x4000000,
	"CLONE_NEWIPC": 0x8000000, "CLONE_NEWUSER": 0x10000000, "CLONE_NEWPID": 0x20000000, "CLONE_NEWNET": 0x40000000,
}

// prctls are the options that a trace has a word for, from
// include/uapi/linux/prctl.h.
var prctls = map[string]uint64{
	"PR_SET_PDEATHSIG": 1, "PR_GET_PDEATHSIG": 2, "PR_GET_DUMPABLE": 3, "PR_SET_DUMPABLE": 4, "PR_GET_KEEPCAPS": 7,
	"PR_SET_KEEPCAPS": 8, "PR_SET_NAME": 15, "PR_GET_NAME": 16, "PR_GET_SECCOMP": 21, "PR_SET_SECCOMP": 22,
	"PR_CAPBSET_READ": 23, "PR_CAPBSET_DROP": 24, "PR_GET_SECUREBITS": 27, "PR_SET_SECUREBITS": 28,
	"PR_SET_TIMERSLACK": 29, "PR_GET_TIMERSLACK": 30, "PR_SET_MM": 35, "PR_SET_CHILD_SUBREAPER": 36,
	"PR_GET_CHILD_SUBREAPER": 37, "PR_SET_NO_NEW_PRIVS": 38, "PR_GET_NO_NEW_PRIVS": 39, "PR_SET_THP_DISABLE": 41,
	"PR_CAP_AMBIENT": 47, "PR_GET_SPECULATION_CTRL": 52, "PR_SET_SPECULATION_CTRL": 53, "PR_SET_MDWE": 65,
	"PR_SET_VMA": 0x53564d41, "PR_SET_PTRACER": 0x59616d61,
}

// number gives the value of a word of the trace. A value without a word is
// itself a number there, after a prefix for families ("AF_99").
func number(word string, words map[string]uint64, prefix string) (uint64, bool) {
	if n, ok := words[word]; ok {
		return n, true
	}
	digits, ok := strings.CutPrefix(word, prefix)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 0, 32)
	return n, err == nil
}

// flags gives the value of words joined by "|".
func flags(text string, words map[string]uint64) (sum uint64, ok bool) {
	for word := range strings.SplitSeq(text, "|") {
		n, known := number(word, words, "")
		if !known {
			return 0, false
		}
		sum |= n
	}
	return sum, true
}
