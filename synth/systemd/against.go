package systemd

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// conflict is a fact that a directive would have refused.
type conflict struct {
	what     string
	evidence synth.Evidence
}

// String words it with its evidence, if it has any.
func (c conflict) String() string {
	if len(c.evidence.Facts)+len(c.evidence.Rules) == 0 {
		return c.what
	}
	return fmt.Sprintf("%s (%s)", c.what, because(c.evidence))
}

// beganUnseen finds out whether the worker ran before it was recorded: what it
// bound and opened then, it will bind and open at its next start.
func (d *draft) beganUnseen() []conflict {
	if slices.ContainsFunc(d.Holes, func(h trace.Hole) bool { return h.Kind == trace.HoleAttached }) {
		return []conflict{{what: "what the worker did before the recorder attached to it is not known"}}
	}
	return nil
}

func compare(a, b trace.Path) int { return cmp.Compare(a, b) }

// files finds the grants that a directive would refuse.
func (d *draft) files(what string, refuses func(synth.FileGrant) bool) []conflict {
	var out []conflict
	for _, g := range d.Files {
		if refuses(g) {
			out = append(out, conflict{name(g.Name()) + " " + what, g.Evidence})
		}
	}
	return out
}

// used finds any use of what lies in the trees, by whatever kind of fact.
func (d *draft) used(trees ...trace.Path) []conflict {
	var out []conflict
	for _, t := range trees {
		out = append(out, d.usedWhere(func(p synth.Pattern) bool { return p.MayLieIn(t) })...)
	}
	return out
}

// usedWhere finds any use of a name.
func (d *draft) usedWhere(is func(synth.Pattern) bool) []conflict {
	out := d.files("is used", func(g synth.FileGrant) bool { return is(g.Name()) })
	for _, x := range d.Execs {
		if is(x.Name()) {
			out = append(out, conflict{name(x.Name()) + " is executed", x.Evidence})
		}
	}
	for _, s := range d.Sockets {
		if g := (synth.FileGrant{Path: s.Path, Pattern: s.Pattern}); len(g.Name()) > 0 && is(g.Name()) {
			out = append(out, conflict{"the socket " + name(g.Name()) + " is used", s.Evidence})
		}
	}
	return out
}

// missed finds names that were looked for in the trees in vain: hidden, they
// would be refused instead.
func (d *draft) missed(trees ...trace.Path) []conflict {
	var out []conflict
	for _, a := range d.Absent {
		if in(a.Path, trees) && !slices.Contains(trees, a.Path) {
			out = append(out, conflict{quoted(a.Path) + " is looked for", a.Evidence})
		}
	}
	return out
}

// written finds changes of what lies in the trees, in-place writes to devices
// excepted.
func (d *draft) written(trees ...trace.Path) []conflict {
	return d.files("is changed", func(g synth.FileGrant) bool {
		return g.Access&trace.AccessModifies != 0 && !special(g) &&
			slices.ContainsFunc(trees, func(t trace.Path) bool { return g.Name().MayLieIn(t) })
	})
}

// calls finds system calls that were seen; what a rule granted forbids nothing.
func (d *draft) calls(names ...string) []conflict {
	var out []conflict
	for _, s := range d.Syscalls {
		if len(s.Facts) > 0 && slices.Contains(names, s.Name) {
			out = append(out, conflict{s.Name + " is called", s.Evidence})
		}
	}
	return out
}

// needs finds capabilities that are granted.
func (d *draft) needs(names ...string) []conflict {
	var out []conflict
	for _, c := range d.Capabilities {
		if c.Need == synth.Required && slices.Contains(names, c.Name) {
			out = append(out, conflict{c.Name + " is needed", c.Evidence})
		}
	}
	return out
}

// arguments finds the values of one argument that a directive would refuse.
func (d *draft) arguments(arg string, refuses func(synth.ArgumentGrant) bool) []conflict {
	var out []conflict
	for _, a := range d.Arguments {
		if a.Name == arg && refuses(a) {
			out = append(out, conflict{plainText(a.Syscall) + " with " + plainText(a.Value), a.Evidence})
		}
	}
	return out
}

// gains finds programs that gain privileges when they are executed.
func (d *draft) gains() []conflict {
	var out []conflict
	for _, x := range d.Execs {
		if x.Gains {
			out = append(out, conflict{name(x.Name()) + " gains privileges by its setuid bit or file capabilities", x.Evidence})
		}
	}
	return out
}

