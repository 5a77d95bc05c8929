package main

import (
	"cmp"
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/test/place"
)

// shown is how many reasons are told for a score.
const shown = 4

// reasons words what costs most of a score, a directive each, with the facts that
// forbid better: what is granted where there are grants, else what the drop-in says.
func reasons(ctx context.Context, checks []exposure, unit string, p *synth.Profile) ([]string, error) {
	cost := map[string]float64{}
	var groups []string // of calls, some of which are let through
	for _, c := range checks {
		points, err := strconv.ParseFloat(c.Exposure, 64)
		if err != nil {
			continue // null: it does not matter here
		}
		directive, value, _ := strings.Cut(c.Name, "=")
		cost[directive] += points
		if group, ok := strings.CutPrefix(value, "~@"); ok && directive == "SystemCallFilter" {
			groups = append(groups, group)
		}
	}
	names := make([]string, 0, len(cost))
	for n := range cost {
		names = append(names, n)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(cost[b], cost[a]), cmp.Compare(a, b)) })
	var out []string
	for _, n := range names[:min(shown, len(names))] {
		var why string
		switch n {
		case "CapabilityBoundingSet":
			why = capabilities(p)
		case "RestrictAddressFamilies":
			why = families(p)
		case "SystemCallFilter":
			var err error
			if why, err = calls(ctx, groups, p); err != nil {
				return nil, err
			}
		case "User":
			why = "the unit starts it as root"
		default:
			why = leftOut(unit, n)
		}
		out = append(out, fmt.Sprintf("`%s=` costs %.1f: %s", n, cost[n], why))
	}
	return out, nil
}

func capabilities(p *synth.Profile) string {
	var all []string
	for _, c := range p.Capabilities {
		if c.Need == synth.Required {
			all = append(all, c.Name+by(c.Evidence))
		}
	}
	return strings.Join(all, ", ")
}

func families(p *synth.Profile) string {
	seen := map[string]bool{}
	var all []string
	for _, s := range p.Sockets {
		if !seen[s.Family] {
			seen[s.Family] = true
			all = append(all, s.Family+by(s.Evidence))
		}
	}
	return strings.Join(all, ", ")
}

// calls names those of some groups that the profile grants.
func calls(ctx context.Context, groups []string, p *synth.Profile) (string, error) {
	var all []string
	for _, g := range groups {
		text, err := place.Output(exec.CommandContext(ctx, "systemd-analyze", "syscall-filter", "--no-pager", "@"+g))
		if err != nil {
			return "", err
		}
		members := strings.Fields(text)
		for _, c := range p.Syscalls {
			if slices.Contains(members, c.Name) {
				all = append(all, "@"+g+" has "+c.Name+by(c.Evidence))
				break // one is enough to forbid it
			}
		}
	}
	return strings.Join(all, ", "), nil
}

// by tells one fact of a grant, or its rule.
func by(e synth.Evidence) string {
	if len(e.Facts) == 0 {
		return " (rule " + strings.Join(e.Rules, ", ") + ")"
	}
	f := e.Facts[0]
	return fmt.Sprintf(" (%s in %s)", f.Who(), f.Operation)
}

// leftOut is why the drop-in has no such directive, in its own words.
func leftOut(unit, directive string) string {
	_, rest, ok := strings.Cut(unit, "\n# "+directive+"= left out: ")
	if !ok {
		return "it is not for the profile to say"
	}
	var words []string
	for i, line := range strings.Split(rest, "\n") {
		more, is := strings.CutPrefix(line, "#   ")
		if i > 0 && !is {
			break
		}
		words = append(words, strings.Fields(more)...)
	}
	text, _, _ := strings.Cut(strings.Join(words, " "), "; ")
	return strings.TrimSuffix(text, ".")
}
