package recall

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/osapi-io/osapi-profile/test/recall/seen"
)

// difference is one that is not a fault of the recorder.
type difference struct {
	workload string // "" for all
	item     string // expression for the whole of "KIND NAME"
	reason   string
	always   bool // there in each run, so that the entry is stale once it is not
}

// differences are all that is let pass.
func differences() []difference {
	return []difference{
		{"", `outcome futex .*`, "whether and how a wait ends depends on which thread is first", false},
		{"", `syscall restart_syscall|outcome (restart_syscall|nanosleep) .*`,
			"the stop by which strace seizes a new thread interrupts a wait, which is then resumed", false},
		{"redis", `outcome epoll_wait EINTR`, "whether it waits when SIGCHLD comes is up to time", false},
		{"", `outcome \S+ ERESTART(SYS|NOHAND|NOINTR|_RESTARTBLOCK)`,
			"whether a call waits when a signal comes is up to time; no program sees this outcome, the call is made again", false},
		{"memcached", `outcome epoll_wait EINTR`,
			"which threads wait when it sends itself the signal to end, and see it first, is up to time", false},
		{"compat", `(syscall|outcome) i386:(socketcall|socket|bind|connect|sendto|sendmsg)( ok)?`,
			"strace names socketcall(2) after what it was asked to do; to the kernel and to a filter it is one call", true},
	}
}

// finding is an item that only one side has.
type finding struct {
	item  seen.Item
	side  string // "missing" from the trace, or "invented" by it
	where string // the place in the log, or in the trace
}

// compare lists what is not the same.
func compare(want, got seen.Set) []finding {
	var found []finding
	for _, item := range want.Without(got) {
		found = append(found, finding{item, "missing", want[item]})
	}
	for _, item := range got.Without(want) {
		found = append(found, finding{item, "invented", got[item]})
	}
	return found
}

// judge fails the test for each finding without a reason, and answers how many
// have one.
func judge(t *testing.T, workload string, found []finding) (explained int) {
	t.Helper()
	stale := map[string]bool{}
	for _, d := range differences() {
		if d.always && d.workload == workload {
			stale[d.item] = true
		}
	}
	for _, f := range found {
		d, ok := allowed(workload, f.item)
		if !ok {
			t.Errorf("%s: %s (%s)", f.side, f.item, f.where)
			continue
		}
		t.Logf("%s, as may be: %s: %s", f.side, f.item, d.reason)
		delete(stale, d.item)
		explained++
	}
	for item := range stale {
		t.Errorf("listed as a difference, but there is none: %s", item)
	}
	return explained
}

func allowed(workload string, item seen.Item) (difference, bool) {
	for _, d := range differences() {
		if d.workload != "" && d.workload != workload {
			continue
		}
		if regexp.MustCompile(`^(?:` + d.item + `)$`).MatchString(item.Kind + " " + item.Name) {
			return d, true
		}
	}
	return difference{}, false
}

func TestCompare(t *testing.T) {
	item := func(kind, name string) seen.Item { return seen.Item{Subject: "/bin/x", Kind: kind, Name: name} }
	want := seen.Set{item("read", "/a"): "line 1", item("syscall", "futex"): "line 2"}
	got := seen.Set{item("read", "/b"): "file 1", item("syscall", "futex"): "system call 1"}
	assert.Equal(t, []finding{{item("read", "/a"), "missing", "line 1"}, {item("read", "/b"), "invented", "file 1"}}, compare(want, got))
	assert.Empty(t, compare(want, want))
}

func TestAllowed(t *testing.T) {
	for _, c := range []struct {
		workload, kind, name string
		want                 bool
	}{
		{"threads", "outcome", "futex EAGAIN", true},
		{"threads", "syscall", "futex", false},
		{"threads", "read", "/etc/passwd", false},
		{"compat", "syscall", "i386:socketcall", true},
		{"gate", "syscall", "i386:socketcall", false},
		{"redis", "outcome", "epoll_wait EINTR or more", false},
	} {
		_, ok := allowed(c.workload, seen.Item{Kind: c.kind, Name: c.name})
		assert.Equal(t, c.want, ok, c)
	}
}
