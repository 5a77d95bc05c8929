// Package seen is the common ground on which a trace and a log of strace are
// compared: a set of things that a program was seen to do.
package seen

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
)

// Item is one thing done by one program.
type Item struct {
	Subject string // executed file, for a script "script (interpreter)"; "" is whoever started the worker
	Kind    string // "syscall", "exec" or a kind of access as package trace names it
	Name    string // system call, path or address
}

// String quotes what may hold any byte.
func (i Item) String() string { return fmt.Sprintf("%s %q by %q", i.Kind, i.Name, i.Subject) }

// Compare orders items by subject, kind and name.
func (i Item) Compare(o Item) int {
	return cmp.Or(cmp.Compare(i.Subject, o.Subject), cmp.Compare(i.Kind, o.Kind), cmp.Compare(i.Name, o.Name))
}

// Set holds items, each with the place where it was seen first.
type Set map[Item]string

// Add puts an item into the set unless it is there.
func (s Set) Add(i Item, where string) {
	if _, ok := s[i]; !ok {
		s[i] = where
	}
}

// Without lists what the set holds and the other one does not, in order.
func (s Set) Without(other Set) []Item {
	var items []Item
	for i := range s {
		if _, ok := other[i]; !ok {
			items = append(items, i)
		}
	}
	slices.SortFunc(items, Item.Compare)
	return items
}

// Names says how many different names there are among items of these kinds,
// whoever they are of.
func (s Set) Names(kinds ...string) int {
	names := make(map[string]bool)
	for i := range s {
		if slices.Contains(kinds, i.Kind) {
			names[i.Name] = true
		}
	}
	return len(names)
}

// Replacement puts one spelling in the place of names that differ from run to
// run though the program does the same.
type Replacement struct {
	Match *regexp.Regexp
	With  string
}

// Replace answers the set with the replacements made in subjects and names.
func (s Set) Replace(rs []Replacement) Set {
	out := make(Set, len(s))
	for i, where := range s {
		for _, r := range rs {
			i.Name = r.Match.ReplaceAllString(i.Name, r.With)
			i.Subject = r.Match.ReplaceAllString(i.Subject, r.With)
		}
		out.Add(i, where)
	}
	return out
}
