package coverage

import (
	"bytes"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/trace"
)

// Line is one word of a unit that training with some operations gets otherwise than
// training with all.
type Line struct {
	Text string `json:"line"` // "SystemCallFilter=chdir"
	// Strict: training with some writes it, and the other operations forbid that.
	Strict bool `json:"too_strict,omitempty"`
	// Covered are options of emit by which training with some gets it right.
	Covered []string `json:"covered_by"`
	// Rules would cover it, each under its condition; none for what only training can
	// tell.
	Rules []string `json:"rules"`
}

// lets are the lists of a unit whose words let something through.
func lets() []string {
	return []string{
		"CapabilityBoundingSet", "AmbientCapabilities", "SystemCallFilter", "SystemCallArchitectures", "ReadWritePaths", "ExecPaths",
		"RestrictAddressFamilies", "RestrictFileSystems", "DeviceAllow", "SocketBindAllow", "IPAddressAllow",
	}
}

// follow are directives that follow from others, or say nothing of what is refused.
func follow() []string {
	return []string{"BindReadOnlyPaths", "NoExecPaths", "ReadOnlyPaths", "SystemCallErrorNumber", "AppArmorProfile"}
}

// wider are the options of emit by which it grants more than was seen.
type wider struct {
	name   string
	infer  func(*synth.Options)
	format systemd.Options
}

func options() []wider {
	return []wider{
		{"--syscalls groups", func(*synth.Options) {}, systemd.Options{CallGroups: true}},
		{"--fold broad", func(o *synth.Options) { o.Fold = synth.FoldBroad }, systemd.Options{}},
	}
}

// lines compares the unit of some operations with that of all.
func lines(some, all *trace.Trace, opt synth.Options) ([]Line, error) {
	whole, err := unitOf(all, opt, systemd.Options{})
	if err != nil {
		return nil, err
	}
	part, err := unitOf(some, opt, systemd.Options{})
	if err != nil {
		return nil, err
	}
	out := part.against(whole)
	for i, l := range out {
		out[i].Rules = part.rules(l)
	}
	for _, w := range options() {
		more := opt
		w.infer(&more)
		widened, err := unitOf(some, more, w.format)
		if err != nil {
			return nil, err
		}
		left := widened.against(whole)
		for i, l := range out {
			if !slices.ContainsFunc(left, func(other Line) bool { return other.Text == l.Text && other.Strict == l.Strict }) {
				out[i].Covered = append(out[i].Covered, w.name)
			}
		}
	}
	return out, nil
}

// unit are the words of a drop-in by directive.
type unit map[string][]string

func unitOf(t *trace.Trace, opt synth.Options, format systemd.Options) (unit, error) {
	var text bytes.Buffer
	if err := systemd.DropIn(&text, synth.Infer(t, opt), format); err != nil {
		return nil, err
	}
	read, err := systemd.ReadAssignments("", text.Bytes())
	if err != nil {
		return nil, err
	}
	var settings systemd.Settings
	names := map[string]bool{}
	for _, a := range read {
		settings = append(settings, a.Setting)
		names[a.Name] = true
	}
	groups := systemd.CallGroups(systemd.DefaultVersion)
	out := unit{}
	for name := range names {
		words, err := settings.Words(name)
		if err != nil {
			return nil, err
		}
		for _, w := range words {
			out[name] = append(append(out[name], strings.TrimPrefix(w, "-")), groups[w]...)
		}
	}
	return out, nil
}

// against lists in what a unit is narrower than another.
func (u unit) against(whole unit) []Line {
	out := []Line{}
	for _, name := range slices.Sorted(maps.Keys(whole)) {
		if !slices.Contains(lets(), name) || u[name] == nil {
			continue // a list that is not there refuses nothing
		}
		for _, w := range whole[name] {
			if !slices.ContainsFunc(u[name], func(have string) bool {
				return have == w || strings.HasPrefix(w, "/") && synth.Within(trace.Path(w), trace.Path(have))
			}) {
				out = append(out, Line{Text: name + "=" + w, Covered: []string{}})
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(u)) {
		if slices.Contains(lets(), name) || slices.Contains(follow(), name) {
			continue
		}
		for _, w := range u[name] {
			if !slices.Contains(whole[name], w) {
				out = append(out, Line{Text: name + "=" + w, Strict: true, Covered: []string{}})
			}
		}
	}
	return out
}

// rules are those that would cover a line which the unit lacks.
func (u unit) rules(l Line) []string {
	name, word, _ := strings.Cut(l.Text, "=")
	out := []string{}
	switch {
	case l.Strict:
	case name == "SystemCallFilter":
		out = append(out, synth.CoversCall(word)...)
	case strings.HasPrefix(word, "/"):
		dir := path.Dir(word)
		if slices.ContainsFunc(u[name], func(have string) bool { return path.Dir(have) == dir }) {
			out = append(out, synth.CoversPath(name, dir)...)
		}
	}
	return out
}

// writeLines writes them for an operator.
func writeLines(b *strings.Builder, all []Line) {
	covered := 0
	for _, l := range all {
		if len(l.Covered) > 0 {
			covered++
		}
	}
	if len(all) == 0 {
		b.WriteString("  its unit is that of all operations\n")
		return
	}
	fmt.Fprintf(b, "  its unit lacks or forbids %d that the unit of all operations does not; options of emit would cover %d:\n", len(all), covered)
	for _, l := range all {
		what := "is missing"
		if l.Strict {
			what = "is too strict"
		}
		fmt.Fprintf(b, "    %s %s", synth.OneLine(l.Text), what)
		if len(l.Covered) > 0 {
			fmt.Fprintf(b, " (%s)", strings.Join(l.Covered, ", "))
		}
		b.WriteByte('\n')
		for _, rule := range l.Rules {
			fmt.Fprintf(b, "      rule %s\n", synth.OneLine(rule))
		}
		if len(l.Rules) == 0 {
			b.WriteString("      no rule\n")
		}
	}
}
