package record

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/osapi-io/osapi-profile/trace"
)

// refusals are what a filter may answer to getpgid(2), and what then stands in
// the trace. The errno is one that getpgid never gives.
func refusals() map[string]struct {
	action  uint32
	outcome string
} {
	return map[string]struct {
		action  uint32
		outcome string
	}{
		"errno":        {unix.SECCOMP_RET_ERRNO | uint32(unix.EXDEV), "seccomp:EXDEV"},
		"nothing":      {unix.SECCOMP_RET_ERRNO, "seccomp:ok"},
		"trace":        {unix.SECCOMP_RET_TRACE, "seccomp:ENOSYS"}, // nobody traces
		"trap":         {unix.SECCOMP_RET_TRAP, "seccomp:SIGSYS"},
		"kill-process": {unix.SECCOMP_RET_KILL_PROCESS, "seccomp:SIGSYS"},
		"kill-thread":  {unix.SECCOMP_RET_KILL_THREAD, "seccomp:SIGSYS"},
		"strict":       {0, "seccomp:SIGKILL"},
		"allow":        {unix.SECCOMP_RET_ALLOW, trace.OK},
	}
}

// beRefused makes one call that a filter of its own answers. Where that ends the
// thread, the program ends on another one.
func beRefused(how string) error {
	go func() {
		time.Sleep(300 * time.Millisecond)
		os.Exit(0)
	}()
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	if err := filter(how); err != nil {
		return err
	}
	var errno unix.Errno
	for range calls(how) {
		_, _, errno = unix.RawSyscall(unix.SYS_GETPGID, 0, 0, 0)
	}
	if errno != 0 && how != "errno" && how != "trace" {
		return errno
	}
	os.Exit(0)
	return nil
}

func filter(how string) error {
	if how == "strict" {
		return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_STRICT, 0, 0, 0)
	}
	refusal, ok := refusals()[how]
	if !ok {
		return errors.New("no such way")
	}
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // seccomp_data.nr
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: unix.SYS_GETPGID},
		{Code: unix.BPF_RET | unix.BPF_K, K: refusal.action},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER,
		uintptr(unsafe.Pointer(&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})), 0, 0)
}

// A call that a filter refused is one fact that says so, whatever the filter
// did; without a filter none says so. Where the kernel left out probes (7.2 and
// newer), a hole may stand in the place of a fact, and never another fact.
func TestRefusedCalls(t *testing.T) {
	needBPF(t)
	for how, refusal := range refusals() {
		t.Run(how, func(t *testing.T) {
			for range attempts {
				_, read := recordCommand(t, nil, os.Args[0], "refused", how)
				var got []string
				for _, c := range read.Syscalls {
					if c.Name == "getpgid" {
						assert.Equal(t, refusal.outcome, c.Outcome)
						got = append(got, fmt.Sprintf("%s %d", c.Outcome, c.Count))
					} else {
						assert.NotContains(t, c.Outcome, trace.Seccomp, "%+v", c)
					}
				}
				if slices.ContainsFunc(read.Holes, leftOut) && !older(7, 2) {
					t.Logf("%q, and %+v", got, read.Holes)
					continue
				}
				assert.Equal(t, []string{fmt.Sprint(refusal.outcome, " ", calls(how))}, got)
				require.Empty(t, read.Holes)
				return
			}
		})
	}
}

// calls is how many a program makes: of those that are let in many, since some of
// their entries may be left out.
func calls(how string) int {
	if how == "allow" {
		return 1000
	}
	return 1
}
