package main

import (
	"fmt"
	"strings"

	"github.com/osapi-io/osapi-profile/test/place"
)

// table is the results as Markdown.
func table(results []result) string {
	rows, reasons := map[string]string{}, map[string]string{}
	for _, r := range results {
		shipped := "no unit"
		if r.Shipped > 0 {
			shipped = fmt.Sprintf("%.1f", r.Shipped)
		}
		rows[r.Daemon] = fmt.Sprintf("| %s | %s | %s | %d of %d | %d | %s | %.1f | %d | %d | %d |\n", r.Daemon, r.Version, r.Kernel,
			r.Passed, r.Operations, len(r.Denials), shipped, r.Score, r.Syscalls, r.Required, r.Writable)
		if r.Score > limit {
			reasons[r.Daemon] = fmt.Sprintf("- %s: %s.\n", r.Daemon, strings.Join(r.Why, "; "))
		}
	}
	return render(rows, reasons)
}

const head = "| Daemon | Debian's version | Linux | Operations passed | Denials | Score of Debian's unit | Score | System calls | Capabilities | Writable paths |\n" +
	"| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"

// render puts rows and reasons, each by daemon, into the daemons' order.
func render(rows, reasons map[string]string) string {
	var b, why strings.Builder
	b.WriteString(head)
	for _, d := range daemons() {
		b.WriteString(rows[d.Name])
		why.WriteString(reasons[d.Name])
	}
	if why.Len() > 0 {
		fmt.Fprintf(&b, "\nWhat keeps a score above %.1f, that which costs most first:\n\n%s", limit, &why)
	}
	return b.String()
}

// renew is a table in which daemons have new results; the others keep theirs, since
// the guest takes minutes for each.
func renew(old string, results []result) string {
	rows, reasons := map[string]string{}, map[string]string{}
	for line := range strings.Lines(old + table(results)) {
		if name, ok := strings.CutPrefix(line, "| "); ok && !strings.HasPrefix(name, "Daemon ") && !strings.HasPrefix(name, "---") {
			name, _, _ = strings.Cut(name, " ")
			rows[name] = line
			delete(reasons, name) // of before
		}
		if name, ok := strings.CutPrefix(line, "- "); ok {
			name, _, _ = strings.Cut(name, ":")
			reasons[name] = line
		}
	}
	return render(rows, reasons)
}

func writePage(page string, guest bool, results []result) error {
	return place.RenewTable(page, "proof", guest, func(old string) string { return renew(old, results) + "\n" })
}
