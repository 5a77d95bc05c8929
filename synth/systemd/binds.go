package systemd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/trace"
)

// replacedBy gathers the mounts that put something else in the place of what is
// there: an empty file system, or what bind mounts name.
func replacedBy(s Settings) ([]mount, error) {
	var all []mount
	for _, o := range s {
		m := mount{by: o.Name}
		switch o.Name {
		case "TemporaryFileSystem":
			m.mode = mountTmpfs
		case "BindPaths", "BindReadOnlyPaths":
			m.mode, m.readOnly = mountBind, o.Name == "BindReadOnlyPaths"
		default:
			continue
		}
		if o.Value == "" { // resets both lists of bind mounts, whichever it is
			all = slices.DeleteFunc(all, func(a mount) bool { return a.mode == m.mode })
			continue
		}
		words, err := splitColons(o.Value)
		if err != nil {
			return nil, fmt.Errorf("%s=: %w", o.Name, err)
		}
		for _, parts := range words {
			one, err := m.named(parts)
			if err != nil {
				return nil, err
			}
			all = append(all, one)
		}
	}
	return all, nil
}

// named is the mount that one word of a list asks for: SOURCE[:DESTINATION[:OPTIONS]]
// of a bind mount, PATH[:OPTIONS] of a temporary file system.
func (m mount) named(parts []string) (mount, error) {
	var paths []trace.Path
	names := parts[:1]
	if m.mode == mountBind && len(parts) > 1 {
		names = parts[:2]
	}
	for _, name := range names {
		p, err := expand(strings.TrimPrefix(name, "-"))
		if err != nil {
			return m, fmt.Errorf("%s=: %w", m.by, err)
		}
		if !strings.HasPrefix(p, "/") {
			return m, fmt.Errorf("%w: %s= has %q, which is no absolute path", ErrSyntax, m.by, p)
		}
		paths = append(paths, trace.Path(p))
	}
	m.path = paths[len(paths)-1]
	m.foreign = m.path != paths[0]
	if m.mode == mountTmpfs && len(parts) > 1 {
		options := strings.Split(parts[1], ",")
		m.readOnly, m.noExec = slices.Contains(options, "ro"), slices.Contains(options, "noexec")
	}
	return m, nil
}

// splitColons takes a value apart at blanks, and each word at colons that stand
// outside of quotes and behind no backslash.
func splitColons(value string) ([][]string, error) {
	const mark = "\x00"
	var b strings.Builder
	quote := byte(0)
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '\\' && i+1 < len(value):
			b.WriteByte(c)
			i++
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == 0 && c == ':':
			b.WriteString(mark)
			continue
		}
		b.WriteByte(value[i])
	}
	words, err := splitWords(b.String())
	if err != nil {
		return nil, err
	}
	var out [][]string
	for _, w := range words {
		out = append(out, strings.Split(w, mark))
	}
	return out, nil
}
