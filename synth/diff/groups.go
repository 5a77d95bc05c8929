package diff

import (
	"slices"

	"github.com/osapi-io/osapi-profile/synth"
)

// Group is the changes of one kind, under a heading.
type Group struct {
	Title  string
	Grants []synth.Grant
}

// changing are the accesses that change a file; others only read it.
var changing = []string{
	"write", "append", "create", "truncate", "delete", "rename-from", "rename-to", "link-from", "link-to", "chmod", "chown", "attr", "bind",
	"mount", "unmount",
}

// Groups sorts changes by what a reader looks for first: capabilities, then what
// is executed and changed, and last what is only looked at.
func Groups(grants []synth.Grant) []Group {
	titles := []string{
		"Capabilities", "Programs and libraries", "Files that are changed", "Sockets and addresses", "System calls",
		"Arguments that decide directives", "Files that are only read or looked at",
	}
	by := map[string][]synth.Grant{}
	for _, g := range grants {
		t := titles[titleOf(g)]
		by[t] = append(by[t], g)
	}
	var out []Group
	for _, t := range titles {
		if len(by[t]) > 0 {
			out = append(out, Group{t, by[t]})
		}
	}
	return out
}

func titleOf(g synth.Grant) int {
	switch g.Kind {
	case "capability":
		return 0
	case "exec":
		return 1
	case "socket":
		return 3
	case "syscall":
		return 4
	case "argument":
		return 5
	}
	for _, a := range accesses(g.What) {
		if slices.Contains(changing, a) {
			return 2
		}
	}
	return 6
}
