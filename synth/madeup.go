package synth

import (
	"path"
	"regexp"
	"strings"
	"unicode"

	"github.com/osapi-io/osapi-profile/trace"
)

var (
	wordsIn = regexp.MustCompile(`[0-9A-Za-z]+`)
	hexWord = regexp.MustCompile(`^[0-9a-f]{12,}$`)
	number  = regexp.MustCompile(`(?:^|[._+-])([0-9]+)(?:$|[._+-])`)
	bigNum  = regexp.MustCompile(`[0-9]{6,}`)
	pyTemp  = regexp.MustCompile(`^tmp[a-z0-9_]{8}$`)
	sdTemp  = regexp.MustCompile(`^\.#.*[0-9a-f]{16}$`) // systemd's own temporary names
	plain   = regexp.MustCompile(`^[A-Z]?[a-z]*[0-9]*$|^[A-Z]+[0-9]*$`)
	unnamed = regexp.MustCompile(`^#([0-9]+)$`) // of O_TMPFILE, by the kernel
	date    = regexp.MustCompile(`(?:^|[^0-9])((?:19|20)[0-9]{2})([-_.]?)(0[1-9]|1[0-2])([-_.]?)(0[1-9]|[12][0-9]|3[01])(?:$|[^0-9])`)
	dotted  = regexp.MustCompile(`[0-9]+(?:\.[0-9]+)+`)
)

// mkstempX is how many characters mkstemp(3) makes up, as a rule.
const mkstempX = 6

// madeSpans folds numbers and random parts in a name that the worker itself
// made. Offsets are shifted by start.
func madeSpans(base string, start int, passing bool) []span {
	var spans []span
	add := func(from, to int, p Piece, rule string) {
		spans = append(spans, span{start + from, start + to, p, rule})
	}
	if pyTemp.MatchString(base) {
		add(3, len(base), Piece{Vary: VaryAlnum, Len: len(base) - 3}, RuleTemp)
		return spans
	}
	if sdTemp.MatchString(base) {
		add(len(base)-16, len(base), Piece{Vary: VaryHex, Len: 16}, RuleTemp)
		return spans
	}
	if unnamed.MatchString(base) {
		add(1, len(base), Piece{Vary: VaryDigits}, RuleUnnamed)
		return spans
	}
	for _, m := range date.FindAllStringSubmatchIndex(base, -1) {
		if m[4] == m[5] && m[8] == m[9] {
			add(m[2], m[11], Piece{Vary: VaryDigits, Len: 8}, RuleDate)
			continue
		}
		for _, part := range []int{2, 6, 10} {
			add(m[part], m[part+1], Piece{Vary: VaryDigits, Len: m[part+1] - m[part]}, RuleDate)
		}
	}
	for _, m := range wordsIn.FindAllStringIndex(base, -1) {
		word := base[m[0]:m[1]]
		switch {
		case hexWord.MatchString(word) && mixed(word):
			add(m[0], m[1], Piece{Vary: VaryHex, Len: len(word)}, RuleTemp)
		case random(word, passing):
			add(m[0], m[1], Piece{Vary: VaryAlnum, Len: len(word)}, RuleTemp)
		case passing && len(word) > mkstempX && random(word[len(word)-mkstempX:], false):
			// No delimiter stands before the X's of "sortXXXXXX".
			add(m[1]-mkstempX, m[1], Piece{Vary: VaryAlnum, Len: mkstempX}, RuleTemp)
		}
	}
	for _, m := range bigNum.FindAllStringIndex(base, -1) {
		add(m[0], m[1], Piece{Vary: VaryDigits}, RuleNumber)
	}
	for at := 0; at < len(base); {
		m := number.FindStringSubmatchIndex(base[at:])
		if m == nil {
			break
		}
		add(at+m[2], at+m[3], Piece{Vary: VaryDigits}, RuleNumber)
		at += m[3] // the delimiter after this number is the one before the next
	}
	return spans
}

// random says whether a word looks like the X's of mkstemp(3) and its like. Of
// a name that was taken away again, six characters of two kinds suffice; one
// that stayed must not read as an ordinary word with a number behind it.
func random(word string, passing bool) bool {
	if len(word) < mkstempX || len(word) > 16 || strings.Trim(word, "0123456789") == "" {
		return false
	}
	return mixed(word) && (passing && len(word) == mkstempX || !plain.MatchString(word))
}

var (
	sixBehind = regexp.MustCompile(`^\.[0-9A-Za-z]{6}$`)
	sixAtEnd  = regexp.MustCompile(`[._-][0-9A-Za-z]{6}$`)
)

// isMkstemp says whether a file was made as mkstemp(3) makes one: for reading and
// writing, its owner's alone, and with six characters behind a dot or the like. One in
// a hundred of these reads as a word, since all of them are of one kind.
func isMkstemp(f trace.File) bool {
	const how = trace.AccessRead | trace.AccessWrite | trace.AccessCreate
	return f.Access&how == how && f.Type == "file" && f.Mode&0o777 == 0o600 && sixAtEnd.MatchString(string(f.Path))
}

// isReplacement says whether a file was written under the name that it was then moved
// to with what mkstemp(3) makes up behind it, a dot before it or not.
func isReplacement(old, name string) bool {
	dir, base := path.Split(old)
	to, is := strings.CutPrefix(name, dir)
	behind, whole := strings.CutPrefix(base, to)
	if !whole {
		behind, whole = strings.CutPrefix(base, "."+to)
	}
	return is && whole && to != "" && sixBehind.MatchString(behind)
}

// mixed says whether characters of at least two kinds are in the word.
func mixed(word string) bool {
	kinds := 0
	for _, is := range []func(rune) bool{unicode.IsDigit, unicode.IsLower, unicode.IsUpper} {
		if strings.ContainsFunc(word, is) {
			kinds++
		}
	}
	return kinds > 1
}

// differing finds the version numbers that are not the same in all of the
// paths that are equal but for them. It is asked only where runs were merged.
func differing(t *trace.Trace) map[string][]bool {
	first := map[string][]string{}
	out := map[string][]bool{}
	for _, file := range t.Files {
		if file.Anon || file.Outcome != trace.OK {
			continue
		}
		skeleton, found := versionsIn(string(file.Path))
		if len(found) == 0 {
			continue
		}
		if first[skeleton] == nil {
			first[skeleton], out[skeleton] = found, make([]bool, len(found))
			continue
		}
		for i, v := range found {
			out[skeleton][i] = out[skeleton][i] || v != first[skeleton][i]
		}
	}
	return out
}

// versionsIn takes the version numbers out of a path.
func versionsIn(name string) (skeleton string, found []string) {
	for _, top := range []string{"/dev/", "/proc/", "/sys/"} {
		if strings.HasPrefix(name, top) {
			return name, nil
		}
	}
	return dotted.ReplaceAllString(name, "\x00"), dotted.FindAllString(name, -1)
}

// versionSpans folds the versions that differ between merged runs.
func (f *folder) versionSpans(path string) []span {
	if len(f.versions) == 0 {
		return nil
	}
	skeleton, found := versionsIn(path)
	if len(found) == 0 {
		return nil
	}
	var spans []span
	for i, m := range dotted.FindAllStringIndex(path, -1) {
		if differs := f.versions[skeleton]; i < len(differs) && differs[i] {
			spans = append(spans, span{m[0], m[1], Piece{Vary: VaryVersion}, RuleVersion})
		}
	}
	return spans
}
