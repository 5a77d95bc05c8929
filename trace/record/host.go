package record

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func namespaceInode(name string) (uint32, error) {
	var st syscall.Stat_t
	if err := syscall.Stat(name, &st); err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return uint32(st.Ino), nil
}

func kernelRelease() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}

// oldestKernel is the oldest on which recording is tried. The probes stand on
// task storage (5.11), bpf_get_func_ret and bpf_loop (5.17), among others.
const oldestKernel = "6.1"

// tooOld says whether a release, as uname(2) has it, comes before oldestKernel.
func tooOld(release string) bool {
	var have, need [2]int
	if n, _ := fmt.Sscanf(release, "%d.%d", &have[0], &have[1]); n < 2 {
		return false
	}
	_, _ = fmt.Sscanf(oldestKernel, "%d.%d", &need[0], &need[1])
	return slices.Compare(have[:], need[:]) < 0
}

// prettyName is PRETTY_NAME of os-release(5).
func prettyName() string {
	data, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "PRETTY_NAME="); ok {
			return strings.Trim(value, `"'`)
		}
	}
	return ""
}

// SystemdVersion is the major version of the installed systemd, 0 without one.
func SystemdVersion() int {
	out, err := exec.Command("systemctl", "--version").Output()
	fields := strings.Fields(string(out))
	if err != nil || len(fields) < 2 {
		return 0
	}
	version, _ := strconv.Atoi(fields[1])
	return version
}

// rootType is the file system type of /, from proc_pid_mountinfo(5): the last
// line for it is the one on top.
func rootType() string {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	found := ""
	for lines := bufio.NewScanner(f); lines.Scan(); {
		before, after, ok := strings.Cut(lines.Text(), " - ")
		fields, rest := strings.Fields(before), strings.Fields(after)
		if ok && len(fields) > 4 && len(rest) > 0 && fields[4] == "/" {
			found = rest[0]
		}
	}
	return found
}

// monotonic is CLOCK_MONOTONIC in nanoseconds, the clock of the probes.
func monotonic() uint64 {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &t) != nil {
		return 0
	}
	return uint64(t.Nano())
}

// signalName spells a signal as signal(7) does.
func signalName(s syscall.Signal) string {
	if name := unix.SignalName(s); name != "" {
		return name
	}
	return fmt.Sprintf("SIG%d", int(s))
}
