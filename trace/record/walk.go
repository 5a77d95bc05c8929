package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/osapi-io/osapi-profile/trace"
)

// maxWalks ends a race against a worker that forks faster than tasks can be
// walked through: what it has left by then is a hole.
const maxWalks = 1000

// adopt puts in scope what runs already and belongs, until nothing is left: a
// thread that is not in scope yet may start another meanwhile.
func (r *recording) adopt() error {
	if u := r.attached.unit; u != nil && u.how == trace.AttachedRestarted {
		return nil
	}
	if err := r.variables.Attaching.Set(uint32(1)); err != nil {
		return err
	}
	defer func() { _ = r.variables.Attaching.Set(uint32(0)) }()
	var before, now uint32
	for range maxWalks {
		if err := r.walk(); err != nil {
			return err
		}
		if err := r.variables.AttachedThreads.Get(&now); err != nil {
			return err
		}
		if now == before {
			return r.admit()
		}
		before = now
	}
	r.holes.set(trace.HoleScope, "what was attached to forks faster than it can be followed: some of it was not recorded", 1)
	return r.admit()
}

// admit says what was there before the recorder.
func (r *recording) admit() error {
	var processes uint32
	if err := r.variables.AttachedProcesses.Get(&processes); err != nil {
		return err
	}
	r.holes.set(trace.HoleAttached, "processes ran before the recorder attached to them, and what they did until then is not in the "+
		"trace: how they started, what they hold open, which script an interpreter runs", uint64(processes))
	return nil
}

func (r *recording) walk() error {
	tasks, err := r.attached.walker.Open()
	if err != nil {
		return fmt.Errorf("walking through the tasks: %w", err)
	}
	_, err = io.Copy(io.Discard, tasks)
	return errors.Join(err, tasks.Close())
}

// tick is called about once a second. A process that was about to end when it
// was put in scope may have gone by unseen, and one that entered a cgroup
// without executing anything is found here.
func (a *attachment) tick(r *recording) error {
	known := r.pids()
	for _, pid := range known {
		if ended(pid) {
			_ = r.maps.Processes.Delete(pid)
		}
	}
	if a.cgroup == "" || a.unit != nil {
		return nil
	}
	for _, pid := range cgroupProcesses(a.cgroup) {
		if _, found := slices.BinarySearch(known, uint32(pid)); !found && pid != os.Getpid() {
			return r.adopt()
		}
	}
	return nil
}

// ended says whether nothing of a process runs any more.
func ended(pid uint32) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return errors.Is(err, os.ErrNotExist)
	}
	at := bytes.LastIndexByte(data, ')') + 2
	threads, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	return at < len(data) && data[at] == 'Z' && len(threads) <= 1
}

// waitingCalls are the system calls that a process was waiting in when it was
// attached to, from proc_pid_syscall(5): the recorder saw neither their
// beginning nor will it see what becomes of them. Empty when the process has
// executed another program meanwhile.
func waitingCalls(pid uint32, inode uint64) []uint32 {
	names, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/syscall", pid))
	var calls []uint32
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		number, _, _ := strings.Cut(string(data), " ")
		if n, err := strconv.ParseUint(number, 10, 12); err == nil { // not "running", not -1
			calls = append(calls, uint32(n))
		}
	}
	if exe, _, err := openedInode(fmt.Sprintf("/proc/%d/exe", pid)); err != nil || exe != inode {
		return nil
	}
	slices.Sort(calls)
	return slices.Compact(calls)
}
