package acts

import (
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/trace"
)

// beyond are directives that the evaluator of anybody's units does not judge, and that
// of emitted ones does.
var beyond = strings.Fields(`PrivateNetwork IPAddressDeny SocketBindDeny RestrictNetworkInterfaces DevicePolicy RestrictFileSystems PrivateUsers
	PrivateMounts ProtectProc ProcSubset`)

// own is what the program is given beside the profile's lines (unit), under the name
// that it has in what is asked.
var own = systemd.Assignment{Setting: systemd.Setting{Name: "ExecPaths", Value: actor}, Section: "Service"}

// refused is the line that refuses what is asked, by its text.
func (g *granting) refused(all []systemd.Assignment, asked *trace.Trace) string {
	all = append(slices.Clip(all), own)
	judged, _, err := systemd.Judge(all, asked, g.Systemd, g.groups)
	if err == nil && len(judged) > 0 {
		return judged[0].Line.Text
	}
	var settings systemd.Settings
	for _, a := range all {
		settings = append(settings, a.Setting)
	}
	box, err := systemd.NewSandbox(settings, g.Systemd)
	if err != nil {
		return ""
	}
	for _, refusal := range box.Refuses(asked) {
		f, file := refusal.Of.(trace.File)
		if !slices.Contains(beyond, refusal.Directive) || file && f.FS == "" && refusal.Directive == "RestrictFileSystems" { // it goes by the type
			continue
		}
		for _, l := range g.box.lines {
			if l.name == refusal.Directive {
				return l.text
			}
		}
	}
	return ""
}

// opening are the lists whose words each leave something open.
var opening = []string{
	"SystemCallFilter", "CapabilityBoundingSet", "AmbientCapabilities", "RestrictAddressFamilies", "RestrictNamespaces", "ReadWritePaths", "ExecPaths",
	"BindPaths", "DeviceAllow", "IPAddressAllow", "SocketBindAllow",
}

// words are the words of lists without which what is asked would be refused.
func (g *granting) words(asked *trace.Trace) []string {
	calls := map[string]bool{}
	for _, s := range asked.Syscalls {
		calls[s.Name] = true
	}
	var out []string
	for _, a := range g.box.all {
		if !slices.Contains(opening, a.Name) || strings.HasPrefix(a.Value, "~") {
			continue
		}
		for _, w := range strings.Fields(a.Value) {
			if a.Name == "SystemCallFilter" && !strings.HasPrefix(w, "@") && !calls[w] {
				continue // every program makes some calls; what is asked is more
			}
			if a.Name == "RestrictAddressFamilies" && slices.Contains([]string{"AF_UNIX", "AF_INET", "AF_INET6"}, w) {
				continue // likewise: it does not say whom a socket may reach
			}
			if g.refused(without(g.box.all, a.Name, w), asked) != "" {
				out = append(out, a.Name+"="+w)
			}
		}
	}
	return out
}

// without takes a word out of a list. What may be executed is named by another list
// as well, which makes it read-only.
func without(all []systemd.Assignment, name, word string) []systemd.Assignment {
	var out []systemd.Assignment
	for _, a := range all {
		if a.Name == name || name == "ExecPaths" && a.Name == "BindReadOnlyPaths" {
			words := strings.Fields(a.Value)
			left := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == word })
			a.Value = strings.Join(left, " ")
			switch {
			case len(left) > 0 || len(words) == 0 || a.Name == "CapabilityBoundingSet":
			case a.Name == "RestrictAddressFamilies":
				a.Value = "none"
			default:
				continue // empty it would drop what the lines before it say
			}
		}
		out = append(out, a)
	}
	return out
}
