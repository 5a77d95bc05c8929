package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/proof/page"
	"github.com/osapi-io/osapi-profile/prove"
	"github.com/osapi-io/osapi-profile/trace"
)

// result is what a run under the profile showed.
type result struct {
	Name       string // worker and user
	Kernel     string
	Systemd    string // its version, as its package has it
	AppArmor   string // version of the parser, whose profile was enforced too; "" where the kernel has none
	Operations int    // of the plan
	AsTrained  int    // of these, how many did what they do without a profile
	Failing    int    // of those, how many do not work without a profile either
	Denied     int
	Withheld   int      // files
	OK         bool     // as verify has it
	Why        []string // all that went otherwise
	page.Weight
}

// read takes a result from the report of verify.
func read(r run, report *prove.Report) result {
	got := result{
		Name: r.String(), Kernel: report.Kernel, OK: report.OK, Operations: len(report.Operations),
		Denied: report.Denied(),
	}
	for _, d := range report.Withheld {
		if d.Kind == "file" { // the others are what was asked for it
			got.Withheld++
		}
	}
	if report.Broken != "" {
		got.Why = append(got.Why, report.Broken)
	}
	for _, line := range report.NotTaken {
		got.Why = append(got.Why, "not taken by systemd: "+line)
	}
	for _, o := range report.Operations {
		switch {
		case !o.AsTrained():
			got.Why = append(got.Why, strings.TrimSuffix(fmt.Sprintf("operation %s %s, and in training %s: %s", o.Name, cmp.Or(o.Now, "not run"), cmp.Or(o.Trained, "not run"), o.Detail), ": "))
			continue
		case o.Now != trace.OperationOK:
			got.Failing++
		}
		got.AsTrained++
	}
	for _, d := range slices.Concat(report.False, report.Untrained, report.Unexplained) {
		got.Why = append(got.Why, denial(d))
	}
	for _, h := range report.Holes {
		got.Why = append(got.Why, fmt.Sprintf("hole in what was watched: %s: %s", h.Kind, h.Detail))
	}
	return got
}

// denial words one, with one place where it happened and what is responsible.
func denial(d prove.Denial) string {
	text := fmt.Sprintf("%s %s %s = %s", d.Kind, d.Name, d.What, d.Outcome)
	if len(d.Facts) > 0 {
		text += fmt.Sprintf(" (%s in %s)", d.Facts[0].Who(), d.Facts[0].Operation)
	}
	if len(d.By) > 0 {
		text += " by " + strings.Join(d.By, ", ")
	}
	return strings.Join(strings.Fields(text), " ")
}

const head = "| Worker | Linux | systemd | AppArmor | Operations as in training | Of these failed in training too | Denials | Looks withheld " +
	"| System calls | Capabilities | Writable paths |\n" +
	"| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"

// renew is the text of a page on which workers have new results; the others keep theirs.
func renew(old string, results ...result) string {
	t := page.Table{Head: head, Lists: []string{"What went otherwise than in training, or was not seen:"}}
	for _, w := range workers() {
		for _, user := range []string{root, "osapi"} {
			t.Order = append(t.Order, run{Worker: w, User: user}.String())
		}
	}
	t.Read(old)
	for _, r := range results {
		t.Put(r.Name, fmt.Sprintf("%s | %s | %s | %d of %d | %d | %d | %d | %d | %d | %d", r.Kernel, r.Systemd, cmp.Or(r.AppArmor, "none"),
			r.AsTrained, r.Operations, r.Failing, r.Denied, r.Withheld, r.Syscalls, r.Capabilities, r.Writable))
		if len(r.Why) > 0 {
			t.Item(0, r.Name, r.Why)
		}
	}
	return t.String()
}
