package synth

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/trace"
)

// UserPlan answers what a user needs where root needed nothing: files that root
// opened as their owner. The answers are tried in the order of the members.
type UserPlan struct {
	Name        string       `json:"name"`
	Directories []UserAnswer `json:"directories"` // systemd makes them for the user (StateDirectory= and its kin)
	Groups      []UserAnswer `json:"groups"`      // membership opens the file
	Unanswered  []UserAnswer `json:"unanswered"`  // by nothing short of what equals root
}

// UserAnswer is one thing that opens some paths.
type UserAnswer struct {
	Directive string       `json:"directive,omitempty"` // "StateDirectory", for a directory
	Answer    string       `json:"answer"`              // name of the directory below its place, or of the group; else why there is none
	Paths     []trace.Path `json:"paths"`               // the first few
	Evidence
}

// directoryPlaces are where systemd makes directories for a service's user.
// ConfigurationDirectory= is not among them, because root goes on to own it.
var directoryPlaces = []struct {
	tree      trace.Path
	directive string
}{
	{"/var/lib", "StateDirectory"}, {"/var/cache", "CacheDirectory"}, {"/var/log", "LogsDirectory"}, {"/run", "RuntimeDirectory"},
}

// staticGroups are the groups that have the same number on every Debian
// (base-passwd). Others get theirs at installation, so that a number in a trace
// tells nothing about the target.
var staticGroups = map[uint32]string{
	4: "adm", 5: "tty", 6: "disk", 8: "mail", 9: "news", 13: "proxy", 15: "kmem", 20: "dialout", 24: "cdrom", 25: "floppy", 26: "tape",
	27: "sudo", 29: "audio", 33: "www-data", 34: "backup", 37: "operator", 39: "irc", 42: "shadow", 43: "utmp", 44: "video", 46: "plugdev",
	50: "staff", 60: "games", 100: "users",
}

// rootGroups equal root: membership leads to all there is.
var rootGroups = map[string]string{
	"root": "it owns the system's files", "disk": "it reads and writes every disk", "kmem": "it reads the kernel's memory",
	"shadow": "it reads every password's hash", "sudo": "it may run anything as root", "docker": "its socket starts containers as root",
	"lxd": "its socket starts containers as root", "incus-admin": "its socket starts containers as root",
	"libvirt": "its socket starts machines with the host's files", "wheel": "it may run anything as root",
	"staff": "it writes /usr/local, whose programs root runs", "backup": "it reads copies of everything",
}

// inode is who may do what with a file.
type inode struct {
	uid, gid, mode uint32
}

// others are the permissions of those who are neither owner nor in the group.
func (i inode) allows(need uint32) bool { return i.mode&need == need }

func (i inode) groupAllows(need uint32) bool { return i.mode>>3&need == need }

// Permissions as a mode has them.
const (
	mayRead, mayWrite, mayExec = 4, 2, 1
)

// replay tries each access of root's again as a user who owns nothing and is in
// no group. A directory whose mode no fact tells is taken for root's, with 0755.
func replay(t *trace.Trace, by subjects, w Worker, user string) (*UserPlan, []CapabilityGrant) {
	r := &replayer{dirs: map[trace.Path]inode{}, worker: w, plan: &UserPlan{Name: user}, caps: map[string]*CapabilityGrant{}}
	for _, f := range t.Files {
		if f.Type == "dir" && f.Mode != 0 {
			r.dirs[f.Path] = inode{f.UID, f.GID, f.Mode}
		}
	}
	for _, f := range t.Files {
		if f.FSUID != 0 || f.Anon || f.Type == "" || !restsOnPermission(f.Outcome) || !strings.HasPrefix(string(f.Path), "/") {
			continue
		}
		r.try(f, by.ref(f.Seen, f.Syscall))
	}
	return r.result()
}

type replayer struct {
	dirs   map[trace.Path]inode
	worker Worker
	plan   *UserPlan
	caps   map[string]*CapabilityGrant
	mine   map[trace.Path]bool // directories of places for services' directories that are the worker's, whatever their name

	refused func(trace.Path, FactRef) // takes what only a capability would answer; nil: it is granted
}

func (r *replayer) try(f trace.File, ref FactRef) {
	own := inode{f.UID, f.GID, f.Mode}
	need := uint32(0)
	if f.Access&trace.AccessRead != 0 {
		need |= mayRead
	}
	if f.Access&(trace.AccessWrite|trace.AccessAppend|trace.AccessTruncate|trace.AccessConnect) != 0 && f.Access&trace.AccessCreate == 0 {
		need |= mayWrite
	}
	if f.Access&trace.AccessExec != 0 && f.Type != "dir" {
		need |= mayExec
	}
	if f.Type == "symlink" {
		need = 0 // its mode says nothing
	}
	if !own.allows(need) {
		r.answer(f.Path, f.Path, own, need, ref)
	}
	dir := Literal(f.Path).Dir()
	at, known := r.dirs[dir]
	if !known {
		at = inode{0, 0, 0o755}
	}
	if f.Access&trace.AccessEntry != 0 && !at.allows(mayWrite|mayExec) {
		r.answer(f.Path, dir, at, mayWrite|mayExec, ref)
	} else if known && !at.allows(mayExec) {
		r.answer(f.Path, dir, at, mayExec, ref)
	}
	if f.Access&(trace.AccessChmod|trace.AccessChown|trace.AccessAttr) != 0 && f.Access&trace.AccessCreate == 0 {
		r.owns(f, ref)
	}
}

