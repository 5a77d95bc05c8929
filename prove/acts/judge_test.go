package acts

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/trace"
)

func TestResultsAreRead(t *testing.T) {
	ok := "0 0 0\n/bin/sh: error while loading shared libraries\n1 13 0\n1 0 0\n2 0 31\n"
	require.Equal(t, []ended{{}, {errno: syscall.EACCES}, {signal: syscall.SIGSYS}}, parse(ok, 3))
	for _, text := range []string{"", "0 0 0\n", "0 0 0\n1 13 0\n3 0 0\n", "x"} {
		require.Nil(t, parse(text, 3), text)
	}
	require.Equal(t, []string{"EACCES", "SIGSYS", "ok", "its libraries could not be loaded"},
		[]string{ended{errno: syscall.EACCES}.String(), ended{signal: syscall.SIGSYS}.String(), ended{}.String(), ended{errno: notLoaded}.String()})
}

var (
	yes = ended{}
	no  = ended{errno: syscall.EPERM}
)

// tried makes a run of one act, under two lines.
func tried(full, bare, base ended, without, alone [2]ended) *run {
	r := &run{acts: Acts()[:1], args: []string{"/usr/lib/os-release"}, lines: []line{{name: "A", text: "A=yes"}, {name: "B", text: "B=yes"}}, box: &sandbox{}}
	one := func(e ended) *variant { return &variant{results: []ended{e}} }
	r.full, r.bare, r.base = one(full), one(bare), one(base)
	for i := range without {
		r.without, r.alone = append(r.without, one(without[i])), append(r.alone, one(alone[i]))
	}
	return r
}

func TestJudging(t *testing.T) {
	for _, c := range []struct {
		run     *run
		outcome string
		by      string
	}{
		{tried(yes, yes, yes, [2]ended{yes, yes}, [2]ended{yes, yes}), Possible, ""},
		{tried(no, no, no, [2]ended{no, no}, [2]ended{no, no}), NotHere, ""},
		{tried(no, yes, yes, [2]ended{yes, no}, [2]ended{no, yes}), Denied, "only by A=yes"},
		{tried(no, yes, yes, [2]ended{yes, yes}, [2]ended{yes, yes}), Denied, "only by A=yes and B=yes together"},
		{tried(no, yes, yes, [2]ended{no, no}, [2]ended{no, no}), Denied, "by each of A=yes, B=yes"},
		{tried(no, yes, yes, [2]ended{no, no}, [2]ended{yes, no}), Denied, "by B=yes, and by others together"},
		{tried(no, yes, yes, [2]ended{no, no}, [2]ended{yes, yes}), Denied, "by several lines together"},
		// What is tried beside a line that is tried alone denies it as well.
		{tried(no, yes, no, [2]ended{no, no}, [2]ended{no, no}), Denied, "by several lines together"},
	} {
		got := c.run.judge(0, &granting{run: c.run})
		require.Equal(t, c.outcome, got.Outcome)
		if c.outcome == Denied {
			require.Equal(t, c.by, got.denial())
			require.Equal(t, "EPERM", got.Error)
		}
	}
}

// TestWhatCouldNotBeTried: a line whose service does not start proves nothing.
func TestWhatCouldNotBeTried(t *testing.T) {
	r := tried(no, yes, yes, [2]ended{no, yes}, [2]ended{no, no})
	r.without[1].results, r.alone[1].results = nil, nil
	require.Equal(t, "by A=yes, and by others together", r.judge(0, &granting{run: r}).denial())
}

// why asks for the reason of an act under a unit's text.
func why(t *testing.T, text, act, arg string, granted *synth.Profile, lacks map[string]string) (outcome, reason string, explained bool) {
	t.Helper()
	all := Acts()
	i := slices.IndexFunc(all, func(a Act) bool { return a.Name == act })
	require.GreaterOrEqual(t, i, 0, act)
	r := &run{box: boxOf(t, "", "[Service]\n"+text)}
	r.Systemd, r.Granted = systemd.DefaultVersion, granted
	return (&granting{run: r, lacks: lacks}).why(all[i], arg)
}

func TestWhyItIsPossible(t *testing.T) {
	granted := &synth.Profile{Files: []synth.FileGrant{{
		Path: "/etc/shadow", Access: trace.AccessRead,
		Evidence: synth.Evidence{Facts: []synth.FactRef{{Subject: "/usr/bin/w", Operation: "login"}}},
	}}}
	for _, c := range []struct {
		text, act, arg string
		granted        *synth.Profile
		want           string
		outcome        string
		explained      bool
	}{
		{"", "read-shadow", "/etc/shadow", nil, "no line forbids it", Possible, false},
		{"", "read-shadow", "/etc/shadow", granted, "training did it: file /etc/shadow (/usr/bin/w in login)", Possible, true},
		{"", "read-host-key", "/etc/ssh/ssh_host_rsa_key", granted, "no line forbids it", Possible, false},
		{"NoExecPaths=/\nExecPaths=/usr/bin /usr/lib\nBindReadOnlyPaths=/usr/bin\n", "exec-unlisted", "/usr/bin/true", nil, "by ExecPaths=/usr/bin", Possible, true},
		{"NoExecPaths=/\nExecPaths=/usr/lib\n", "exec-unlisted", "/usr/bin/true", nil, "NoExecPaths=/ is to prevent it, and does not", Possible, false},
		{"SystemCallFilter=read mount open\nCapabilityBoundingSet=CAP_SYS_ADMIN CAP_KILL\n", "mount", "-", nil,
			"by SystemCallFilter=mount, CapabilityBoundingSet=CAP_SYS_ADMIN", Possible, true},
		{"SocketBindDeny=any\n", "listen", "99", nil, "SocketBindDeny=any: no BPF", NotEnforced, false},
		{"PrivateNetwork=yes\n", "raw-socket", "-", nil, "in a network of the service's own, by PrivateNetwork=yes", Possible, true},
		{"SystemCallFilter=~mount\nCapabilityBoundingSet=~CAP_KILL\n", "load-bpf", "-", nil, "no line forbids it", Possible, false},
		{"RestrictAddressFamilies=AF_UNIX\n", "ask-bus", "/run/dbus/system_bus_socket", nil, "no line forbids it", Possible, false},
		{"RestrictAddressFamilies=AF_PACKET\n", "packet-socket", "-", nil, "by RestrictAddressFamilies=AF_PACKET", Possible, true},
	} {
		outcome, got, explained := why(t, c.text, c.act, c.arg, c.granted, map[string]string{"SocketBindDeny": "no BPF"})
		require.Equal(t, c.want, got, c.act)
		require.Equal(t, c.outcome, outcome, c.act)
		require.Equal(t, c.explained, explained, c.act)
	}
}

