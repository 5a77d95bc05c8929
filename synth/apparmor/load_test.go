package apparmor

import (
	"bytes"
	"os"
	"testing"
	"testing/fstest"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

// host is what a profile by hand may include.
var host = fstest.MapFS{
	"tunables/global":     {Data: []byte("include <tunables/home>\n@{etc_ro}=/etc/ /usr/etc/\n")},
	"tunables/home":       {Data: []byte("@{HOMEDIRS} = /home/\n@{HOME}=@{HOMEDIRS}/*/ /root/\ninclude <tunables/home.d>\n")},
	"tunables/home.d/own": {Data: []byte("@{HOMEDIRS}+=/srv/home/\n")},
	"tunables/home.d/.no": {Data: []byte("@{HOMEDIRS}+=/never/\n")},
	"abstractions/base":   {Data: []byte("  abi <abi/3.0>,\n  @{etc_ro}/ld.so.cache r,\n  deny /etc/secret r,\n  include <abstractions/base>\n")},
	"abstractions/ok":     {Data: []byte("  /usr/lib/** mr,\n")},
}

func loadOne(t *testing.T, text string) *Loaded {
	t.Helper()
	all, err := Load("p", []byte(text), host)
	require.NoError(t, err)
	return all[0]
}

func TestLoadReadsProfilesByHand(t *testing.T) {
	p := loadOne(t, `#include <tunables/global>
profile worker /usr/bin/worker flags=(complain) {
  #include <abstractions/ok>
  include if exists <local/worker>
  capability net_raw setuid,
  deny capability setuid,
  network inet tcp,
  network udp,
  owner @{HOME}/.conf rw,
  r /first,
  audit allow file /second w,
  /a{,b} rk -> x,
  /usr/bin/other Px,
  deny /usr/lib/secret/** r,
  unix (send) type=dgram,
  link subset /l -> /t,
  frobnicate x,
  /appended a,
  ^hat {
    /hidden rw,
  }
}
`)
	require.Equal(t, "worker", p.Name)
	require.True(t, p.Complain)
	require.True(t, p.admitsCapability("CAP_NET_RAW"))
	require.False(t, p.admitsCapability("CAP_SETUID"))
	require.True(t, p.admitsSocket(trace.Socket{Family: "AF_INET", Type: "SOCK_STREAM"}))
	require.True(t, p.admitsSocket(trace.Socket{Family: "AF_INET6", Type: "SOCK_DGRAM"}))
	require.False(t, p.admitsSocket(trace.Socket{Family: "AF_INET6", Type: "SOCK_STREAM"}))
	require.True(t, p.admitsSocket(trace.Socket{Family: "AF_UNIX", Type: "SOCK_STREAM"}))
	require.True(t, p.admitsLink("/l", "/t"))
	for name, want := range map[string]perms{
		"/home/op/.conf": permRead | permWrite, "/root/.conf": permRead | permWrite, "/srv/home/x/.conf": permRead | permWrite, "/never/x/.conf": 0,
		"/first": permRead, "/second": permWrite, "/ab": permRead | permLock, "/usr/lib/a/b": permRead | permMap, "/usr/lib/secret/b": permMap,
		"/usr/bin/other": permExec, "/hidden": 0, "/appended": 0,
	} {
		require.Equal(t, want, p.permsOf(name, true), name)
	}
	require.Zero(t, p.permsOf("/root/.conf", false))
	var why []string
	for _, u := range p.Unjudged {
		why = append(why, u.Line.String()+" | "+u.Why)
	}
	require.Equal(t, []string{
		"p:15: unix (send) type=dgram, | taken to allow every UNIX socket: conditions of unix rules are not looked at",
		"p:17: frobnicate x, | unknown rule",
		"p:18: /appended a, | appending is not told from writing, and counts as denied here",
		"p:19: ^hat { | what runs in a child profile, a hat or under a condition is not looked at",
	}, why)
}

func TestLoadSaysWhatItCannotRead(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "p: no profile in the text",
		"profile x {\n /a r,\n":    "p: profile x has no end",
		"}":                        "p:1: a '}' without its opening one",
		"profile x {\n /a r":       "p:2: the text ends within a rule",
		"profile x {\n \"/a r,\n}": "p:2: a quote that is not closed",
		"profile x {\n include <abstractions/base>\n}": "nested more than 16 deep",
	} {
		_, err := Load("p", []byte(text), host)
		require.ErrorContains(t, err, want, text)
	}
	p := loadOne(t, "profile x {\n include <abstractions/none>\n @{none}/x r,\n}\n")
	require.Len(t, p.Unjudged, 2)
	require.Contains(t, p.Unjudged[0].Why, "is not here")
	require.Contains(t, p.Unjudged[1].Why, "variable @{none} has no value")
}

