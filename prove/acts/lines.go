package acts

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/synth/written"
)

// line is what is taken away at once: the lines of a unit that say one thing, or
// the AppArmor profile as a whole.
type line struct {
	name string // of the directive
	text string // as it is told: "ProtectSystem=strict", of a long list its name
	all  []systemd.Assignment
}

// appArmor is the name of the line that stands for the AppArmor profile.
const appArmor = "AppArmorProfile"

// belongs are directives that say one thing together.
var belongs = map[string]string{
	"Group": "User", "SupplementaryGroups": "User", "DynamicUser": "User", "DeviceAllow": "DevicePolicy",
}

// exceptions take away nothing by themselves: they are what others leave open. A
// directive that is tried alone is tried with them.
var exceptions = []string{
	"ReadWritePaths", "ExecPaths", "BindPaths", "IPAddressAllow", "SocketBindAllow", "SystemCallErrorNumber", "AmbientCapabilities", "SecureBits",
	"UMask", "Environment", "PrivateTmp", "TemporaryFileSystem",
}

// takesToo are exceptions that take something away as well: /tmp becomes another one.
var takesToo = []string{"PrivateTmp", "TemporaryFileSystem"}

// beside are directives that say nothing of what is allowed, and would get in the way
// of the acts, or of a service of which this is a copy.
func beside(name string) bool {
	for _, prefix := range []string{"Memory", "CPU", "Tasks", "Limit", "IO", "OOM", "Cond", "Assert"} {
		if strings.HasPrefix(name, prefix) && name != "MemoryDenyWriteExecute" {
			return true
		}
	}
	return slices.Contains([]string{"WorkingDirectory", "PAMName", "LoadCredential", "SetCredential", "ImportCredential", "CPUQuota", appArmor}, name)
}

// made are directories that systemd makes for a service and lets it write. They are
// named as what may be written, so that none is made, or taken from a service that
// runs.
var made = map[string]string{
	"StateDirectory": "/var/lib", "CacheDirectory": "/var/cache", "LogsDirectory": "/var/log", "RuntimeDirectory": "/run",
}

// sandbox is a unit's text, taken apart.
type sandbox struct {
	all   []systemd.Assignment // what is kept of it, in its order
	lines []line               // what takes something away, in the order of the text
}

// readSandbox reads a unit and its drop-ins. What stands for the name of the service
// in them is that of the given one, "" where they are of no service yet.
func readSandbox(files []written.File, name string) (*sandbox, error) {
	s := &sandbox{}
	names := specifiers(name)
	for _, f := range files {
		read, err := systemd.ReadAssignments(f.Name, f.Text)
		if err != nil {
			return nil, err
		}
		for _, a := range read {
			a.Value = names.Replace(a.Value)
			a.Text = a.Name + "=" + a.Value
			s.take(a)
		}
	}
	return s, nil
}

// specifiers puts in the names that systemd makes of a service's (systemd.unit(5)).
func specifiers(name string) *strings.Replacer {
	if name == "" {
		return strings.NewReplacer()
	}
	stem := strings.TrimSuffix(name, ".service")
	prefix, instance, _ := strings.Cut(stem, "@")
	return strings.NewReplacer("%%", "%%", "%n", name, "%N", stem, "%p", prefix, "%P", prefix, "%i", instance, "%I", instance,
		"%j", prefix[strings.LastIndexByte(prefix, '-')+1:])
}

func (s *sandbox) take(a systemd.Assignment) {
	keeps := belongs[a.Name] != "" || slices.Contains(exceptions, a.Name) || a.Name == "KeyringMode"
	switch {
	case a.Section != "Service" || beside(a.Name) || !keeps && made[a.Name] == "" && systemd.Harmless(a.Name):
		return
	case made[a.Name] != "":
		var dirs []string
		for _, w := range strings.Fields(a.Value) {
			dirs = append(dirs, "-"+path.Join(made[a.Name], w), "-"+path.Join(made[a.Name], "private", w))
		}
		a.Name, a.Value = "ReadWritePaths", strings.Join(dirs, " ")
		a.Text = a.Name + "=" + a.Value
	}
	s.all = append(s.all, a)
	name := cmp.Or(belongs[a.Name], a.Name)
	if isException(name) && !slices.Contains(takesToo, name) {
		return
	}
	i := slices.IndexFunc(s.lines, func(l line) bool { return l.name == name })
	if i < 0 {
		i = len(s.lines)
		s.lines = append(s.lines, line{name: name})
	}
	s.lines[i].all = append(s.lines[i].all, a)
	s.lines[i].text = short(s.lines[i])
}

// short is a line as it is told: one that stands in several, or is long, by its name.
func short(l line) string {
	var said []string
	for _, a := range l.all {
		if a.Value != "" {
			said = append(said, a.Text)
		}
	}
	const most = 50
	switch {
	case len(said) == 0:
		return l.all[0].Text // "CapabilityBoundingSet="
	case len(said) == 1 && len(said[0]) <= most:
		return said[0]
	}
	return l.name + "=…"
}

// value is what a directive was set to last, "" if it was not.
func (s *sandbox) value(name string) string {
	out := ""
	for _, a := range s.all {
		if a.Name == name {
			out = a.Value
		}
	}
	return out
}

// has says whether any line sets a directive.
func (s *sandbox) has(name string) bool {
	return slices.ContainsFunc(s.all, func(a systemd.Assignment) bool { return a.Name == name })
}

// text writes the lines that are chosen.
func (s *sandbox) text(chosen func(name string) bool) string {
	var b strings.Builder
	for _, a := range s.all {
		if chosen(cmp.Or(belongs[a.Name], a.Name)) {
			b.WriteString(a.Text + "\n")
		}
	}
	return b.String()
}

// writable are the directories of ReadWritePaths=, and /tmp and /var/tmp where they
// are the service's own.
func (s *sandbox) writable() []string {
	var settings systemd.Settings
	for _, a := range s.all {
		settings = append(settings, a.Setting)
	}
	var out []string
	paths, _ := settings.Paths("ReadWritePaths")
	for _, p := range paths {
		out = append(out, string(p))
	}
	return out
}

func isException(name string) bool { return slices.Contains(exceptions, name) }
