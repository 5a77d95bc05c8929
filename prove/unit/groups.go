package unit

import (
	"context"
	"os"
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
		for _, word := range members(string(out)) {
			if strings.HasPrefix(word, "@") {
				words = append(words, look(kind, word)...)
			} else {
				words = append(words, word)
			}
		}
		known[kind+name] = words
		return words
	}
	return look
}

// members are the words of a group as systemd-analyze lists them: indented below the
// group's own name, among comments. Since 257 a filesystem has its number behind it.
func members(listing string) []string {
	var words []string
	for line := range strings.Lines(listing) {
		word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if strings.HasPrefix(line, " ") && word != "" && !strings.HasPrefix(word, "#") {
			words = append(words, word)
		}
	}
	return words
}

// features is the line in which systemd tells what it was built with.
func features(ctx context.Context) string {
	out, _ := exec.CommandContext(ctx, "systemctl", "--version").Output()
	_, line, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(line)
}

// lsms are the security modules that the kernel asks, "" where that is not told.
func lsms() string {
	text, _ := os.ReadFile("/sys/kernel/security/lsm")
	return strings.TrimSpace(string(text))
}
