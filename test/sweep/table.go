package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/osapi-io/osapi-profile/test/place"
)

// tables are the results as Markdown.
func tables(results []result) string {
	var b strings.Builder
	for _, r := range results {
		fmt.Fprintf(&b, "### %s\n\n", r.Daemon)
		fmt.Fprintf(&b, "Linux %s, capabilities seen by `%s`. %s\n\n", r.Kernel, r.Probe, r.summary())
		if len(r.Without) > 0 {
			b.WriteString("| Required | Without it |\n| --- | --- |\n")
			for _, w := range r.Without {
				fmt.Fprintf(&b, "| `%s` | %s |\n", w.Capability, r.tell(w))
			}
			b.WriteString("\n")
		}
		if len(r.Asked) > 0 {
			b.WriteString("| Asked for, not required | Because |\n| --- | --- |\n")
			for _, a := range r.Asked {
				fmt.Fprintf(&b, "| `%s` | %s |\n", a.Capability, a.Reason)
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

// summary says what the runs with a set of capabilities showed.
func (r *result) summary() string {
	text := "With exactly the required ones nothing is lost."
	if len(r.Required) == 0 {
		text = "Nothing is required, and without any capability nothing is lost."
	}
	if len(r.Missing) > 0 {
		text = "With exactly the required ones is lost: " + cell(r.Missing)
	}
	if len(r.Others) == 0 {
		return text
	}
	var bad []string
	for _, w := range r.Others {
		if len(w.Lost) > 0 {
			bad = append(bad, w.Capability+": "+cell(w.Lost))
		}
	}
	if len(bad) > 0 {
		return text + " Of the others, taken away one by one, something is lost with " + strings.Join(bad, ", ") + "."
	}
	return text + fmt.Sprintf(" Nor is it without any one of the %d others.", len(r.Others))
}

// tell words what a run lost.
func (r *result) tell(w without) string {
	switch {
	case len(w.Lost) > 0:
		return cell(w.Lost)
	case r.Unseen.Capability == w.Capability:
		return "not to be observed here: " + r.Unseen.Reason
	}
	return "nothing"
}

const shown = 2

var refused = regexp.MustCompile(`(?i)denied|not permitted`)

// cell shows the first of the lines that say most: what was refused, then what was
// not as it should be.
func cell(lines []string) string {
	var first, rest []string
	for _, line := range lines {
		text := "`" + strings.NewReplacer("`", "'", "|", "/", "\\", "/").Replace(line) + "`"
		if refused.MatchString(line) {
			first = append(first, text)
		} else if !strings.HasPrefix(line, "complains: ") {
			rest = append(rest, text)
		}
	}
	all := append(first, rest...)
	return strings.Join(all[:min(shown, len(all))], ", ")
}

func writePage(page string, guest bool, results []result) error {
	return place.RenewTable(page, "sweep", guest, func(string) string { return tables(results) })
}

// verdict is an error that names each result which does not hold.
func verdict(results []result) error {
	var all []error
	for _, r := range results {
		if len(r.Missing) > 0 {
			all = append(all, fmt.Errorf("%s needs more than what is required: %q", r.Daemon, r.Missing))
		}
		for _, w := range r.Without {
			if len(w.Lost) == 0 && w.Capability != r.Unseen.Capability {
				all = append(all, fmt.Errorf("%s does not need %s", r.Daemon, w.Capability))
			}
		}
		for _, w := range r.Others {
			if len(w.Lost) > 0 {
				all = append(all, fmt.Errorf("%s needs %s: %q", r.Daemon, w.Capability, w.Lost))
			}
		}
	}
	return errors.Join(all...)
}
