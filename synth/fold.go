package synth

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/trace"
)

// folder replaces what varies in a path by wildcards. Every rule works within
// one component of the path, so that a fold never reaches above the directory
// that holds the variation.
type folder struct {
	made     map[string]bool   // names the worker made
	passing  map[string]bool   // names it made and took away again
	temps    map[string]bool   // names it made up for a while, by what it did with them
	chosen   map[string]bool   // directories in which its users chose names, it seems
	taken    map[string]bool   // names that others made up, it seems, and it took away
	replies  map[string]bool   // names of others' sockets, without a number by which they differ
	libs     map[string]bool   // names it mapped executable
	loaders  map[string]bool   // ELF interpreters: their names are part of the ABI
	versions map[string][]bool // skeleton → which of its version numbers differ between paths
	runs     frames            // names that differ between runs
	strict   bool
	how      Fold
}

// span is a part of a path that a rule folds.
type span struct {
	from, to int
	Piece
	rule string
}

func newFolder(t *trace.Trace, opt Options) *folder {
	f := &folder{
		made: map[string]bool{}, passing: map[string]bool{}, temps: map[string]bool{}, libs: map[string]bool{}, loaders: map[string]bool{},
		strict: opt.Strict, how: cmp.Or(opt.Fold, FoldStable),
	}
	gone, connected := map[string]bool{}, map[string]bool{}
	var private []string
	for _, file := range t.Files {
		if file.Outcome != trace.OK || file.Anon {
			continue
		}
		name := string(file.Path)
		if file.Access&(trace.AccessCreate|trace.AccessRenameTo|trace.AccessLinkTo|trace.AccessBind) != 0 {
			f.made[name] = true
		}
		if old := string(file.Target); file.Access&trace.AccessRenameTo != 0 && isReplacement(old, name) {
			f.temps[old] = true
		}
		if isMkstemp(file) {
			private = append(private, name)
		}
		if file.Access&(trace.AccessDelete|trace.AccessRenameFrom) != 0 {
			gone[name] = true
		}
		if file.Access&trace.AccessConnect != 0 {
			connected[name] = true
		}
		if file.Access&trace.AccessExecMap != 0 {
			f.libs[name] = true
		}
	}
	f.replies, f.taken = repliesAmong(connected, f.made), takenAmong(gone, f.made)
	for name := range f.made {
		f.passing[name] = gone[name]
	}
	for _, name := range private {
		f.temps[name] = f.temps[name] || f.passing[name]
	}
	f.chosen = chosenIn(f.made)
	for _, s := range t.Subjects {
		f.loaders[string(s.Loader)] = true
	}
	if len(t.Runs) > 1 {
		f.versions, f.runs = differing(t), framesOf(t)
	}
	return f
}

// fold gives the pattern of a path and the rules it rests on, or nil when
// nothing in the path varies.
func (f *folder) fold(p trace.Path) (Pattern, []string) {
	if f.how == FoldNone {
		return nil, nil
	}
	name := string(p)
	var spans []span
	for start := 1; start < len(name); {
		end := start + strings.IndexByte(name[start:]+"/", '/')
		for _, s := range f.component(name[:end], start) {
			if s.to > s.from {
				spans = append(spans, s)
			}
		}
		start = end + 1
	}
	spans = append(append(spans, f.versionSpans(name)...), f.runs.spans(name)...)
	slices.SortStableFunc(spans, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.from, b.from), -cmp.Compare(a.to, b.to), cmp.Compare(a.rule, b.rule))
	})
	var out Pattern
	var rules []string
	at := 0
	for _, s := range spans {
		if s.from < at {
			continue
		}
		out = append(out, Piece{Text: trace.Path(name[at:s.from])}, s.Piece)
		rules = append(rules, s.rule)
		at = s.to
	}
	if len(rules) == 0 {
		return nil, nil
	}
	return append(out, Piece{Text: trace.Path(name[at:])}).normal(), sortedSet(rules)
}

var (
	procPID  = regexp.MustCompile(`^/proc/([0-9]+)$`)
	procTask = regexp.MustCompile(`^/proc/[0-9]+/task/([0-9]+)$`)
	procFD   = regexp.MustCompile(`^/proc/[0-9]+(?:/task/[0-9]+)?/(?:fd|fdinfo)/([0-9]+)$`)
	procMap  = regexp.MustCompile(`^/proc/[0-9]+/map_files/([0-9a-f]+)-([0-9a-f]+)$`)
	devPTS   = regexp.MustCompile(`^/dev/pts/([0-9]+)$`)
	uuid     = regexp.MustCompile(`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`)
	library  = regexp.MustCompile(`\.so\.[0-9]+\.([0-9][0-9.]*[0-9]|[0-9])$|-([0-9]+(?:\.[0-9]+)+)\.so$`)
)

