package systemd

import (
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// identityUsers is the first version in which PrivateUsers=identity leaves the
// first 65,536 users their names.
const identityUsers = 257

// privateUsers is the strictest PrivateUsers= that the facts allow: "yes" shows
// everybody but root and the worker as nobody, "identity" takes the
// capabilities alone.
func (d *draft) privateUsers() (string, []conflict) {
	against := d.needsHostUsers()
	if len(against) > 0 {
		return "", against
	}
	others := d.seesOtherUsers()
	switch {
	case len(others) == 0:
		return "yes", nil
	case d.Version >= identityUsers:
		return "identity", nil
	}
	return "", others
}

// userMaps are files that show the user namespace.
var userMaps = []string{"/uid_map", "/gid_map", "/setgroups"}

// needsHostUsers finds what fails in any user namespace beside the host's:
// capabilities, privileges gained by an execve, a look into another process
// (the kernel asks for CAP_SYS_PTRACE there whoever owns it), and setgroups(2).
func (d *draft) needsHostUsers() []conflict {
	var out []conflict
	for _, c := range d.Required() {
		out = append(out, d.needs(c)...)
	}
	out = append(out, d.gains()...)
	for _, a := range d.Arguments {
		if (a.Name == trace.ArgPtrace || a.Name == trace.ArgProcess) && a.Target != trace.TargetSelf && a.Target != trace.TargetWorker {
			out = append(out, conflict{plainText(a.Syscall) + " of another process", a.Evidence})
		}
	}
	return slices.Concat(out, d.looksAtOthers(), d.calls("setgroups", "setgroups32", "add_key", "request_key", "keyctl"),
		d.files("is changed in owner", func(g synth.FileGrant) bool { return g.Access&trace.AccessChown != 0 }),
		d.files("shows the users' namespace", func(g synth.FileGrant) bool {
			text := shape(g.Name())
			return strings.HasPrefix(text, "/proc/") && slices.ContainsFunc(userMaps, func(m string) bool { return strings.HasSuffix(text, m) })
		}))
}

// seesOtherUsers finds where the worker could tell that others have become
// nobody: files of theirs that it looks at or changes, and peers that come to
// a UNIX socket of its own.
func (d *draft) seesOtherUsers() []conflict {
	out := d.files("belongs to another user", func(g synth.FileGrant) bool {
		return g.Others && g.Access&(trace.AccessStat|trace.AccessModifies) != 0
	})
	for _, s := range d.Sockets {
		if s.Family == "AF_UNIX" && (s.Action == "listen" || s.Action == "accept" || s.Action == "bind" && s.Path != "") {
			out = append(out, conflict{"others come to its UNIX socket, whom it may want to know", s.Evidence})
		}
	}
	return append(out, d.arguments(trace.ArgAncillary, func(a synth.ArgumentGrant) bool {
		return strings.Contains(a.Value, "SCM_CREDENTIALS")
	})...)
}
