package systemd

import "cmp"

// Directive is what the reference says about one directive.
type Directive struct {
	Name   string   // without "="
	Since  int      // version of systemd that brought it; 0 for one before the manual's count (183)
	Takes  string   // what it takes away
	Unless string   // what keeps it from being written; of one that never is, why not
	Facts  []string // kinds of facts without which it cannot be told
	Filter bool     // before systemd 255 implies NoNewPrivileges= for another user than root
}

// Reference lists what may be written, in the order of the text.
func Reference() []Directive {
	var out []Directive
	for _, r := range table() {
		out = append(out, Directive{
			Name: r.name, Since: r.since, Takes: cmp.Or(r.says, takes[r.name]), Unless: r.unless, Facts: r.kinds, Filter: r.filter,
		})
	}
	return out
}

// takes is what the rows take away whose comment depends on the facts.
var takes = map[string]string{
	"ProtectSystem": "Everything is read-only, except for what ReadWritePaths= lists and what directives below decide on: /dev, /proc, /sys and home directories; " +
		"\"full\" takes /usr, /boot, /efi and /etc alone, \"yes\" the first three.",
	"TemporaryFileSystem":  "The view of what no fact needs in /etc, /opt, /srv, /usr/local, /var/lib and their like.",
	"BindPaths":            "Nothing: it brings back what TemporaryFileSystem= took and ReadWritePaths= lists.",
	"BindReadOnlyPaths":    "Writing to what is executed; beside TemporaryFileSystem= it brings back what is read.",
	"ReadWritePaths":       "Nothing: it opens again what ProtectSystem= closed.",
	"ProtectHome":          "/home, /root and /run/user: out of reach, empty or read-only, by what the facts allow.",
	"ExecPaths":            "Nothing: it opens again what NoExecPaths= closed.",
	"UMask":                "Permissions of group and others on new files.",
	"PrivateUsers":         "Capabilities over anything outside of a user namespace of the service's own; \"identity\" from 257 leaves everybody their number.",
	"ProtectControlGroups": "Changes of control groups; from 257 even the view of others' where the worker never looked (\"strict\").",
	"IPAddressAllow":       "Nothing: it opens again what IPAddressDeny= closed.",
	"SocketBindAllow":      "Nothing: it opens again what SocketBindDeny= closed.",
	"DeviceAllow":          "Nothing: it opens again what DevicePolicy= closed.",
	"SystemCallFilter":     "System calls that were not seen and that no rule adds.",
	"RestrictNamespaces":   "Namespaces of other kinds than were made or entered, and clone3(2).",
	"MemoryHigh":           "Memory beyond 1.5 times the peak: the kernel begins to reclaim.",
	"MemoryMax":            "Memory beyond twice the peak: the kernel kills.",
	"CPUQuota":             "CPU time beyond twice the busiest second.",
	"TasksMax":             "Tasks beyond twice the peak.",
	"LimitNOFILE":          "Descriptors of a process beyond twice the peak.",
}

// Underived lists the directives that sandbox as well and are never written,
// each with the reason.
func Underived() []Directive {
	never := func(since int, name, takes, why string) Directive {
		return Directive{Name: name, Since: since, Takes: takes, Unless: why}
	}
	return []Directive{
		never(257, "PrivatePIDs", "the view of all other processes",
			"the worker would be process 1: it would have to handle every signal that is to end it, and reap orphans; no fact tells whether it does"),
		never(232, "RemoveIPC", "IPC objects that outlive the service",
			"it removes those of other services of the same user too, and no fact tells whether there are any"),
		never(232, "DynamicUser", "a user of its own that owns nothing", "who else must reach the worker's files is not in a trace; a comment on top of each unit says whether a fact is against it"),
		never(0, "RootDirectory, RootImage, RootHash, RootVerity", "the host's file system", "nothing can be inferred about a tree that is not there yet"),
		never(247, "MountImages, ExtensionImages, ExtensionDirectories", "nothing; they add mounts", "the worker was recorded without"),
		never(242, "NetworkNamespacePath, IPCNamespacePath", "the host's namespaces", "another unit makes the namespace"),
		never(209, "SELinuxContext, SmackProcessLabel", "what a policy outside of the unit says", "the policy is not this tool's"),
		never(0, "SecureBits", "root's capabilities by its user id", "CapabilityBoundingSet= and NoNewPrivileges= take more"),
		never(209, "Personality", "another execution domain", "SystemCallArchitectures= and LockPersonality= say it by the facts"),
		never(243, "IPIngressFilterPath, IPEgressFilterPath, BPFProgram", "what a BPF program refuses", "the program would have to be written first"),
		never(255, "NFTSet", "nothing; it names the service to a firewall", "the firewall's rules are not this tool's"),
		never(218, "Delegate", "nothing; it gives a control group away", "left to the unit"),
		never(258, "DelegateNamespaces", "nothing; it gives namespaces away", "left to the unit"),
		never(258, "BPFDelegateCommands, BPFDelegateMaps, BPFDelegatePrograms, BPFDelegateAttachments", "nothing; they give BPF away", "left to the unit"),
		never(245, "LogNamespace", "the journal of others", "no fact tells who reads the worker's log"),
		never(244, "AllowedCPUs, AllowedMemoryNodes", "processors and memory", "the busiest hour is not in a trace"),
		never(230, "IOReadBandwidthMax and kin", "disk bandwidth", "not measured"),
		never(254, "MemoryKSM", "nothing; it shares equal pages", "it opens a side channel rather than closing one"),
		never(0, "PAMName", "nothing; it opens a session", "left to the unit"),
	}
}
