package apparmor

import (
	"fmt"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

var (
	mountCalls  = []string{"mount", "move_mount", "fsmount", "mount_setattr", "open_tree"}
	umountCalls = []string{"umount", "umount2"}
)

// mounts grants what the worker did to its mounts: where the trace says where,
// there, and anywhere where it does not.
func (d document) mounts() section {
	s := section{title: []string{"Mounts"}}
	if !d.profile.Sees("syscall") {
		for _, r := range []string{"mount", "remount", "umount", "pivot_root"} {
			s.add(byRule(ruleBlind), "%s", r)
		}
		return s
	}
	at, from := d.mountPoints(trace.AccessMount), d.mountPoints(trace.AccessUnmount)
	switch {
	case len(at) > 0:
		for _, g := range sortedKeys(at) {
			why := append(at[g], synth.Evidence{Rules: []string{ruleMountAt}})
			s.add(because(why...), "mount -> %s", g)
			s.add(because(why...), "remount %s", g)
		}
	case d.succeeds(mountCalls):
		s.add(byRule(ruleMount), "mount")
		s.add(byRule(ruleMount), "remount")
	}
	switch {
	case len(from) > 0:
		for _, g := range sortedKeys(from) {
			s.add(because(from[g]...), "umount %s", g)
		}
	case d.succeeds(umountCalls):
		s.add(byRule(ruleMount), "umount")
	}
	if d.succeeds([]string{"pivot_root"}) {
		s.add(byRule(ruleMount), "pivot_root")
	}
	return s
}

// mountPoints are the names that something was mounted on, or taken away from, as
// a rule has them: of directories and, since a file can be one too, of either.
func (d document) mountPoints(access trace.Access) map[string][]synth.Evidence {
	out := map[string][]synth.Evidence{}
	for _, f := range d.profile.Files {
		if f.Access&access == 0 {
			continue
		}
		end := trailingOf(f)
		if end == asEither {
			end = asDir
		}
		if g, err := globOf(f.Name(), end); err == nil {
			text := fmt.Sprint(g)
			out[text] = append(out[text], f.Evidence)
		}
	}
	return out
}