// TestJudgeLeavesOutOtherProfiles: what a rule starts under another profile is
// told, not judged.
func TestJudgeLeavesOutOtherProfiles(t *testing.T) {
	tr := traced(trace.File{Seen: trace.Seen{Subject: 1, Outcome: trace.OK}, Path: "/mine", Access: trace.AccessRead, Type: "file"})
	tr.Subjects = append(tr.Subjects, trace.Subject{ID: 2, Exe: "/usr/bin/other"}, trace.Subject{ID: 3, Exe: "/usr/bin/third"})
	tr.Execs = append(tr.Execs, trace.Exec{Seen: trace.Seen{Subject: 1, Outcome: trace.OK}, Target: 2}, trace.Exec{Seen: trace.Seen{Subject: 2, Outcome: trace.OK}, Target: 3})
	tr.Files = append(tr.Files, trace.File{Seen: trace.Seen{Subject: 3, Outcome: trace.OK}, Path: "/theirs", Access: trace.AccessRead, Type: "file"})
	denied, unjudged := loadOne(t, "profile x {\n capability,\n /usr/bin/other Px,\n /mine w,\n}\n").Judge(tr)
	require.Len(t, denied, 1)
	require.Equal(t, "/mine", denied[0].Name)
	require.Len(t, unjudged, 2)
	denied, _ = loadOne(t, "profile x {\n capability,\n /usr/bin/* ix,\n /mine r,\n}\n").Judge(tr)
	require.Len(t, denied, 1)
	require.Equal(t, "/theirs", denied[0].Name)
}

// TestLoadTakesInWhatIsWritten holds both readers to the same text.
func TestLoadTakesInWhatIsWritten(t *testing.T) {
	for seed := range uint64(40) {
		tr := madeUp(seed)
		var out bytes.Buffer
		require.NoError(t, Write(&out, synth.Infer(tr, synth.Options{}), Options{}))
		all, err := Load("p", out.Bytes(), host)
		require.NoError(t, err, out.String())
		denied, unjudged := all[0].Judge(tr)
		require.Empty(t, denied, out.String())
		for _, u := range unjudged {
			require.Contains(t, []string{"facts about it are not looked at", "the worker mounts or unmounts, and whether that is allowed is not looked at"}, u.Why, u.Text)
		}
	}
}

// The profiles that Debian ships are read whole.
func TestLoadReadsTheHostsProfiles(t *testing.T) {
	text, err := os.ReadFile(Dir + "/usr.bin.man")
	if err != nil {
		t.Skip("no AppArmor profiles here")
	}
	all, err := Load("usr.bin.man", text, os.DirFS(Dir))
	require.NoError(t, err)
	require.Len(t, all, 3)
	require.Equal(t, permRead|permWrite|permLock|permMap|permExec, all[0].permsOf("/etc/passwd", false))
	for _, p := range all {
		for _, u := range p.Unjudged {
			require.NotContains(t, u.Why, "unknown rule", u)
			require.NotContains(t, u.Why, "expected", u)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte("#include <tunables/global>\n@{x} += a\nprofile p flags=(complain) {\n deny /a w,\n ^h {\n}\n if x {\n}\n network inet tcp,\n}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := Load("p", text, host)
		if err == nil {
			_ = all[0].permsOf("/x", true)
		}
	})
}
