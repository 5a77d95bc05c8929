package synth

// highRisk are calls whose power no other line of a profile bounds, or in which
// the kernel's faults were found more often than elsewhere.
var highRisk = map[string]string{
	"io_uring_setup":    "what a ring does passes no filter of system calls",
	"io_uring_enter":    "what a ring does passes no filter of system calls",
	"io_uring_register": "what a ring does passes no filter of system calls",
	"bpf":               "loads programs into the kernel",
	"perf_event_open":   "looks into the kernel and other processes",
	"ptrace":            "takes over other processes",
	"process_vm_readv":  "reads the memory of other processes",
	"process_vm_writev": "writes the memory of other processes",
	"pidfd_getfd":       "takes descriptors from other processes",
	"kcmp":              "tells what other processes hold",
	"init_module":       "loads code into the kernel",
	"finit_module":      "loads code into the kernel",
	"delete_module":     "takes code out of the kernel",
	"kexec_load":        "starts another kernel",
	"kexec_file_load":   "starts another kernel",
	"reboot":            "stops the machine",
	"userfaultfd":       "halts the kernel at a page of the caller's choice, which exploits need",
	"add_key":           "keyrings, where faults were found",
	"request_key":       "keyrings, where faults were found",
	"keyctl":            "keyrings, where faults were found",
	"open_by_handle_at": "opens files around the mounts of a sandbox",
	"mount":             "changes what is where",
	"umount2":           "takes mounts of the sandbox away",
	"move_mount":        "changes what is where",
	"fsopen":            "parses a file system of the caller's making",
	"fsmount":           "changes what is where",
	"open_tree":         "changes what is where",
	"mount_setattr":     "makes a read-only mount writable",
	"pivot_root":        "changes what is where",
	"unshare":           "namespaces open code of the kernel that only root reaches otherwise",
	"setns":             "enters the namespaces of others",
	"iopl":              "reaches the hardware",
	"ioperm":            "reaches the hardware",
	"modify_ldt":        "an old interface with many faults",
	"swapon":            "reads and writes disks",
	"syslog":            "reads the kernel's log, addresses among it",
	"acct":              "writes a file of the caller's choice as the kernel",
	"quotactl":          "changes limits of others",
}

// HighRisk says why a system call is called out where it is granted, "" for one
// that is not.
func HighRisk(call string) string { return highRisk[call] }
