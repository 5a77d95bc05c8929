package apparmor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// Children says which programs of the worker get a profile of their own.
type Children string

// The choices.
const (
	// ChildrenAuto: at most as many as AppArmor can tell apart, see share.
	ChildrenAuto Children = "auto"
	ChildrenAll  Children = "all"  // each program, which fails where these are too many
	ChildrenNone Children = "none" // everything stays in the worker's profile
)

// sharedName is what the profile is called of programs that need no more than
// everybody may do.
const sharedName = "plain"

// confined is one profile, and the programs that run under it.
type confined struct {
	name     string // "" for the worker's own, else the child's name within it
	programs []*synth.Program
	// holds are the programs whose needs it must admit: its own, and when stacked
	// those of all that they lead to, since each profile of a stack is asked.
	holds []*synth.Program
}

// layout is who runs under which profile.
type layout struct {
	stacked bool
	main    string // name of the worker's profile
	all     []*confined
	homes   map[trace.Path][]*confined // of a program; several when it stays with who starts it
}

// layOut decides who runs where.
func layOut(p *synth.Profile, opt Options) *layout {
	l := &layout{stacked: opt.Stacked, main: opt.Name, homes: map[trace.Path][]*confined{}}
	worker := &confined{}
	l.all = []*confined{worker}
	var unknown, moving, apart []*synth.Program
	for _, program := range p.Programs {
		switch {
		case program.Name == "":
			unknown = append(unknown, program)
		case program.Outside || opt.Children == ChildrenNone:
			l.place(worker, program)
		default:
			apart = append(apart, program)
		}
		if program.Name != "" && opt.Children != ChildrenNone && moves(program) {
			moving = append(moving, program)
			apart = slices.DeleteFunc(apart, func(p *synth.Program) bool { return p == program })
		}
	}
	names := childNames(apart)
	for _, programs := range apartFrom(apart, opt, leadsTo(p.Programs)) {
		home := &confined{name: nameFor(programs, names)}
		l.place(home, programs...)
		l.all = append(l.all, home)
	}
	slices.SortFunc(l.all, func(a, b *confined) int { return strings.Compare(a.name, b.name) })
	l.settle(moving, p.Programs)
	l.close(p.Programs, unknown)
	return l
}

func (l *layout) place(home *confined, programs ...*synth.Program) {
	for _, p := range programs {
		home.programs = append(home.programs, p)
		l.homes[p.Name] = append(l.homes[p.Name], home)
	}
}

// apartFrom gives the programs that have one profile together.
func apartFrom(programs []*synth.Program, opt Options, leads map[trace.Path][]*synth.Program) [][]*synth.Program {
	switch {
	case opt.Children == ChildrenAll:
	case opt.Stacked:
		return share(programs, leads)
	default:
		return share(programs, nil)
	}
	var out [][]*synth.Program
	for _, p := range programs {
		out = append(out, []*synth.Program{p})
	}
	return out
}

// nameFor is the name of the profile of several programs: that of the one that
// needs most.
func nameFor(programs []*synth.Program, names map[trace.Path]string) string {
	name, most := "", -1
	for _, p := range programs {
		weight := 0
		for _, w := range featuresOf(p) {
			weight += w
		}
		if weight > most {
			name, most = names[p.Name], weight
		}
	}
	if most == 0 && len(programs) > 1 {
		return sharedName
	}
	return name
}

// moves says whether a program has a name that is made up anew each time. No rule
// for exactly its name can be written, and rules for sets of names that overlap
// must not name different profiles: it stays under the profile of who starts it.
func moves(p *synth.Program) bool {
	return !slices.ContainsFunc(p.Image, func(x synth.ExecGrant) bool { return x.Path == p.Name })
}

// settle puts programs of changing names where those are that start them.
func (l *layout) settle(moving, all []*synth.Program) {
	for changed := true; changed; {
		changed = false
		for _, m := range moving {
			for _, starter := range all {
				if !slices.Contains(starter.Starts, m.Name) {
					continue
				}
				for _, home := range l.homes[starter.Name] {
					if !slices.Contains(home.programs, m) {
						l.place(home, m)
						changed = true
					}
				}
			}
		}
	}
	for _, m := range moving {
		if l.homes[m.Name] == nil {
			l.place(l.all[0], m)
		}
	}
}

