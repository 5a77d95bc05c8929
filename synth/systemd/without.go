package systemd

import (
	"cmp"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
)

// kindOf are the lists that entries stand in, and of which kind those are.
var kindOf = map[string]string{
	"CapabilityBoundingSet": synth.EntryCapability, "SystemCallFilter": synth.EntrySyscall,
	"ReadWritePaths": synth.EntryWrite, "ExecPaths": synth.EntryExec,
}

// Entries lists what a unit lets through that can be taken out of it by itself: of its
// lists of capabilities and paths each word, and of its system calls those that are
// called out as a risk. A list that names what is refused ("~") has none. groups looks
// up what a word with "@" stands for; nil knows none.
func Entries(all []Assignment, groups Groups) []synth.Entry {
	names := map[string][]string{} // of each list, in force so far
	for _, a := range all {
		list := cmp.Or(oldNames[a.Name], a.Name)
		if a.Section != "Service" || kindOf[list] == "" {
			continue
		}
		if a.Value == "" {
			names[list] = nil
			continue
		}
		words, err := splitWords(a.Value)
		if err != nil || strings.HasPrefix(a.Value, "~") {
			continue
		}
		for _, w := range words {
			names[list] = append(names[list], entryNames(list, w, groups)...)
		}
	}
	var out []synth.Entry
	for list, words := range names {
		for _, w := range words {
			out = append(out, synth.Entry{Kind: kindOf[list], Name: w})
		}
	}
	slices.SortFunc(out, synth.Entry.Compare)
	return slices.Compact(out)
}

// entryNames is what a word of a list is called, or what it stands for.
func entryNames(list, w string, groups Groups) []string {
	switch list {
	case "CapabilityBoundingSet":
		return []string{strings.ToUpper(w)}
	case "SystemCallFilter":
		call, _, _ := strings.Cut(w, ":")
		if strings.HasPrefix(call, "@") && groups != nil {
			inside, _ := groups(call)
			var out []string
			for _, i := range inside {
				out = append(out, entryNames(list, i, groups)...)
			}
			return out
		}
		if synth.HighRisk(call) == "" {
			return nil
		}
		return []string{call}
	}
	return []string{pathName(w)}
}

// pathName is what an entry with a path is called: the path on the machine, or the
// word where that is not known.
func pathName(w string) string {
	bare := strings.TrimLeft(w, "-+")
	if p, ok := machinePath(bare); ok {
		return p
	}
	return bare
}

// Without is the text of a unit or drop-in with entries taken out of it: what nothing
// else in the text lets through is refused then. What stands beside them keeps its
// meaning, and every other line its text. An error is one of the text.
func Without(text []byte, away []synth.Entry) ([]byte, error) {
	all, err := ReadAssignments("", text)
	if err != nil {
		return nil, err
	}
	e := &editor{away: map[synth.Entry]bool{}, lines: strings.Split(string(text), "\n"), drop: map[int]bool{}, took: map[string]bool{}}
	for _, a := range away {
		e.away[a] = true
	}
	for _, a := range all {
		if a.Section == "Service" {
			e.all = append(e.all, a)
		}
	}
	if len(e.all) == 0 {
		return text, nil
	}
	grouped := e.grouped()
	for i := range e.all {
		if err := e.assignment(&e.all[i]); err != nil {
			return nil, err
		}
	}
	if grouped {
		e.groups()
	}
	e.apart()
	return e.text(), nil
}
