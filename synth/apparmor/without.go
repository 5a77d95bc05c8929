package apparmor

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
)

// Rules from which something can be taken out: those that stand alone in their line,
// as Write has them. A name is in quotes or has no space.
var (
	fileLine       = regexp.MustCompile(`^(\s*(?:owner\s+)?)("(?:[^"\\]|\\.)*"|[/@](?:[^\s\\]|\\.)*)(\s+)([a-zA-Z]+)(\s+->\s+[^\s,#]+)?\s*,(\s*#.*)?$`)
	capabilityLine = regexp.MustCompile(`^(\s*)capability((?:\s+[a-z_]+)+)\s*,(\s*#.*)?$`)
	variableLine   = regexp.MustCompile(`^@\{(\w+)\}\s*=\s*(\S+)\s*$`)
)

// executing are the letters by which executing is granted.
var executing = regexp.MustCompile(`[iIpPcCuU]*x`)

// writing are those by which a file may be changed.
const writing = "wa"

// Entries lists what the rules of a profile let through that can be taken out of it by
// itself: capabilities, and names that may be changed or executed, as the rules spell
// them but for quotes.
func Entries(text []byte) []synth.Entry {
	var out []synth.Entry
	for line := range strings.Lines(string(text)) {
		out = append(out, entriesOf(strings.TrimRight(line, "\r\n"))...)
	}
	slices.SortFunc(out, synth.Entry.Compare)
	return slices.Compact(out)
}

func entriesOf(line string) []synth.Entry {
	if m := capabilityLine.FindStringSubmatch(line); m != nil {
		var out []synth.Entry
		for _, name := range strings.Fields(m[2]) {
			out = append(out, synth.Entry{Kind: synth.EntryCapability, Name: "CAP_" + strings.ToUpper(name)})
		}
		return out
	}
	m := fileLine.FindStringSubmatch(line)
	if m == nil {
		return nil
	}
	var out []synth.Entry
	perms := executing.ReplaceAllString(m[4], "")
	if strings.ContainsAny(perms, writing) {
		out = append(out, synth.Entry{Kind: synth.EntryWrite, Name: strings.Trim(m[2], `"`)})
	}
	if perms != m[4] {
		out = append(out, synth.Entry{Kind: synth.EntryExec, Name: strings.Trim(m[2], `"`)})
	}
	return out
}

// Without is the text of a profile with entries taken out of its rules. What else a
// rule grants stays; a rule that grants nothing any more is gone.
func Without(text []byte, away []synth.Entry) []byte {
	gone := map[synth.Entry]bool{}
	for _, e := range away {
		gone[e] = true
	}
	var b strings.Builder
	for line := range strings.Lines(string(text)) {
		bare := strings.TrimRight(line, "\r\n")
		if !slices.ContainsFunc(entriesOf(bare), func(e synth.Entry) bool { return gone[e] }) {
			b.WriteString(line)
			continue
		}
		if left := lineWithout(bare, gone); left != "" {
			b.WriteString(left + line[len(bare):])
		}
	}
	return []byte(b.String())
}

// lineWithout is what is left of a rule, "" for nothing.
func lineWithout(line string, gone map[synth.Entry]bool) string {
	if m := capabilityLine.FindStringSubmatch(line); m != nil {
		names := slices.DeleteFunc(strings.Fields(m[2]), func(name string) bool {
			return gone[synth.Entry{Kind: synth.EntryCapability, Name: "CAP_" + strings.ToUpper(name)}]
		})
		if len(names) == 0 {
			return ""
		}
		return m[1] + "capability " + strings.Join(names, " ") + "," + m[3]
	}
	m := fileLine.FindStringSubmatch(line)
	name, perms, to := strings.Trim(m[2], `"`), m[4], m[5]
	exec := executing.FindString(perms)
	plain := executing.ReplaceAllString(perms, "")
	if gone[synth.Entry{Kind: synth.EntryWrite, Name: name}] {
		plain = strings.Map(func(r rune) rune {
			if strings.ContainsRune(writing, r) {
				return -1
			}
			return r
		}, plain)
	}
	if gone[synth.Entry{Kind: synth.EntryExec, Name: name}] {
		exec, to = "", ""
	}
	if plain+exec == "" {
		return ""
	}
	return m[1] + m[2] + m[3] + plain + exec + to + "," + m[6]
}

// Matcher tells what the names of a profile's rules stand for: whether one of them
// matches a path. known is false where that cannot be told.
func Matcher(text []byte) func(name, path string) (matches, known bool) {
	vars := maps.Clone(tunables())
	for line := range strings.Lines(string(text)) {
		if m := variableLine.FindStringSubmatch(strings.TrimRight(line, "\r\n")); m != nil {
			vars[m[1]] = []string{m[2]}
		}
	}
	compiled := map[string]*matcher{}
	return func(name, path string) (bool, bool) {
		m, ok := compiled[name]
		if !ok {
			m, _ = compile(name, vars)
			compiled[name] = m
		}
		return m != nil && m.match(path), m != nil
	}
}

// Ruled names the rules by which alone an entry is written; nil if facts ask for it, or
// nothing does.
func (x *Explainer) Ruled(e synth.Entry) []string {
	for text, evidence := range x.written {
		if len(evidence.Facts) == 0 && slices.Contains(entriesOf(text+","), e) {
			return evidence.Rules
		}
	}
	return nil
}

// annotate puts the marks of what a rule lets through before its comment.
func (d document) annotate(sections []section) {
	if d.whole.Marks == nil {
		return
	}
	for _, s := range sections {
		for i := range s.rules {
			r := &s.rules[i]
			var notes []string
			for _, e := range entriesOf(r.text + ",") {
				mark := d.whole.Marks.Of(e.Kind, e.Name)
				if mark == "" {
					continue
				}
				note := string(mark)
				if e.Kind != synth.EntryCapability {
					note += " to " + e.Kind
				}
				if mark == synth.MarkTolerated && d.opt.OnlyRequired {
					note += " and left out"
				}
				notes = append(notes, note)
			}
			if len(notes) > 0 {
				r.because.words = strings.Join(append(notes, r.because.words), "; ")
			}
		}
	}
}

// marked says on top what running the worker without parts of the profile has shown.
func (p *policy) marked(body []byte) []string {
	m := p.whole.Marks
	if m == nil {
		return nil
	}
	count := map[synth.Mark]int{}
	for _, e := range Entries(body) {
		count[m.Of(e.Kind, e.Name)]++
	}
	left := "granted all the same"
	if p.opt.OnlyRequired {
		left = "left out"
	}
	return []string{
		"",
		"MARKS of minimize, which ran the worker without parts of this: " + counted(count[synth.MarkRequired], "required rule") + ", " +
			counted(count[synth.MarkTolerated], "tolerated one") + ", " + counted(count[synth.MarkUnproven], "unproven one") + ".",
		"The tolerated ones are " + left + ". Only these operations vouch for that: " + strings.Join(m.Operations, ", ") + ".",
	}
}
