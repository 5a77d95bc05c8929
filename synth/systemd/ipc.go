package systemd

import (
	"slices"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// ipcFamilies are the System V calls that get an object by its key, and those
// that use one by its number.
var ipcFamilies = []struct {
	get string
	use []string
}{
	{"shmget", []string{"shmat", "shmctl"}},
	{"semget", []string{"semop", "semtimedop", "semtimedop_time64", "semctl"}},
	{"msgget", []string{"msgsnd", "msgrcv", "msgctl"}},
}

// ipcTrees show the objects of an IPC namespace.
var ipcTrees = []trace.Path{"/dev/mqueue", "/proc/sysvipc", "/proc/sys/fs/mqueue"}

// sharedIPC are calls to objects that others can name as well: message queues
// of POSIX, and the old call that keeps its arguments in memory.
var sharedIPC = []string{"ipc", "mq_open", "mq_unlink"}

// againstPrivateIPC finds IPC objects that may be somebody else's: all but those
// that the worker made with IPC_PRIVATE. A number tells nothing, so it counts as
// the worker's own when the worker made one of that family.
func againstPrivateIPC(d *draft) []conflict {
	shared := func(a synth.ArgumentGrant) bool { return a.Value != "IPC_PRIVATE" }
	out := append(d.arguments(trace.ArgIPC, shared), d.calls(sharedIPC...)...)
	for _, f := range ipcFamilies {
		if !slices.ContainsFunc(d.Arguments, func(a synth.ArgumentGrant) bool { return a.Name == trace.ArgIPC && a.Syscall == f.get }) {
			out = append(out, d.calls(append(f.use, f.get)...)...)
		}
	}
	return append(out, d.used(ipcTrees...)...)
}
