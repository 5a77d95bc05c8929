package prove

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/apparmor"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/synth/tracegen"
	"github.com/osapi-io/osapi-profile/synth/written"
	"github.com/osapi-io/osapi-profile/trace"
)

func seen(outcome string) trace.Seen {
	return trace.Seen{Subject: 1, Outcome: outcome, Count: 1}
}

func written1(name string, a trace.Access, outcome string) trace.File {
	return trace.File{Seen: seen(outcome), Path: trace.Path(name), Access: a, Type: "file", Syscall: "openat", Mode: 0o644}
}

// run1 is a trace of a worker, whose facts the caller adds.
func run1(id string) *trace.Trace {
	return &trace.Trace{
		Runs: []trace.Run{{Header: trace.Header{Version: trace.Version, Run: id, Worker: "/usr/bin/w", User: "root", Arch: "amd64", Systemd: 252,
			Probes: tracegen.Probes()}, End: &trace.End{}}},
		Subjects: []trace.Subject{{ID: 1, Exe: "/usr/bin/w"}},
	}
}

func training() *trace.Trace {
	t := run1("training")
	t.Files = []trace.File{
		written1("/usr/bin/w", trace.AccessExec, trace.OK),
		written1("/etc/w.conf", trace.AccessRead, trace.OK),
		written1("/srv/w/log", trace.AccessWrite|trace.AccessCreate, trace.OK),
		written1("/etc/none", trace.AccessRead, "ENOENT"),
		written1("/etc/refused", trace.AccessRead, "EACCES"),
	}
	for _, name := range []string{"openat", "write", "socket", "chown", "read"} {
		t.Syscalls = append(t.Syscalls, trace.Syscall{Seen: seen(trace.OK), Name: name})
	}
	t.Sockets = []trace.Socket{
		{Seen: seen(trace.OK), Action: "create", Family: "AF_UNIX", Type: "SOCK_STREAM"},
		{Seen: seen(trace.OK), Action: "create", Family: "AF_NETLINK", Type: "SOCK_RAW"},
	}
	t.Capabilities = []trace.Capability{{Seen: seen(trace.OK), Name: "CAP_CHOWN", Syscall: "chown"}}
	return t
}

func emitted(t *trace.Trace) (Profile, error) {
	var unit, rules bytes.Buffer
	p := synth.Infer(t, synth.Options{})
	if err := systemd.Unit(&unit, p, systemd.Options{Version: 252}); err != nil {
		return Profile{}, err
	}
	err := apparmor.Write(&rules, p, apparmor.Options{Name: "w", Children: apparmor.ChildrenNone})
	return Profile{
		Unit:     []written.File{{Name: "w.service", Text: unit.Bytes(), Format: written.Systemd}},
		AppArmor: &written.File{Name: "w.apparmor", Text: rules.Bytes(), Format: written.AppArmor},
	}, err
}

// compared sets a run under a text against training.
func compared(t *testing.T, unit string, rules *string, run *trace.Trace) (Denials, *comparison) {
	t.Helper()
	c := &comparison{training: training(), seen: run, widen: emitted, judging: judging{version: 252}}
	c.granted = synth.Infer(c.training, synth.Options{})
	c.profile.Unit = []written.File{{Name: "u", Text: []byte(unit), Format: written.Systemd}}
	if rules != nil {
		c.profile.AppArmor = &written.File{Name: "a", Text: []byte(*rules), Format: written.AppArmor}
	}
	d, _, err := c.denials()
	require.NoError(t, err)
	return d, c
}

