package synth

import (
	"cmp"
	"slices"
)

// Entry is something that a line of a profile lets through by name, and that can be
// taken out of the profile by itself.
type Entry struct {
	Kind string `json:"kind"` // one of the Entry constants
	Name string `json:"name"` // "CAP_CHOWN", "mount", "/var/lib/worker"; of an AppArmor rule its pattern
}

// Kinds of entries.
const (
	EntryCapability = "capability"
	EntrySyscall    = "syscall" // one that [HighRisk] calls out
	EntryWrite      = "write"   // a path that may be changed, with what lies below it
	EntryExec       = "exec"    // a path that may be executed, with what lies below it
)

// EntryKinds lists the kinds in the order in which they are told.
func EntryKinds() []string {
	return []string{EntryCapability, EntrySyscall, EntryWrite, EntryExec}
}

// String is one line.
func (e Entry) String() string { return e.Kind + " " + OneLine(e.Name) }

// Compare orders entries by kind, then by name.
func (e Entry) Compare(other Entry) int {
	return cmp.Or(cmp.Compare(rank(e.Kind), rank(other.Kind)), cmp.Compare(e.Name, other.Name))
}

func rank(kind string) int {
	if i := slices.Index(EntryKinds(), kind); i >= 0 {
		return i
	}
	return len(EntryKinds())
}

// Mark is what running the worker without an entry has shown.
type Mark string

// The marks.
const (
	MarkRequired  Mark = "required"  // without it something went otherwise than in training
	MarkTolerated Mark = "tolerated" // all went well without it
	MarkUnproven  Mark = "unproven"  // the runs say nothing of it
)

// Marks are those of a profile's entries, and what vouches for them. A nil one has
// none.
type Marks struct {
	Entries    []Marked `json:"entries"`    // in order
	Operations []string `json:"operations"` // of the plan that the runs went through
}

// Marked is an entry with its mark.
type Marked struct {
	Entry
	Mark Mark     `json:"mark"`
	In   []string `json:"in"` // formats that it stands in: InSystemd, InAppArmor
}

// Formats that entries stand in.
const (
	InSystemd  = "systemd"
	InAppArmor = "apparmor"
)

// Of is the mark of an entry, "" where there is none.
func (m *Marks) Of(kind, name string) Mark {
	if m == nil {
		return ""
	}
	for _, e := range m.Entries {
		if e.Entry == (Entry{kind, name}) {
			return e.Mark
		}
	}
	return ""
}

// With lists the entries that have a mark, in order.
func (m *Marks) With(mark Mark) []Entry {
	if m == nil {
		return nil
	}
	var out []Entry
	for _, e := range m.Entries {
		if e.Mark == mark {
			out = append(out, e.Entry)
		}
	}
	return out
}
