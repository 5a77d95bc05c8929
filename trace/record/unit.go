package record

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"

	"github.com/osapi-io/osapi-profile/trace"
)

// unit is a systemd service that is recorded.
type unit struct {
	conn     *dbus.Conn
	name     string
	cgroup   string                       // what its cgroup is called
	commands map[string]uint32            // as systemd hands them to execve(2) → enum lifted
	byLine   map[string]map[string]uint32 // command → words of a line, each ended by NUL → enum lifted
	how      trace.Attached
	job      chan string // how the job that starts it ended
	running  bool        // that job is running
	asked    time.Time   // when the state was asked for last
}

// findUnit asks systemd for the service and says who it is.
func (a *attachment) findUnit(ctx context.Context) (trace.Header, error) {
	conn, err := dialSystemd(patience)
	if err != nil {
		conn, err = dbus.NewSystemConnectionContext(context.WithoutCancel(ctx))
	}
	if err != nil {
		return trace.Header{}, fmt.Errorf("systemd does not answer, is it running as PID 1? Without it, record the command itself "+
			"(record -- CMD), or a process that runs (--pid): %w", err)
	}
	u := &unit{conn: conn, name: a.Unit, job: make(chan string, 1)}
	a.unit = u
	switch path.Ext(u.name) {
	case "":
		u.name += ".service"
	case ".service":
	default:
		if !slices.Contains(unitTypes(), path.Ext(u.name)) {
			u.name += ".service" // "foo.1" names a service
			break
		}
		return trace.Header{}, fmt.Errorf("%s is no service; record what runs in it with --cgroup", u.name)
	}
	p, err := conn.GetAllPropertiesContext(ctx, u.name)
	if err != nil {
		return trace.Header{}, fmt.Errorf("asking systemd about %s: %w", u.name, err)
	}
	switch state := property[string](p, "LoadState"); state {
	case "loaded":
	case "not-found":
		return trace.Header{}, fmt.Errorf("there is no unit %s; systemctl list-unit-files lists them", u.name)
	default:
		return trace.Header{}, fmt.Errorf("unit %s cannot be started, it is %s; systemctl status %s says more", u.name, state, u.name)
	}
	u.lines(p)
	if err := a.placeUnit(ctx, p); err != nil {
		return trace.Header{}, err
	}
	return u.header(p, a.Restart), nil
}

// startSlice is how long a slice may take to start: it is but a cgroup.
const startSlice = 30 * time.Second

// unitTypes are those of systemd.unit(5) besides service.
func unitTypes() []string {
	return []string{".socket", ".device", ".mount", ".automount", ".swap", ".target", ".path", ".timer", ".slice", ".scope"}
}

// property is one of a unit's, zero when it has no such.
func property[T any](p map[string]any, name string) T {
	v, _ := p[name].(T)
	return v
}

// placeUnit finds the cgroup that the unit's is in, or will be.
func (a *attachment) placeUnit(ctx context.Context, p map[string]any) error {
	u := a.unit
	group := property[string](p, "ControlGroup")
	parent := path.Dir(group)
	u.cgroup = path.Base(group)
	if group == "" {
		slice := property[string](p, "Slice")
		if slice != "-.slice" {
			job := make(chan string, 1) // it may not have been started yet, and is when the unit is
			if _, err := u.conn.StartUnitContext(ctx, slice, "replace", job); err != nil {
				return fmt.Errorf("starting %s, which %s belongs to: %w", slice, u.name, err)
			}
			select {
			case <-job:
			case <-time.After(startSlice):
				return fmt.Errorf("%s, which %s belongs to, does not start", slice, u.name)
			}
		}
		got, err := u.conn.GetUnitTypePropertyContext(ctx, slice, "Slice", "ControlGroup")
		if err != nil {
			return fmt.Errorf("asking systemd for the cgroup of %s: %w", slice, err)
		}
		parent, _ = got.Value.Value().(string)
		u.cgroup = escapeCgroup(u.name)
	}
	mount, err := cgroupMount()
	if err != nil {
		return err
	}
	a.cgroup = filepath.Join(mount, parent)
	if _, err := os.Stat(a.cgroup); err != nil {
		return fmt.Errorf("systemd keeps %s in a cgroup that is not in the unified hierarchy (%s): this machine uses cgroup v1; boot "+
			"with systemd.unified_cgroup_hierarchy=1", u.name, a.cgroup)
	}
	return nil
}

