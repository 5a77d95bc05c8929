package record

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// enum lifted in bpf/abi.h.
const (
	liftedNothing = iota
	liftedUser
	liftedAll
	liftedByLine
)

// commandLines are the properties that hold the lines of a service.
func commandLines() []string {
	return []string{"ExecConditionEx", "ExecStartPreEx", "ExecStartEx", "ExecStartPostEx", "ExecReloadEx", "ExecStopEx", "ExecStopPostEx"}
}

// lines reads the commands. A name without a slash is looked up by systemd, so
// that each place it can be in counts.
func (u *unit) lines(p map[string]any) {
	u.commands, u.byLine = map[string]uint32{}, map[string]map[string]uint32{}
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
			words, _ := line[1].([]string)
			flags, _ := line[2].([]string)
			names := []string{command}
			if !strings.Contains(command, "/") {
				names = nil
				for _, dir := range search {
					names = append(names, path.Join(dir, command))
				}
			}
			for _, n := range names {
				u.command(n, words, liftedBy(flags))
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

// command takes in one line. Of a command that stands in lines with and without a
// prefix its words tell which it is, unless systemd puts variables of the environment
// into some. Of two lines with the same words that without a prefix counts: a profile
// then grants more, and breaks nothing.
func (u *unit) command(name string, words []string, lifted uint32) {
	lines := u.byLine[name]
	if lines == nil {
		lines = map[string]uint32{}
		u.byLine[name] = lines
	}
	text := strings.Join(words, "\x00") + "\x00"
	if known, ok := lines[text]; ok {
		lifted = min(known, lifted)
	}
	lines[text] = lifted
	all := slices.Sorted(maps.Values(lines))
	if u.commands[name] = all[0]; all[0] != all[len(all)-1] {
		u.commands[name] = liftedByLine
	}
}

// wordsTell says whether the words of each line are those that systemd executes it
// with, and fit the probes' key.
func wordsTell(lines map[string]uint32) bool {
	for words := range lines {
		if strings.Contains(words, "$") || len(words) >= unitCommand {
			return false
		}
	}
	return true
}
