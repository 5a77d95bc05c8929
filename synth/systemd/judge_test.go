package systemd_test

import (
	"bytes"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/synth/tracegen"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

func groups(name string) ([]string, bool) {
	g := map[string][]string{
		"@default": {"execve", "brk"}, "@file-system": {"openat", "stat"}, "@system-service": {"@file-system", "read"}, "@mount": {"mount"},
	}[name]
	return g, g != nil
}

// judged is a worker with a little of everything.
func judged() *trace.Trace {
	b := newTrace("/usr/bin/worker").calls("openat", "read", "mount", "execve").
		file("startup", "/etc/worker.conf", trace.AccessRead, "openat", trace.OK).
		file("startup", "/run/worker/pid", trace.AccessWrite|trace.AccessCreate, "openat", trace.OK).
		file("startup", "/var/lib/worker/db", trace.AccessWrite|trace.AccessCreate, "openat", trace.OK).
		file("startup", "/usr/share/w", trace.AccessWrite, "openat", trace.OK).
		file("startup", "/home/op/x", trace.AccessRead, "openat", trace.OK).
		capability("startup", "CAP_NET_RAW", trace.OK, "", "socket").
		capability("startup", "CAP_CHOWN", trace.OK, "", "chown").
		socket("startup", "create", "AF_INET", "").
		argument("startup", "unshare", trace.ArgNamespaces, "CLONE_NEWUSER")
	return b.Trace
}

func TestJudgeUnitsByHand(t *testing.T) {
	for _, c := range []struct {
		unit             string
		denied, unjudged []string
	}{
		{"NoNewPrivileges=yes", nil, nil},
		{"ProtectSystem=yes", []string{"ProtectSystem write of /usr/share/w u:2"}, nil},
		{"ProtectSystem=full", []string{"ProtectSystem write of /usr/share/w u:2"}, nil},
		{"ProtectSystem=strict\nStateDirectory=worker\nReadWritePaths=/usr/share/w /var/run/worker", nil, nil},
		{"ProtectSystem=strict\nStateDirectory=%n\nReadWritePaths=/usr/share/w %t/worker", []string{"ProtectSystem write,create of /var/lib/worker/db u:2"},
			[]string{"StateDirectory=%n"}},
		{"ProtectSystem=strict\nStateDirectory=worker\nReadWritePaths=\nReadWritePaths=/usr/share/w /run/worker", nil, nil},
		{"ProtectSystem=strict\nStateDirectory=worker\nReadWritePaths=/usr/share/w /run/worker\nStateDirectory=", []string{
			"ProtectSystem write,create of /var/lib/worker/db u:2",
		}, nil},
		{"User=0\nProtectClock=1", nil, nil},
		{"ProtectHome=true", []string{"ProtectHome read of /home/op/x u:2"}, nil},
		{"DynamicUser=yes\nStateDirectory=worker\nRuntimeDirectory=worker", []string{
			"ProtectSystem write of /usr/share/w :0", "AmbientCapabilities CAP_NET_RAW as user dynamic :0", "AmbientCapabilities CAP_CHOWN as user dynamic :0",
		}, []string{"User=dynamic"}},
		{"CapabilityBoundingSet=cap_net_raw\nCapabilityBoundingSet=CAP_CHOWN", nil, nil},
		{"CapabilityBoundingSet=~CAP_CHOWN", []string{"CapabilityBoundingSet CAP_CHOWN u:2"}, nil},
		{"CapabilityBoundingSet=\nCapabilityBoundingSet=CAP_NET_RAW", []string{"CapabilityBoundingSet CAP_CHOWN u:3"}, nil},
		{"CapabilityBoundingSet=CAP_NET_RAW CAP_CHOWN\nCapabilityBoundingSet=~CAP_CHOWN", []string{"CapabilityBoundingSet CAP_CHOWN u:2"}, nil},
		{"CapabilityBoundingSet=~", nil, nil},
		{"CapabilityBoundingSet=CAP_CHOWN\nCapabilityBoundingSet=", []string{"CapabilityBoundingSet CAP_NET_RAW u:3", "CapabilityBoundingSet CAP_CHOWN u:3"}, nil},
		{"User=osapi\nAmbientCapabilities=CAP_CHOWN", []string{"AmbientCapabilities CAP_NET_RAW as user osapi u:3"}, []string{"User=osapi"}},
		{"SystemCallFilter=@system-service", []string{"SystemCallFilter mount  u:2"}, nil},
		{"SystemCallFilter=@system-service @mount:EPERM\nSystemCallFilter=~@file-system", []string{"SystemCallFilter openat  u:2"}, nil},
		{"SystemCallFilter=~@mount", []string{"SystemCallFilter mount  u:2"}, nil},
		{"SystemCallFilter=~@mount\nSystemCallFilter=\nSystemCallFilter=~read", []string{"SystemCallFilter read  u:4"}, nil},
		{"SystemCallFilter=~@nope", nil, []string{"SystemCallFilter=~@nope"}},
		{"RestrictAddressFamilies=AF_UNIX", []string{"RestrictAddressFamilies create AF_INET  u:2"}, nil},
		{"RestrictAddressFamilies=~AF_INET", []string{"RestrictAddressFamilies create AF_INET  u:2"}, nil},
		{"RestrictAddressFamilies=none", []string{"RestrictAddressFamilies create AF_INET  u:2"}, nil},
		{"RestrictNamespaces=~user", []string{"RestrictNamespaces unshare with CLONE_NEWUSER u:2"}, nil},
		{"RestrictNamespaces=user mnt", nil, nil},
		{"RestrictNamespaces=true", []string{"RestrictNamespaces unshare with CLONE_NEWUSER u:2"}, nil},
		{"RestrictNamespaces=no", nil, nil},
		{"InaccessiblePaths=-/etc\nInaccessiblePaths=/var/lib/worker", []string{
			"InaccessiblePaths read of /etc/worker.conf u:2", "InaccessiblePaths write,create of /var/lib/worker/db u:3",
		}, nil},
		{"InaccessibleDirectories=/etc", []string{"InaccessiblePaths read of /etc/worker.conf u:2"}, nil},
		{"BindReadOnlyPaths=/a:/etc\nPrivateNetwork=yes\nPrivateUsers=no\nFrobnicate=x\nExecStart=/usr/bin/worker %i", nil,
			[]string{"BindReadOnlyPaths=/a:/etc", "Frobnicate=x"}},
		{"ReadWritePaths=\"open", nil, []string{"ReadWritePaths=\"open"}},
	} {
		all, err := systemd.ReadAssignments("u", []byte("[Service]\n"+c.unit+"\n"))
		require.NoError(t, err)
		refused, unjudged, err := systemd.Judge(all, judged(), 252, groups)
		require.NoError(t, err, c.unit)
		var denied, open []string
		for _, r := range refused {
			denied = append(denied, r.Directive+" "+factOf(r.Fact)+" "+r.Line.File+":"+itoa(r.Line.Number))
		}
		for _, u := range unjudged {
			open = append(open, u.Text)
		}
		require.ElementsMatch(t, c.denied, denied, c.unit)
		require.ElementsMatch(t, c.unjudged, open, c.unit)
	}
}

// TestFiltersThatSetNoNewPrivileges is about units whose filters keep a setuid program
// from gaining anything, though nothing in them says so (each measured).
func TestFiltersThatSetNoNewPrivileges(t *testing.T) {
	for _, c := range []struct {
		unit    string
		version int
		set     bool
	}{
		{"User=worker\nProtectClock=yes", 252, true},
		{"User=worker\nProtectClock=yes\nCapabilityBoundingSet=CAP_SYS_ADMIN\nAmbientCapabilities=CAP_SYS_ADMIN", 252, true},
		{"User=worker\nSystemCallLog=~bpf", 252, true},
		{"User=worker\nSystemCallLog=~bpf\nSystemCallLog=", 252, false},
		{"User=worker\nAmbientCapabilities=CAP_SYS_ADMIN", 252, false},
		{"User=0\nSystemCallFilter=~bpf\nCapabilityBoundingSet=CAP_CHOWN", 252, false},
		{"User=worker\nProtectClock=yes\nSystemCallLog=~bpf", 257, false},
		{"User=worker\nSystemCallFilter=~capset\nAmbientCapabilities=CAP_SYS_ADMIN", 257, true},
	} {
		all, err := systemd.ReadAssignments("u", []byte("[Service]\n"+c.unit+"\n"))
		require.NoError(t, err)
		refused, _, err := systemd.Judge(all, works().exec("op", "/usr/bin/sudo", true).Trace, c.version, groups)
		require.NoError(t, err)
		require.Equal(t, c.set, len(refused) > 0 && refused[0].Directive == "NoNewPrivileges", "%s on %d: %+v", c.unit, c.version, refused)
	}
}

// TestWhatTheWorkerExecutesBesideSudo: what sudo executes has root's capabilities, and
// has them not when the worker executes it as well.
func TestWhatTheWorkerExecutesBesideSudo(t *testing.T) {
	const sudo, tool = 2, 3
	b := works().exec("op", "/usr/bin/sudo", true).exec("op", "/usr/bin/tool", false)
	b.Execs[len(b.Execs)-1].Subject = sudo
	b = b.capability("op", "CAP_CHOWN", trace.OK, "", "chown")
	b.Capabilities[len(b.Capabilities)-1].Subject = tool
	all, err := systemd.ReadAssignments("u", []byte("[Service]\nUser=worker\n"))
	require.NoError(t, err)
	for _, both := range []bool{false, true} {
		if both {
			b.Execs = append(b.Execs, trace.Exec{Seen: did("op", trace.OK), Target: tool})
			b.Execs[len(b.Execs)-1].Subject = 1
		}
		refused, _, err := systemd.Judge(all, b.Trace, 257, groups)
		require.NoError(t, err)
		require.Equal(t, both, len(refused) == 1 && refused[0].Directive == "AmbientCapabilities", "%+v", refused)
	}
}

// TestJudgeAdmitsWhatIsEmitted: a unit that was made of a trace refuses nothing
// in it, whichever way it is read.
func TestJudgeAdmitsWhatIsEmitted(t *testing.T) {
	check := func(in *trace.Trace, opt systemd.Options) {
		p := synth.Infer(in, synth.Options{User: opt.User})
		for _, write := range []func() ([]byte, error){
			func() ([]byte, error) { var b bytes.Buffer; err := systemd.DropIn(&b, p, opt); return b.Bytes(), err },
			func() ([]byte, error) { var b bytes.Buffer; err := systemd.Unit(&b, p, opt); return b.Bytes(), err },
		} {
			text, err := write()
			if err != nil {
				continue // a worker whose name no unit can spell
			}
			all, err := systemd.ReadAssignments("u", text)
			require.NoError(t, err)
			refused, unjudged, err := systemd.Judge(all, in, opt.Version, nil)
			require.NoError(t, err)
			require.Empty(t, refused, "%s", text)
			for _, u := range unjudged {
				require.True(t, u.Text == "User=osapi" || u.Text == "ProtectProc=invisible" || u.Why == "what @default stands for is not known here: calls of it count as not named", u)
			}
		}
	}
	for seed := range uint64(60) {
		in := tracegen.Trace(rand.New(rand.NewPCG(seed, 7)), 12)
		check(in, []systemd.Options{{Version: 252}, {Version: 257, User: "osapi"}}[seed%2])
	}
	files, err := filepath.Glob("../../docs/traces/*.jsonl*")
	require.NoError(t, err)
	for _, file := range files {
		in, err := trace.ReadFile(file)
		require.NoError(t, err)
		check(in, systemd.Options{Version: 252})
	}
}

func itoa(n int) string { return strconv.Itoa(n) }

// factOf is the fact without where a name came from.
func factOf(words string) string {
	before, _, _ := strings.Cut(words, " (from ")
	return before
}