// homeMode is the strictest ProtectHome= that the facts allow. "yes" answers
// EACCES for everything below, which programs that only try a file in a home
// directory do not expect; an empty file system answers ENOENT as before.
func homeMode(d *draft) (string, []conflict) {
	used := d.used(homeTrees...)
	below := slices.ContainsFunc(d.Files, func(g synth.FileGrant) bool {
		for _, t := range homeTrees {
			if g.Name().MayLieIn(t) && !(g.Path == t && g.Access == trace.AccessStat) {
				return true
			}
		}
		return false
	})
	others := slices.ContainsFunc(d.Execs, func(x synth.ExecGrant) bool {
		return slices.ContainsFunc(homeTrees, func(t trace.Path) bool { return x.Name().MayLieIn(t) })
	}) || slices.ContainsFunc(d.Sockets, func(s synth.SocketGrant) bool {
		return s.Path != "" && in(s.Path, homeTrees) || s.Pattern != nil && slices.ContainsFunc(homeTrees, func(t trace.Path) bool { return s.Pattern.MayLieIn(t) })
	})
	switch {
	case below || others:
		return "read-only", used
	case len(used) > 0:
		return "tmpfs", used
	}
	if missed := d.missed(homeTrees...); len(missed) > 0 {
		return "tmpfs", missed
	}
	return "yes", nil
}

// againstPrivateTmp finds files in /tmp and /var/tmp that the worker did not
// make itself, sockets that others must be able to reach there, and moves into
// or out of them.
func againstPrivateTmp(d *draft) []conflict {
	var out []conflict
	for _, tree := range tmpTrees {
		made := map[string]bool{}
		for _, g := range d.Files {
			if g.Access&(trace.AccessCreate|trace.AccessRenameTo|trace.AccessLinkTo|trace.AccessBind) != 0 {
				made[g.Name().String()] = true
			}
		}
		foreign := func(p synth.Pattern) bool {
			top, inside := topIn(p, tree)
			return inside && !made[top.String()]
		}
		out = append(out, d.files("was not made by the worker", func(g synth.FileGrant) bool { return foreign(g.Name()) })...)
		out = append(out, d.files("itself is changed", func(g synth.FileGrant) bool {
			return g.Path == tree && g.Access&trace.AccessModifies != 0
		})...)
		for _, x := range d.Execs {
			if foreign(x.Name()) {
				out = append(out, conflict{name(x.Name()) + " was not made by the worker", x.Evidence})
			}
		}
		for _, s := range d.Sockets {
			if s.Path == "" && s.Pattern == nil {
				continue
			}
			p := s.Pattern
			if p == nil {
				p = synth.Literal(s.Path)
			}
			if _, inside := topIn(p, tree); inside && (foreign(p) || s.Action == "bind" || s.Action == "listen") {
				out = append(out, conflict{"socket " + name(p) + " is shared with others", s.Evidence})
			}
		}
		out = append(out, d.files("is moved into or out of it", func(g synth.FileGrant) bool {
			return slices.ContainsFunc(g.Moves, func(m synth.Move) bool {
				return synth.Within(m.From, tree) != g.Name().MayLieIn(tree)
			})
		})...)
		out = append(out, d.files("is a socket that others must reach", func(g synth.FileGrant) bool {
			return g.Access&trace.AccessBind != 0 && g.Name().MayLieIn(tree)
		})...)
	}
	return out
}

// topIn cuts a pattern after its first component below tree.
func topIn(p synth.Pattern, tree trace.Path) (synth.Pattern, bool) {
	if len(p) == 0 || !strings.HasPrefix(string(p[0].Text), string(tree)+"/") {
		return nil, false
	}
	prefix := len(tree) + 1
	var out synth.Pattern
	for i, piece := range p {
		text := string(piece.Text)
		if i == 0 {
			text = text[prefix:]
		}
		if at := strings.IndexByte(text, '/'); at >= 0 {
			if i == 0 {
				at += prefix
			}
			piece.Text = piece.Text[:at]
			if at > 0 {
				out = append(out, piece)
			}
			return out, true
		}
		out = append(out, piece)
	}
	return out, true
}
