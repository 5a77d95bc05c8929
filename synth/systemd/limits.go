package systemd

import (
	"fmt"
	"math"
)

// Limits leave headroom over the peak that was measured and never fall below a
// floor, for a training run is rarely the busiest hour.
const (
	memoryHighFactor = 1.5 // where the kernel begins to reclaim
	memoryMaxFactor  = 2   // where it begins to kill
	memoryFloor      = 64 << 20
	memoryStep       = 16 << 20
	cpuFactor        = 2
	cpuFloor         = 50 // per cent of one CPU
	tasksFactor      = 2
	tasksFloor       = 64
	filesFactor      = 2
	filesFloor       = 1024 // what programs take for granted
)

func limitRows() []row {
	row1 := func(group, name string, since int, value func(*draft) (string, string)) row {
		unless := "nothing was measured; a comment unless asked for (--limits)"
		return row{group: group, name: name, since: since, unless: unless, write: func(d *draft, t *text) { d.limit(t, name, value) }}
	}
	return []row{
		row1("Limits", "MemoryHigh", 231, func(d *draft) (string, string) { return memory(d, memoryHighFactor) }),
		row1("", "MemoryMax", 231, func(d *draft) (string, string) { return memory(d, memoryMaxFactor) }),
		row1("", "CPUQuota", 213, func(d *draft) (string, string) {
			peak := d.Resources.CPUPeak
			if peak == 0 {
				return "", ""
			}
			percent := max(cpuFloor, math.Ceil(peak*cpuFactor*10)*10)
			return fmt.Sprintf("%.0f%%", percent), fmt.Sprintf("%.2f CPUs at the busiest second", peak)
		}),
		row1("", "TasksMax", 227, func(d *draft) (string, string) {
			peak := d.Resources.TasksPeak
			if peak == 0 {
				return "", ""
			}
			return fmt.Sprint(max(tasksFloor, peak*tasksFactor)), plural(int(min(peak, math.MaxInt32)), "task") + " at most"
		}),
		row1("", "LimitNOFILE", 1, func(d *draft) (string, string) {
			peak := d.Resources.FilesPeak
			if peak == 0 {
				return "", ""
			}
			return fmt.Sprint(max(filesFloor, peak*filesFactor)), fmt.Sprintf("%d descriptors of one process at most", peak)
		}),
	}
}

func memory(d *draft, factor float64) (value, measured string) {
	peak := d.Resources.MemoryPeak
	if peak == 0 {
		return "", ""
	}
	bytes := max(uint64(float64(peak)*factor), uint64(memoryFloor*factor))
	steps := (bytes + memoryStep - 1) / memoryStep
	return fmt.Sprintf("%dM", steps*(memoryStep>>20)), fmt.Sprintf("%.1f MiB at most", float64(peak)/(1<<20))
}

// limit writes a limit, as a comment unless it was asked for.
func (d *draft) limit(t *text, name string, value func(*draft) (string, string)) {
	v, measured := value(d)
	switch {
	case v == "":
	case d.Limits:
		t.say("Measured: %s.", measured)
		t.line(name + "=" + v)
	default:
		t.say("Measured: %s. To limit it:", measured)
		t.say("%s=%s", name, v)
	}
}
