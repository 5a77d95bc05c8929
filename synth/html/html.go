// Package html writes a profile as one page for people to look around in: what
// the worker needs, why, what is open and what is unproven. The page is a single
// file that asks nothing of the network and runs no script but its own. It shows
// what the other formats and package explain have found; it infers nothing.
//
// Names of files, programs, operations and addresses are the worker's and may be
// anything. They reach the page through html/template and, in the browser, as
// text of elements only.
package html

import (
	"crypto/sha256"
	_ "embed" // the page's template, style and scripts
	"encoding/base64"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/apparmor"
	"github.com/osapi-io/osapi-profile/synth/systemd"
)

// Options steer the texts in the page.
type Options struct {
	Systemd  systemd.Options
	AppArmor apparmor.Options
	// Outlook says in words what a further recording is expected to add.
	Outlook string
}

//go:embed page/page.html
var pageText string

//go:embed page/parts.html
var partsText string

//go:embed page/page.css
var styleText string

//go:embed page/evidence.js
var evidenceText string

//go:embed page/page.js
var scriptText string

// page is what the template is filled in with.
type page struct {
	Policy   string // of the browser: what the page may load and run
	Style    template.CSS
	Script   template.JS
	Worker   worker
	Holes    []string
	Doubts   []string // what else is not proven
	Ways     []wayOut
	Figures  []figure
	Caps     []capability
	Phases   bool // the recording tells operations apart
	Tree     []*program
	Matrices []matrix
	Times    timeline
	Outlook  string
	Texts    []document
	Kinds    []kind
	Data     *data
}

// Write writes the page.
func Write(w io.Writer, p *synth.Profile, opt Options) error {
	v, err := newPage(p, opt)
	if err != nil {
		return err
	}
	return v.write(w)
}

func (v *page) write(w io.Writer) error {
	t, err := template.New("page").Parse(pageText)
	if err != nil {
		return err
	}
	if t, err = t.Parse(partsText); err != nil {
		return err
	}
	return t.ExecuteTemplate(w, "page", v)
}

func newPage(p *synth.Profile, opt Options) (*page, error) {
	script := evidenceText + scriptText
	v := &page{
		Policy: "default-src 'none'; style-src " + hash(styleText) + "; script-src " + hash(script) + "; base-uri 'none'; form-action 'none'",
		Style:  template.CSS(styleText),
		Script: template.JS(script),
		Worker: workerOf(p), Holes: holes(p), Doubts: doubts(p), Ways: waysOut(p), Caps: capabilities(p), Tree: tree(p), Matrices: matrices(p),
		Outlook: opt.Outlook, Kinds: kinds(), Phases: len(p.Operations) > 0,
	}
	v.Data = newData(p)
	v.Times = timelineOf(p)
	v.Figures = figures(v.Data)
	var err error
	v.Texts, err = documents(p, opt, v.Data)
	return v, err
}

// hash names a style or script in the page's policy by what it is.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// worker is who the page is about.
type worker struct{ Name, Exe, Users, Kernels, Arch, Runs string }

func workerOf(p *synth.Profile) worker {
	w := p.Worker
	return worker{
		Name: shown(w.Name), Exe: w.Exe.String(), Users: list(w.Users), Kernels: list(w.Kernels), Arch: list(w.Arch),
		Runs: counted(len(w.Runs), "run"),
	}
}

func list(names []string) string {
	var out []string
	for _, n := range names {
		if n != "" {
			out = append(out, shown(n))
		}
	}
	return strings.Join(out, ", ")
}

// shown is a name as one line that looks like what it is: control characters and
// those that change the direction of what follows are spelled out.
func shown(name string) string { return synth.OneLine(name) }

// holes are what the recording cannot vouch for.
func holes(p *synth.Profile) []string {
	var out []string
	for _, h := range p.Holes {
		text := shown(h.Kind)
		if h.Detail != "" {
			text += ": " + shown(h.Detail)
		}
		if h.Count > 0 {
			text += " (" + counted(int(h.Count), "time") + ")"
		}
		out = append(out, text)
	}
	return out
}

// doubts are further reasons not to call the profile complete.
func doubts(p *synth.Profile) []string {
	var out []string
	if len(p.Operations) == 0 {
		out = append(out, "The recording tells no operations apart: which request needs what cannot be told from it.")
	}
	if p.Replayed != nil {
		out = append(out, "The profile is for a user that no recording had. What that user needs was worked out from owners and modes of files.")
	}
	return append(out, "What the worker did not do while it was recorded is not in here. That it works under the profile is shown by running it under the profile.")
}

// wayOut is one reason for which the sandbox is open, and all that has it.
type wayOut struct {
	Why   string
	Names []string
}

// waysOut groups by reason, the widest first: capabilities and sockets of
// managers before files, each as the profile has them.
func waysOut(p *synth.Profile) []wayOut {
	var out []wayOut
	for _, e := range p.Escapes {
		why, name := shown(e.Why), e.Name().String()
		i := slices.IndexFunc(out, func(w wayOut) bool { return w.Why == why })
		if i < 0 {
			out = append(out, wayOut{Why: why})
			i = len(out) - 1
		}
		out[i].Names = append(out[i].Names, name)
	}
	return out
}

// capability is one row of the table of capabilities.
type capability struct {
	Name, Why, Programs, Operations string
	Granted                         bool
}

func capabilities(p *synth.Profile) []capability {
	var out []capability
	for _, c := range p.Capabilities {
		programs, operations := newWords(), newWords()
		for _, f := range c.Facts {
			programs.index(base(f.Subject))
			operations.index(f.Operation)
		}
		out = append(out, capability{
			Name: shown(c.Name), Why: shown(c.Reason), Granted: c.Need == synth.Required,
			Programs: some(programs.list), Operations: some(operations.list),
		})
	}
	slices.SortStableFunc(out, func(a, b capability) int { return boolean(b.Granted) - boolean(a.Granted) })
	return out
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// some lists the first few names.
func some(names []string) string {
	const shownAtMost = 4
	names = slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == "" })
	if more := len(names) - shownAtMost; more > 0 {
		return list(names[:shownAtMost]) + " and " + counted(more, "other")
	}
	return list(names)
}
