package systemd

import (
	"path"
	"slices"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// secrets are what a service that never looked at them does better without.
var secrets = []synth.Route{
	{Path: "/boot", Why: "kernels and boot loader"},
	{Path: "/efi", Why: "kernels and boot loader"},
	{Path: "/etc/shadow", Why: "password hashes"},
	{Path: "/etc/shadow-", Why: "password hashes"},
	{Path: "/etc/gshadow", Why: "password hashes"},
	{Path: "/etc/gshadow-", Why: "password hashes"},
	{Path: "/etc/sudoers", Why: "who may become root"},
	{Path: "/etc/sudoers.d", Why: "who may become root"},
	{Path: "/etc/ssh", Why: "host keys"},
	{Path: "/etc/ssl/private", Why: "private keys"},
	{Path: "/var/backups", Why: "copies of the above"},
}

// sharedDirs hold more than the socket of one service.
var sharedDirs = []trace.Path{"/run", "/run/systemd", "/var/lib/lxd", "/var/lib/incus", "/var/snap/lxd/common/lxd"}

// planHidden makes inaccessible what leads out of the sandbox and what holds
// secrets, as far as no fact touches it. Of a socket the directory is taken
// where it has one of its own: a service that restarts makes a new socket, and
// only the mount over the old one would be gone.
func (pl *plan) planHidden(d *draft) {
	for _, r := range append(synth.Routes(), secrets...) {
		if !r.Socket && !slices.Contains(secrets, r) && !synth.Within(r.Path, "/var/spool") {
			continue // read-only is enough
		}
		dir := trace.Path(path.Dir(string(r.Path)))
		switch {
		case r.Socket && !slices.Contains(sharedDirs, dir) && !touched(d, dir):
			r.Path = dir
		case touched(d, r.Path):
			continue
		}
		if !slices.ContainsFunc(pl.hide, func(h synth.Route) bool { return synth.Within(r.Path, h.Path) }) {
			pl.hide = append(pl.hide, r)
		}
	}
	pl.noWrite = slices.DeleteFunc(pl.noWrite, func(p trace.Path) bool {
		return slices.ContainsFunc(pl.hide, func(h synth.Route) bool { return synth.Within(p, h.Path) })
	})
	slices.SortFunc(pl.hide, func(a, b synth.Route) int { return compare(a.Path, b.Path) })
}

// touched says whether any fact is about a path or what lies below it, found or
// not: an empty answer and a refusal are different answers.
func touched(d *draft, dir trace.Path) bool {
	return slices.ContainsFunc(d.Files, func(g synth.FileGrant) bool { return g.Name().MayLieIn(dir) }) ||
		slices.ContainsFunc(d.Execs, func(x synth.ExecGrant) bool { return x.Name().MayLieIn(dir) }) ||
		slices.ContainsFunc(d.Sockets, func(s synth.SocketGrant) bool {
			return s.Path != "" && synth.Within(s.Path, dir) || s.Pattern != nil && s.Pattern.MayLieIn(dir)
		}) ||
		slices.ContainsFunc(d.Absent, func(a synth.Absence) bool { return a.Path != dir && synth.Within(a.Path, dir) })
}
