package unit

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// CommandLine spells a command for ExecStart=, with nothing in it that systemd would
// expand. Words are quoted and bytes escaped as systemd.syntax(7) has it.
func CommandLine(command []string) (string, error) {
	path, err := exec.LookPath(command[0])
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return "", err
	}
	words := []string{}
	for i, w := range append([]string{path}, command[1:]...) {
		if !utf8.ValidString(w) {
			return "", fmt.Errorf("the argument %q is not UTF-8, and systemd drops the line that holds it", w)
		}
		var b strings.Builder
		b.WriteByte('"')
		for _, c := range w {
			switch {
			case c == '"' || c == '\\':
				b.WriteString(`\` + string(c))
			case c == '%', c == '$' && i > 0: // the program's own name takes no variables
				b.WriteString(string(c) + string(c))
			case c < ' ' || c == 0x7f:
				fmt.Fprintf(&b, `\x%02x`, c)
			default:
				b.WriteRune(c)
			}
		}
		b.WriteByte('"')
		words = append(words, b.String())
	}
	return strings.Join(words, " "), nil
}
