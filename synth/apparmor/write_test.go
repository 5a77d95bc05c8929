package apparmor

import (
	"bytes"
	"strings"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

// every lists a probe for each kind of fact.
var every = []trace.Probe{
	{Fact: "syscall", Hook: "h"}, {Fact: "exec", Hook: "h"}, {Fact: "file", Hook: "h"},
	{Fact: "capability", Hook: "h"}, {Fact: "socket", Hook: "h"}, {Fact: "argument", Hook: "h"},
}

// traced is a complete run of /usr/bin/daemon as root with the given files.
func traced(files ...trace.File) *trace.Trace {
	for i := range files {
		files[i].Subject, files[i].Outcome = 1, trace.OK
	}
	return &trace.Trace{
		Runs: []trace.Run{{
			Header: trace.Header{Run: "r1", Worker: "/usr/bin/daemon", User: "root", Arch: "amd64", Probes: every},
			End:    &trace.End{},
		}},
		Subjects: []trace.Subject{{ID: 1, Exe: "/usr/bin/daemon"}},
		Files:    files,
	}
}

func written(t testing.TB, tr *trace.Trace) string {
	var out bytes.Buffer
	require.NoError(t, Write(&out, synth.Infer(tr, synth.Options{}), Options{}))
	return out.String()
}

// hostile are names that mean something to AppArmor's grammar, to the shell or
// to nobody.
var hostile = []string{
	"/srv/a b", "/srv/tab\tx", "/srv/x/include <abstractions/base>", "/srv/new\nline", "/srv/cr\rx", "/srv/quo\"te", "/srv/back\\slash", "/srv/end\\",
	"/srv/*", "/srv/**", "/srv/?", "/srv/[a-z]", "/srv/[^a]", "/srv/]", "/srv/{a,b}", "/srv/{", "/srv/}", "/srv/^x",
	"/srv/@{PROC}", "/srv/@{HOME}", "/srv/@", "/srv/@@{pid}", "/srv/$HOME", "/srv/%h", "/srv/#include <x>", "/srv/a,",
	"/srv/a, /** rw,", "/srv/x rw,\n  /** rwix,\n", "/srv/a -> b", "/srv/`id`", "/srv/|", "/srv/(x)", "/srv/\xff\xfe",
	"/srv/\xc3", "/srv/caf\u00e9", "/srv/\u202egnp", "/srv/\u2028x", "/srv/\x01\x7f", "/srv/\\052", "/srv/\\x2a", "/srv/a\"b\\\"c",
	"/srv/1\n2", "/srv/\n052", "/srv/+.|()$", "/srv/~", "/srv/'", "/srv/a=b", "/srv/=", "/srv/-x", "/srv/:x:", "/srv/!",
	"/srv/<abi>", "/srv/x\\", "/srv/\x85x", "/srv/\xc2\x85x", "/srv/ lead", "/srv/trail ", "/srv/\u00a0", "/srv/\\", "/srv/\\\\",
}

func TestHostileNamesAreExactlyThemselves(t *testing.T) {
	var files []trace.File
	want := map[string]perms{"/usr/bin/daemon": permRead | permMap, "/dev/null": permRead | permWrite}
	for _, name := range hostile {
		files = append(files, trace.File{Path: trace.Path(name), Access: trace.AccessRead, Type: "file"})
		want[name] = permRead
	}
	text := written(t, traced(files...))
	require.Equal(t, want, mustCompile(t, []byte(text)).all(t))
}

func TestLongestNames(t *testing.T) {
	long := "/" + string(bytes.Repeat([]byte("\n"), 4090))
	text := written(t, traced(trace.File{Path: trace.Path(long), Access: trace.AccessWrite, Type: "file"}))
	require.Equal(t, permWrite, mustCompile(t, []byte(text)).allows(long, true))
}

func TestOwnerRulesAreForTheOwner(t *testing.T) {
	text := written(t, traced(
		trace.File{Path: "/own", Access: trace.AccessRead, Type: "file", UID: 7, FSUID: 7},
		trace.File{Path: "/other", Access: trace.AccessRead, Type: "file", UID: 7, FSUID: 8},
	))
	c := mustCompile(t, []byte(text))
	require.Equal(t, permRead, c.allows("/own", true))
	require.Zero(t, c.allows("/own", false))
	require.Equal(t, permRead, c.allows("/other", false))
}

func TestCheckName(t *testing.T) {
	for _, name := range []string{"osapi", "a", "0a", "osapi-worker_1.2"} {
		require.NoError(t, CheckName(name), name)
	}
	for _, name := range []string{"", "/usr/bin/x", ".x", "-x", "a b", "a\"", "a{b}", "@{x}", "a\n", "a//b", "a:b", "\xff", "a*", strings.Repeat("a", 201)} {
		require.Error(t, CheckName(name), name)
		require.Error(t, Write(&bytes.Buffer{}, &synth.Profile{Worker: synth.Worker{Name: name}}, Options{}), name)
	}
}

func TestNoProfileWithoutProbesForFilesAndPrograms(t *testing.T) {
	for _, kind := range []string{"file", "exec"} {
		var out bytes.Buffer
		err := Write(&out, &synth.Profile{Worker: synth.Worker{Name: "p"}, Blind: []string{kind}}, Options{})
		require.ErrorContains(t, err, kind)
		require.Empty(t, out.String())
	}
}

// TestEveryFamilyTypeAndCapabilityIsKnown to apparmor_parser, which refuses
// words that it does not know.
func TestEveryFamilyTypeAndCapabilityIsKnown(t *testing.T) {
	p := &synth.Profile{Worker: synth.Worker{Name: "p"}}
	for _, f := range families {
		for _, typ := range socketTypes {
			p.Sockets = append(p.Sockets, synth.SocketGrant{Family: "AF_" + strings.ToUpper(f), Type: "SOCK_" + strings.ToUpper(typ)})
		}
	}
	for _, c := range strings.Fields(`chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable
		net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct
		sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap
		mac_override mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore`) {
		p.Capabilities = append(p.Capabilities, synth.CapabilityGrant{Name: "CAP_" + strings.ToUpper(c), Need: synth.Required})
	}
	var out bytes.Buffer
	require.NoError(t, Write(&out, p, Options{}))
	require.NotContains(t, out.String(), "NOT WRITTEN")
	mustCompile(t, out.Bytes())
}

func TestWhoseProcIsRead(t *testing.T) {
	const own, first, any = "ptrace (read, readby) peer=@{profile_name}", "ptrace (read) peer=unconfined", "ptrace (read)"
	read := func(path trace.Path, typ string, uid uint32) trace.File {
		return trace.File{Path: path, Access: trace.AccessRead, Type: typ, UID: uid}
	}
	for name, c := range map[string]struct {
		files []trace.File
		want  []string
	}{
		"status asks nothing": {[]trace.File{read("/proc/12/status", "file", 1)}, nil},
		"own":                 {[]trace.File{read("/proc/12/maps", "file", 0)}, []string{own}},
		"unknown":             {[]trace.File{read("/proc/12/exe", "", 0)}, []string{own}},
		"a thread's":          {[]trace.File{read("/proc/12/task/13/environ", "file", 0)}, []string{own}},
		"init":                {[]trace.File{read("/proc/1/root", "", 0)}, []string{first}},
		"another user's":      {[]trace.File{read("/proc/12/maps", "file", 1)}, []string{any}},
		"all":                 {[]trace.File{read("/proc/1/environ", "file", 0), read("/proc/12/io", "file", 1), read("/proc/12/fd", "dir", 0)}, []string{own, any}},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Read([]byte(written(t, traced(c.files...))))
			require.NoError(t, err)
			// The first two are about the service manager.
			require.Equal(t, append([]string{"signal (receive) peer=unconfined", "ptrace (readby, tracedby) peer=unconfined"}, c.want...), p.Others)
		})
	}
}

// TestHugePages: AppArmor is asked for "/" before the pages are looked for.
func TestHugePages(t *testing.T) {
	for outcome, want := range map[string]bool{"ENOMEM": true, trace.OK: false} {
		tr := traced()
		tr.Syscalls = append(tr.Syscalls, trace.Syscall{Seen: trace.Seen{Subject: 1, Outcome: outcome}, Name: "mmap"})
		require.Equal(t, want, strings.Contains(written(t, tr), "\n  / rw, # daemon; rule huge-pages\n"), outcome)
	}
}