// answer opens what is refused: at is the file, or the directory that holds it.
func (r *replayer) answer(p, at trace.Path, i inode, need uint32, ref FactRef) {
	switch directive, name := r.directory(p); {
	case directive != "":
		note(&r.plan.Directories, directive, name, p, ref)
		return
	case strings.HasPrefix(string(p), "/proc/"):
		note(&r.plan.Unanswered, "", "the user of a process, or who looks into it as a debugger (CAP_SYS_PTRACE)", p, ref)
		return
	case i.groupAllows(need) && i.gid != 0:
		group, known := staticGroups[i.gid]
		if known && rootGroups[group] == "" {
			note(&r.plan.Groups, "", group, p, ref)
			return
		}
		if !known {
			note(&r.plan.Unanswered, "", "the group that owns it, unless that equals root (its number differs from host to host)", at, ref)
			return
		}
	}
	name := "CAP_DAC_READ_SEARCH"
	if need&mayWrite != 0 || need&mayExec != 0 && at == p {
		name = "CAP_DAC_OVERRIDE"
	}
	r.grant(name, p, ref)
}

// owns answers an operation that only the owner may do.
func (r *replayer) owns(f trace.File, ref FactRef) {
	if directive, name := r.directory(f.Path); directive != "" {
		note(&r.plan.Directories, directive, name, f.Path, ref)
		return
	}
	if f.UID == 0 {
		r.grant("CAP_FOWNER", f.Path, ref)
	}
}

// directory is the directory of the worker's own that a path lies in, if systemd
// makes such for a user. What has another name is somebody else's: systemd
// would give it away with all that is in it.
func (r *replayer) directory(p trace.Path) (directive, name string) {
	for _, place := range directoryPlaces {
		rest, ok := strings.CutPrefix(string(p), string(place.tree)+"/")
		if !ok {
			continue
		}
		first, _, below := strings.Cut(rest, "/")
		own := first == r.worker.Name || first == path.Base(string(r.worker.Exe)) || r.mine[place.tree+"/"+trace.Path(first)]
		if own && below {
			return place.directive, first
		}
	}
	return "", ""
}

func (r *replayer) grant(name string, p trace.Path, ref FactRef) {
	if r.refused != nil {
		r.refused(p, ref)
		return
	}
	if r.caps[name] == nil {
		r.caps[name] = &CapabilityGrant{Name: name, Need: Required}
	}
	r.caps[name].Facts = append(r.caps[name].Facts, ref)
}

// pathsShown is how many paths an answer lists.
const pathsShown = 8

func note(list *[]UserAnswer, directive, answer string, p trace.Path, ref FactRef) {
	i := slices.IndexFunc(*list, func(a UserAnswer) bool { return a.Directive == directive && a.Answer == answer })
	if i < 0 {
		i = len(*list)
		*list = append(*list, UserAnswer{Directive: directive, Answer: answer})
	}
	a := &(*list)[i]
	a.Paths, a.Facts = append(a.Paths, p), append(a.Facts, ref)
}

func (r *replayer) result() (*UserPlan, []CapabilityGrant) {
	for _, list := range []*[]UserAnswer{&r.plan.Directories, &r.plan.Groups, &r.plan.Unanswered} {
		slices.SortFunc(*list, func(a, b UserAnswer) int {
			return cmp.Or(cmp.Compare(a.Directive, b.Directive), cmp.Compare(a.Answer, b.Answer))
		})
		for i := range *list {
			a := &(*list)[i]
			a.Paths = sortedSet(a.Paths)
			a.Paths = a.Paths[:min(len(a.Paths), pathsShown)]
			a.normalise()
		}
		if *list == nil {
			*list = []UserAnswer{}
		}
	}
	var caps []CapabilityGrant
	for _, g := range r.caps {
		g.Rules = []string{RuleReplay}
		g.normalise()
		caps = append(caps, *g)
	}
	slices.SortFunc(caps, func(a, b CapabilityGrant) int { return cmp.Compare(a.Name, b.Name) })
	return r.plan, caps
}

// withReplayed joins the capabilities that a user needs with those that were
// checked.
func withReplayed(seen, replayed []CapabilityGrant) []CapabilityGrant {
	for _, g := range replayed {
		i := slices.IndexFunc(seen, func(s CapabilityGrant) bool { return s.Name == g.Name })
		switch {
		case i < 0:
			seen = append(seen, g)
		case seen[i].Need != Required:
			seen[i] = g
		}
	}
	slices.SortFunc(seen, func(a, b CapabilityGrant) int { return cmp.Compare(a.Name, b.Name) })
	return seen
}
