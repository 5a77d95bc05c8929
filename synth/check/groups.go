package check

import (
	"os/exec"
	"strings"
)

// HostGroups looks groups of system calls up with this machine's own systemd
// (systemd-analyze(1)), each once.
func HostGroups() func(name string) ([]string, bool) {
	known := map[string][]string{}
	return func(name string) ([]string, bool) {
		calls, ok := known[name]
		if !ok {
			out, err := exec.Command("systemd-analyze", "--no-pager", "syscall-filter", "--", name).Output()
			if err == nil {
				calls = groupCalls(string(out))
			}
			known[name] = calls
		}
		return calls, len(calls) > 0
	}
}

// groupCalls reads what systemd-analyze prints of one group: its name, comments
// and, indented, the calls and groups in it.
func groupCalls(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		name := strings.TrimSpace(line)
		if name == strings.TrimRight(line, "\r\n") || name == "" || strings.HasPrefix(name, "#") {
			continue
		}
		out = append(out, name)
	}
	return out
}
