package synth

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/trace"
)

// Dynamic is what the facts say of DynamicUser=: a user that systemd takes anew at
// each start, and that owns nothing but the directories made for it.
type Dynamic struct {
	Directories []UserAnswer // it would need these of systemd
	Against     []Objection  // facts that it contradicts; none: none is known
}

// Objection is a fact that something contradicts.
type Objection struct {
	What string
	Evidence
}

// inferDynamic replays each access for a user who owns nothing, whoever the
// recorded one was.
func inferDynamic(t *trace.Trace, by subjects, w Worker, needed []CapabilityGrant) Dynamic {
	r := &replayer{dirs: map[trace.Path]inode{}, worker: w, plan: &UserPlan{}, mine: map[trace.Path]bool{}}
	uid := workerUID(t)
	made := map[trace.Path]bool{}
	for _, f := range t.Files {
		if f.Type == "dir" && f.Mode != 0 {
			r.dirs[f.Path] = inode{f.UID, f.GID, f.Mode}
		}
		if f.Access&trace.AccessCreate != 0 && f.Succeeded() {
			made[f.Path] = true
		}
		if place, first := placeOf(f.Path); place != "" && f.Type != "" && uid != 0 && f.UID == uid {
			r.mine[trace.Path(place+"/"+first)] = true
		}
	}
	d := &dynamic{by: by}
	r.refused = func(p trace.Path, ref FactRef) {
		d.object(p.String()+" is another user's, and not in what StateDirectory= and its kin make", ref)
	}
	for _, f := range t.Files {
		ref := by.ref(f.Seen, f.Syscall)
		switch own := f.Type != "" && f.UID == f.FSUID; {
		case f.Anon || !restsOnPermission(f.Outcome) || !strings.HasPrefix(string(f.Path), "/"):
		case Within(f.Path, "/tmp") || Within(f.Path, "/var/tmp") || Within(f.Path, "/dev"):
			// the service's own, or open by number
		case aboutProcess(f.Path):
			if !own {
				d.object("it looks into processes that are not its own user's", ref)
			}
		case f.Access&trace.AccessConnect != 0:
			d.connect(f, made, ref)
		case made[f.Path] && f.Access&(trace.AccessEntry|trace.AccessChown) == 0:
			// it would be the user's own
		case f.Type == "":
			d.object("whose "+f.Path.String()+" is was not told", ref)
		default:
			r.try(f, ref)
		}
	}
	plan, _ := r.result()
	d.replayed(plan)
	d.capabilities(needed)
	d.calls(t)
	return Dynamic{Directories: plan.Directories, Against: d.sorted()}
}

// aboutProcess says whether a file of /proc is one of a process's.
func aboutProcess(p trace.Path) bool {
	rest, ok := strings.CutPrefix(string(p), "/proc/")
	return ok && rest != "" && rest[0] >= '0' && rest[0] <= '9'
}

// placeOf is the directory for services' directories that a path lies in, and its
// first name there.
func placeOf(p trace.Path) (place, first string) {
	for _, at := range directoryPlaces {
		if rest, ok := strings.CutPrefix(string(p), string(at.tree)+"/"); ok {
			first, _, _ := strings.Cut(rest, "/")
			return string(at.tree), first
		}
	}
	return "", ""
}

// workerUID is the user that all runs had, 0 when they differ.
func workerUID(t *trace.Trace) uint32 {
	for _, r := range t.Runs {
		if r.UID != t.Runs[0].UID {
			return 0
		}
	}
	if len(t.Runs) == 0 {
		return 0
	}
	return t.Runs[0].UID
}

// dynamic gathers what is against a dynamic user.
type dynamic struct {
	by      subjects
	against []Objection
}

// object notes a fact, those of one kind together.
func (d *dynamic) object(what string, facts ...FactRef) {
	i := slices.IndexFunc(d.against, func(o Objection) bool { return o.What == what })
	if i < 0 {
		i = len(d.against)
		d.against = append(d.against, Objection{What: what})
	}
	d.against[i].Facts = append(d.against[i].Facts, facts...)
}

// sorted are the objections in an order that does not depend on the facts': what
// the worker does before what it does it to.
func (d *dynamic) sorted() []Objection {
	for i := range d.against {
		d.against[i].normalise()
	}
	path := func(o Objection) int { return strings.Count(o.What[:min(2, len(o.What))], "/") }
	slices.SortFunc(d.against, func(a, b Objection) int {
		return cmp.Or(cmp.Compare(path(a), path(b)), cmp.Compare(a.What, b.What))
	})
	return d.against
}

// askers are sockets at which nobody is asked who they are.
var askers = []trace.Path{"/run/systemd/notify", "/run/systemd/journal", "/run/systemd/userdb", "/run/nscd", "/run/systemd/resolve"}

// connect is about sockets of others, who may let in one user and not another.
func (d *dynamic) connect(f trace.File, made map[trace.Path]bool, ref FactRef) {
	if !made[f.Path] && !slices.ContainsFunc(askers, func(a trace.Path) bool { return Within(f.Path, a) }) {
		d.object("whoever answers at "+f.Path.String()+" may ask which user that is", ref)
	}
}

// replayed are the answers of a replay that a dynamic user has none of.
func (d *dynamic) replayed(plan *UserPlan) {
	for _, g := range plan.Groups {
		d.object("it would have to be in the group "+g.Answer, g.Facts...)
	}
	for _, u := range plan.Unanswered {
		paths := make([]string, 0, len(u.Paths))
		for _, p := range u.Paths {
			paths = append(paths, p.String())
		}
		d.object("it needs "+u.Answer+": "+strings.Join(paths, ", "), u.Facts...)
	}
}

// identity are capabilities by which a worker deals with users that have a number
// of their own.
var identity = []string{
	"CAP_SETUID", "CAP_SETGID", "CAP_CHOWN", "CAP_FOWNER", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FSETID", "CAP_SETFCAP", "CAP_SYS_ADMIN",
}

func (d *dynamic) capabilities(needed []CapabilityGrant) {
	for _, c := range needed {
		if c.Need == Required && slices.Contains(identity, c.Name) {
			d.object(c.Name+" is needed, to become or to serve users that are there already", c.Facts...)
		}
	}
}

// calls are arguments that a user of its own would be refused, or that
// NoNewPrivileges=, RestrictSUIDSGID= and RemoveIPC=, which come along, take away.
func (d *dynamic) calls(t *trace.Trace) {
	for _, a := range t.Arguments {
		if !restsOnPermission(a.Outcome) {
			continue
		}
		ref := d.by.ref(a.Seen, a.Syscall)
		switch a.Name {
		case trace.ArgSignal, trace.ArgPtrace, trace.ArgProcess:
			if a.Target == trace.TargetOutside || a.Target == trace.TargetAll {
				d.object(fmt.Sprintf("%s is aimed at processes of others", a.Syscall), ref)
			}
		case trace.ArgModeBits:
			d.object("a setuid or setgid bit is set", ref)
		case trace.ArgIPC:
			if a.Value != "IPC_PRIVATE" {
				d.object("an IPC object that others can name would be removed with the user", ref)
			}
		}
	}
	for _, e := range t.Execs {
		if restsOnPermission(e.Outcome) && (e.UID || e.GID || e.Caps) {
			d.object("a program that gains privileges is executed", d.by.ref(e.Seen, "execve"))
		}
	}
}