// escapeCgroup is what systemd calls the cgroup of a unit whose name could be
// taken for one of the kernel's files there (cg_escape in systemd's sources).
func escapeCgroup(name string) string {
	kernels := []string{"cgroup", "cpu", "cpuacct", "cpuset", "io", "blkio", "memory", "devices", "pids"}
	first, _, _ := strings.Cut(name, ".")
	if name[0] == '_' || name[0] == '.' || slices.Contains(kernels, first) {
		return "_" + name
	}
	return name
}

// header says who the service is: its process if it runs on, else what its
// settings say.
func (u *unit) header(p map[string]any, restart bool) trace.Header {
	state := property[string](p, "ActiveState")
	u.how = trace.AttachedUnit
	switch {
	case state == "inactive" || state == "failed":
		u.how = trace.AttachedStarted
	case restart:
		u.how = trace.AttachedRestarted
	}
	var h trace.Header
	if pid := property[uint32](p, "MainPID"); pid != 0 {
		h = identify(int(pid))
	} else {
		h.User = property[string](p, "User")
		if h.User == "" {
			h.User = "root"
		}
		h.UID, h.GID = nobody, nobody // with DynamicUser= it is not known before
		if who, err := user.Lookup(h.User); err == nil {
			uid, _ := strconv.ParseUint(who.Uid, 10, 32)
			gid, _ := strconv.ParseUint(who.Gid, 10, 32)
			h.UID, h.GID = uint32(uid), uint32(gid)
		}
	}
	if lines := property[[][]any](p, "ExecStartEx"); len(lines) > 0 {
		name, _ := lines[len(lines)-1][0].(string)
		if found, err := locate(name); err == nil || h.Worker == "" {
			h.Worker = trace.Path(cmp.Or(found, name)) // a script, where the process shows its interpreter
		}
	}
	h.Unit, h.Attached = u.name, u.how
	return h
}

// nobody is the overflow user id of the kernel.
const nobody = 65534

// run starts the unit where that is to be seen.
func (u *unit) run(ctx context.Context) error {
	var err error
	switch u.how {
	case trace.AttachedStarted:
		_, err = u.conn.StartUnitContext(ctx, u.name, "replace", u.job)
	case trace.AttachedRestarted:
		_, err = u.conn.RestartUnitContext(ctx, u.name, "replace", u.job)
	default:
		return nil
	}
	if err != nil {
		return fmt.Errorf("starting %s: %w", u.name, err)
	}
	u.running = true
	return nil
}

// askEvery is how often systemd is asked whether the unit is still there, once
// none of its processes is.
const askEvery = 200 * time.Millisecond

// going says whether the unit may still execute something. A systemd that does
// not answer, as during its own re-execution, is asked again.
func (u *unit) going(now time.Time) bool {
	if u.running && u.conn.Connected() || now.Sub(u.asked) < askEvery {
		return true
	}
	u.asked = now
	var p map[string]any
	err := u.ask(time.Second, func(ctx context.Context) (err error) {
		p, err = u.conn.GetUnitPropertiesContext(ctx, u.name) // at once: one asked after the other may be of different times
		return err
	})
	if err != nil {
		return true
	}
	return unfinished(p)
}

// unfinished says whether a unit has not ended by its properties: one that is
// restarted is inactive for a moment, with a job that is to start it.
func unfinished(p map[string]any) bool {
	if job := property[[]any](p, "Job"); len(job) > 0 {
		if id, _ := job[0].(uint32); id != 0 {
			return true
		}
	}
	state := property[string](p, "ActiveState")
	return state != "inactive" && state != "failed"
}

// ErrUnitFailed says that a unit was recorded, but did not come up.
var ErrUnitFailed = errors.New("the unit did not start")

// outcome is what became of the job that starts the unit.
func (u *unit) outcome(result string) error {
	u.running = false
	if result == "done" {
		return nil
	}
	return fmt.Errorf("%w: systemd says %q; journalctl -u %s says why, and the trace what it did", ErrUnitFailed, result, u.name)
}
