package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/osapi-io/osapi-profile/prove/minimize"
	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/apparmor"
	"github.com/osapi-io/osapi-profile/synth/check"
	"github.com/osapi-io/osapi-profile/synth/systemd"
)

// marked are the formats that tell of marks; only these that can leave something out
// for them.
func marked() []string       { return []string{"systemd", "unit", "apparmor", "seccomp", "markdown", "json"} }
func onlyRequired() []string { return []string{"systemd", "unit", "apparmor", "seccomp"} }

// checkMarks finds options about marks that come to nothing.
func (o *emitOptions) checkMarks(cmd *cobra.Command) error {
	switch {
	case o.only && o.marks == "":
		return usageError(cmd, "--only-required needs --marks, which say what is required")
	case o.marks != "" && !slices.Contains(marked(), o.format):
		return usageError(cmd, "--marks: %s tells of none; there are %s", o.format, strings.Join(marked(), ", "))
	case o.only && !slices.Contains(onlyRequired(), o.format):
		return usageError(cmd, "--only-required: of %s nothing is left out; there are %s", o.format, strings.Join(onlyRequired(), ", "))
	}
	return nil
}

// readMarks gives a profile its marks, and says where they do not fit it.
func (o *emitOptions) readMarks(p *synth.Profile, stderr io.Writer) error {
	if o.marks == "" {
		return nil
	}
	state, err := minimize.ReadFile(o.marks)
	if err != nil {
		return err
	}
	if !state.Finished {
		if o.only {
			return fmt.Errorf("%s: %s; run minimize again, which goes on from there", o.marks, state.Summary())
		}
		note(stderr, "%s: %s", o.marks, state.Summary())
	}
	if state.Worker != p.Worker.Exe && state.Worker != p.Worker.Called {
		return fmt.Errorf("%s is about %s, and the profile about %s", o.marks, state.Worker, p.Worker.Exe)
	}
	p.Marks = state.Marks()
	return o.tellOthers(p, stderr)
}

// tellOthers says which marks are of no line of the profile, and which lines have none:
// the profile was another one when it was minimized.
func (o *emitOptions) tellOthers(p *synth.Profile, stderr io.Writer) error {
	in := synth.InSystemd
	switch o.format {
	case "apparmor":
		in = synth.InAppArmor
	case "systemd", "unit":
	default:
		return nil
	}
	all := *o
	all.only = false
	var text bytes.Buffer
	if err := formatOf(o.format).write(&text, p, all); err != nil {
		return err
	}
	written, err := entriesIn(in, text.Bytes())
	if err != nil {
		return err
	}
	var without, more []string
	ran := slices.ContainsFunc(p.Marks.Entries, func(m synth.Marked) bool { return slices.Contains(m.In, in) })
	if !ran && in == synth.InAppArmor {
		note(stderr, "%s is about a unit alone: of the AppArmor profile only capabilities have a mark", o.marks)
		return nil
	}
	for _, e := range written { // of the kinds that were taken away
		took := slices.ContainsFunc(p.Marks.Entries, func(m synth.Marked) bool { return m.Kind == e.Kind })
		if took && p.Marks.Of(e.Kind, e.Name) == "" {
			without = append(without, e.String())
		}
	}
	for _, m := range p.Marks.Entries {
		if slices.Contains(m.In, in) && !slices.Contains(written, m.Entry) {
			more = append(more, m.Entry.String())
		}
	}
	if len(without) > 0 {
		note(stderr, "%s has no mark for %s", o.marks, strings.Join(without, ", "))
	}
	if len(more) > 0 {
		note(stderr, "%s has marks for what this profile does not grant: %s", o.marks, strings.Join(more, ", "))
	}
	return nil
}

// entriesIn are those of a text.
func entriesIn(format string, text []byte) ([]synth.Entry, error) {
	if format == synth.InAppArmor {
		return apparmor.Entries(text), nil
	}
	lines, err := systemd.ReadAssignments("", text)
	return systemd.Entries(lines, check.HostGroups()), err
}
