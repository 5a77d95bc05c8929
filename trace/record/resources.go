package record

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/osapi-io/osapi-profile/trace"
)

// meter samples what the worker's processes use, over the whole recording and
// over the operation that is running. A peak between two samples is missed,
// which is one reason for the headroom of the limits.
type meter struct {
	whole, step peaks
	page        uint64
	before      float64 // CPU time, in seconds, that was used before the recording
}

// peaks are what was used at most since began.
type peaks struct {
	peak      trace.Resources
	began     time.Time
	startTime float64 // CPU time of the processes when it began
	last      time.Time
	lastTime  float64
}

// usage is one sample.
type usage struct {
	at     time.Time
	memory uint64
	files  uint64
	time   float64 // CPU time of all processes since their start, seconds
}

// clockTicks is USER_HZ, in which proc_pid_stat(5) counts: 100 on every
// architecture that this program is built for.
const clockTicks = 100

func newMeter() *meter { return &meter{page: uint64(os.Getpagesize())} }

func (m *meter) sample(pids []uint32, now time.Time) {
	u := m.use(pids, now)
	m.whole.add(u)
	m.step.add(u)
}

func (m *meter) use(pids []uint32, now time.Time) usage {
	u := usage{at: now, time: -m.before}
	for _, pid := range pids {
		u.memory += m.resident(pid)
		u.time += processTime(pid)
		if names, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid)); err == nil {
			u.files = max(u.files, uint64(len(names)))
		}
	}
	return u
}

func (p *peaks) add(u usage) {
	p.peak.FilesPeak = max(p.peak.FilesPeak, u.files)
	p.peak.MemoryPeak = max(p.peak.MemoryPeak, u.memory)
	p.peak.CPUTime = max(p.peak.CPUTime, u.time-p.startTime)
	span := u.at.Sub(p.last).Seconds()
	if !p.last.IsZero() && span < 0.95 {
		return
	}
	if !p.last.IsZero() {
		p.peak.CPUPeak = max(p.peak.CPUPeak, (u.time-p.lastTime)/span)
	}
	p.last, p.lastTime = u.at, u.time
}

// turn ends the running operation's share and begins the next one's. tasks is
// the most processes and threads there were at a time since the last turn.
func (m *meter) turn(pids []uint32, state *os.ProcessState, tasks uint32, now time.Time) trace.Resources {
	u := m.use(pids, now)
	if state != nil {
		u.time = max(u.time, spent(state)) // it has left /proc
	}
	m.whole.add(u)
	m.step.add(u)
	used := m.step.peak
	used.TasksPeak = uint64(tasks)
	m.whole.peak.TasksPeak = max(m.whole.peak.TasksPeak, used.TasksPeak)
	// No second of the operation can have been busier than all of it at once.
	if span := now.Sub(m.step.began).Seconds(); !m.step.began.IsZero() && span < 1 {
		used.CPUPeak = used.CPUTime
	}
	m.step = peaks{began: now, startTime: u.time, last: now, lastTime: u.time}
	m.step.peak.MemoryPeak, m.step.peak.FilesPeak = u.memory, u.files
	return used
}

// start leaves out what processes have used so far.
func (m *meter) start(pids []uint32) {
	for _, pid := range pids {
		m.before += processTime(pid)
	}
}

// resident is the memory of a process in bytes, proc_pid_statm(5).
func (m *meter) resident(pid uint32) uint64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	fields := bytes.Fields(data)
	if err != nil || len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseUint(string(fields[1]), 10, 64)
	return pages * m.page
}

// processTime is the CPU time of a process and of the children it has waited
// for, in seconds: fields 14 to 17 of proc_pid_stat(5).
func processTime(pid uint32) float64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:]) // from field 3 on
	if len(fields) < 15 {
		return 0
	}
	var ticks uint64
	for _, f := range fields[11:15] {
		n, _ := strconv.ParseUint(string(f), 10, 64)
		ticks += n
	}
	return float64(ticks) / clockTicks
}

// spent is the CPU time of a process that has ended, in seconds.
func spent(state *os.ProcessState) float64 { return (state.UserTime() + state.SystemTime()).Seconds() }

// finish adds what the kernel counted for the main process. Its peak of memory
// is of no use: it includes the launcher that the process was before.
func (m *meter) finish(state *os.ProcessState, tasks uint32) trace.Resources {
	peak := m.whole.peak
	peak.TasksPeak = max(peak.TasksPeak, uint64(tasks))
	if state != nil {
		peak.CPUTime = max(peak.CPUTime, spent(state))
	}
	return peak
}
