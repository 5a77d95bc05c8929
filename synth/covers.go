package synth

import (
	"slices"
	"strings"
)

// CoversCall lists the rules that would grant a system call which no fact shows, each
// with its condition: "poll-siblings if one of ppoll, ppoll_time64 is seen".
func CoversCall(call string) []string {
	var out []string
	for _, r := range syscallRules() {
		if !slices.Contains(r.calls, call) {
			continue
		}
		switch {
		case r.sibling:
			others := slices.DeleteFunc(slices.Clone(r.calls), func(name string) bool { return name == call })
			if len(others) > 0 {
				out = append(out, r.Name+" if one of "+strings.Join(others, ", ")+" is seen")
			}
		case r.runtime != "":
			out = append(out, r.Name+" if a program of "+r.runtime+" runs")
		default:
			out = append(out, r.Name+" unless --strict is given")
		}
	}
	return out
}

// CoversPath lists the rules that would grant a path to a unit by granting its
// directory, where training has something in that directory already.
func CoversPath(directive, dir string) []string {
	switch directive {
	case "ReadWritePaths":
		rules := []string{RuleEntryDir + " if a name in " + dir + " is made, renamed or removed"}
		if holdsLogs(dir) {
			rules = append(rules, RuleRotation+" if a file in "+dir+" is appended to")
		}
		return rules
	case "ExecPaths":
		return []string{
			RuleProgramDir + " if packages hold " + dir + " and --exec-files is not given",
			RuleLibDir + " if it is a library in a directory of libraries",
		}
	}
	return nil
}
