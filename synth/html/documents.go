package html

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/apparmor"
	"github.com/osapi-io/osapi-profile/synth/explain"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/synth/written"
)

// document is one text as emit writes it, line by line.
type document struct {
	ID, Title, File string
	Error           string // why there is none
	Explained       int
	Lines           []docLine
}

type docLine struct {
	Number  int
	Text    string
	Comment bool
	Why     bool // something stands behind it
}

// documents writes the texts and notes in the data what stands behind each line.
func documents(p *synth.Profile, opt Options, d *data) ([]document, error) {
	x, err := explain.New(p, explain.Options{Systemd: opt.Systemd, AppArmor: opt.AppArmor})
	if err != nil {
		return nil, err
	}
	unit := document{ID: "unit", Title: "systemd unit", File: p.Worker.Name + ".service"}
	err = unit.fill(x, d, written.Systemd, func(w io.Writer) error { return systemd.Unit(w, p, opt.Systemd) })
	if err != nil {
		return nil, err
	}
	profile := document{ID: "apparmor", Title: "AppArmor profile", File: "/etc/apparmor.d/" + p.Worker.Name}
	err = profile.fill(x, d, written.AppArmor, func(w io.Writer) error { return apparmor.Write(w, p, opt.AppArmor) })
	d.settle()
	return []document{unit, profile}, err
}

// fill takes in the lines. A text that cannot be written has its reason instead.
func (doc *document) fill(x *explain.Explainer, d *data, format written.Format, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		doc.Error = shown(err.Error())
		return nil
	}
	why, err := x.Lines(written.File{Name: doc.File, Text: b.Bytes(), Format: format})
	if err != nil {
		return err
	}
	lines := map[int]line{}
	for i, text := range strings.Split(strings.TrimRight(b.String(), "\n"), "\n") {
		l := docLine{Number: i + 1, Text: printable(text), Comment: strings.HasPrefix(strings.TrimSpace(text), "#")}
		if e, ok := why[l.Number]; ok && (e.Explained() || e.Means != "") {
			l.Why = true
			doc.Explained++
			lines[l.Number] = d.line(e)
		}
		doc.Lines = append(doc.Lines, l)
	}
	d.Lines[doc.ID] = lines
	return nil
}

func (d *data) line(e synth.Explanation) line {
	l := line{Means: shown(e.Means)}
	for _, r := range e.Rules {
		l.Rules = d.rule(l.Rules, r)
	}
	for _, g := range e.Grants {
		l.Needs = append(l.Needs, d.need(g))
	}
	return l
}

// printable spells out what a browser would not show, or would take as an order
// to change the direction of what follows.
func printable(text string) string {
	var b strings.Builder
	for i, r := range text {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(text[i:], string(utf8.RuneError)):
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case strconv.IsPrint(r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