func TestEachDenialLeadsToItsLine(t *testing.T) {
	for name, c := range map[string]struct {
		unit, by, allow string
		change          func(*trace.Trace)
	}{
		"a file system": {"[Service]\nProtectSystem=strict\n", "u:2: ProtectSystem=strict", "ReadWritePaths=-/srv/w", func(r *trace.Trace) {
			r.Files = append(r.Files, written1("/srv/w/log", trace.AccessWrite|trace.AccessCreate, "EROFS"))
		}},
		"a program": {"[Service]\nNoExecPaths=/\n", "u:2: NoExecPaths=/", "ExecPaths=-/usr/bin", func(r *trace.Trace) {
			r.Files = append(r.Files, written1("/usr/bin/w", trace.AccessExec, "EACCES"))
		}},
		"a call": {"[Service]\nSystemCallFilter=read write\n", "u:2: SystemCallFilter=read write", "SystemCallFilter=openat", func(r *trace.Trace) {
			r.Syscalls = append(r.Syscalls, trace.Syscall{Seen: seen("seccomp:SIGSYS"), Name: "openat"})
		}},
		"a family": {"[Service]\nRestrictAddressFamilies=AF_UNIX\n", "u:2: RestrictAddressFamilies=AF_UNIX", "RestrictAddressFamilies=AF_NETLINK", func(r *trace.Trace) {
			r.Syscalls = append(r.Syscalls, trace.Syscall{Seen: seen("seccomp:EAFNOSUPPORT"), Name: "socket"})
		}},
		"a capability": {"[Service]\nCapabilityBoundingSet=CAP_KILL\n", "u:2: CapabilityBoundingSet=CAP_KILL", "CapabilityBoundingSet=CAP_CHOWN", func(r *trace.Trace) {
			r.Capabilities = append(r.Capabilities, trace.Capability{Seen: seen("EPERM"), Name: "CAP_CHOWN", Syscall: "chown"})
			r.Syscalls = append(r.Syscalls, trace.Syscall{Seen: seen("EPERM"), Name: "chown"})
		}},
		"a hidden path": {"[Service]\nInaccessiblePaths=/boot -/etc\n", "u:2: InaccessiblePaths=/boot -/etc", "take the path out of u:2: InaccessiblePaths=/boot -/etc", func(r *trace.Trace) {
			r.Files = append(r.Files, written1("/etc/w.conf", trace.AccessRead, "EACCES"))
		}},
	} {
		run := run1("run")
		c.change(run)
		d, _ := compared(t, c.unit, nil, run)
		require.Len(t, d.False, 1, "%s: %+v", name, d)
		require.Equal(t, []string{c.by}, d.False[0].By, name)
		require.Len(t, d.False[0].Allow, 1, name)
		require.Contains(t, d.False[0].Allow[0], c.allow, name)
		require.Empty(t, append(append(d.Untrained, d.Unexplained...), d.Harmless...), name)
	}
}

func TestRulesOfAppArmor(t *testing.T) {
	rules := "profile w {\n  /usr/bin/w mr,\n}\n"
	run := run1("run")
	run.Files = append(run.Files, written1("/etc/w.conf", trace.AccessRead, "EACCES"))
	d, _ := compared(t, "[Service]\n", &rules, run)
	require.Len(t, d.False, 1)
	require.Equal(t, []string{"AppArmor profile w: no rule grants r"}, d.False[0].By)
	require.Len(t, d.False[0].Allow, 1)
	require.Contains(t, d.False[0].Allow[0], "/etc/w.conf r,")
}

