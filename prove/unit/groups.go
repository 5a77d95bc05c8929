package unit

import (
	"context"
	"os/exec"
	"strings"
)

// groups looks up what systemd's own names with an "@" stand for, by
// systemd-analyze(1), each once; kind is "syscall-filter" or "filesystems".
func groups(ctx context.Context) func(kind, name string) []string {
	known := map[string][]string{}
	var look func(kind, name string) []string
	look = func(kind, name string) []string {
		if words, ok := known[kind+name]; ok {
			return words
		}
		known[kind+name] = nil // should a group hold itself
		out, _ := exec.CommandContext(ctx, "systemd-analyze", "--no-pager", kind, name).Output()
		var words []string
		for line := range strings.Lines(string(out)) {
			word := strings.TrimSpace(line)
			switch {
			case !strings.HasPrefix(line, " ") || strings.HasPrefix(word, "#") || word == "": // the group's own name, or a comment
			case strings.HasPrefix(word, "@"):
				words = append(words, look(kind, word)...)
			default:
				words = append(words, word)
			}
		}
		known[kind+name] = words
		return words
	}
	return look
}

// features is the line in which systemd tells what it was built with.
func features(ctx context.Context) string {
	out, _ := exec.CommandContext(ctx, "systemctl", "--version").Output()
	_, line, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(line)
}
