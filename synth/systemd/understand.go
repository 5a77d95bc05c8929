package systemd

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// Groups looks up what a name such as "@system-service" stands for, on the
// systemd that is asked; false for one it does not know.
type Groups func(name string) ([]string, bool)

// understanding turns the assignments of anybody's unit into those that the
// evaluator reads, and notes what it cannot.
type understanding struct {
	trace    *trace.Trace
	groups   Groups
	settings Settings
	unjudged []synth.Unjudged
	made     map[string][]string // directories that systemd makes, by the directive, as words of a list of paths
}

// evaluated are the directives whose effect on facts [Sandbox] knows.
var evaluated = setOf(strings.Fields(`CapabilityBoundingSet NoNewPrivileges RestrictSUIDSGID ProtectSystem ReadWritePaths ReadOnlyPaths
	ProtectHome PrivateTmp PrivateDevices InaccessiblePaths NoExecPaths ExecPaths BindPaths BindReadOnlyPaths TemporaryFileSystem
	ProtectKernelTunables ProtectKernelModules ProtectKernelLogs ProtectClock ProtectHostname PrivateIPC PrivateUsers PrivateMounts PrivatePIDs
	PrivateNetwork PrivateBPF ProtectControlGroups ProtectProc ProcSubset SystemCallFilter SystemCallArchitectures RestrictAddressFamilies
	RestrictNamespaces RestrictRealtime RestrictFileSystems RestrictNetworkInterfaces SystemCallLog LockPersonality MemoryDenyWriteExecute DevicePolicy
	DeviceAllow IPAddressAllow IPAddressDeny SocketBindAllow SocketBindDeny KeyringMode UMask TasksMax LimitNOFILE MemoryMax
	User DynamicUser AmbientCapabilities StateDirectory CacheDirectory LogsDirectory RuntimeDirectory ConfigurationDirectory`))

// parsed are those whose value is checked line by line, because systemd passes
// over a line that it cannot read.
var parsed = map[string]func(value string) error{
	"IPAddressAllow": checked(prefixes), "IPAddressDeny": checked(prefixes),
	"SocketBindAllow": checked(bindRules), "SocketBindDeny": checked(bindRules),
	"DeviceAllow": func(value string) error {
		_, err := readDevice(value)
		return err
	},
	"RestrictNetworkInterfaces": func(value string) error {
		_, err := splitWords(value)
		return err
	},
}

func checked[T any](read func([]string) ([]T, error)) func(string) error {
	return func(value string) error {
		words, err := splitWords(value)
		if err == nil {
			_, err = read(words)
		}
		return err
	}
}

// lists are the directives that allow or, behind a "~", take away.
var lists = []string{"CapabilityBoundingSet", "SystemCallFilter", "RestrictAddressFamilies", "RestrictNamespaces", "RestrictFileSystems"}

// pathLists are those whose words are paths.
var pathLists = setOf([]string{"ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths", "NoExecPaths", "ExecPaths", "BindReadOnlyPaths", "BindPaths"})

// oldNames are those of before systemd 231.
var oldNames = map[string]string{
	"ReadWriteDirectories": "ReadWritePaths", "ReadOnlyDirectories": "ReadOnlyPaths", "InaccessibleDirectories": "InaccessiblePaths",
}

// directoryRoots are where the directories lie that systemd makes for a service.
var directoryRoots = map[string]string{
	"StateDirectory": "/var/lib", "CacheDirectory": "/var/cache", "LogsDirectory": "/var/log", "RuntimeDirectory": "/run",
	"ConfigurationDirectory": "/etc",
}

