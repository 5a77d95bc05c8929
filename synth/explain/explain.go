// Package explain leads from the lines of a written profile to the facts and
// rules behind them, and from a fact to the lines that it causes.
package explain

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/apparmor"
	"github.com/osapi-io/osapi-profile/synth/seccomp"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/synth/written"
)

// Options steer what would be written: where a line is not named, all that
// would be are explained.
type Options struct {
	Systemd  systemd.Options
	AppArmor apparmor.Options
}

// Explainer explains lines of every format by one profile.
type Explainer struct {
	profile  *synth.Profile
	opt      Options
	systemd  *systemd.Explainer
	apparmor *apparmor.Explainer
}

// ErrNoLine is returned for a place where no line stands that could be explained.
var ErrNoLine = errors.New("nothing that could be explained stands there")

// New makes an explainer for what p needs.
func New(p *synth.Profile, opt Options) (*Explainer, error) {
	x, err := systemd.NewExplainer(p, opt.Systemd)
	if err != nil {
		return nil, err
	}
	return &Explainer{p, opt, x, apparmor.NewExplainer(p, opt.AppArmor)}, nil
}

// Everything explains each line that would be written, and each directive that
// would not.
func (x *Explainer) Everything() ([]synth.Explanation, error) {
	var b bytes.Buffer
	if err := systemd.DropIn(&b, x.profile, x.opt.Systemd); err != nil {
		return nil, err
	}
	out, err := x.File(written.File{Text: b.Bytes(), Format: written.Systemd})
	if err != nil {
		return nil, err
	}
	for _, name := range systemd.Directives() {
		if e := x.systemd.LeftOut(name); e.Text != "" {
			out = append(out, e)
		}
	}
	for format, write := range map[written.Format]func() error{
		written.AppArmor: func() error { return apparmor.Write(&b, x.profile, x.opt.AppArmor) },
		written.Seccomp:  func() error { return seccomp.Write(&b, x.profile, seccomp.Options{}) },
	} {
		b.Reset()
		if write() != nil {
			continue // a trace without the facts that it stands on has no such format
		}
		lines, err := x.File(written.File{Text: b.Bytes(), Format: format})
		if err != nil {
			return nil, err
		}
		out = append(out, lines...)
	}
	for i := range out {
		out[i].Number = 0 // there is no file that it is in
	}
	slices.SortStableFunc(out, func(a, b synth.Explanation) int { return cmp.Compare(order(a), order(b)) })
	return out, nil
}

// order is that of the formats.
func order(e synth.Explanation) int {
	return slices.Index([]string{"systemd", "apparmor", "seccomp"}, e.Format)
}

// File explains each line of a unit, drop-in or AppArmor profile.
func (x *Explainer) File(f written.File) ([]synth.Explanation, error) {
	out := []synth.Explanation{}
	switch f.Format {
	case written.Systemd:
		all, err := systemd.ReadAssignments(f.Name, f.Text)
		for _, a := range all {
			out = append(out, x.systemd.Explain(a))
		}
		return out, err
	case written.AppArmor:
		lines, err := apparmor.Lines(f.Name, f.Text)
		for _, l := range lines {
			out = append(out, x.apparmor.Explain(l))
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", f.Name, err)
		}
		return out, err
	}
	if f.Format == written.Seccomp {
		for _, l := range seccomp.Lines(f.Name, f.Text) {
			out = append(out, seccomp.Explain(x.profile, l))
		}
		return out, nil
	}
	return nil, fmt.Errorf("%s: %s has no lines to explain; name a unit, a drop-in, an AppArmor profile or a seccomp filter", f.Name, f.Format)
}

// Lines explains each line of a file, by its number, and each comment that says
// why a directive is left out.
func (x *Explainer) Lines(f written.File) (map[int]synth.Explanation, error) {
	all, err := x.File(f)
	out := map[int]synth.Explanation{}
	for _, e := range all {
		out[e.Number] = e
	}
	for i, text := range strings.Split(string(f.Text), "\n") {
		if e, ok := x.leftOut(f, i+1, text); ok {
			out[i+1] = e
		}
	}
	return out, err
}