// close fills in what each profile must admit. What a program did that could not
// be told may have been done under any of them.
func (l *layout) close(all, unknown []*synth.Program) {
	leads := leadsTo(all)
	for _, c := range l.all {
		holds := slices.Clone(c.programs)
		for _, p := range c.programs {
			if l.stacked {
				holds = append(holds, leads[p.Name]...)
			}
		}
		slices.SortFunc(holds, func(a, b *synth.Program) int { return strings.Compare(string(a.Name), string(b.Name)) })
		c.holds = append(slices.Compact(holds), unknown...)
	}
}

// leadsTo lists for each program those that it starts, those that these start,
// and so on.
func leadsTo(all []*synth.Program) map[trace.Path][]*synth.Program {
	byName := map[trace.Path]*synth.Program{}
	for _, p := range all {
		byName[p.Name] = p
	}
	out := map[trace.Path][]*synth.Program{}
	for _, p := range all {
		seen := map[trace.Path]bool{}
		for queue := p.Starts; len(queue) > 0; queue = queue[1:] {
			if next := byName[queue[0]]; next != nil && !seen[next.Name] {
				seen[next.Name] = true
				out[p.Name] = append(out[p.Name], next)
				queue = append(slices.Clone(queue), next.Starts...)
			}
		}
	}
	return out
}

// check finds profiles that would lead to more others than AppArmor can tell apart.
func (l *layout) check() error {
	for _, c := range l.all {
		to := map[string]bool{}
		for _, p := range c.holds {
			for _, name := range p.Starts {
				if words, _ := l.transition(c, name); words != "ix" {
					to[words] = true
				}
			}
		}
		if len(to) > mostChildren {
			return fmt.Errorf("apparmor: profile %s would lead to %d others, and AppArmor tells %d apart: choose children %q, which lets some programs share one",
				l.fullName(c), len(to), mostChildren, ChildrenAuto)
		}
	}
	return nil
}

// fullName is the name that a profile is known by in the kernel. A stack can only
// be made of profiles that are no children of another.
func (l *layout) fullName(c *confined) string {
	switch {
	case c.name == "":
		return l.main
	case l.stacked:
		return l.main + "." + c.name
	}
	return l.main + "//" + c.name
}

// peers is an expression for all of the worker's profiles. Of a stack the kernel
// compares the names of its profiles in their order, with "//&" between them, and
// does not take them one by one where that fails (label_compound_match in
// security/apparmor/label.c); the worker's own is the first, being the shortest.
func (l *layout) peers() string {
	switch {
	case len(l.all) == 1:
		return "@{profile_name}"
	case l.stacked:
		return l.main + "{,.*,//&**}"
	}
	return l.main + "{,//*}"
}

// transition is what happens to the profile when a program is executed under
// one, in the words of a rule, and the rule's name.
func (l *layout) transition(from *confined, name trace.Path) (words, why string) {
	homes := l.homes[name]
	if len(homes) != 1 || homes[0] == from {
		return "ix", ruleSame
	}
	to := homes[0]
	switch {
	case l.stacked && to.name == "":
		return "ix", ruleSame // the worker's is part of every stack
	case l.stacked:
		return "pix -> &" + l.fullName(to), ruleStacked
	case from.name == "":
		return "Cx -> " + to.name, ruleChild
	}
	return "Px -> " + l.fullName(to), ruleChild
}

// childNames gives each program the name of its profile: its own, or where two
// have the same the whole path.
func childNames(programs []*synth.Program) map[trace.Path]string {
	short := map[string]int{sharedName: 1}
	for _, p := range programs {
		short[baseName(p.Name)]++
	}
	out := map[trace.Path]string{}
	used := map[string]bool{}
	for _, p := range programs {
		name := baseName(p.Name)
		if short[name] > 1 || len(name) > childMax {
			name = plainWord(strings.ReplaceAll(strings.Trim(string(p.Name), "/"), "/", "."))
			name = name[max(0, len(name)-childMax):]
		}
		for i, tried := 2, name; used[name] || name == sharedName; i++ {
			name = tried + "-" + strconv.Itoa(i)
		}
		used[name] = true
		out[p.Name] = name
	}
	return out
}

// childMax keeps local/NAME.CHILD a file name.
const childMax = 48

func baseName(p trace.Path) string {
	return plainWord(string(p[strings.LastIndexByte(string(p), '/')+1:]))
}

// plainWord replaces what could mean something in a profile's name.
func plainWord(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 128 && (isAlnum(byte(r)) || strings.ContainsRune("._-", r)) {
			return r
		}
		return '_'
	}, s)
}