// TestWhatIsNoFalseDenial: what training never did, what failed there as well, what
// no line refuses, and what did no harm are told apart.
func TestWhatIsNoFalseDenial(t *testing.T) {
	run := run1("run")
	run.Files = []trace.File{
		written1("/etc/none", trace.AccessRead, "ENOENT"),
		written1("/etc/refused", trace.AccessRead, "EACCES"),
		written1("/no/such/file", trace.AccessRead, "ENOENT"),
		written1("/opt/new", trace.AccessWrite, "EROFS"),
		written1("/etc/w.conf", trace.AccessRead, "EACCES"),
	}
	run.Capabilities = []trace.Capability{{Seen: seen("EPERM"), Name: "CAP_CHOWN", Syscall: "chown"}}
	run.Syscalls = []trace.Syscall{{Seen: seen("seccomp:EPERM"), Name: "mount"}, {Seen: seen("ENOENT"), Name: "openat"}}
	d, _ := compared(t, "[Service]\nProtectSystem=strict\nCapabilityBoundingSet=\nSystemCallFilter=read openat\n", nil, run)
	names := func(list []Denial) (out []string) {
		for _, x := range list {
			out = append(out, x.Name.String())
		}
		return out
	}
	require.Equal(t, []string{"/etc/w.conf"}, names(d.False), "permission was refused, by no line that is known")
	require.Empty(t, d.False[0].By)
	require.Equal(t, []string{"/opt/new", "mount"}, names(d.Untrained))
	require.Equal(t, []string{"SystemCallFilter=mount"}, d.Untrained[1].Allow)
	require.Equal(t, []string{"CAP_CHOWN"}, names(d.Harmless))
	require.Empty(t, d.Unexplained)
}

// TestLongerTrainingAllowsIt: what is emitted of training and run together refuses
// nothing that was denied.
func TestLongerTrainingAllowsIt(t *testing.T) {
	run := run1("run")
	run.Files = []trace.File{written1("/opt/new", trace.AccessWrite, "EROFS")}
	run.Syscalls = []trace.Syscall{{Seen: seen("seccomp:EPERM"), Name: "mount"}}
	_, c := compared(t, "[Service]\nProtectSystem=strict\nSystemCallFilter=read\n", nil, run)
	wider, err := emitted(c.longer)
	require.NoError(t, err)
	again := &comparison{profile: wider, training: c.longer, granted: synth.Infer(c.longer, synth.Options{}), seen: run, widen: emitted, judging: c.judging}
	d, _, err := again.denials()
	require.NoError(t, err)
	for _, x := range append(d.False, d.Untrained...) {
		require.Empty(t, x.By, "%+v", x)
	}
}

func TestOperations(t *testing.T) {
	before, now := run1("a"), run1("b")
	before.Runs[0].Operations = []trace.Operation{{Name: "x", Outcome: "failed"}, {Name: "x", Outcome: "ok"}, {Name: "y", Outcome: "failed"}}
	now.Runs[0].Operations = []trace.Operation{{Name: "x", Outcome: "ok"}, {Name: "x", Outcome: "failed", Detail: "d"}, {Name: "y", Outcome: "failed"}, {Name: "z", Outcome: "ok"}}
	got := operations(before, now, true)
	require.Equal(t, []Operation{{"x", "ok", "failed", "d"}, {"y", "failed", "failed", ""}, {"z", "", "ok", ""}}, got)
	require.False(t, got[0].AsTrained())
	require.True(t, got[1].AsTrained())
	require.True(t, got[2].AsTrained())
}

func TestAuditFields(t *testing.T) {
	got := auditFields(`audit: type=1400 audit(1.2:3): apparmor="DENIED" operation="open" profile="w" name=2F612062 pid=3 requested_mask="r" capname="x"`)
	require.Equal(t, "/a b", got["name"])
	require.Equal(t, "w", got["profile"])
	require.Equal(t, "r", got["requested_mask"])
	require.Equal(t, "3", got["pid"])
}

