package acts

import (
	"fmt"
	"regexp"
	"strings"
)

// head is the line that begins a profile: its name, what it is attached to, and its
// flags (apparmor.d(5)).
var head = regexp.MustCompile(`^\s*(?:profile\s+)?("[^"]*"|\S+)(?:\s+.*?)??(\s+flags=\([^)]*\))?\s*\{\s*(?:#.*)?$`)

// underOwnName gives the first profile of a text another name, so that the one which may
// be loaded stays as it is, attaches it to nothing, so that nobody else is confined by
// it, and gives it rules. The second result is the name it had.
func underOwnName(text, name, rules string) (renamed, was string, err error) {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if strings.HasPrefix(strings.TrimSpace(l), "#") {
			continue
		}
		if m := head.FindStringSubmatch(l); m != nil {
			lines[i] = fmt.Sprintf("profile %s%s {\n%s", name, m[2], rules)
			return strings.Join(lines, "\n"), strings.Trim(m[1], `"`), nil
		}
	}
	return "", "", fmt.Errorf("no profile begins there")
}
