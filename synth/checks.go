package synth

import (
	"slices"
	"strconv"

	"github.com/osapi-io/osapi-profile/trace"
)

// Reasons not to grant a capability.
const (
	reasonMemory   = "only memory accounting asked (vm_enough_memory), to choose how much to lend; never to refuse"
	reasonNoAudit  = "the kernel only asked in order to choose, without audit; a no is harmless"
	reasonOverride = "asked under credentials the kernel had put in place of the worker's own"
	reasonUserNS   = "asked of a user namespace of the worker's own, which the bounding set does not decide"
	reasonDenied   = "was refused, and the call that asked went on all the same"
	reasonMissed   = "was refused, and the call that asked failed; the run went on without"
	reasonBuffer   = "only lifts the limit of a socket's buffer (SO_SNDBUFFORCE, SO_RCVBUFFORCE; net.core.*mem_max); " +
		"systemd's libraries ask for it everywhere and go on with a smaller buffer"
	reasonSame    = "the process took an identity that it had already, which every process may; the kernel asks before it looks"
	reasonNoBit   = "decides over the setgid bit of a mode that had none; the kernel asks at each chmod of another group's file"
	reasonInherit = "only allows capset to make inheritable what the process may not use itself; the kernel asks at each capset"
	reasonModule  = "the kernel only asked whether to load a module for a network interface that is not there (dev_load); " +
		"on a no it goes on without"
	reasonInstead = "%s, which is needed anyway, answers these checks as well: the kernel asks for it next"
)

// Needs says whether the worker's outcome rests on a check.
func Needs(c trace.Capability) bool { return notNeeded(c) == "" }

// Suffices says whether a worker with certain capabilities passes a check, if its
// outcome rests on it.
func Suffices(c trace.Capability, has func(name string) bool) bool {
	other := broader(c)
	return !Needs(c) || has(c.Name) || other != "" && has(other)
}

// notNeeded is why one check does not call for a grant, "" if it does.
func notNeeded(c trace.Capability) string {
	switch {
	case c.Optional == trace.Memory:
		return reasonMemory
	case c.Optional == trace.Override:
		return reasonOverride
	case c.Optional == trace.Same:
		return reasonSame
	case c.Optional != trace.Needed:
		return reasonNoAudit
	case c.UserNS:
		return reasonUserNS
	}
	if reason := onlyChooses(c); reason != "" || c.Outcome == trace.OK {
		return reason
	}
	return reasonDenied
}

// onlyChooses finds checks after which the kernel goes on whatever the answer is,
// or nearly so. It audits them all the same, so that no flag tells them apart.
func onlyChooses(c trace.Capability) string {
	switch {
	case c.Syscall == "setsockopt" && (c.Argument == "SO_SNDBUFFORCE" || c.Argument == "SO_RCVBUFFORCE"):
		return reasonBuffer
	case loadsModule(c):
		return reasonModule
	case c.Name == "CAP_SETPCAP" && c.Syscall == "capset":
		// security/commoncap.c, cap_capset: a process that has an effective
		// CAP_SETPCAP may make any of its bounding set inheritable, any other what
		// it is permitted. To need it is to have dropped a capability and to hand
		// it down all the same.
		return reasonInherit
	case c.Name == "CAP_FSETID" && isChmod(c.Syscall):
		// fs/attr.c, setattr_prepare and setattr_copy.
		if mode, err := strconv.ParseUint(c.Argument, 8, 32); err == nil && mode&setgidBit == 0 {
			return reasonNoBit
		}
	}
	return ""
}

const setgidBit = 0o2000

func isChmod(call string) bool {
	return slices.Contains([]string{"chmod", "fchmod", "fchmodat", "fchmodat2"}, call)
}

// loadsModule finds the question of dev_load (net/core/dev_ioctl.c) at an ioctl
// on a network interface that is not there: who may, has a module of that name
// loaded first. Where the compiler made it a part of dev_ioctl, requests tell:
// dev_ioctl asks for CAP_SYS_MODULE for nothing else, and for CAP_NET_ADMIN for
// nothing else when something is only read.
func loadsModule(c trace.Capability) bool {
	return c.Caller == "dev_load" || c.Caller == "dev_ioctl" && (c.Name == "CAP_SYS_MODULE" || slices.Contains([]string{
		"0x8913", "0x891d", "0x8921", "0x8927", "0x8929", "0x8933", "0x8942", "0x8970", // SIOCGIF: FLAGS METRIC MTU HWADDR SLAVE INDEX TXQLEN MAP
		"0x8946", // SIOCETHTOOL, where dev_ethtool asks for itself
	}, c.Argument))
}

// broader is the capability that the kernel asks for next when it does not get
// the one of this check, "" if there is none.
//
//	generic_permission  fs/namei.c: who may read or search any file, else who may
//	                    pass over permissions altogether
//	SO_MARK and so on   net/core/sock.c, net/ipv4/ip_sockglue.c: who may use raw
//	                    sockets, else who may administrate the network
func broader(c trace.Capability) string {
	switch {
	case c.Name == "CAP_DAC_READ_SEARCH" && c.Caller == "generic_permission":
		return "CAP_DAC_OVERRIDE"
	case c.Name == "CAP_NET_RAW" && c.Syscall == "setsockopt" && slices.Contains([]string{"SO_MARK", "SO_PRIORITY", ipTransparent}, c.Argument):
		return "CAP_NET_ADMIN"
	}
	return ""
}

const ipTransparent = "0:19" // SOL_IP, IP_TRANSPARENT

// standsFor is the one capability that is broader than each of these checks asks
// for, "" if there is none.
func standsFor(checks []trace.Capability) string {
	other := broader(checks[0])
	for _, c := range checks {
		if broader(c) != other {
			return ""
		}
	}
	return other
}
