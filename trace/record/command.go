package record

import (
	"path"
	"slices"
	"strings"
)

// enum lifted in bpf/abi.h.
const (
	liftedNothing = iota
	liftedUser
	liftedAll
)

// commandLines are the properties that hold the lines of a service.
func commandLines() []string {
	return []string{"ExecConditionEx", "ExecStartPreEx", "ExecStartEx", "ExecStartPostEx", "ExecReloadEx", "ExecStopEx", "ExecStopPostEx"}
}

// lines reads the commands. A name without a slash is looked up by systemd, so
// that each place it can be in counts.
func (u *unit) lines(p map[string]any) {
	u.commands = map[string]uint32{}
	search := property[[]string](p, "ExecSearchPath")
	if len(search) == 0 {
		search = []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}
	}
	for _, name := range commandLines() {
		for _, line := range property[[][]any](p, name) {
			if len(line) < 3 {
				continue
			}
			command, _ := line[0].(string)
			flags, _ := line[2].([]string)
			names := []string{command}
			if !strings.Contains(command, "/") {
				names = nil
				for _, dir := range search {
					names = append(names, path.Join(dir, command))
				}
			}
			for _, n := range names {
				u.command(n, liftedBy(flags))
			}
		}
	}
}

// liftedBy reads the prefix of a line from its flags: "+" is privileged, "!"
// no-setuid. "!!" lifts something only on kernels without ambient capabilities.
func liftedBy(flags []string) uint32 {
	switch {
	case slices.Contains(flags, "privileged"):
		return liftedAll
	case slices.Contains(flags, "no-setuid"):
		return liftedUser
	}
	return liftedNothing
}

// command takes in one line. A command that stands in lines with and without a
// prefix counts as sandboxed: a profile then grants more, and breaks nothing.
func (u *unit) command(name string, lifted uint32) {
	known, ok := u.commands[name]
	if ok && known != lifted {
		u.mixed = append(u.mixed, name)
		lifted = min(known, lifted)
	}
	u.commands[name] = lifted
}
