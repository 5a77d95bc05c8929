package systemd

import "strings"

// NotJudged is a directive that check passes over, with the reason.
type NotJudged struct {
	Names string // without "=", a comma between them
	Why   string
}

// Unjudgeable lists the directives whose effect no fact of a trace tells.
func Unjudgeable() []NotJudged {
	return []NotJudged{
		{"RootDirectory, RootImage, RootImageOptions, RootImagePolicy, RootEphemeral, RootHash, RootHashSignature, RootVerity", "what is in that tree is not in the trace"},
		{"MountImages, ExtensionImages, ExtensionDirectories, MountImagePolicy, ExtensionImagePolicy", "what is in an image is not in the trace"},
		{"NetworkNamespacePath, IPCNamespacePath", "what is in a namespace that others made is not in the trace"},
		{"AppArmorProfile", "the profile decides: osapi-profile check judges it by itself"},
		{"SELinuxContext, SmackProcessLabel", "a policy outside of the unit decides"},
		{"SecureBits", "how a process came by its capabilities is not in the trace"},
		{"Personality", "what a program makes of another kernel's name is not in the trace"},
		{"IPIngressFilterPath, IPEgressFilterPath, BPFProgram", "what a BPF program refuses is not known here"},
		{"LimitAS, LimitCPU, LimitDATA, LimitFSIZE, LimitLOCKS, LimitMEMLOCK, LimitMSGQUEUE, LimitNICE, LimitNPROC, LimitRSS, " +
			"LimitRTPRIO, LimitRTTIME, LimitSIGPENDING, LimitSTACK", "how much the worker had of it was not measured"},
		{"MemorySwapMax, MemoryZSwapMax, MemoryZSwapWriteback, StartupMemoryHigh, StartupMemoryMax, StartupMemorySwapMax, " +
			"StartupMemoryZSwapMax", "how much the worker had of it was not measured"},
	}
}

func unjudgedBecause(name string) string {
	for _, n := range Unjudgeable() {
		for _, of := range strings.Split(n.Names, ", ") {
			if of == name {
				return n.Why
			}
		}
	}
	return ""
}

// harmless are those that refuse nothing by themselves, whatever their value.
var harmless = setOf(strings.Fields(`Type ExecStart ExecStartPre ExecStartPost ExecCondition ExecReload ExecStop ExecStopPost Restart RestartSec
	RestartSteps RestartMaxDelaySec RestartPreventExitStatus RestartForceExitStatus SuccessExitStatus RemainAfterExit PIDFile BusName
	TimeoutSec TimeoutStartSec TimeoutStopSec TimeoutAbortSec TimeoutStartFailureMode TimeoutStopFailureMode WatchdogSec NotifyAccess
	KillMode KillSignal RestartKillSignal SendSIGHUP SendSIGKILL FinalKillSignal WatchdogSignal GuessMainPID FileDescriptorStoreMax
	NonBlocking OOMPolicy OOMScoreAdjust Nice IOSchedulingClass IOSchedulingPriority CPUWeight StartupCPUWeight IOWeight Slice Delegate
	CPUAccounting MemoryAccounting TasksAccounting IOAccounting IPAccounting Environment EnvironmentFile PassEnvironment UnsetEnvironment
	StandardInput StandardOutput StandardError StandardInputText StandardInputData SyslogIdentifier SyslogFacility SyslogLevel
	SyslogLevelPrefix LogLevelMax LogRateLimitIntervalSec LogRateLimitBurst LogNamespace TTYPath WorkingDirectory Group SupplementaryGroups
	SystemCallErrorNumber StateDirectoryMode CacheDirectoryMode LogsDirectoryMode RuntimeDirectoryMode
	ConfigurationDirectoryMode RuntimeDirectoryPreserve PAMName Sockets ReloadSignal CoredumpFilter LimitCORE IgnoreSIGPIPE
	MountAPIVFS RootDirectoryStartOnly PermissionsStartOnly TimerSlackNSec CPUSchedulingPolicy CPUSchedulingPriority
	LoadCredential LoadCredentialEncrypted SetCredential SetCredentialEncrypted ImportCredential ExitType UtmpIdentifier UtmpMode RemoveIPC
	CPUQuota CPUQuotaPeriodSec CPUAffinity NUMAPolicy NUMAMask AllowedCPUs StartupAllowedCPUs AllowedMemoryNodes StartupAllowedMemoryNodes
	MemoryHigh MemoryLow MemoryMin MemoryKSM MemoryPressureWatch MemoryPressureThresholdSec StartupIOWeight IODeviceWeight
	IODeviceLatencyTargetSec IOReadBandwidthMax IOWriteBandwidthMax IOReadIOPSMax IOWriteIOPSMax ManagedOOMSwap ManagedOOMMemoryPressure
	ManagedOOMMemoryPressureLimit ManagedOOMPreference NFTSet DelegateSubgroup DelegateNamespaces BPFDelegateCommands BPFDelegateMaps
	BPFDelegatePrograms BPFDelegateAttachments DisableControllers SurviveFinalKillSignal RuntimeMaxSec RuntimeRandomizedExtraSec
	TimeoutCleanSec LogExtraFields LogFilterPatterns TTYReset TTYVHangup TTYVTDisallocate TTYRows TTYColumns SetLoginEnvironment
	ExecSearchPath OpenFile FileDescriptorStorePreserve MountFlags RestartMode`))

// Harmless says whether a directive refuses nothing by itself, whatever its value.
func Harmless(name string) bool { return harmless[name] }
