package apparmor

import (
	"cmp"
	"maps"
	"slices"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// mostChildren is how many profiles AppArmor can tell apart in the rules of one:
// the parser numbers them in four bits of a rule and keeps four numbers for itself
// ("too many specified profile transitions").
const mostChildren = 12

// share puts programs together that are to have one profile. Programs that need
// the same beyond what everybody may do protect nothing from each other. If there
// are still too many, those are put together that gain least by it. leads are the
// programs whose needs each has to hold besides its own.
func share(programs []*synth.Program, leads map[trace.Path][]*synth.Program) [][]*synth.Program {
	var clusters []cluster
	for _, p := range programs {
		c := cluster{[]*synth.Program{p}, featuresOf(p)}
		for _, next := range leads[p.Name] {
			maps.Copy(c.features, featuresOf(next))
		}
		if i := slices.IndexFunc(clusters, func(o cluster) bool { return maps.Equal(o.features, c.features) }); i >= 0 {
			clusters[i].programs = append(clusters[i].programs, p)
		} else {
			clusters = append(clusters, c)
		}
	}
	for len(clusters) > mostChildren {
		clusters = joinNearest(clusters)
	}
	out := make([][]*synth.Program, 0, len(clusters))
	for _, c := range clusters {
		out = append(out, c.programs)
	}
	return out
}

// cluster is programs with one profile, and what is in it that not everybody may,
// with the weight it has.
type cluster struct {
	programs []*synth.Program
	features map[string]int
}

// joinNearest joins the two that would give the least to programs without it.
func joinNearest(clusters []cluster) []cluster {
	best, at := -1, [2]int{}
	for i, a := range clusters {
		for j, b := range clusters[:i] {
			if gain := lacks(a, b)*len(a.programs) + lacks(b, a)*len(b.programs); best < 0 || gain < best {
				best, at = gain, [2]int{j, i}
			}
		}
	}
	into, from := &clusters[at[0]], clusters[at[1]]
	into.programs = append(slices.Clone(into.programs), from.programs...)
	into.features = maps.Clone(into.features)
	maps.Copy(into.features, from.features)
	return slices.Delete(clusters, at[1], at[1]+1)
}

// lacks is the weight of what b has and a has not.
func lacks(a, b cluster) (weight int) {
	for f, w := range b.features {
		if _, ok := a.features[f]; !ok {
			weight += w
		}
	}
	return weight
}

// Weights of what a program may do beyond everybody.
const (
	power = 30 // capabilities, ways out, other processes, mounts
	reach = 10 // networks
	touch = 3  // files
)

// featuresOf lists what a program needs that not every user of the system may do
// anyway. Of one that only reads files whose mode lets everybody read, there is
// nothing.
func featuresOf(p *synth.Program) map[string]int {
	out := map[string]int{}
	n := p.Needs
	for _, c := range n.Capabilities {
		if c.Need == synth.Required || c.UserNS {
			out["capability "+c.Name] = power
		}
	}
	for _, s := range n.Sockets {
		switch {
		case s.Family != "AF_UNIX":
			out["network "+s.Family+" "+s.Type] = reach
		case s.Action != "create":
			out["unix "+s.Action+" "+s.Path.String()+s.Pattern.String()+s.Abstract.String()] = touch
		}
	}
	for _, a := range n.Arguments {
		if !itself[a.Name] && !stays(a.Target) {
			out["argument "+a.Name+" "+a.Target] = power
		}
	}
	for _, g := range slices.Concat(n.Files, p.Handed) {
		if !everybodyMay(g) {
			out["file "+needs(g.Access).String()+" "+g.Name().String()] = weightOf(g)
		}
	}
	for _, name := range p.Starts {
		if name != p.Name {
			out["start "+string(name)] = touch
		}
	}
	return out
}

// itself are arguments about the calling process alone.
var itself = map[string]bool{
	trace.ArgProtection: true, trace.ArgPersonality: true, trace.ArgPrctl: true, trace.ArgIoctl: true, trace.ArgFlags: true,
}

// everybodyMay says whether what is done to a file is what its mode lets every
// user do, or has no effect on it.
func everybodyMay(g synth.FileGrant) bool {
	const (
		looks = trace.AccessRead | trace.AccessStat | trace.AccessExecMap | trace.AccessExec | trace.AccessLock
		opens = trace.AccessWrite | trace.AccessAppend | trace.AccessTruncate | trace.AccessCreate
	)
	switch {
	case standardFiles[g.Path] && g.Access&^(looks|opens) == 0, g.Access&^trace.AccessStat == 0:
		return true
	case g.Access&^looks != 0, g.Access&trace.AccessLock != 0 && flocked(g):
		return false
	}
	if pid, entry, ok := procEntry(g.Name()); ok && slices.Contains(procAsks, entry) {
		return pid != "1" && g.Owned
	}
	return g.Mode&0o004 != 0
}

// flocked says whether a lock may have been one for which the right to write is
// granted (rule flock).
func flocked(g synth.FileGrant) bool {
	return slices.ContainsFunc(g.Facts, func(f synth.FactRef) bool { return flockAsks(permLock, f.Syscall) != permLock })
}

// weightOf is more for what is obeyed by root.
func weightOf(g synth.FileGrant) int {
	where := cmp.Or(g.Path, g.Name().Dir())
	modifies := g.Access&trace.AccessModifies != 0
	if slices.ContainsFunc(synth.Routes(), func(r synth.Route) bool {
		return r.Covers(where) && (r.Socket && g.Access&trace.AccessConnect != 0 || !r.Socket && modifies)
	}) {
		return power
	}
	return touch
}

// standardFiles hold nothing.
var standardFiles = map[trace.Path]bool{"/dev/null": true, "/dev/zero": true, "/dev/full": true, "/dev/urandom": true, "/dev/random": true}
