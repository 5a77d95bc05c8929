package diff

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
)

// Acknowledged are growths of privilege that somebody has agreed to. A file of
// them has a line each, # begins a comment:
//
//	capability CAP_NET_RAW -- network.ping opens a raw socket
//	file /etc/osapi/osapi.yaml read,write -- config.set edits its own file
//	exec "/opt/a b" execute -- asked for in #12
//	file /usr/share/zoneinfo/* read -- all time zones are listed
//
// These are the kind, the name, what may be done, if anything is to be said of
// that, and the reason. What has spaces or other unusual characters is quoted as in
// Go. A name that is not quoted and ends in * stands for all that begin so, and *
// in the third place for whatever may be done; quoted, a * is only itself.
type Acknowledged []acknowledgement

type acknowledgement struct {
	line       int
	kind       string
	name, what word
	hasWhat    bool
}

// word is a part of a line; wild when it ends in a * that stands for anything.
type word struct {
	text string
	wild bool
}

func (w word) is(text string) bool {
	if w.wild {
		return strings.HasPrefix(text, w.text)
	}
	return text == w.text
}

// WayOut is the kind of a way out of the sandbox, in lines of Acknowledged.
const WayOut = "way-out"

// separator stands before the reason.
const separator = " -- "

// ReadAcknowledged reads such a file; name is for errors, which have the line.
func ReadAcknowledged(name string, r io.Reader) (Acknowledged, error) {
	var out Acknowledged
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		a, err := acknowledge(text)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w; write KIND NAME [WHAT]%sREASON, such as: capability CAP_KILL%sjob.cancel ends what it started",
				name, n, err, separator, separator)
		}
		a.line = n
		out = append(out, a)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return out, nil
}

func acknowledge(text string) (acknowledgement, error) {
	var a acknowledgement
	var words []word
	for {
		w, rest, err := nextWord(text)
		if err != nil {
			return a, err
		}
		if w.text == "--" && !w.wild && !strings.HasPrefix(text, `"`) {
			text = strings.TrimSpace(rest)
			break
		}
		words = append(words, w)
		if text = strings.TrimLeft(rest, " \t"); text == "" {
			return a, fmt.Errorf("no reason is given")
		}
	}
	if text == "" {
		return a, fmt.Errorf("no reason is given")
	}
	if len(words) < 2 || len(words) > 3 {
		return a, fmt.Errorf("%d words stand before the reason", len(words))
	}
	a.kind, a.name = words[0].text, words[1]
	if words[0].wild || !slices.Contains([]string{WayOut, "capability", "exec", "file", "socket", "syscall", "argument"}, a.kind) {
		return a, fmt.Errorf("there is no kind %q", a.kind)
	}
	if len(words) == 3 {
		a.what, a.hasWhat = words[2], true
	}
	return a, nil
}

// nextWord takes a word off a line.
func nextWord(text string) (word, string, error) {
	if strings.HasPrefix(text, `"`) {
		quoted, err := strconv.QuotedPrefix(text)
		if err != nil {
			return word{}, "", fmt.Errorf("a quotation does not end, or has an unknown escape: %s", text)
		}
		rest := text[len(quoted):]
		if rest != "" && rest[0] != ' ' && rest[0] != '\t' {
			return word{}, "", fmt.Errorf("no space follows the quotation %s", quoted)
		}
		plain, err := strconv.Unquote(quoted)
		return word{text: plain}, rest, err
	}
	bare, rest := text, ""
	if i := strings.IndexAny(text, " \t"); i >= 0 {
		bare, rest = text[:i], text[i:]
	}
	prefix, wild := strings.CutSuffix(bare, "*")
	return word{prefix, wild}, rest, nil
}

// covers says whether the line is about a grant. Of a file it must allow every
// access.
func (a acknowledgement) covers(g synth.Grant) bool {
	if a.kind != g.Kind || !a.name.is(g.Name) {
		return false
	}
	if a.kind == "file" && a.hasWhat && !a.what.wild {
		allowed := accesses(a.what.text)
		return !slices.ContainsFunc(accesses(g.What), func(access string) bool { return !slices.Contains(allowed, access) })
	}
	return a.hasWhat && a.what.is(g.What) || g.What == ""
}

// Grown are the privileges that only the new profile needs, ways out first.
func (c Changes) Grown() []synth.Grant {
	var out []synth.Grant
	for _, e := range c.Opened {
		out = append(out, synth.Grant{Kind: WayOut, Name: e.Name().String(), Evidence: e.Evidence})
	}
	return append(out, c.More...)
}

// Left are those of the grants that no line is about.
func (a Acknowledged) Left(grants []synth.Grant) []synth.Grant {
	return slices.DeleteFunc(slices.Clone(grants), func(g synth.Grant) bool {
		return slices.ContainsFunc(a, func(line acknowledgement) bool { return line.covers(g) })
	})
}

// Idle are the lines that are about none of the grants.
func (a Acknowledged) Idle(grants []synth.Grant) []int {
	var out []int
	for _, line := range a {
		if !slices.ContainsFunc(grants, line.covers) {
			out = append(out, line.line)
		}
	}
	return out
}

// bare is what needs no quotation marks.
var bare = regexp.MustCompile(`^[A-Za-z0-9_./:@<>+=,%-]+$`)

// Acknowledgement is the line for a grant, but for its reason.
func Acknowledgement(g synth.Grant) string {
	words := []string{g.Kind, quoted(g.Name)}
	if g.What != "" {
		words = append(words, quoted(g.What))
	}
	return strings.Join(words, " ") + separator
}

func quoted(text string) string {
	if bare.MatchString(text) && text != "--" {
		return text
	}
	return strconv.QuoteToASCII(text)
}