// Training with all capabilities is not asked for one when it looks into a process that
// has them too. A profile is not to hand out CAP_SYS_PTRACE for that.
func TestLooksIntoAnotherProcessAreWithheld(t *testing.T) {
	const unit = "[Service]\nCapabilityBoundingSet=CAP_CHOWN\n"
	look := func(name, call, caller string) []trace.Capability {
		return []trace.Capability{{Seen: seen("EPERM"), Name: name, Syscall: call, Caller: caller}}
	}
	for name, c := range map[string]struct {
		file         string
		capabilities []trace.Capability
		withheld     int
		others       int
	}{
		"environ":               {"/proc/1/environ", look("CAP_SYS_PTRACE", "openat", "cap_ptrace_access_check"), 2, 0},
		"either will do":        {"/proc/1/environ", look("CAP_PERFMON", "openat", "mm_access"), 2, 0},
		"no process":            {"/proc/kcore", look("CAP_SYS_PTRACE", "openat", ""), 0, 2},
		"another capability":    {"/proc/1/environ", look("CAP_SYS_ADMIN", "openat", "mnt_may_suid"), 0, 2},
		"another call":          {"/proc/1/environ", look("CAP_SYS_PTRACE", "ptrace", ""), 0, 2},
		"only the mode of file": {"/proc/1/environ", nil, 0, 1},
	} {
		run := run1("run")
		run.Files = []trace.File{written1(c.file, trace.AccessRead, "EACCES")}
		run.Capabilities = c.capabilities
		for _, f := range c.capabilities {
			run.Syscalls = append(run.Syscalls, trace.Syscall{Seen: seen("EACCES"), Name: f.Syscall})
		}
		d, compared := compared(t, unit, nil, run)
		require.Len(t, d.Withheld, c.withheld, "%s: %+v", name, d)
		require.Len(t, append(append(d.False, d.Untrained...), d.Unexplained...), c.others, "%s: %+v", name, d)
		if c.withheld > 0 {
			wider := synth.Infer(compared.longer, synth.Options{})
			require.NotContains(t, wider.Required(), c.capabilities[0].Name, name)
		}
	}
}

// What training was asked for, and got, is no look that may be withheld.
func TestATrainedLookIsNotWithheld(t *testing.T) {
	longer := training()
	longer.Capabilities = append(longer.Capabilities, trace.Capability{Seen: seen(trace.OK), Name: "CAP_SYS_PTRACE", Syscall: "openat", Caller: "cap_ptrace_access_check"})
	run := run1("run")
	run.Files = []trace.File{written1("/proc/7/maps", trace.AccessRead, "EACCES")}
	run.Capabilities = []trace.Capability{{Seen: seen("EPERM"), Name: "CAP_SYS_PTRACE", Syscall: "openat", Caller: "cap_ptrace_access_check"}}
	run.Syscalls = []trace.Syscall{{Seen: seen("EACCES"), Name: "openat"}}
	c := &comparison{training: longer, seen: run, widen: emitted, judging: judging{version: 252}, granted: synth.Infer(longer, synth.Options{})}
	c.profile.Unit = []written.File{{Name: "u", Text: []byte("[Service]\nCapabilityBoundingSet=CAP_CHOWN\n"), Format: written.Systemd}}
	d, _, err := c.denials()
	require.NoError(t, err)
	require.Empty(t, d.Withheld)
	require.NotEmpty(t, d.False)
}

// Where the profile has a line about the path, that is what refuses it.
func TestALineAboutTheLookRefusesIt(t *testing.T) {
	run := run1("run")
	run.Files = []trace.File{written1("/proc/1/environ", trace.AccessRead, "EACCES")}
	run.Capabilities = []trace.Capability{{Seen: seen("EPERM"), Name: "CAP_SYS_PTRACE", Syscall: "openat", Caller: "cap_ptrace_access_check"}}
	rules := "profile w { /usr/** r, }\n"
	d, _ := compared(t, "[Service]\nCapabilityBoundingSet=CAP_CHOWN\n", &rules, run)
	require.Empty(t, d.Withheld)
	require.NotEmpty(t, append(d.False, d.Untrained...))
}

