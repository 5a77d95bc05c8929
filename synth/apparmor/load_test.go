package apparmor

import (
	"bytes"
	"os"
	"strings"
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
		"p:19: ^hat { | what runs in a hat, under a condition or in a child's child is not looked at",
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

// TestJudgeFollowsIntoOtherProfiles: a child, another profile of the text, what falls
// back and what is left alone, for a program that a worker starts and that reads.
func TestJudgeFollowsIntoOtherProfiles(t *testing.T) {
	tr := traced()
	tr.Subjects = append(tr.Subjects, trace.Subject{ID: 2, Exe: "/usr/bin/other"})
	tr.Execs = append(tr.Execs, trace.Exec{Seen: trace.Seen{Subject: 1, Outcome: trace.OK}, Target: 2})
	tr.Files = append(tr.Files, trace.File{Seen: trace.Seen{Subject: 2, Outcome: trace.OK}, Path: "/theirs", Access: trace.AccessRead, Type: "file"})
	const reads, maps = " /theirs r,\n", " /usr/bin/* mr,\n"
	for name, c := range map[string]struct{ rules, beside, refused, unjudged string }{
		"by its name":               {rules: "/usr/bin/other Cx -> it,\nprofile it {\n" + maps + reads + "}\n"},
		"by its program":            {rules: "/usr/bin/other Cx,\nprofile /usr/bin/oth* {\n" + maps + reads + "}\n"},
		"by its program, named":     {rules: "/usr/bin/other cx,\nprofile it /usr/bin/other flags=(complain) {\n" + maps + "}\n", refused: "x//it", unjudged: "complain"},
		"a child that may not":      {rules: reads + "/usr/bin/other Cx -> it,\nprofile it {\n" + maps + "}\n", refused: "x//it"},
		"a child that may not map":  {rules: "/usr/bin/other Cx -> it,\nprofile it {\n" + reads + "}\n", refused: "x//it"},
		"no child of the name":      {rules: reads + "/usr/bin/other Cx -> that,\nprofile it {\n}\n", refused: "x"},
		"inherited for want of one": {rules: reads + "/usr/bin/other Cix,\n"},
		"another of the text":       {rules: "/usr/bin/other Px,\n", beside: "/usr/bin/other {\n" + maps + reads + "}\n"},
		"another that may not":      {rules: reads + "/usr/bin/other px -> y,\n", beside: "profile y {\n" + maps + "}\n", refused: "y"},
		"one that is not here":      {rules: "/usr/bin/other Px -> y,\n", unjudged: "another profile, or under none"},
		"left alone":                {rules: "/usr/bin/other Ux,\n", unjudged: "another profile, or under none"},
		"both of a stack":           {rules: reads + "/usr/bin/other px -> &y,\n", beside: "profile y {\n" + maps + reads + "}\n"},
		"one of a stack may not":    {rules: reads + "/usr/bin/other px -> &y,\n", beside: "profile y {\n" + maps + "}\n", refused: "y"},
		"a hat":                     {rules: reads + "/usr/bin/other ix,\n^h {\n /never rw,\n}\n", unjudged: "hat"},
	} {
		p := loadOne(t, "profile x {\ncapability,\n"+c.rules+"}\n"+c.beside)
		denied, unjudged := p.Judge(tr)
		if c.refused == "" {
			require.Empty(t, denied, name)
		} else {
			require.NotEmpty(t, denied, name)
			require.Equal(t, c.refused, denied[0].Profile, name)
		}
		if c.unjudged == "" {
			require.Empty(t, unjudged, name)
		} else {
			require.Len(t, unjudged, 1, name)
			require.Contains(t, unjudged[0].Why, c.unjudged, name)
		}
	}
}

// TestLoadTakesInWhatIsWritten holds both readers to the same text.
func TestLoadTakesInWhatIsWritten(t *testing.T) {
	known := []string{
		"facts about it are not looked at", "who a peer is, a trace does not tell",
		"the worker mounts or unmounts, and whether that is allowed is not looked at",
	}
	for seed := range uint64(40) {
		tr := madeUp(seed)
		for _, opt := range []Options{{}, {Children: ChildrenAuto}, {Children: ChildrenAuto, Stacked: true}} {
			var out bytes.Buffer
			require.NoError(t, Write(&out, synth.Infer(tr, synth.Options{}), opt))
			all, err := Load("p", out.Bytes(), host)
			require.NoError(t, err, out.String())
			denied, unjudged := all[0].Judge(tr)
			require.Empty(t, denied, out.String())
			for _, u := range unjudged {
				if strings.HasPrefix(u.Text, "profile of ") && opt.Children != "" {
					continue // in made-up traces programs start each other, and nobody them
				}
				require.Contains(t, known, u.Why, u.Text)
			}
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

// TestFileAloneIsEverything: the parser takes it for /{**,}, which the root directory
// itself is among.
func TestFileAloneIsEverything(t *testing.T) {
	tr := traced(
		trace.File{Seen: trace.Seen{Subject: 1, Outcome: trace.OK}, Path: "/", Access: trace.AccessRead, Type: "dir"},
		trace.File{Seen: trace.Seen{Subject: 1, Outcome: trace.OK}, Path: "/etc/x", Access: trace.AccessWrite, Type: "file"},
	)
	denied, _ := loadOne(t, "profile x {\n capability,\n file,\n}\n").Judge(tr)
	require.Empty(t, denied)
	denied, _ = loadOne(t, "profile x {\n capability,\n /** rwkmlix,\n}\n").Judge(tr)
	require.Len(t, denied, 1)
}
