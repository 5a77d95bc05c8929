package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/osapi-io/osapi-profile/test/place"
)

// Parts of what a page tells of a daemon.
const (
	rowPart = iota
	reasonPart
	grantPart
)

// told is what a page tells, part by part, each by daemon.
type told [grantPart + 1]map[string]string

func nothing() told { return told{{}, {}, {}} }

// introductions begin the parts that are lists.
var introductions = [...]string{
	reasonPart: fmt.Sprintf("What keeps a score above %.1f, that which costs most first:", limit),
	grantPart:  "Acts that are possible, and what grants them:",
}

const head = "| Daemon | Debian's version | Linux | systemd | AppArmor | Operations passed | Denials | Acts denied | Acts granted | Acts not enforced " +
	"| Score of Debian's unit | Score | System calls | Capabilities | Writable paths |\n" +
	"| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"

// table is the results as Markdown.
func table(results []result) string {
	p := nothing()
	for _, r := range results {
		p.put(r)
	}
	return p.String()
}

// put takes in a result. Of a daemon that was not run under its profile
// nothing is told.
func (p *told) put(r result) {
	if r.Operations == 0 {
		return
	}
	shipped := "no unit"
	if r.Shipped > 0 {
		shipped = fmt.Sprintf("%.1f", r.Shipped)
	}
	granted := 0
	for _, g := range r.Acts.Granted {
		acts, _, _ := strings.Cut(g, ":")
		granted += len(strings.Fields(acts))
	}
	p[rowPart][r.Daemon] = fmt.Sprintf("| %s | %s | %s | %s | %s | %d of %d | %d | %d | %d | %d | %s | %.1f | %d | %d | %d |\n", r.Daemon, r.Version, r.Kernel,
		r.Systemd, cmp.Or(r.AppArmor, "none"), r.Passed, r.Operations, len(r.Denials), r.Acts.Denied, granted, r.Acts.NotEnforced,
		shipped, r.Score, r.Syscalls, r.Required, r.Writable)
	delete(p[reasonPart], r.Daemon)
	delete(p[grantPart], r.Daemon)
	if r.Score > limit {
		p[reasonPart][r.Daemon] = item(r.Daemon, r.Why)
	}
	if granted > 0 {
		p[grantPart][r.Daemon] = item(r.Daemon, r.Acts.Granted)
	}
}

func item(daemon string, all []string) string {
	text := strings.NewReplacer("<", "&lt;", "{", `\{`, "\n", " ").Replace(strings.Join(all, "; "))
	return fmt.Sprintf("- %s: %s.\n", daemon, text)
}

// String is Markdown, in the daemons' order.
func (p told) String() string {
	var b strings.Builder
	b.WriteString(head)
	for part, of := range p {
		if part > rowPart && len(of) > 0 {
			fmt.Fprintf(&b, "\n%s\n\n", introductions[part])
		}
		for _, d := range daemons(place.Bookworm) {
			b.WriteString(of[d.Name])
		}
	}
	return b.String()
}

// read takes in what a page said before.
func (p *told) read(old string) {
	part := rowPart
	for line := range strings.Lines(old) {
		for i, begin := range introductions {
			if begin != "" && strings.TrimSpace(line) == begin {
				part = i
			}
		}
		sign := "| "
		if part > rowPart {
			sign = "- "
		}
		if rest, ok := strings.CutPrefix(line, sign); ok {
			name, _, _ := strings.Cut(rest, " ")
			p[part][strings.TrimSuffix(name, ":")] = line
		}
	}
}

// renew is the text of a page on which daemons have new results; the others keep theirs, since
// the guest takes minutes for each.
func renew(old string, results []result) string {
	p := nothing()
	p.read(old)
	for _, r := range results {
		p.put(r)
	}
	return p.String()
}

func writePage(name string, at where, results []result) error {
	tool := "proof"
	if at.apart {
		tool = "proof-children"
	}
	return place.RenewTable(name, tool, at.guest, func(old string) string { return renew(old, results) + "\n" })
}
