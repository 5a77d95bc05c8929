package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/osapi-io/osapi-profile/proof/page"
	"github.com/osapi-io/osapi-profile/test/place"
)

// Lists below the table.
const (
	reasonList = iota
	grantList
)

const head = "| Daemon | Debian's version | Linux | systemd | AppArmor | Operations passed | Denials | Acts denied | Acts granted | Acts not enforced " +
	"| Score of Debian's unit | Score | System calls | Capabilities | Writable paths |\n" +
	"| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"

func newTable() *page.Table {
	return &page.Table{Head: head, Order: names(), Lists: []string{
		reasonList: fmt.Sprintf("What keeps a score above %.1f, that which costs most first:", limit),
		grantList:  "Acts that are possible, and what grants them:",
	}}
}

// put takes in a result. Of a daemon that was not run under its profile
// nothing is told.
func put(t *page.Table, r result) {
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
	t.Put(r.Daemon, fmt.Sprintf("%s | %s | %s | %s | %d of %d | %d | %d | %d | %d | %s | %.1f | %d | %d | %d", r.Version, r.Kernel,
		r.Systemd, cmp.Or(r.AppArmor, "none"), r.Passed, r.Operations, len(r.Denials), r.Acts.Denied, granted, r.Acts.NotEnforced,
		shipped, r.Score, r.Syscalls, r.Capabilities, r.Writable))
	if r.Score > limit {
		t.Item(reasonList, r.Daemon, r.Why)
	}
	if granted > 0 {
		t.Item(grantList, r.Daemon, r.Acts.Granted)
	}
}

// table is the results as Markdown.
func table(results []result) string { return renew("", results) }

// renew is the text of a page on which daemons have new results; the others keep theirs, since
// the guest takes minutes for each.
func renew(old string, results []result) string {
	t := newTable()
	t.Read(old)
	for _, r := range results {
		put(t, r)
	}
	return t.String()
}

func writePage(name string, at where, results []result) error {
	tool := "proof"
	if at.apart {
		tool = "proof-children"
	}
	return place.RenewTable(name, tool, at.guest, func(old string) string { return renew(old, results) + "\n" })
}