// TestWhatTrainingKeepsOpen is about directives that facts keep out, or weak, and about
// what every user may do to processes of the same user.
func TestWhatTrainingKeepsOpen(t *testing.T) {
	all := Acts()
	reason := func(text, act string) string {
		r := &run{box: boxOf(t, "", "[Service]\n"+text)}
		r.Systemd = systemd.DefaultVersion
		g := &granting{run: r, leftOut: map[string]string{
			"ProtectHome": "ProtectHome=read-only is not stricter: it is used", "PrivateNetwork": "PrivateNetwork= is left out: it is used",
			"NoNewPrivileges": "NoNewPrivileges= is left out: it is used",
		}}
		_, why, _ := g.why(all[slices.IndexFunc(all, func(a Act) bool { return a.Name == act })], "1")
		return why
	}
	for _, c := range []struct{ text, act, want string }{
		{"ProtectHome=read-only\n", "read-home", "ProtectHome=read-only is not stricter: it is used"},
		{"", "read-home", "no line forbids it"}, // the unit is another one
		{"", "reach-host", "PrivateNetwork= is left out: it is used"},
		{"", "signal-process", "the service runs as root, as the other process does"},
		{"User=w\n", "signal-process", "no line forbids it"},
		{"NoExecPaths=/\n", "gain-by-setgid", "NoNewPrivileges= is left out: it is used"}, // the program itself may be executed
		{"SystemCallFilter=kill read\n", "signal-process", "by SystemCallFilter=kill"},
	} {
		require.Equal(t, c.want, reason(c.text, c.act), c)
	}
}

// TestActsAreWhole holds the table to the program and to the directives that there are.
func TestActsAreWhole(t *testing.T) {
	source, err := os.ReadFile("act.c")
	require.NoError(t, err)
	var kinds []string
	for _, m := range regexp.MustCompile(`\{"([\w-]+)", act_`).FindAllStringSubmatch(string(source), -1) {
		kinds = append(kinds, m[1])
	}
	used, names := map[string]bool{}, map[string]bool{}
	for _, a := range Acts() {
		require.False(t, names[a.Name], a.Name)
		names[a.Name], used[a.kind] = true, true
		require.Contains(t, kinds, a.kind, a.Name)
		require.NotEmpty(t, a.Tries, a.Name)
		require.NotEmpty(t, a.Harmless, a.Name)
		require.NotEmpty(t, a.asks("1"), a.Name)
		for _, g := range a.Guards {
			require.Contains(t, systemd.Directives(), g, a.Name)
		}
	}
	for _, k := range kinds {
		require.True(t, used[k], "no act is of the kind %s", k)
	}
}

func TestReportIsTold(t *testing.T) {
	r := &Report{Acts: []Tried{
		{Act: "mount", Tries: "mount | it", Outcome: Denied, Error: "ENOSYS", By: []synth.Line{{Text: "A=yes"}, {Text: "B=yes"}}},
		{Act: "ask-bus", Tries: "ask", Outcome: Possible, Explained: true, Why: "training did it"},
		{Act: "kexec", Tries: "start", Outcome: Possible, Why: "no line forbids it"},
		{Act: "clock", Tries: "set", Outcome: NotHere, Why: "EPERM without any profile"},
	}, NotInForce: []string{"X= is not in force"}}
	var text, table, quick bytes.Buffer
	require.NoError(t, (&Report{Acts: r.Acts[:1], Quick: true}).WriteText(&quick))
	require.Contains(t, quick.String(), "mount                  denied (ENOSYS)\n", "nobody asked by which line")
	require.NoError(t, r.WriteText(&text))
	require.Equal(t, `mount                  denied (ENOSYS) by each of A=yes, B=yes
ask-bus                possible, granted: training did it
kexec                  possible, NOT GRANTED: no line forbids it
clock                  not possible here: EPERM without any profile
not in force: X= is not in force
4 acts: 1 denied, 1 possible by what the profile grants, 1 possible although nothing grants it, 1 not possible here
`, text.String())
	require.NoError(t, r.WriteMarkdown(&table))
	require.Equal(t, "| Act | Tries to | Outcome | By |\n| --- | --- | --- | --- |\n"+
		"| `mount` | mount \\| it | denied, `ENOSYS` | by each of A=yes, B=yes |\n"+
		"| `ask-bus` | ask | possible, granted | training did it |\n"+
		"| `kexec` | start | possible, **not granted** | no line forbids it |\n"+
		"| `clock` | set | not possible here | EPERM without any profile |\n", table.String())
}
