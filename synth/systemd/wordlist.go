package systemd

import (
	"maps"
	"strings"
)

// wordList is what the assignments of an allow or deny list come to, in the order of
// their lines.
type wordList struct {
	name    string
	all     map[string]bool // every name there is to ask about
	allowed map[string]bool
	limited bool // there is a list at all
	denies  bool // it began with a "~": what it does not name is allowed
}

func newWordList(name string, all []string) *wordList {
	return &wordList{name: name, all: setOf(all), allowed: setOf(all)}
}

// assign takes in one line.
func (l *wordList) assign(a Assignment, u *understanding) {
	value, inverted := strings.CutPrefix(a.Value, "~")
	switch strings.ToLower(value) {
	case "":
		l.reset(inverted)
		return
	case "yes", "true", "no", "false", "on", "off", "1", "0":
		if l.name == "RestrictNamespaces" {
			l.limited, l.allowed = !off(value), map[string]bool{}
			return
		}
	case "none":
		if l.name == "RestrictAddressFamilies" {
			l.limited, l.allowed = true, map[string]bool{}
			return
		}
	}
	words, err := splitWords(value)
	if err != nil {
		u.note(a, err.Error())
		return
	}
	if !l.limited {
		l.limited, l.denies = true, inverted
		l.allowed = map[string]bool{}
		if inverted {
			l.allowed = maps.Clone(l.all)
		} else if l.name == "SystemCallFilter" {
			l.put(a, u, []string{"@default"}, true)
		}
	}
	l.put(a, u, words, !inverted)
}

// reset is the empty assignment: no capability at all, but no filter.
func (l *wordList) reset(inverted bool) {
	if l.name == "CapabilityBoundingSet" {
		l.limited, l.allowed = true, map[string]bool{}
		if inverted {
			l.allowed = maps.Clone(l.all)
		}
		return
	}
	l.limited, l.allowed = false, maps.Clone(l.all)
}

// put allows words or takes them away. Groups hold groups.
func (l *wordList) put(a Assignment, u *understanding, words []string, allow bool) {
	for _, w := range words {
		if l.name == "SystemCallFilter" {
			w, _, _ = strings.Cut(w, ":") // an errno of its own
		}
		if strings.HasPrefix(w, "@") {
			inside, ok := l.group(w, u)
			if !ok {
				u.note(a, "what "+w+" stands for is not known here: "+map[bool]string{true: "types", false: "calls"}[l.name == "RestrictFileSystems"]+
					" of it count as not named")
				continue
			}
			l.put(a, u, inside, allow)
			continue
		}
		switch l.name {
		case "CapabilityBoundingSet":
			w = strings.ToUpper(w)
		case "RestrictFileSystems":
			w = sameSystem(w)
		}
		if allow {
			l.allowed[w] = true
		} else {
			delete(l.allowed, w)
		}
	}
}

// group is what is in a named group.
func (l *wordList) group(name string, u *understanding) ([]string, bool) {
	switch {
	case l.name == "RestrictFileSystems" && name == "@known":
		var known []string
		for system := range l.all {
			if knownSystem(system) {
				known = append(known, system)
			}
		}
		return known, true
	case l.name == "RestrictFileSystems":
		inside, ok := systemGroups[name]
		return inside, ok
	case u.groups == nil:
		return nil, false
	}
	return u.groups(name)
}
