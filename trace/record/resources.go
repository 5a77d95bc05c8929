package record

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/osapi-io/osapi-profile/trace"
)

// meter samples what the worker's processes use. A peak between two samples is
// missed, which is one reason for the headroom of the limits.
type meter struct {
	peak     trace.Resources
	page     uint64
	last     time.Time
	lastTime float64
	before   float64 // CPU time, in seconds, that was used before the recording
}

// clockTicks is USER_HZ, in which proc_pid_stat(5) counts: 100 on every
// architecture that this program is built for.
const clockTicks = 100

func newMeter() *meter { return &meter{page: uint64(os.Getpagesize())} }

func (m *meter) sample(pids []uint32, now time.Time) {
	var memory uint64
	var cpu float64
	cpu -= m.before
	for _, pid := range pids {
		memory += m.resident(pid)
		cpu += processTime(pid)
		if names, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid)); err == nil {
			m.peak.FilesPeak = max(m.peak.FilesPeak, uint64(len(names)))
		}
	}
	m.peak.MemoryPeak = max(m.peak.MemoryPeak, memory)
	m.peak.CPUTime = max(m.peak.CPUTime, cpu)
	span := now.Sub(m.last).Seconds()
	if !m.last.IsZero() && span < 0.95 {
		return
	}
	if !m.last.IsZero() {
		m.peak.CPUPeak = max(m.peak.CPUPeak, (cpu-m.lastTime)/span)
	}
	m.last, m.lastTime = now, cpu
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

// finish adds what the kernel counted for the main process. Its peak of memory
// is of no use: it includes the launcher that the process was before.
func (m *meter) finish(state *os.ProcessState, tasks uint32) trace.Resources {
	m.peak.TasksPeak = uint64(tasks)
	if state != nil {
		m.peak.CPUTime = max(m.peak.CPUTime, (state.UserTime() + state.SystemTime()).Seconds())
	}
	return m.peak
}