func understand(all []Assignment, t *trace.Trace, groups Groups) *understanding {
	u := &understanding{trace: t, groups: groups, made: map[string][]string{}}
	byList := map[string][]Assignment{}
	for _, a := range all {
		if a.Section != "Service" {
			continue
		}
		a.Name = cmp.Or(oldNames[a.Name], a.Name)
		switch {
		case slices.Contains(lists, a.Name):
			byList[a.Name] = append(byList[a.Name], a)
		case pathLists[a.Name] || a.Name == "TemporaryFileSystem":
			u.paths(a)
		case directoryRoots[a.Name] != "":
			u.directories(a)
		case parsed[a.Name] != nil:
			u.checked(a)
		case evaluated[a.Name]:
			u.scalar(a)
		case !harmless[a.Name] && !off(a.Value):
			u.note(a, cmp.Or(unjudgedBecause(a.Name), "what it refuses is not evaluated"))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(u.made)) {
		for _, w := range u.made[name] {
			u.set("ReadWritePaths", w)
		}
	}
	for _, name := range lists {
		if len(byList[name]) > 0 {
			u.list(name, byList[name])
		}
	}
	if u.settings.yes("DynamicUser") {
		u.dynamicUser()
	}
	return u
}

// checked takes over what systemd can read.
func (u *understanding) checked(a Assignment) {
	if a.Value != "" {
		if err := parsed[a.Name](strings.TrimPrefix(a.Value, "~")); err != nil {
			u.note(a, err.Error())
			return
		}
	}
	u.set(a.Name, a.Value)
}

func off(value string) bool {
	return slices.Contains([]string{"", "no", "false", "0", "off", "default", "infinity", "auto"}, strings.ToLower(value))
}

func (u *understanding) note(a Assignment, why string) {
	u.unjudged = append(u.unjudged, synth.Unjudged{Line: a.Line, Why: why})
}

func (u *understanding) set(name, value string) {
	u.settings = append(u.settings, Setting{name, value})
}

// modes are what a directive can say beside yes and no.
var modes = map[string][]string{
	"ProtectSystem": {"full", "strict"}, "ProtectHome": {"read-only", "tmpfs"}, "ProcSubset": {"all", "pid"},
	"ProtectProc":          {"default", "invisible", "ptraceable", "noaccess"},
	"ProtectControlGroups": {"strict", "private"}, "ProtectHostname": {"private"},
	"PrivateUsers": {"self", "identity", "full", "managed"}, "PrivateTmp": {"disconnected"},
}

// scalar takes the value over, yes and no in whichever way they are spelt where a
// directive knows them.
func (u *understanding) scalar(a Assignment) {
	value := a.Value
	if boolean[a.Name] || modes[a.Name] != nil { // of others, 0 and 1 are numbers
		switch strings.ToLower(value) {
		case "true", "1", "on", "y", "t", "yes":
			value = "yes"
		case "false", "0", "off", "n", "f", "no":
			value = "no"
		}
	}
	mode, _, _ := strings.Cut(value, ":") // ProtectHostname=private:NAME
	switch known := modes[a.Name]; {
	case a.Name == "PrivateUsers" && value == "self" || a.Name == "PrivateTmp" && value == "disconnected":
		value = "yes"
	case slices.Contains(known, mode) || value == "yes" || value == "no" || value == "":
		value = mode
	case known != nil || boolean[a.Name]:
		u.note(a, "no value that is known here; taken as if it were not there")
		return
	}
	if a.Name == "SystemCallArchitectures" && value != "" {
		// The native one is always open, as the filter is made for it.
		value = strings.ReplaceAll(value+" native", cmp.Or(nativeArchs[u.arch()], "native"), "native")
	}
	u.set(a.Name, value)
}

// boolean are the directives of which nothing but yes and no is known.
var boolean = setOf(strings.Fields(`NoNewPrivileges RestrictSUIDSGID PrivateDevices ProtectKernelTunables ProtectKernelModules ProtectKernelLogs
	ProtectClock PrivateIPC PrivateMounts PrivatePIDs PrivateNetwork PrivateBPF RestrictRealtime LockPersonality MemoryDenyWriteExecute DynamicUser`))

// nativeArchs are systemd's names for the architectures a trace can be of.
var nativeArchs = map[string]string{
	"amd64": "x86-64", "arm64": "arm64", "386": "x86", "arm": "arm", "riscv64": "riscv64", "ppc64le": "ppc64-le", "s390x": "s390x",
	"loong64": "loongarch64",
}

func (u *understanding) arch() string {
	if len(u.trace.Runs) == 0 {
		return ""
	}
	return u.trace.Runs[0].Arch
}

// dynamicUser is what DynamicUser=yes implies where the unit does not say more.
func (u *understanding) dynamicUser() {
	if u.settings.value("ProtectSystem") != "strict" {
		u.set("ProtectSystem", "strict")
	}
	if off(u.settings.value("ProtectHome")) {
		u.set("ProtectHome", "read-only")
	}
	for _, name := range []string{"PrivateTmp", "NoNewPrivileges", "RestrictSUIDSGID"} {
		u.set(name, "yes")
	}
	if u.settings.value("User") == "" {
		u.set("User", "dynamic")
	}
}

// paths takes over what can be told to be a path.
func (u *understanding) paths(a Assignment) {
	words, err := splitWords(a.Value)
	if err != nil {
		u.note(a, err.Error())
		return
	}
	if len(words) == 0 {
		u.set(a.Name, "")
		return
	}
	if a.Name == "TemporaryFileSystem" || a.Name == "BindPaths" || a.Name == "BindReadOnlyPaths" {
		u.mounted(a)
		return
	}
	for _, w := range words {
		if p, ok := u.path(a, strings.TrimLeft(w, "-+")); ok {
			u.set(a.Name, word("", trace.Path(p)))
		}
	}
}

// mounted takes over words whose colons separate what is mounted from where and how.
func (u *understanding) mounted(a Assignment) {
	words, err := splitColons(a.Value)
	if err != nil {
		u.note(a, err.Error())
		return
	}
	for _, parts := range words {
		known := true
		for i, part := range parts {
			if i == 0 || i == 1 && a.Name != "TemporaryFileSystem" {
				var ok bool
				parts[i], ok = u.path(a, strings.TrimPrefix(part, "-"))
				parts[i], known = word("", trace.Path(parts[i])), known && ok
			}
		}
		if known {
			u.set(a.Name, strings.Join(parts, ":"))
		}
	}
}

// path is what a word of a list stands for on the machine, false where that is not known.
func (u *understanding) path(a Assignment, w string) (string, bool) {
	p, ok := machinePath(w)
	if !ok {
		u.note(a, "what "+w+" stands for on the machine is not known")
	}
	return p, ok
}

// directories notes what StateDirectory= and its like name, which is writable whatever
// ReadWritePaths= says.
func (u *understanding) directories(a Assignment) {
	words, err := splitWords(a.Value)
	if err != nil {
		u.note(a, err.Error())
		return
	}
	if len(words) == 0 {
		delete(u.made, a.Name)
	}
	for _, w := range words {
		name, _, _ := strings.Cut(w, ":")
		if strings.Contains(name, "%") {
			u.note(a, "what "+name+" stands for on the machine is not known")
			continue
		}
		u.made[a.Name] = append(u.made[a.Name], word("", trace.Path(directoryRoots[a.Name]+"/"+strings.Trim(name, "/"))))
	}
}

// specifiers that are the same for every service of the system manager.
var specifiers = map[byte]string{
	'%': "%", 't': "/run", 'S': "/var/lib", 'C': "/var/cache", 'L': "/var/log", 'E': "/etc", 'T': "/tmp", 'V': "/var/tmp", 'd': "",
}

// moved are names that lead elsewhere on every current system; systemd follows
// them, and facts have the names that they lead to.
var moved = [][2]string{
	{"/var/run", "/run"}, {"/var/lock", "/run/lock"}, {"/bin", "/usr/bin"}, {"/sbin", "/usr/sbin"}, {"/lib64", "/usr/lib64"}, {"/lib", "/usr/lib"},
}

// machinePath expands specifiers and well-known links.
func machinePath(w string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(w); i++ {
		if w[i] != '%' {
			b.WriteByte(w[i])
			continue
		}
		if i++; i == len(w) || specifiers[w[i]] == "" {
			return "", false
		}
		b.WriteString(specifiers[w[i]])
	}
	p := b.String()
	if !strings.HasPrefix(p, "/") {
		return "", false
	}
	if p != "/" {
		p = strings.TrimRight(p, "/")
	}
	for _, m := range moved {
		if synth.Within(trace.Path(p), trace.Path(m[0])) {
			return m[1] + p[len(m[0]):], true
		}
	}
	return cmp.Or(p, "/"), true
}

// list works out what an allow or deny list comes to, for the names that matter
// here: those of the trace.
func (u *understanding) list(name string, all []Assignment) {
	l := newWordList(name, u.names(name))
	for _, a := range all {
		l.assign(a, u)
	}
	if !l.limited {
		return
	}
	allowed := slices.Sorted(maps.Keys(l.allowed))
	if name == "RestrictNamespaces" {
		u.set(name, cmp.Or(strings.Join(allowed, " "), "yes"))
		return
	}
	u.set(name, "")
	if len(allowed) > 0 {
		u.set(name, strings.Join(allowed, " "))
	}
}

// names are what a list can be asked about.
func (u *understanding) names(list string) []string {
	var out []string
	switch list {
	case "SystemCallFilter":
		out = []string{"capget", "capset", "prctl"} // see noNewPrivileges
		for _, s := range u.trace.Syscalls {
			out = append(out, s.Name)
		}
	case "CapabilityBoundingSet":
		for _, c := range u.trace.Capabilities {
			out = append(out, c.Name)
		}
	case "RestrictAddressFamilies":
		for _, s := range u.trace.Sockets {
			out = append(out, s.Family)
		}
	case "RestrictFileSystems":
		for _, f := range u.trace.Files {
			out = append(out, sameSystem(f.FS))
		}
	case "RestrictNamespaces":
		out = slices.Collect(maps.Values(namespaceTypes))
	}
	return out
}