// leftOut explains a comment that says why a directive is not written.
func (x *Explainer) leftOut(f written.File, number int, text string) (synth.Explanation, bool) {
	m := leftOut.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil || f.Format != written.Systemd {
		return synth.Explanation{}, false
	}
	e := x.systemd.LeftOut(m[1])
	e.Line = synth.Line{File: f.Name, Number: number, Text: e.Text}
	return e, e.Text != ""
}

var leftOut = regexp.MustCompile(`^# ([A-Za-z]+)= left out`)

// At explains the line of a file. A comment belongs to the line that follows it,
// and one that says why a directive is left out is explained by that.
func (x *Explainer) At(f written.File, number int) (synth.Explanation, error) {
	lines := strings.Split(string(f.Text), "\n")
	if number < 1 || number > len(lines) {
		return synth.Explanation{}, fmt.Errorf("%s:%d: %w", f.Name, number, ErrNoLine)
	}
	text := strings.TrimSpace(lines[number-1])
	if e, ok := x.leftOut(f, number, text); ok {
		return e, nil
	}
	all, err := x.File(f)
	if err != nil {
		return synth.Explanation{}, err
	}
	next := slices.IndexFunc(all, func(e synth.Explanation) bool { return e.Number > number })
	if next < 0 {
		next = len(all)
	}
	if text == "" || strings.HasPrefix(text, "#") || strings.HasPrefix(text, ";") {
		if exact := slices.IndexFunc(all, func(e synth.Explanation) bool { return e.Number == number }); exact >= 0 {
			return all[exact], nil
		}
	} else if next--; next < 0 {
		return synth.Explanation{}, fmt.Errorf("%s:%d: %w", f.Name, number, ErrNoLine)
	}
	if next == len(all) || text == "" || strings.HasPrefix(text, "[") && f.Format == written.Systemd {
		return synth.Explanation{}, fmt.Errorf("%s:%d: %w", f.Name, number, ErrNoLine)
	}
	return all[next], nil
}

var (
	assignment = regexp.MustCompile(`^[A-Z][A-Za-z]+=`)
	ruleWord   = regexp.MustCompile(`^(audit|deny|allow|owner|capability|network|signal|ptrace|link|mount|remount|umount|pivot_root|dbus|unix|file)( .|,$)`)
	pathRule   = regexp.MustCompile(`^"?[/@].*[ \t][mrwklaixpcuPCU]+,?$`)
)

// Text explains a line that was given as it stands in a profile; false when the
// text looks like none.
func (x *Explainer) Text(text string) ([]synth.Explanation, bool) {
	text = strings.TrimSpace(text)
	name, value, _ := strings.Cut(text, "=")
	switch {
	case slices.Contains(systemd.Directives(), name) && value == "":
		return x.directive(name), true
	case assignment.MatchString(text):
		setting := systemd.Setting{Name: name, Value: strings.TrimSpace(value)}
		return []synth.Explanation{x.systemd.Explain(systemd.Assignment{Line: synth.Line{Text: text}, Section: "Service", Setting: setting})}, true
	case ruleWord.MatchString(text) || pathRule.MatchString(text):
		return []synth.Explanation{x.apparmor.Explain(synth.Line{Text: strings.TrimSuffix(text, ",") + ","})}, true
	}
	return nil, false
}

// directive explains all that would be written of one, or why nothing is.
func (x *Explainer) directive(name string) []synth.Explanation {
	if e := x.systemd.LeftOut(name); e.Text != "" {
		return []synth.Explanation{e}
	}
	all, err := x.Everything()
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(all, func(e synth.Explanation) bool { return !strings.HasPrefix(e.Text, name+"=") })
}
