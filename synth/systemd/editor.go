package systemd

import (
	"cmp"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// editor takes entries out of the lines of a unit.
type editor struct {
	away  map[synth.Entry]bool
	lines []string
	all   []Assignment    // of the service, as they are after the edit
	drop  map[int]bool    // lines that are gone, counted from 0
	took  map[string]bool // lists and paths that were taken out of them
	more  []string        // lines that come behind the last assignment
}

// takes says whether a word of a list is to go.
func (e *editor) takes(list, w string) bool {
	switch list {
	case "CapabilityBoundingSet", "AmbientCapabilities":
		return e.away[synth.Entry{Kind: synth.EntryCapability, Name: strings.ToUpper(w)}]
	case "SystemCallFilter":
		call, _, _ := strings.Cut(w, ":")
		return e.away[synth.Entry{Kind: synth.EntrySyscall, Name: call}]
	case "ReadWritePaths":
		return e.away[synth.Entry{Kind: synth.EntryWrite, Name: pathName(w)}]
	case "NoExecPaths":
		// It stands there because it was a mount of its own, which "/" does not reach.
		return e.away[synth.Entry{Kind: synth.EntryWrite, Name: pathName(w)}] && pathName(w) != "/" && e.has("NoExecPaths", "/")
	case "ExecPaths", "BindReadOnlyPaths":
		return e.away[synth.Entry{Kind: synth.EntryExec, Name: pathName(w)}]
	}
	return false
}

// has says whether a list has a path as one of its words.
func (e *editor) has(list, path string) bool {
	for _, a := range e.all {
		if cmp.Or(oldNames[a.Name], a.Name) != list {
			continue
		}
		if words, err := splitWords(a.Value); err == nil && slices.ContainsFunc(words, func(w string) bool { return pathName(w) == path }) {
			return true
		}
	}
	return false
}

// assignment takes words out of one line of a list.
func (e *editor) assignment(a *Assignment) error {
	list := cmp.Or(oldNames[a.Name], a.Name)
	if strings.HasPrefix(a.Value, "~") || a.Value == "" {
		return nil
	}
	raw := rawWords(a.Value)
	var left []string
	for _, r := range raw {
		words, err := splitWords(r)
		if err != nil {
			return err
		}
		if len(words) == 1 && e.takes(list, words[0]) {
			e.took[list+" "+pathName(words[0])] = true
			continue
		}
		left = append(left, r)
	}
	if len(left) == len(raw) {
		return nil
	}
	a.Value = strings.Join(left, " ")
	e.write(a, list)
	return nil
}

// write puts an assignment that has changed in the place of its lines. One that lets
// nothing through any more is gone, unless it is what makes the list one.
func (e *editor) write(a *Assignment, list string) {
	line := a.Name + "=" + a.Value
	if a.Value == "" {
		first := !slices.ContainsFunc(e.all, func(o Assignment) bool { return o.Name == a.Name && o.Number < a.Number })
		other := slices.ContainsFunc(e.all, func(o Assignment) bool {
			return o.Name == a.Name && o.Number != a.Number && o.Value != "" && !strings.HasPrefix(o.Value, "~")
		})
		switch {
		case list == "CapabilityBoundingSet" && first: // without a line all would be let through
		case list == "SystemCallFilter" && !other:
			a.Value = "@default" // which is let through with any list
			line += a.Value
		default:
			line = ""
		}
	}
	e.lines[a.Number-1] = line
	if line == "" {
		e.drop[a.Number-1] = true
	}
	for i := a.Number; i < a.last; i++ {
		e.drop[i] = true
	}
}

// grouped says whether a filter lets groups through.
func (e *editor) grouped() bool {
	return slices.ContainsFunc(e.all, func(a Assignment) bool {
		return a.Name == "SystemCallFilter" && !strings.HasPrefix(a.Value, "~") && strings.Contains(a.Value, "@")
	})
}

// groups takes calls out of the groups that a filter names.
func (e *editor) groups() {
	var calls []string
	for entry := range e.away {
		if entry.Kind == synth.EntrySyscall && plainWord(entry.Name) {
			calls = append(calls, entry.Name)
		}
	}
	if slices.Sort(calls); len(calls) > 0 {
		e.more = append(e.more, "SystemCallFilter=~"+strings.Join(calls, " "))
	}
}

// apart sees to what is both writable and executable, where one line does for the
// other what the line that is gone no more does. Mounts made by ExecPaths= are
// writable where ProtectSystem= leaves them out, and mounts made by ReadWritePaths= are
// not reached by NoExecPaths=/.
func (e *editor) apart() {
	var entries []synth.Entry
	for entry := range e.away {
		entries = append(entries, entry)
	}
	slices.SortFunc(entries, synth.Entry.Compare)
	for _, entry := range entries {
		p := word("-", trace.Path(entry.Name))
		switch {
		case !spellable(trace.Path(entry.Name)):
		case entry.Kind == synth.EntryWrite && e.took["ReadWritePaths "+entry.Name] && e.has("ExecPaths", entry.Name) && !e.has("BindReadOnlyPaths", entry.Name):
			e.more = append(e.more, "BindReadOnlyPaths="+p)
		case entry.Kind == synth.EntryExec && e.took["ExecPaths "+entry.Name] && e.has("ReadWritePaths", entry.Name) && !e.has("NoExecPaths", entry.Name):
			e.more = append(e.more, "NoExecPaths="+p)
		}
	}
}

func (e *editor) text() []byte {
	last := e.all[len(e.all)-1].last - 1
	var out []string
	for i, line := range e.lines {
		if !e.drop[i] {
			out = append(out, line)
		}
		if i == last {
			out = append(out, e.more...)
		}
	}
	return []byte(strings.Join(out, "\n"))
}

// rawWords are the words of a value as they stand there, with their quotes.
func rawWords(value string) []string {
	var out []string
	start, quote := -1, byte(0)
	for i := 0; i < len(value); i++ {
		c := value[i]
		space := quote == 0 && strings.IndexByte(" \t\n\r", c) >= 0
		switch {
		case c == '\\':
			if start < 0 {
				start = i
			}
			i++
			continue
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		}
		if space && start >= 0 {
			out, start = append(out, value[start:i]), -1
		} else if !space && start < 0 {
			start = i
		}
	}
	if start >= 0 {
		out = append(out, value[start:])
	}
	return out
}
