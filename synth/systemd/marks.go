package systemd

import (
	"fmt"
	"io"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// leftOutMark says whether an entry is to be left out for its mark.
func (d *draft) leftOutMark(kind, name string) bool {
	return d.OnlyRequired && d.Marks.Of(kind, name) == synth.MarkTolerated
}

// inBrackets is the mark of an entry behind its name in a comment.
func (d *draft) inBrackets(kind, name string) string {
	switch mark := d.Marks.Of(kind, name); {
	case mark == "":
		return ""
	case d.leftOutMark(kind, name):
		return " (" + string(mark) + ", left out)"
	default:
		return " (" + string(mark) + ")"
	}
}

// before is the mark of a path before the words of its comment.
func (d *draft) before(kind string, p trace.Path) string {
	switch mark := d.Marks.Of(kind, string(p)); {
	case mark == "":
		return ""
	case d.leftOutMark(kind, string(p)):
		return quoted(p) + " is " + string(mark) + " and left out: "
	default:
		return string(mark) + ": "
	}
}

// marked says on top what running the worker without parts of this has shown.
func (d *draft) marked(t *text) {
	if d.Marks == nil {
		return
	}
	count := map[synth.Mark]int{}
	for _, e := range d.entries() {
		count[d.Marks.Of(e.Kind, e.Name)]++
	}
	t.comment()
	t.say("MARKS of minimize, which ran the worker without parts of this: %d required, %d tolerated, %d unproven.",
		count[synth.MarkRequired], count[synth.MarkTolerated], count[synth.MarkUnproven])
	vouch := fmt.Sprintf("Only these operations vouch for that: %s.", commaList(d.Marks.Operations))
	switch tolerated := count[synth.MarkTolerated]; {
	case tolerated == 0:
		t.say("%s", vouch)
	case d.OnlyRequired:
		t.say("The %d tolerated ones are left out, and what only they let through is refused. %s", tolerated, vouch)
	default:
		t.say("The tolerated ones are granted all the same. %s", vouch)
	}
}

// entries are those that the draft has lines for.
func (d *draft) entries() []synth.Entry {
	var out []synth.Entry
	for _, c := range d.Required() {
		out = append(out, synth.Entry{Kind: synth.EntryCapability, Name: c})
	}
	for _, s := range d.Syscalls {
		if synth.HighRisk(s.Name) != "" && s.ABI == "" && d.named(s.Name) {
			out = append(out, synth.Entry{Kind: synth.EntrySyscall, Name: s.Name})
		}
	}
	for _, p := range d.plan.write.sorted() {
		out = append(out, synth.Entry{Kind: synth.EntryWrite, Name: string(p)})
	}
	for _, p := range d.plan.exec.sorted() {
		out = append(out, synth.Entry{Kind: synth.EntryExec, Name: string(p)})
	}
	return out
}

func commaList(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(each(names, plainText), ", ")
}

// to writes the text, without what is left out for its mark.
func (d *draft) to(w io.Writer, t *text) error {
	if !d.OnlyRequired {
		return t.to(w)
	}
	less, err := Without([]byte(t.String()), d.Marks.With(synth.MarkTolerated))
	if err != nil {
		return err
	}
	_, err = w.Write(less)
	return err
}
