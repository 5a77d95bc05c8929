package systemd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// directoryRows let systemd make the worker's directories for the user that it
// is to run as.
func directoryRows() []row {
	one := func(name string, mode int) row {
		return row{
			name: name, since: 211, kinds: []string{"file"},
			says:   "Made for the user at each start; what is in it becomes theirs.",
			unless: "--user names no other user than the recorded one, or the worker has no directory of its own name there",
			write:  func(d *draft, t *text) { d.writeDirectory(t, name, mode) },
		}
	}
	return []row{
		one("StateDirectory", 0o750), one("CacheDirectory", 0o750), one("LogsDirectory", 0o750), one("RuntimeDirectory", 0o755),
	}
}

func groupRow() row {
	return row{
		name: "SupplementaryGroups", since: 1, kinds: []string{"file"},
		says:   "Groups that own files which root needed no permission for.",
		unless: "--user names no other user than the recorded one; groups that equal root are never listed",
		write: func(d *draft, t *text) {
			if d.Replayed == nil {
				return
			}
			for _, g := range d.Replayed.Groups {
				t.item("%s: %s", plainText(g.Answer), somePaths(g.Paths))
				t.line("SupplementaryGroups=" + plainText(g.Answer))
			}
		},
	}
}

func (d *draft) writeDirectory(t *text, directive string, mode int) {
	if d.Replayed == nil {
		return
	}
	for _, a := range d.Replayed.Directories {
		if a.Directive == directive && plainWord(a.Answer) {
			t.item("%s", somePaths(a.Paths))
			t.line(directive + "=" + a.Answer)
			t.line(fmt.Sprintf("%sMode=%#o", directive, mode))
		}
	}
}

func somePaths(paths []trace.Path) string {
	names := make([]string, 0, len(paths))
	for _, p := range paths {
		names = append(names, quoted(p))
	}
	return few(names)
}

// asAnother says what the replay for a user could not answer.
func (d *draft) asAnother(t *text) {
	if d.Replayed == nil {
		return
	}
	var caps []string
	for _, c := range d.Capabilities {
		if c.Need == synth.Required && slices.Contains(c.Rules, synth.RuleReplay) {
			caps = append(caps, plainText(c.Name))
		}
	}
	t.comment()
	t.say("USER: recorded as %s, made for %s, who owns nothing and is in no group for all that is known.",
		list(d.Worker.Users, "nobody"), plainText(d.Replayed.Name))
	t.item("by directory: %s; by group: %s; by capability: %s", answers(d.Replayed.Directories), answers(d.Replayed.Groups),
		list(caps, "none"))
	for _, u := range d.Replayed.Unanswered {
		t.item("UNANSWERED, by %s: %s", plainText(u.Answer), somePaths(u.Paths))
	}
}

func answers(all []synth.UserAnswer) string {
	var words []string
	for _, a := range all {
		words = append(words, strings.TrimPrefix(a.Directive+"="+a.Answer, "="))
	}
	return list(words, "none")
}
