// Package check asks a written profile which facts of a trace it would deny, by
// the semantics of its own format.
package check

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/apparmor"
	"github.com/osapi-io/osapi-profile/synth/seccomp"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/synth/written"
	"github.com/osapi-io/osapi-profile/trace"
)

// Denial is what a profile would deny, with the facts of it.
type Denial struct {
	Kind  string          `json:"kind"`
	Name  trace.Path      `json:"name"`
	What  string          `json:"what,omitempty"`
	By    string          `json:"by"` // the line or rule, in words
	Facts []synth.FactRef `json:"facts"`
}

// Report is what a profile would do to a trace.
type Report struct {
	Format  written.Format `json:"format"`
	Files   []string       `json:"files"`
	Profile string         `json:"profile,omitempty"` // name of the AppArmor profile
	// Facts are those that the worker's outcome rests on, Refused those of them
	// that would be denied.
	Facts    int              `json:"facts"`
	Refused  int              `json:"refused"`
	Denied   []Denial         `json:"denied"`
	Unjudged []synth.Unjudged `json:"not_judged"`
}

// Options steer the evaluation.
type Options struct {
	Version  int            // major version of systemd; 0 for the oldest that is known
	Groups   systemd.Groups // nil: no group of system calls is known
	AppArmor fs.FS          // stands for /etc/apparmor.d
	Name     string         // of the AppArmor profile, where a file holds several
}

// Reasons not to judge.
var (
	ErrMixed   = errors.New("profiles of different formats: check them one at a time")
	ErrSeveral = errors.New("only unit files are merged: check the others one at a time")
	ErrName    = errors.New("choose one with --name")
)

// Of judges the facts of a trace by the profile in some files: one, or a unit
// and its drop-ins in the order in which systemd reads them.
func Of(files []written.File, t *trace.Trace, opt Options) (Report, error) {
	t = t.Confined()
	r := Report{Format: files[0].Format, Denied: []Denial{}, Unjudged: []synth.Unjudged{}}
	for _, f := range files {
		switch {
		case f.Format != r.Format:
			return r, ErrMixed
		case len(r.Files) > 0 && r.Format != written.Systemd:
			return r, ErrSeveral
		}
		r.Files = append(r.Files, f.Name)
	}
	for _, f := range synth.Facts(t) {
		if f.Idle == "" {
			r.Facts++
		}
	}
	judge := map[written.Format]func([]written.File, *trace.Trace, Options) (refused, error){
		written.Systemd: r.unit, written.AppArmor: r.apparmor, written.Seccomp: r.seccomp, written.JSON: r.json,
	}[r.Format]
	if judge == nil {
		return r, fmt.Errorf("%s: %s is no profile", files[0].Name, r.Format)
	}
	denied, err := judge(files, t, opt)
	for _, d := range denied {
		if d.Kind == "resource" { // a measurement, which is counted where it matters
			r.Facts++
		}
	}
	r.Denied, r.Refused = denied.joined(), len(denied)
	return r, err
}

// refused are facts, each as it was denied.
type refused []Denial

func (d *refused) add(w synth.Teller, of any, by string) {
	f := w.Fact(of)
	*d = append(*d, Denial{f.Kind, f.Name, f.What, by, []synth.FactRef{f.FactRef}})
}

// joined makes one denial of equal ones, whose facts differ in who and when.
func (d refused) joined() []Denial {
	key := func(a, b Denial) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.What, b.What), cmp.Compare(a.By, b.By))
	}
	slices.SortStableFunc(d, key)
	out := []Denial{}
	for _, denial := range d {
		if n := len(out); n > 0 && key(out[n-1], denial) == 0 {
			out[n-1].Facts = append(out[n-1].Facts, denial.Facts...)
			continue
		}
		out = append(out, denial)
	}
	return out
}

func (r *Report) unit(files []written.File, t *trace.Trace, opt Options) (refused, error) {
	var all []systemd.Assignment
	starts := false
	for _, f := range files {
		read, err := systemd.ReadAssignments(f.Name, f.Text)
		if err != nil {
			return nil, err
		}
		for _, a := range read {
			starts = starts || a.Section == "Service" && a.Name == "ExecStart"
		}
		all = append(all, read...)
	}
	judged, unjudged, err := systemd.Judge(all, t, cmp.Or(opt.Version, systemd.DefaultVersion), opt.Groups)
	if err != nil {
		return nil, err
	}
	if !starts {
		unjudged = append(unjudged, synth.Unjudged{
			Line: synth.Line{File: strings.Join(r.Files, ", "), Text: "no ExecStart="},
			Why:  "only drop-ins were named: what the unit itself says is not known",
		})
	}
	r.Unjudged = append(r.Unjudged, unjudged...)
	var denied refused
	w := synth.NewTeller(t)
	for _, j := range judged {
		denied.add(w, j.Of, j.Line.String())
	}
	return denied, nil
}

func (r *Report) apparmor(files []written.File, t *trace.Trace, opt Options) (refused, error) {
	profiles, err := apparmor.Load(files[0].Name, files[0].Text, opt.AppArmor)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, p := range profiles {
		names = append(names, p.Name)
	}
	chosen := slices.Index(names, opt.Name)
	switch {
	case opt.Name == "" && len(profiles) == 1:
		chosen = 0
	case chosen < 0:
		return nil, fmt.Errorf("%s holds the profiles %s; %w", files[0].Name, strings.Join(names, ", "), ErrName)
	}
	p := profiles[chosen]
	r.Profile = p.Name
	found, unjudged := p.Judge(t)
	r.Unjudged = append(r.Unjudged, unjudged...)
	var denied refused
	w := synth.NewTeller(t)
	for _, d := range found {
		denied.add(w, d.Of, p.Why(d))
	}
	return denied, nil
}

func (r *Report) seccomp(files []written.File, t *trace.Trace, _ Options) (refused, error) {
	f, err := seccomp.Read(bytes.NewReader(files[0].Text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", files[0].Name, err)
	}
	for _, text := range seccomp.Conditions(files[0].Text) {
		r.Unjudged = append(r.Unjudged, synth.Unjudged{
			Line: synth.Line{File: files[0].Name, Text: text},
			Why:  "a container engine decides by capabilities, architecture or kernel whether the entry is there; taken to be",
		})
	}
	var denied refused
	w := synth.NewTeller(t)
	for _, refusal := range f.Refuses(t) {
		denied.add(w, refusal.Of, "the filter, which does not let through: "+refusal.Fact)
	}
	return denied, nil
}

func (r *Report) json(files []written.File, t *trace.Trace, _ Options) (refused, error) {
	p, err := synth.ReadJSON(bytes.NewReader(files[0].Text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", files[0].Name, err)
	}
	var denied refused
	w := synth.NewTeller(t)
	for _, of := range p.Refuses(t) {
		denied.add(w, of, "the profile does not grant it")
	}
	return denied, nil
}
