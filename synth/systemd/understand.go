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
}

// evaluated are the directives whose effect on facts [Sandbox] knows.
var evaluated = setOf(strings.Fields(`CapabilityBoundingSet NoNewPrivileges RestrictSUIDSGID ProtectSystem ReadWritePaths ReadOnlyPaths
	ProtectHome PrivateTmp PrivateDevices InaccessiblePaths NoExecPaths ExecPaths BindReadOnlyPaths ProtectKernelTunables
	ProtectKernelModules ProtectKernelLogs ProtectClock ProtectHostname PrivateIPC ProtectControlGroups SystemCallFilter
	SystemCallArchitectures RestrictAddressFamilies RestrictNamespaces RestrictRealtime LockPersonality MemoryDenyWriteExecute
	User DynamicUser AmbientCapabilities StateDirectory CacheDirectory LogsDirectory RuntimeDirectory ConfigurationDirectory`))

// harmless are those that refuse nothing by themselves, whatever their value.
var harmless = setOf(strings.Fields(`Type ExecStart ExecStartPre ExecStartPost ExecCondition ExecReload ExecStop ExecStopPost Restart RestartSec
	RestartSteps RestartMaxDelaySec RestartPreventExitStatus RestartForceExitStatus SuccessExitStatus RemainAfterExit PIDFile BusName
	TimeoutSec TimeoutStartSec TimeoutStopSec TimeoutAbortSec TimeoutStartFailureMode TimeoutStopFailureMode WatchdogSec NotifyAccess
	KillMode KillSignal RestartKillSignal SendSIGHUP SendSIGKILL FinalKillSignal WatchdogSignal GuessMainPID FileDescriptorStoreMax
	NonBlocking OOMPolicy OOMScoreAdjust Nice IOSchedulingClass IOSchedulingPriority CPUWeight StartupCPUWeight IOWeight Slice Delegate
	CPUAccounting MemoryAccounting TasksAccounting IOAccounting IPAccounting Environment EnvironmentFile PassEnvironment UnsetEnvironment
	StandardInput StandardOutput StandardError StandardInputText StandardInputData SyslogIdentifier SyslogFacility SyslogLevel
	SyslogLevelPrefix LogLevelMax LogRateLimitIntervalSec LogRateLimitBurst LogNamespace TTYPath WorkingDirectory Group SupplementaryGroups
	UMask SystemCallErrorNumber SystemCallLog StateDirectoryMode CacheDirectoryMode LogsDirectoryMode RuntimeDirectoryMode
	ConfigurationDirectoryMode RuntimeDirectoryPreserve PAMName Sockets ReloadSignal CoredumpFilter LimitCORE IgnoreSIGPIPE
	MountAPIVFS RootDirectoryStartOnly PermissionsStartOnly TimerSlackNSec CPUSchedulingPolicy CPUSchedulingPriority KeyringMode
	LoadCredential LoadCredentialEncrypted SetCredential ImportCredential ExitType UtmpIdentifier UtmpMode RemoveIPC`))

// lists are the directives that allow or, behind a "~", take away.
var lists = []string{"CapabilityBoundingSet", "SystemCallFilter", "RestrictAddressFamilies", "RestrictNamespaces"}

// pathLists are those whose words are paths.
var pathLists = setOf([]string{"ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths", "NoExecPaths", "ExecPaths", "BindReadOnlyPaths"})

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
	u := &understanding{trace: t, groups: groups}
	byList := map[string][]Assignment{}
	for _, a := range all {
		if a.Section != "Service" {
			continue
		}
		a.Name = cmp.Or(oldNames[a.Name], a.Name)
		switch {
		case slices.Contains(lists, a.Name):
			byList[a.Name] = append(byList[a.Name], a)
		case pathLists[a.Name]:
			u.paths(a)
		case directoryRoots[a.Name] != "":
			u.directories(a)
		case evaluated[a.Name]:
			u.scalar(a)
		case !harmless[a.Name] && !off(a.Value):
			u.note(a, "what it refuses is not evaluated")
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

func off(value string) bool {
	return slices.Contains([]string{"", "no", "false", "0", "off", "default", "infinity", "auto"}, strings.ToLower(value))
}

func (u *understanding) note(a Assignment, why string) {
	u.unjudged = append(u.unjudged, synth.Unjudged{Line: a.Line, Why: why})
}

func (u *understanding) set(name, value string) {
	u.settings = append(u.settings, Setting{name, value})
}

// scalar takes the value over, yes in whichever way it is spelt.
func (u *understanding) scalar(a Assignment) {
	value := a.Value
	switch strings.ToLower(value) {
	case "true", "1", "on", "y", "t", "yes":
		value = "yes"
	case "disconnected", "private", "pid", "identity", "full":
		if a.Name != "ProtectSystem" && a.Name != "ProcSubset" && a.Name+value != "PrivateUsersidentity" {
			u.note(a, "taken as yes")
			value = "yes"
		}
	}
	if a.Name == "SystemCallArchitectures" {
		value = strings.ReplaceAll(value, "x86-64", "native")
	}
	u.set(a.Name, value)
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
	for _, w := range words {
		bare := strings.TrimLeft(w, "-+")
		p, ok := machinePath(bare)
		switch {
		case !ok:
			u.note(a, "what "+bare+" stands for on the machine is not known")
			continue
		case a.Name == "BindReadOnlyPaths" && strings.Contains(p, ":") && bareColon(a.Value):
			u.note(a, "another file or directory is put in the place of "+p[strings.Index(p, ":")+1:])
			continue
		}
		u.set(a.Name, word("", trace.Path(p)))
	}
}

// bareColon says whether a colon stands outside of quotes, where it separates
// what is mounted from where.
func bareColon(value string) bool {
	quote := byte(0)
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '\\':
			i++
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == 0 && c == ':':
			return true
		}
	}
	return false
}

// directories makes what StateDirectory= and its like name writable.
func (u *understanding) directories(a Assignment) {
	words, err := splitWords(a.Value)
	if err != nil {
		u.note(a, err.Error())
		return
	}
	for _, w := range words {
		name, _, _ := strings.Cut(w, ":")
		if strings.Contains(name, "%") {
			u.note(a, "what "+name+" stands for on the machine is not known")
			continue
		}
		u.set("ReadWritePaths", word("", trace.Path(directoryRoots[a.Name]+"/"+strings.Trim(name, "/"))))
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
		out = []string{"CAP_SYS_ADMIN"}
		for _, c := range u.trace.Capabilities {
			out = append(out, c.Name)
		}
	case "RestrictAddressFamilies":
		for _, s := range u.trace.Sockets {
			out = append(out, s.Family)
		}
	case "RestrictNamespaces":
		out = slices.Collect(maps.Values(namespaceTypes))
	}
	return out
}

// Harmless says whether a directive refuses nothing by itself, whatever its value.
func Harmless(name string) bool { return harmless[name] }
