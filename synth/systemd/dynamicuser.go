package systemd

import (
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
)

// againstDynamicUser finds what keeps a user that systemd takes anew at each start
// from doing the same: by the replay of each access, and by what the directive
// brings along (ProtectSystem=strict, PrivateTmp=, a home that is read-only).
func (d *draft) againstDynamicUser() []conflict {
	out := d.beganUnseen()
	for _, kind := range []string{"capability", "exec", "file", "argument", "socket", "syscall"} {
		if !d.Sees(kind) {
			out = append(out, conflict{what: "no probe saw facts of kind " + kind})
		}
	}
	for _, o := range d.Dynamic.Against {
		out = append(out, conflict{plainText(o.What), o.Evidence})
	}
	out = append(append(out, d.plan.strict...), d.plan.tmp...)
	if d.plan.home == "" {
		out = append(out, d.plan.homeWhy...)
	}
	return out
}

// dynamicUser says whether DynamicUser= would hold. It is never written: that
// nobody else has to reach the worker's files is not in a trace.
func (d *draft) dynamicUser(t *text) {
	t.comment()
	against := d.againstDynamicUser()
	if len(against) > 0 {
		t.say("DYNAMIC USER: DynamicUser=yes would not do, because %s%s.", against[0], more(len(against)-1))
		return
	}
	t.say("DYNAMIC USER: no fact is against DynamicUser=yes in the place of User=%s.", d.dynamicDirectories())
	t.say("Not known is whether anybody else has to reach the worker's files, which systemd would keep from all others.")
}

func more(n int) string {
	if n == 0 {
		return ""
	}
	return "; and for " + plural(n, "more reason")
}

// dynamicDirectories are the lines that go with it.
func (d *draft) dynamicDirectories() string {
	var lines []string
	for _, a := range d.Dynamic.Directories {
		lines = append(lines, a.Directive+"="+plainText(a.Answer))
	}
	if len(lines) == 0 {
		return ""
	}
	return ", with " + strings.Join(lines, ", ")
}

// explainDynamicUser is the same for one who asks.
func (x *Explainer) explainDynamicUser() synth.Explanation {
	out := synth.Explanation{Format: "systemd", Grants: []synth.Grant{}, Rules: []synth.Rule{}}
	against := x.d.againstDynamicUser()
	out.Text = "DynamicUser= left out"
	if len(against) == 0 {
		out.Means = "not written: no fact is against it" + x.d.dynamicDirectories() + "; whether anybody else has to reach the worker's files is not known"
		out.Rules = x.rules("unknown-peers")
		return out
	}
	var why []string
	for _, c := range against[:min(conflictsShown, len(against))] {
		why = append(why, c.String())
	}
	out.Means = "not written: " + strings.Join(why, "; ") + more(len(against)-len(why))
	for _, c := range against {
		out.Grants = append(out.Grants, synth.Grant{Kind: "against", Name: c.what, Evidence: c.evidence})
	}
	return out
}
