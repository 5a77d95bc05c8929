package record

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/trace"
)

func without(list, others []string) []string {
	return slices.DeleteFunc(sorted(list), func(s string) bool { return slices.Contains(others, s) })
}

// runtimeCalls are what the runtime of Go calls as it likes.
var runtimeCalls = []string{
	"futex ok", "futex EAGAIN", "futex ETIMEDOUT", "mmap ok", "munmap ok", "madvise ok", "nanosleep ok", "clone ok", "clone3 ok",
	"rt_sigreturn", "tgkill ok", "getpid ok", "sigaltstack ok", "rt_sigprocmask ok", "gettid ok", "sched_yield ok", "exit",
	"epoll_create1 ok", "eventfd2 ok", "epoll_ctl ok", "epoll_ctl EPERM", "epoll_pwait ok", "prctl ok", "rseq ok", "set_robust_list ok",
	"futex ERESTARTSYS", "nanosleep ERESTART_RESTARTBLOCK", "read ok", "read ERESTARTSYS", "fcntl ok", "write ok", "close ok",
}

// words are all facts of the programs of an action in words, as they stand in
// the table of actions, and its system calls with their outcomes.
func (r *performance) words(whole *trace.Trace, name string) (facts, calls []string) {
	read := whole.OfOperations(func(operation string) bool { return operation == r.acts[name] })
	w := wording{
		dir:     filepath.Join(r.base, r.name, r.acts[name]),
		program: r.program(), programs: map[int]trace.Subject{},
	}
	for _, s := range read.Subjects {
		w.programs[s.ID] = s
		if string(s.Exe) == w.program {
			w.own = append(w.own, s.ID)
		}
	}
	for _, c := range read.Syscalls {
		if w.of(c.Seen) {
			calls = append(calls, strings.TrimSpace(c.Name+" "+c.Outcome))
		}
	}
	return slices.Concat(w.files(read), w.execs(read), w.capabilities(read), w.arguments(read), w.sockets(read)), calls
}

type wording struct {
	dir      string
	program  string // that does all actions
	programs map[int]trace.Subject
	own      []int // of the action
}

func (w *wording) of(s trace.Seen) bool { return slices.Contains(w.own, s.Subject) }

var (
	processes   = regexp.MustCompile(`^/proc/[0-9]+`)
	descriptors = regexp.MustCompile(`^(/dev/fd/|/proc/self/fd/)[0-9]+`)
	mappings    = regexp.MustCompile(`[0-9a-f]+-[0-9a-f]+$`)
)

// path is relative to the action's directory; ^ stands before one that is not.
func (w *wording) path(p trace.Path) string {
	if string(p) == w.program {
		return "^act"
	}
	rest, ok := strings.CutPrefix(string(p), w.dir)
	if !ok {
		rest = descriptors.ReplaceAllString(rest, "${1}N")
		return "^" + mappings.ReplaceAllString(processes.ReplaceAllString(rest, "/proc/PID"), "RANGE")
	}
	if rest = strings.TrimPrefix(rest, "/"); strings.HasPrefix(rest, "#") {
		return "#" // a file without a name has its number for one
	}
	return rest
}

// files are "ACCESS OUTCOME PATH", of message queues "ACCESS OUTCOME
// mqueue:/NAME", of mounts with " <- SOURCE", of what came by a socket with
// "received " before it.
func (w *wording) files(read *trace.Trace) []string {
	var list []string
	for _, f := range read.Files {
		if !w.of(f.Seen) {
			continue
		}
		path := w.path(f.Path)
		if f.FS == "mqueue" {
			path = "mqueue:" + string(f.Path)
		}
		if from, ok := strings.CutPrefix(string(f.Target), w.dir+"/"); ok && f.Access&trace.AccessMount != 0 {
			path += " <- " + from
		}
		word := fmt.Sprintf("%s %s %s", f.Access, f.Outcome, path)
		switch {
		case f.Syscall == "recvmsg":
			word = "received " + word
		case f.Syscall == "io_uring" || f.Syscall == "":
			word = "by the kernel " + word
		}
		if f.Anon && f.FS != "mqueue" {
			word += " (anonymous)"
		}
		list = append(list, word)
	}
	return list
}

// execs are "execute CALLED as PROGRAM", and what the program gained.
func (w *wording) execs(read *trace.Trace) []string {
	var list []string
	for _, e := range read.Execs {
		if !w.of(e.Seen) {
			continue
		}
		target := w.programs[e.Target]
		word := fmt.Sprintf("execute %s as %s", w.path(e.Called), w.path(target.Exe))
		if target.Script != "" {
			word += " for " + w.path(target.Script)
		}
		for _, gain := range []struct {
			name   string
			gained bool
		}{{"uid", e.UID}, {"gid", e.GID}, {"caps", e.Caps}} {
			if gain.gained {
				word += " +" + gain.name
			}
		}
		list = append(list, word)
	}
	return list
}

// capabilities are "CAP_NAME OUTCOME", and why it is optional if it is. That
// root is asked for a bonus of memory is left out: it is at each mmap.
func (w *wording) capabilities(read *trace.Trace) []string {
	var list []string
	for _, c := range read.Capabilities {
		if !w.of(c.Seen) || c.Optional == trace.Memory {
			continue
		}
		word := c.Name + " " + c.Outcome + " " + string(c.Optional)
		if c.UserNS {
			word += " userns"
		}
		if c.Caller == "" { // neither is it known if it was optional
			word += " without a call chain"
		}
		list = append(list, strings.TrimSpace(word))
	}
	return list
}

// arguments are "CALL NAME VALUE TARGET OUTCOME", without what a Go program does
// by itself: preempting its threads and naming its memory.
func (w *wording) arguments(read *trace.Trace) []string {
	var list []string
	for _, a := range read.Arguments {
		if !w.of(a.Seen) || a.Value == "SIGURG" && a.Target == trace.TargetSelf || a.Value == "PR_SET_VMA" {
			continue
		}
		list = append(list, strings.Join([]string{a.Syscall, a.Name, a.Value, a.Target, a.Outcome}, " "))
	}
	return list
}

// sockets are "socket ACTION FAMILY TYPE ADDRESS OUTCOME".
func (w *wording) sockets(read *trace.Trace) []string {
	var list []string
	for _, s := range read.Sockets {
		if !w.of(s.Seen) {
			continue
		}
		fields := []string{"socket", s.Action, s.Family, s.Type, s.Address}
		if s.Path != "" {
			fields = append(fields, w.path(s.Path))
		}
		list = append(list, strings.Join(strings.Fields(strings.Join(append(fields, s.Outcome), " ")), " "))
	}
	return list
}