// What training was refused may be refused for another reason, and what it was permitted
// by somebody may not.
func TestRefusedForAnotherReason(t *testing.T) {
	const writes = trace.AccessWrite | trace.AccessCreate
	for name, c := range map[string]struct {
		trained []string // how it ended in training
		outcome string
		denied  int
	}{
		"permissions, then read-only": {[]string{"EACCES"}, "EROFS", 0},
		"either":                      {[]string{"EPERM"}, "EACCES", 0},
		"once it was permitted":       {[]string{"EACCES", trace.OK}, "EROFS", 1},
		"it was not there":            {[]string{"ENOENT"}, "EACCES", 1},
		"never tried":                 {nil, "EROFS", 1},
	} {
		longer := training()
		for _, outcome := range c.trained {
			longer.Files = append(longer.Files, written1("/srv/x", writes, outcome))
		}
		run := run1("run")
		run.Files = []trace.File{written1("/srv/x", writes, c.outcome)}
		require.Len(t, refusals(run, longer), c.denied, name)
	}
}

// A file system that is read-only is told of before a name that is not there.
func TestToRemoveNothingIsHarmless(t *testing.T) {
	for name, c := range map[string]struct {
		path     string
		from     trace.Path
		access   trace.Access
		trained  string // how it ended in training
		outcome  string
		harmless int
	}{
		"nothing was there":   {"/none.tmp", "", trace.AccessDelete, "ENOENT", "EROFS", 1},
		"nothing to move":     {"/none.tmp", "", trace.AccessRenameFrom, "ENOENT", "EROFS", 1},
		"nothing to replace":  {"/new", "/none.tmp", trace.AccessRenameTo, "ENOENT", "EROFS", 1},
		"something was there": {"/none.tmp", "", trace.AccessDelete, trace.OK, "EROFS", 0},
		"something is there":  {"/etc/passwd", "", trace.AccessDelete, "ENOENT", "EROFS", 0},
		"something is made":   {"/none.tmp", "", trace.AccessCreate, "ENOENT", "EROFS", 0},
		"it is forbidden":     {"/none.tmp", "", trace.AccessDelete, "ENOENT", "EACCES", 0},
	} {
		longer := training()
		run := run1("run")
		run.Files = []trace.File{written1(c.path, c.access, c.outcome)}
		run.Files[0].Target = c.from
		trained := run.Files[0]
		trained.Outcome = c.trained
		longer.Files = append(longer.Files, trained)
		k := &comparison{training: longer, seen: run, widen: emitted, judging: judging{version: 252}, granted: synth.Infer(longer, synth.Options{})}
		k.profile.Unit = []written.File{{Name: "u", Text: []byte("[Service]\nProtectSystem=strict\n"), Format: written.Systemd}}
		d, _, err := k.denials()
		require.NoError(t, err)
		require.Len(t, d.Harmless, c.harmless, "%s: %+v", name, d)
		require.Len(t, append(append(d.False, d.Untrained...), d.Unexplained...), 1-c.harmless, "%s: %+v", name, d)
	}
}

// --fix writes what follows from training and this run together: an AppArmor profile
// that lacked a rule has it then, with the denial's place as its reason, and is enough.
func TestAWidenedAppArmorProfileIsEnough(t *testing.T) {
	first, err := emitted(training())
	require.NoError(t, err)
	rules := string(first.AppArmor.Text)
	require.NotContains(t, rules, "/srv/w/later")
	run := run1("run")
	later := written1("/srv/w/later", trace.AccessRead, "EACCES")
	later.Operation = "later"
	run.Files = append(run.Files, later)
	d, c := compared(t, "[Service]\n", &rules, run)
	require.Len(t, d.Untrained, 1, "%+v", d)
	require.Equal(t, []string{"AppArmor profile w: no rule grants r"}, d.Untrained[0].By)

	wider, err := emitted(c.longer)
	require.NoError(t, err)
	require.Regexp(t, `(?m)^  (owner )?/srv/w/later r, # .*later`, string(wider.AppArmor.Text))
	text := string(wider.AppArmor.Text)
	d, _ = compared(t, "[Service]\n", &text, run)
	require.Empty(t, append(d.False, d.Untrained...), "the profile refuses it no more")
}
