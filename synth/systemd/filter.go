package systemd

import (
	"maps"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
)

// newSeccomp is the first version of systemd that is shipped with libseccomp
// 2.6 (Debian 13); 252 comes with 2.5 (Debian 12).
const newSeccomp = 257

// nameless are calls that libseccomp has no name for, so that systemd ignores a
// filter's word for them; true for those that 2.6 knows and 2.5 does not. As
// systemd-analyze verify says of all calls that the recorder can name.
var nameless = map[string]bool{
	"getxattrat": true, "listmount": true, "listxattrat": true, "lsm_get_self_attr": true, "lsm_list_modules": true,
	"lsm_set_self_attr": true, "mseal": true, "removexattrat": true, "setxattrat": true, "statmount": true, "uretprobe": true,
	"file_getattr": false, "file_setattr": false, "listns": false, "open_tree_attr": false, "rseq_slice_yield": false, "uprobe": false,
	"arch_specific_syscall": false,
}

// named says whether the target's systemd can put a call into a filter.
func (d *draft) named(call string) bool {
	later, nameless := nameless[call]
	return plainWord(call) && !strings.HasPrefix(call, "syscall_") && (!nameless || later && d.Version >= newSeccomp)
}

// againstFilter finds calls that no filter can name.
func againstFilter(d *draft) []conflict {
	var out []conflict
	for _, s := range d.Syscalls {
		if len(s.Facts) > 0 && !d.named(s.Name) {
			out = append(out, conflict{plainText(s.Name) + " has no name that a filter could list", s.Evidence})
		}
	}
	return out
}

// callPlan is the filter: which calls were seen, which a rule adds, and which a
// rule would add if systemd had a name for them.
type callPlan struct {
	seen, ruled, unnamed map[string]bool
	rules                []string
}

func (d *draft) callPlan() callPlan {
	c := callPlan{seen: map[string]bool{}, ruled: map[string]bool{}, unnamed: map[string]bool{}}
	for _, s := range d.Syscalls {
		switch {
		case len(s.Facts) > 0:
			c.seen[s.Name] = true
		case !d.named(s.Name):
			c.unnamed[s.Name] = true
		default:
			c.ruled[s.Name] = true
			c.rules = append(c.rules, s.Rules...)
		}
	}
	if d.Version >= keepsPrivileges && d.asUser() != "" && len(d.gains()) > 0 {
		for _, n := range []string{"capget", "capset", "prctl"} {
			c.ruled[n] = true
		}
		c.rules = append(c.rules, "systemd-keeps-privileges (without these calls it sets NoNewPrivileges=)")
	}
	for n := range c.seen {
		delete(c.ruled, n)
	}
	slices.Sort(c.rules)
	c.rules = slices.Compact(c.rules)
	return c
}

func writeFilter(d *draft, t *text) {
	if d.LogCalls {
		return
	}
	d.callList(t, "SystemCallFilter=", d.callPlan())
}

// writeCallLog writes the filter as one that only logs. With "~" systemd logs
// what is not listed.
func writeCallLog(d *draft, t *text) {
	if d.LogCalls {
		d.callList(t, "SystemCallLog=~", d.callPlan())
	}
}

// callList writes the calls, one by one or by group, each line with the head.
func (d *draft) callList(t *text, head string, c callPlan) {
	t.say("Seen: %d calls.", len(c.seen))
	if d.dropIn {
		t.line(strings.TrimRight(head, "~"))
	}
	if d.CallGroups {
		d.groupList(t, head, c)
	} else {
		t.lines(head, keys(c.seen))
	}
	if len(c.ruled) > 0 {
		t.say("Not seen, but allowed by rules: %s.", strings.Join(c.rules, ", "))
		if !d.CallGroups {
			t.lines(head, keys(c.ruled))
		}
	}
	if len(c.unnamed) > 0 {
		t.say("Rules would add these, but systemd %d has no name for them: %s.", d.Version, strings.Join(keys(c.unnamed), ", "))
	}
	d.callOut(t)
}

// callOut names the calls that an operator should know of.
func (d *draft) callOut(t *text) {
	first := true
	for _, s := range d.Syscalls {
		if why := synth.HighRisk(s.Name); why != "" && s.ABI == "" {
			if first {
				t.say("HIGH RISK among them:")
				first = false
			}
			t.item("%s%s: %s (%s)", plainText(s.Name), d.inBrackets(synth.EntrySyscall, s.Name), why, because(s.Evidence))
		}
	}
}

// groupList writes a group where at least half of it is allowed, and what is in
// none by name. A group names the same calls in other words, and those that a
// newer kernel adds to them.
func (d *draft) groupList(t *text, head string, c callPlan) {
	rest := maps.Clone(c.seen)
	maps.Copy(rest, c.ruled)
	allowed := maps.Clone(rest)
	var groups []string
	for _, g := range callGroups() {
		covered := 0
		for _, call := range g.calls {
			if allowed[call] {
				covered++
			}
		}
		if 2*covered < len(g.calls) {
			continue
		}
		groups = append(groups, g.name)
		for _, call := range g.in(d.Version) {
			delete(rest, call)
		}
	}
	if len(groups) > 0 {
		t.say("By group where the worker needs at least half of one; systemd-analyze syscall-filter lists them.")
	}
	t.lines(head, append(groups, keys(rest)...))
}

// in lists what a group holds in a version of systemd.
func (g callGroup) in(version int) []string {
	if version >= newSeccomp {
		return slices.Concat(g.calls, g.newer)
	}
	return g.calls
}