// component gives the spans of the last component of prefix, which starts at
// start. Offsets are those of the whole path, of which prefix is the beginning.
func (f *folder) component(prefix string, start int) []span {
	spans := kernelSpans(prefix)
	if spans == nil && !strings.HasPrefix(prefix, "/dev/") && !strings.HasPrefix(prefix, "/sys/") {
		for _, m := range uuid.FindAllStringIndex(prefix[start:], -1) {
			spans = append(spans, span{start + m[0], start + m[1], Piece{Vary: VaryUUID}, RuleUUID})
		}
	}
	if f.libs[prefix] && !f.strict && !f.loaders[prefix] {
		if m := library.FindStringSubmatchIndex(prefix); m != nil && max(m[2], m[4]) > start {
			from, to := max(m[2], m[4]), max(m[3], m[5])
			spans = append(spans, span{from, to, Piece{Vary: VaryVersion}, RuleLibrary})
		}
	}
	if f.temps[prefix] {
		spans = append(spans, span{len(prefix) - mkstempX, len(prefix), Piece{Vary: VaryAlnum, Len: mkstempX}, RuleTemp})
	}
	if f.made[prefix] || f.how == FoldBroad && !shipped(prefix) {
		spans = append(spans, madeSpans(prefix[start:], start, f.passing[prefix])...)
	}
	if f.taken[prefix] {
		for _, s := range madeSpans(prefix[start:], start, true) {
			s.rule = RuleTaken
			spans = append(spans, s)
		}
	}
	if !f.made[prefix] {
		for _, m := range anyNumber.FindAllStringIndex(prefix[start:], -1) {
			if from, to := start+m[0], start+m[1]; f.replies[prefix[:from]+"\x00"+prefix[to:]] {
				spans = append(spans, span{from, to, Piece{Vary: VaryDigits}, RuleReply})
			}
		}
	}
	if f.how == FoldBroad && f.made[prefix] && f.chosen[path.Dir(prefix)] {
		spans = append(spans, span{start, len(prefix), Piece{Vary: VaryName}, RuleChosen})
	}
	if f.how == FoldBroad && path.Dir(prefix) == "/home" {
		spans = append(spans, span{start, len(prefix), Piece{Vary: VaryName}, RuleHome})
	}
	return spans
}

var anyNumber = regexp.MustCompile(`[0-9]+`)

// repliesAmong gives the names of sockets that others made and the worker sends to,
// without a number by which two of them differ: clients number by their process id
// where they want to be answered.
func repliesAmong(connected, made map[string]bool) map[string]bool {
	names, replies := map[string]int{}, map[string]bool{}
	for name := range connected {
		dir, base := path.Split(name)
		if made[name] || numbered(name) || shipped(name) {
			continue
		}
		for _, m := range anyNumber.FindAllStringIndex(base, -1) {
			at := dir + base[:m[0]] + "\x00" + base[m[1]:]
			if names[at]++; names[at] > 1 {
				replies[at] = true
			}
		}
	}
	return replies
}

// chosenEnough is how many names in one directory make it likely that there will be others.
const chosenEnough = 3

// chosenIn gives the directories in which so many names were made, those left out that
// a program made up by itself. What became of them does not count, so that a directory
// stays one when more of it is seen.
func chosenIn(made map[string]bool) map[string]bool {
	names, chosen := map[string]int{}, map[string]bool{}
	for name := range made {
		dir, base := path.Split(name)
		if !shipped(name) && len(madeSpans(base, 0, true)) == 0 {
			names[path.Clean(dir)]++
		}
	}
	for dir, n := range names {
		if n >= chosenEnough {
			chosen[dir] = true
		}
	}
	return chosen
}

// listed gives the directories of whose names only those that were seen are allowed.
func (f *folder) listed() []trace.Path {
	if f.how == FoldBroad {
		return nil
	}
	var out []trace.Path
	for dir := range f.chosen {
		if pattern, _ := f.fold(trace.Path(dir)); pattern == nil { // nobody chooses names in one that is made up itself
			out = append(out, trace.Path(dir))
		}
	}
	slices.Sort(out)
	return out
}

// shipped says whether the names of a tree come with the system, made up by nobody.
func shipped(path string) bool {
	return numbered(path) || slices.ContainsFunc([]string{"/usr/", "/etc/", "/boot/", "/opt/"}, func(top string) bool {
		return strings.HasPrefix(path, top)
	})
}

// kernelSpans folds what the kernel numbers. Process 1 is always itself.
func kernelSpans(prefix string) []span {
	one := func(m []int, vary Vary, rule string) span { return span{m[2], m[3], Piece{Vary: vary}, rule} }
	if m := procPID.FindStringSubmatchIndex(prefix); m != nil {
		if prefix == "/proc/1" {
			return []span{{}}
		}
		return []span{one(m, VaryDigits, RuleProcPID)}
	}
	if m := procTask.FindStringSubmatchIndex(prefix); m != nil {
		return []span{one(m, VaryDigits, RuleProcPID)}
	}
	if m := procFD.FindStringSubmatchIndex(prefix); m != nil {
		return []span{one(m, VaryDigits, RuleProcFD)}
	}
	if m := procMap.FindStringSubmatchIndex(prefix); m != nil {
		return []span{one(m, VaryHex, RuleProcFD), {m[4], m[5], Piece{Vary: VaryHex}, RuleProcFD}}
	}
	if m := devPTS.FindStringSubmatchIndex(prefix); m != nil {
		return []span{one(m, VaryDigits, RulePTS)}
	}
	return nil
}
