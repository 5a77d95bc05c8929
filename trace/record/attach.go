package record

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"time"

	"github.com/cilium/ebpf/link"

	"github.com/osapi-io/osapi-profile/trace"
)

// Attach says what to record that the recorder does not start itself. One of
// PID, Cgroup and Unit is set.
type Attach struct {
	PID     int    // a process, with all that descend from it
	Cgroup  string // a cgroup of the unified hierarchy: a directory, or its path below the mount
	Unit    string // a systemd service, started unless it runs
	Restart bool   // with Unit: start it anew when it runs
}

// attachment is what is attached to, while the recording lasts.
type attachment struct {
	Attach
	cgroup string // directory of the cgroup; with unit of the one that the unit's is in
	unit   *unit
	walker *link.Iter
}

// attachTo opens the scope for what o names, in place of a start.
func (r *recording) attachTo(ctx context.Context) error {
	a := &attachment{Attach: *r.Attach}
	r.attached = a
	header, err := a.find(ctx)
	if err == nil && r.Plan != nil {
		err = r.plan(a)
	}
	if err != nil {
		return err
	}
	if err := r.begin(header); err != nil {
		return err
	}
	r.alike.on = a.unit != nil
	if a.walker, err = link.AttachIter(link.IterOptions{Program: r.collection.Programs["attach"]}); err != nil {
		return explain(fmt.Errorf("walking through the tasks: %w", err))
	}
	if err := r.aim(a); err != nil {
		return fmt.Errorf("aiming the probes: %w", err)
	}
	if err := r.adopt(); err != nil {
		return err
	}
	r.meter.start(r.pids())
	if a.PID != 0 && len(r.pids()) == 0 {
		return fmt.Errorf("process %d has ended", a.PID)
	}
	if a.unit != nil {
		if r.Plan != nil {
			if err := r.turn(verdict{}, trace.OperationStartup); err != nil {
				return err
			}
		}
		return a.unit.run(ctx)
	}
	return nil
}

// find looks up what is to be recorded and says who it is.
func (a *attachment) find(ctx context.Context) (trace.Header, error) {
	switch {
	case a.Unit != "":
		return a.findUnit(ctx)
	case a.Cgroup != "":
		dir, err := cgroupDirectory(a.Cgroup)
		if err != nil {
			return trace.Header{}, err
		}
		a.cgroup = dir
		header := trace.Header{}
		if pids := cgroupProcesses(dir); len(pids) > 0 {
			header = identify(pids[0])
		}
		header.Attached = trace.AttachedCgroup
		return header, nil
	}
	if _, err := os.Stat(fmt.Sprintf("/proc/%d", a.PID)); a.PID < 1 || err != nil {
		return trace.Header{}, fmt.Errorf("there is no process %d", a.PID)
	}
	if a.PID == os.Getpid() {
		return trace.Header{}, errors.New("the recorder does not record itself")
	}
	if leader := leaderOf(a.PID); leader != 0 && leader != a.PID {
		return trace.Header{}, fmt.Errorf("%d is a thread of process %d; record that", a.PID, leader)
	}
	header := identify(a.PID)
	if header.Worker == "" {
		return trace.Header{}, fmt.Errorf("process %d has no executable: it is a thread of the kernel, or has ended", a.PID)
	}
	header.Attached = trace.AttachedPID
	return header, nil
}

// identify reads who a process is from proc_pid_exe(5) and proc_pid_status(5).
func identify(pid int) trace.Header {
	var h trace.Header
	if exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); err == nil {
		h.Worker = trace.Path(strings.TrimSuffix(exe, " (deleted)"))
	}
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) < 3 || fields[0] != "Uid:" && fields[0] != "Gid:" {
			continue
		}
		id, _ := strconv.ParseUint(fields[2], 10, 32) // the effective one
		if fields[0] == "Gid:" {
			h.GID = uint32(id)
			continue
		}
		h.UID = uint32(id)
		if u, err := user.LookupId(fields[2]); err == nil {
			h.User = u.Username
		}
	}
	return h
}

// leaderOf is the process that a thread belongs to, 0 when it has gone.
func leaderOf(pid int) int {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(data), "\nTgid:")
	line, _, _ := strings.Cut(rest, "\n")
	leader, _ := strconv.Atoi(strings.TrimSpace(line))
	return leader
}

// aim tells the probes what to attach to. With a restart the walk that follows
// finds nothing: what runs then is about to end.
func (r *recording) aim(a *attachment) error {
	namespace, err := namespaceInode("/proc/self/ns/pid")
	if err != nil {
		return err
	}
	v := r.variables
	if err := errors.Join(v.ArmedNamespace.Set(namespace), v.Recorder.Set(uint32(os.Getpid()))); err != nil {
		return err
	}
	if a.PID != 0 {
		return v.AttachPid.Set(uint32(a.PID))
	}
	id, err := cgroupID(a.cgroup)
	if err != nil {
		return err
	}
	if a.unit != nil {
		if err := a.unit.aim(r.probes); err != nil {
			return err
		}
		if a.unit.how == trace.AttachedRestarted {
			if err := r.walk(); err != nil { // finds out where the recorder stands
				return err
			}
		}
	}
	return v.ScopeCgroup.Set(id)
}

// going says whether there is, or may come, something to record.
func (a *attachment) going(r *recording, now time.Time) bool {
	pids := r.pids()
	switch {
	case len(pids) > 0:
		return true
	case a.unit != nil:
		return a.unit.going(now)
	case a.cgroup != "":
		_, err := os.Stat(a.cgroup)
		return err == nil
	}
	return false
}

// job is how the job ends that starts the unit, if there is one.
func (r *recording) job() <-chan string {
	if r.attached == nil || r.attached.unit == nil {
		return nil
	}
	return r.attached.unit.job
}

// leave lets go of what was attached to.
func (r *recording) leave() {
	a := r.attached
	if a == nil {
		return
	}
	if a.walker != nil {
		_ = a.walker.Close()
	}
	if a.unit != nil {
		if r.Plan != nil && a.unit.how == trace.AttachedRestarted {
			a.unit.again(r.Warn)
		}
		a.unit.conn.Close()
	}
}
