package systemd

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// row is one directive.
type row struct {
	group   string   // heading it stands under; "" for the one before
	name    string   // without "="
	since   int      // systemd version that brought it
	kinds   []string // kinds of facts without which it cannot be told
	filter  bool     // installs a seccomp filter, which on old versions implies NoNewPrivileges=
	says    string   // what it takes away, for the comment
	unless  string   // in words, what a fact against it is about
	beside  string   // another directive, without which it stands for nothing and is not mentioned
	against func(*draft) []conflict
	write   func(*draft, *text)

	asked func(Options) bool // whether it is written at all; nil for always
}

// yes writes a boolean directive.
func yes(name string) func(*draft, *text) {
	return func(_ *draft, t *text) { t.line(name + "=yes") }
}

// directives writes every row, or the reason why it is not written.
func (d *draft) directives(t *text) {
	newer := map[int][]string{}
	for _, r := range table() {
		if r.group != "" {
			t.blank()
			t.say("=== %s ===", r.group)
		}
		if r.asked != nil && !r.asked(d.Options) {
			continue
		}
		if d.Version < r.since {
			if d.holds(r, r.since) {
				newer[r.since] = append(newer[r.since], r.name+"=")
			}
			continue
		}
		if why := d.leftOut(r); len(why) > 0 {
			if r.beside == "" || d.writes(r.beside) {
				t.wrap("# ", "#   ", fmt.Sprintf("%s= left out: %s.", r.name, strings.Join(why, "; ")))
			}
			continue
		}
		body := &text{}
		r.write(d, body)
		if body.Len() == 0 {
			continue
		}
		if r.says != "" {
			t.say("%s", r.says)
		}
		t.WriteString(body.String())
	}
	d.whatNewerAdds(t, newer)
}

// holds says whether a newer systemd would get a line for the directive.
func (d *draft) holds(r row, version int) bool {
	later := *d
	later.Version = version
	body := &text{}
	if len(later.leftOut(r)) == 0 {
		r.write(&later, body)
	}
	return body.Len() > 0
}

// whatNewerAdds names the directives that this systemd does not have.
func (d *draft) whatNewerAdds(t *text, newer map[int][]string) {
	if len(newer) == 0 {
		return
	}
	t.blank()
	t.say("=== A newer systemd ===")
	t.say("Systemd %d does not know these, which no fact forbids (emit --systemd-version N writes them):", d.Version)
	for _, since := range slices.Sorted(maps.Keys(newer)) {
		t.item("from %d: %s", since, strings.Join(newer[since], ", "))
	}
}

// conflictsShown is how many of the facts against a directive are named.
const conflictsShown = 3

// leftOut says why a directive cannot be written, nothing if it can.
func (d *draft) leftOut(r row) []string {
	if d.Version < r.since {
		return []string{fmt.Sprintf("needs systemd %d", r.since)}
	}
	var why []string
	for _, kind := range r.kinds {
		if !d.Sees(kind) {
			why = append(why, "no probe saw facts of kind "+kind+", on which it depends")
		}
	}
	if len(why) > 0 {
		return why
	}
	if r.filter && d.filtersCostPrivileges() {
		if gains := d.gains(); len(gains) > 0 {
			return []string{fmt.Sprintf("with User=%s, systemd %d sets NoNewPrivileges= along with it, and %s (%s)",
				plainText(d.asUser()), d.Version, gains[0].what, because(gains[0].evidence))}
		}
	}
	if r.against == nil {
		return nil
	}
	conflicts := r.against(d)
	for i, c := range conflicts {
		if i == conflictsShown {
			return append(why, fmt.Sprintf("and %d more", len(conflicts)-i))
		}
		why = append(why, c.String())
	}
	return why
}

// writes says whether a directive of the table is written.
func (d *draft) writes(name string) bool {
	return slices.ContainsFunc(table(), func(r row) bool {
		return r.name == name && d.Version >= r.since && (r.asked == nil || r.asked(d.Options)) && len(d.leftOut(r)) == 0
	})
}

// keepsPrivileges is the first version that can install filters for another user
// than root without NoNewPrivileges=.
const keepsPrivileges = 255

// filtersCostPrivileges says whether a directive with a filter implies
// NoNewPrivileges=. systemd asks for CAP_SYS_ADMIN in its own effective set, which
// setresuid(2) empties: neither CapabilityBoundingSet= nor AmbientCapabilities= puts it
// there (context_has_no_new_privileges in src/core/execute.c; measured on 252).
func (d *draft) filtersCostPrivileges() bool {
	return d.Version < keepsPrivileges && d.asUser() != ""
}

// asUser is the identity that the service runs with, "" for root: what was asked
// for, else, because a drop-in leaves the unit's own User= alone, what was
// recorded.
func (d *draft) asUser() string {
	user := d.User
	if user == "" && d.dropIn && len(d.Worker.Users) > 0 && !slices.Contains(d.Worker.Users, "root") {
		user = d.Worker.Users[0]
	}
	if isRoot(user) {
		return ""
	}
	return user
}

// isRoot says whether a value of User= leaves a service of the system manager root.
func isRoot(user string) bool { return user == "" || user == "root" || user == "0" }
