package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/osapi-io/osapi-profile/trace"
)

// load is something that grows: how much of it, and how loop.c makes it.
type load struct {
	name    string
	command func(g ground) []string
}

func loads() []load {
	names := func(n string) load {
		return load{n + " names", func(g ground) []string { return []string{g.loop, "names", n, g.dir} }}
	}
	return []load{
		{"10000 forks", func(g ground) []string { return []string{g.loop, "forks", "10000"} }},
		names("10000"), names("100000"), names("1000000"),
	}
}

// growth says what a recording costs as the worker does more that is new:
// processes, and names of files, each of which is a fact of its own.
func (g ground) growth(talk io.Writer) (grid, error) {
	const mib = 1 << 20
	rows := grid{{"", "alone, s", "recorded, s", "recorder's CPU, s", "its memory, MiB", "its maps, MiB", "trace, MiB", "facts", "dropped"}}
	for _, l := range loads() {
		fmt.Fprintln(talk, l.name)
		alone, _, err := timed(l.command(g))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.name, err)
		}
		file := filepath.Join(g.dir, "growth.trace")
		watched, used, err := timed(append([]string{g.recorder, "record", "--quiet", "--force", "-o", file, "--"}, l.command(g)...))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.name, err)
		}
		r, err := resultOf(file)
		if err != nil {
			return nil, err
		}
		rows = append(rows, []string{l.name, fmt.Sprintf("%.2f", alone), fmt.Sprintf("%.2f", watched),
			fmt.Sprintf("%.2f", used.cpu-r.worker), fmt.Sprint(used.memory / mib), fmt.Sprint(used.maps / mib),
			fmt.Sprintf("%.1f", float64(r.size)/mib), fmt.Sprint(r.facts), fmt.Sprint(r.dropped)})
	}
	return rows, nil
}

// usage is what a process and its children took.
type usage struct {
	cpu    float64 // seconds
	memory int64   // bytes resident at the peak
	maps   int64   // bytes of kernel maps, the most seen
}

// timed runs a command that prints nanoseconds and answers them as seconds.
func timed(command []string) (seconds float64, used usage, err error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return 0, used, err
	}
	if err := cmd.Start(); err != nil {
		return 0, used, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n') // the worker has just ended, the recorder not yet
	used.maps = mapsOf(cmd.Process.Pid)
	if err = errors.Join(err, cmd.Wait()); err != nil {
		return 0, used, err
	}
	ns, err := strconv.ParseFloat(strings.TrimSpace(line), 64)
	spent, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0, used, errors.New("no resource usage")
	}
	used.cpu = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	used.memory = spent.Maxrss * 1024
	return ns / 1e9, used, err
}

// mapsOf is the memory of the BPF maps that a process holds, as the kernel
// charges it (memlock of their fdinfo).
func mapsOf(pid int) (sum int64) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fdinfo/*", pid))
	if err != nil {
		return 0
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), "map_type:") {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if rest, ok := strings.CutPrefix(line, "memlock:"); ok {
				if n, err := strconv.ParseInt(strings.TrimSpace(rest), 10, 64); err == nil {
					sum += n
				}
			}
		}
	}
	return sum
}

// outcome is what a trace says of its recording.
type outcome struct {
	size    int64
	facts   int
	dropped uint64
	worker  float64 // its CPU time, seconds
}

func resultOf(file string) (r outcome, err error) {
	info, err := os.Stat(file)
	if err != nil {
		return r, err
	}
	t, err := trace.ReadFile(file)
	if err != nil {
		return r, err
	}
	r.size = info.Size()
	r.facts = len(t.Syscalls) + len(t.Execs) + len(t.Files) + len(t.Capabilities) + len(t.Sockets) + len(t.Arguments)
	for _, h := range t.Holes {
		if h.Kind == trace.HoleLost {
			r.dropped += h.Count
		}
	}
	r.worker = t.Runs[0].End.Resources.CPUTime
	return r, nil
}
