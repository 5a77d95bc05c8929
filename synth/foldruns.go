package synth

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/trace"
)

// frames are names that differ between runs which did the same: by the shape of
// the path, its words left out, what is between them.
type frames map[string][]frame

// frame is a path with words that vary.
type frame struct {
	words []string       // those that do not vary; "" where one does
	vary  map[int]*words // by place
}

// words is a set of variants.
type words map[string]bool

var pathWord = regexp.MustCompile(`[0-9A-Za-z]+`)

// Bounds of the search: words of one path that may vary, and pairs looked at.
const (
	mostVarying = 2
	mostPairs   = 1 << 18
)

// framesOf compares the runs of a trace pair by pair. What one of them did to a
// name that the other did not touch, while that one did it to a name which is the
// same but for a word that looks made up, differs by chance. More runs only ever
// add to it.
func framesOf(t *trace.Trace) frames {
	out := frames{}
	runs := t.Parts()
	done := make([]map[deed]map[string]bool, len(runs))
	for i, r := range runs {
		done[i] = deedsOf(r)
	}
	for i := range runs {
		for j := range i {
			for what, names := range done[i] {
				if others := done[j][what]; others != nil {
					out.compare(beyond(names, others), beyond(others, names))
				}
			}
		}
	}
	for shape := range out {
		slices.SortFunc(out[shape], func(a, b frame) int { return slices.Compare(a.words, b.words) })
	}
	return out
}

// deed is what was done, but for the name.
type deed struct {
	subject     trace.Path
	op, syscall string
	access      trace.Access
}

// deedsOf lists the names that each thing was done to in a named operation.
// Without one, two runs need not have done the same.
func deedsOf(t *trace.Trace) map[deed]map[string]bool {
	by := subjectsOf(t)
	out := map[deed]map[string]bool{}
	for _, f := range t.Files {
		if f.Anon || f.Outcome != trace.OK || f.Operation == "" || numbered(string(f.Path)) {
			continue
		}
		d := deed{by.name(f.Subject), f.Operation, f.Syscall, f.Access}
		if out[d] == nil {
			out[d] = map[string]bool{}
		}
		out[d][string(f.Path)] = true
	}
	return out
}

// numbered says whether the names of a tree are the kernel's, with rules of their own.
func numbered(path string) bool {
	return strings.HasPrefix(path, "/dev/") || strings.HasPrefix(path, "/proc/") || strings.HasPrefix(path, "/sys/")
}

// beyond gives by their shape the names that others do not have.
func beyond(names, others map[string]bool) map[string][]string {
	byShape := map[string][]string{}
	for n := range names {
		if !others[n] {
			shape := pathWord.ReplaceAllString(n, "\x00")
			byShape[shape] = append(byShape[shape], n)
		}
	}
	return byShape
}

// compare finds names of one side and the other that differ by chance.
func (fs frames) compare(one, other map[string][]string) {
	for shape, names := range one {
		if len(names)*len(other[shape]) > mostPairs {
			continue
		}
		for _, a := range names {
			for _, b := range other[shape] {
				fs.note(shape, pathWord.FindAllString(a, -1), pathWord.FindAllString(b, -1))
			}
		}
	}
}

func (fs frames) note(shape string, a, b []string) {
	fixed := slices.Clone(a)
	var places []int
	for i := range a {
		if a[i] != b[i] {
			if len(places) == mostVarying || !byChance(a[i], b[i]) {
				return
			}
			places = append(places, i)
			fixed[i] = ""
		}
	}
	at := slices.IndexFunc(fs[shape], func(f frame) bool { return slices.Equal(f.words, fixed) })
	if at < 0 {
		f := frame{words: fixed, vary: map[int]*words{}}
		for _, i := range places {
			f.vary[i] = &words{}
		}
		at = len(fs[shape])
		fs[shape] = append(fs[shape], f)
	}
	for _, i := range places {
		(*fs[shape][at].vary[i])[a[i]] = true
		(*fs[shape][at].vary[i])[b[i]] = true
	}
}

// byChance says whether two words look like two throws of the same dice: both are
// numbers, or one at least is no word with a number behind it.
func byChance(a, b string) bool {
	digits := func(s string) bool { return strings.Trim(s, "0123456789") == "" }
	return digits(a) && digits(b) || len(a) == len(b) && len(a) >= 4 && (!plain.MatchString(a) || !plain.MatchString(b))
}

// spans folds the words of a path that differ between runs.
func (fs frames) spans(path string) []span {
	if len(fs) == 0 {
		return nil
	}
	at := pathWord.FindAllStringIndex(path, -1)
	vary := map[int]words{}
	for _, f := range fs[pathWord.ReplaceAllString(path, "\x00")] {
		if !f.holds(path, at) {
			continue
		}
		for i, set := range f.vary {
			if vary[i] == nil {
				vary[i] = words{}
			}
			for w := range *set {
				vary[i][w] = true
			}
		}
	}
	var out []span
	for i, set := range vary {
		piece, word := set.piece(), path[at[i][0]:at[i][1]]
		if piece.Vary.admits(word) && piece.fits(word) {
			out = append(out, span{at[i][0], at[i][1], piece, RuleRuns})
		}
	}
	slices.SortFunc(out, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	return out
}

// holds says whether the words that do not vary are those of a path.
func (f frame) holds(path string, at [][]int) bool {
	for i, w := range f.words {
		if w != "" && path[at[i][0]:at[i][1]] != w {
			return false
		}
	}
	return true
}

// piece is the narrowest wildcard for all variants.
func (w words) piece() Piece {
	p, length, first := Piece{Vary: VaryDigits}, 0, true
	for word := range w {
		for _, wider := range []Vary{VaryHex, VaryAlnum} {
			if !p.Vary.admits(word) {
				p.Vary = wider
			}
		}
		if first {
			length = len(word)
		} else if length != len(word) {
			length = 0
		}
		first = false
	}
	if p.Vary != VaryDigits { // numbers grow
		p.Len = length
	}
	return p
}
