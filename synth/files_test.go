package synth_test

import (
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

func file(p trace.Path, a trace.Access, outcome string) trace.File {
	return trace.File{Seen: seen(outcome), Path: p, Access: a, Syscall: "openat", Type: "file"}
}

const (
	write   = trace.AccessWrite
	created = trace.AccessWrite | trace.AccessCreate
)

func TestWhichOutcomesMakeAGrant(t *testing.T) {
	for outcome, granted := range map[string]bool{
		trace.OK: true, "EAGAIN": true, "EINTR": true, "ENXIO": true, "EBUSY": true, "ETXTBSY": true, "ENOTEMPTY": true,
		"ENOSPC": true, "ECONNREFUSED": true, "ENOEXEC": true, "": true,
		"ENOENT": false, "ENOTDIR": false, "EEXIST": false, "EACCES": false, "EPERM": false, "EROFS": false, "ELOOP": false,
		"EISDIR": false, "EXDEV": false, "EINVAL": false, "ENAMETOOLONG": false, "EADDRINUSE": false,
	} {
		in := oneRun()
		in.Files = []trace.File{file("/srv/f", write, outcome)}
		p := synth.Infer(in, synth.Options{})
		require.Equal(t, granted, len(p.Files) == 1, outcome)
		require.Equal(t, !granted, len(p.Absent) == 1, outcome)
	}
}

func TestFilesAreOneGrantForEachPath(t *testing.T) {
	in := oneRun()
	in.Files = []trace.File{
		file("/srv/f", trace.AccessRead, trace.OK), file("/srv/f", write, trace.OK), file("/srv/f", trace.AccessLock, "EAGAIN"),
		file("/srv/g", trace.AccessRead, trace.OK), file("memfd:x", trace.AccessRead, trace.OK),
	}
	in.Files[3].UID, in.Files[3].FSUID = 1, 2
	in.Files = append(in.Files, trace.File{Seen: seen(trace.OK), Path: "/memfd:x", Access: write, Anon: true})
	files := synth.Infer(in, synth.Options{}).Files
	require.Len(t, files, 2)
	require.Equal(t, trace.AccessRead|write|trace.AccessLock, files[0].Access)
	require.True(t, files[0].Owned)
	require.False(t, files[1].Owned)
	require.Len(t, files[0].Facts, 2, "facts that differ only in what they did to the file are one piece of evidence")
}

func TestRenamesArePaired(t *testing.T) {
	in := oneRun()
	to := file("/srv/f", trace.AccessRenameTo, trace.OK)
	to.Target = "/srv/f.tmp"
	in.Files = []trace.File{file("/srv/f.tmp", trace.AccessRenameFrom, trace.OK), to}
	find := func() []synth.Move {
		for _, g := range synth.Infer(in, synth.Options{}).Files {
			if g.Path == "/srv/f" {
				return g.Moves
			}
		}
		return nil
	}
	require.Equal(t, []synth.Move{{From: "/srv/f.tmp"}}, find())
	in.Files[1].Target = "" // a recorder that does not say which name it was: the facts of one call belong together
	require.Equal(t, []synth.Move{{From: "/srv/f.tmp"}}, find())
	in.Files[1].First = 7
	require.Empty(t, find())
}

func TestFolding(t *testing.T) {
	for _, c := range []struct {
		path   trace.Path
		access trace.Access
		want   string // "" for the path as it is
		rule   string
		others []trace.Path // in the pattern as well
		not    []trace.Path
	}{
		{"/proc/123/status", trace.AccessRead, "/proc/<digits>/status", synth.RuleProcPID, []trace.Path{"/proc/9/status"}, []trace.Path{"/proc/self/status", "/proc/1/2/status", "/proc/9/stat"}},
		{"/proc/1/status", trace.AccessRead, "", "", nil, []trace.Path{"/proc/2/status"}},
		{"/proc/12/task/13/comm", write, "/proc/<digits>/task/<digits>/comm", synth.RuleProcPID, nil, nil},
		{"/proc/12/fd/3", trace.AccessRead, "/proc/<digits>/fd/<digits>", synth.RuleProcPID, nil, []trace.Path{"/proc/12/fd/x"}},
		{"/proc/sys/vm/1", trace.AccessRead, "", "", nil, nil},
		{"/dev/pts/4", write, "/dev/pts/<digits>", synth.RulePTS, nil, nil},
		{"/srv/6ba7b810-9dad-11d1-80b4-00c04fd430c8/f", trace.AccessRead, "/srv/<uuid>/f", synth.RuleUUID, nil, []trace.Path{"/srv/6ba7b810/f"}},
		{"/dev/disk/by-uuid/6ba7b810-9dad-11d1-80b4-00c04fd430c8", trace.AccessRead, "", "", nil, nil},
		{"/etc/passwd.1234", created, "/etc/passwd.<digits>", synth.RuleNumber, []trace.Path{"/etc/passwd.7"}, []trace.Path{"/etc/passwd", "/etc/passwd.", "/etc/passwd.7.x"}},
		{"/etc/passwd.1234", trace.AccessRead, "", "", nil, nil},
		{"/run/chrony/chronyc.88.sock", trace.AccessBind, "/run/chrony/chronyc.<digits>.sock", synth.RuleNumber, nil, nil},
		{"/tmp/x.aB3dE9", created, "/tmp/x.<alnum>", synth.RuleTemp, []trace.Path{"/tmp/x.ZZZZZZ"}, []trace.Path{"/tmp/x.ZZZZZ", "/tmp/x.ZZZZZZZ", "/tmp/y.ZZZZZZ"}},
		{"/tmp/app.Config", created, "", "", nil, nil},
		{"/tmp/app.config", created, "", "", nil, nil},
		{"/tmp/tmpk3_x9ab1", created, "/tmp/tmp<alnum>", synth.RuleTemp, nil, nil},
		{"/tmp/netplan_812345678", created, "/tmp/netplan_<digits>", synth.RuleNumber, nil, nil},
		{"/srv/.#f0123456789abcdef", created, "/srv/.#f<hex>", synth.RuleTemp, nil, []trace.Path{"/srv/.#g0123456789abcdef"}},
		{"/srv/f.0123456789abcdef", created, "/srv/f.<hex>", synth.RuleTemp, nil, []trace.Path{"/srv/f.0123456789abcdeg"}},
		{"/usr/lib/libz.so.1.2.13", trace.AccessExecMap, "/usr/lib/libz.so.1.<version>", synth.RuleLibrary, []trace.Path{"/usr/lib/libz.so.1.3"}, []trace.Path{"/usr/lib/libz.so.2.0", "/usr/lib/libz.so.1.x"}},
		{"/usr/lib/libc-2.36.so", trace.AccessExecMap, "/usr/lib/libc-<version>.so", synth.RuleLibrary, nil, nil},
		{"/usr/lib/libssl.so.3", trace.AccessExecMap, "", "", nil, nil},
		{"/srv/*", created, "", "", nil, []trace.Path{"/srv/x"}},
		{"/srv/<digits>", created, "", "", nil, []trace.Path{"/srv/1"}},
	} {
		t.Run(string(c.path), func(t *testing.T) {
			in := oneRun()
			in.Files = []trace.File{file(c.path, c.access, trace.OK)}
			g := synth.Infer(in, synth.Options{}).Files[0]
			require.True(t, g.Name().Match(c.path))
			for _, p := range c.others {
				require.True(t, g.Name().Match(p), p)
			}
			for _, p := range c.not {
				require.False(t, g.Name().Match(p), p)
			}
			if c.want == "" {
				require.Equal(t, c.path, g.Path)
				require.Nil(t, g.Pattern)
				return
			}
			require.Equal(t, c.want, g.Pattern.String())
			require.Contains(t, g.Rules, c.rule)
			require.Equal(t, []trace.Path{c.path}, g.Covers)
			require.Empty(t, g.Path)
		})
	}
}

func TestVersionsFoldOnlyWhereMergedRunsDiffer(t *testing.T) {
	in := oneRun()
	in.Files = []trace.File{file("/usr/lib/python3.11/os.py", trace.AccessRead, trace.OK), file("/usr/lib/python3.12/os.py", trace.AccessRead, trace.OK)}
	require.Len(t, synth.Infer(in, synth.Options{}).Files, 2)
	in.Runs = append(in.Runs, in.Runs[0])
	in.Runs[1].Run = "r2"
	files := synth.Infer(in, synth.Options{}).Files
	require.Len(t, files, 1)
	require.Equal(t, "/usr/lib/python<version>/os.py", files[0].Pattern.String())
	require.Len(t, files[0].Covers, 2)
}

func TestPatternLiesIn(t *testing.T) {
	p := synth.Pattern{{Text: "/proc/"}, {Vary: synth.VaryDigits}, {Text: "/fd"}}
	for dir, want := range map[trace.Path]bool{
		"/": true, "/proc": true, "/proc/1": true, "/proc/12": true, "/proc/sys": false, "/pro": false, "/proc/1/fd": true, "/proc/1/fd/2": false,
	} {
		require.Equal(t, want, p.MayLieIn(dir), dir)
	}
	require.Equal(t, trace.Path("/proc"), p.Dir())
	require.Equal(t, trace.Path("/srv"), synth.Literal("/srv/x").Dir())
	require.Equal(t, trace.Path("/"), synth.Literal("/x").Dir())
}

func TestExecs(t *testing.T) {
	in := oneRun()
	in.Subjects[0].Loader = "/lib64/ld.so"
	in.Subjects = append(in.Subjects, trace.Subject{ID: 2, Exe: "/usr/bin/dash", Script: "/srv/run.sh", Loader: "/lib64/ld.so"},
		trace.Subject{ID: 3, Exe: "/usr/bin/ping"})
	in.Execs = []trace.Exec{{Seen: seen(trace.OK), Target: 2}, {Seen: seen(trace.OK), Target: 3, Caps: true}}
	in.Files = []trace.File{file("/lib/libc.so.6", trace.AccessExecMap, trace.OK), file("/lib64/ld.so", trace.AccessExecMap, trace.OK)}
	kinds, gains := map[trace.Path]string{}, map[trace.Path]bool{}
	for _, x := range synth.Infer(in, synth.Options{}).Execs {
		kinds[x.Path], gains[x.Path] = x.Kind, x.Gains
	}
	require.Equal(t, map[trace.Path]string{
		"/usr/bin/daemon": synth.KindProgram, "/srv/run.sh": synth.KindScript, "/usr/bin/dash": synth.KindInterpreter,
		"/usr/bin/ping": synth.KindProgram, "/lib64/ld.so": synth.KindLoader, "/lib/libc.so.6": synth.KindLibrary,
	}, kinds)
	require.True(t, gains["/usr/bin/ping"])
	require.False(t, gains["/srv/run.sh"])
}

func TestEscapes(t *testing.T) {
	in := oneRun()
	in.Files = []trace.File{
		file("/run/docker.sock", trace.AccessConnect, trace.OK), file("/etc/cron.d/x", created, trace.OK),
		file("/etc/cron.daily/y", trace.AccessRead, trace.OK), file("/usr/bin/daemon", write, trace.OK),
		file("/run/systemd/private", trace.AccessConnect, "EACCES"),
	}
	in.Sockets = []trace.Socket{{Seen: seen(trace.OK), Action: "connect", Family: "AF_UNIX", Path: "/run/dbus/system_bus_socket"}}
	var paths []trace.Path
	for _, e := range synth.Infer(in, synth.Options{}).Escapes {
		paths = append(paths, e.Path)
		require.NotEmpty(t, e.Why)
	}
	require.Equal(t, []trace.Path{"/etc/cron.d/x", "/run/dbus/system_bus_socket", "/run/docker.sock", "/usr/bin/daemon"}, paths)
}

// A name that was not told in full is no place that something was moved from.
func TestMovesAreOfWholeNames(t *testing.T) {
	for target, want := range map[trace.Path][]synth.Move{
		"/srv/old": {{From: "/srv/old"}}, "old": {{From: "/srv/.new"}}, "./old": {{From: "/srv/.new"}}, "": {{From: "/srv/.new"}},
	} {
		in := oneRun()
		in.Files = []trace.File{
			file("/srv/.new", trace.AccessRenameFrom, trace.OK), file("old", trace.AccessRenameFrom, trace.OK),
			file("/srv/new", trace.AccessRenameTo, trace.OK), file("/srv/linked", trace.AccessLinkTo, trace.OK),
		}
		in.Files[2].Target, in.Files[3].Target = target, target
		for _, g := range synth.Infer(in, synth.Options{}).Files {
			switch {
			case g.Path == "/srv/new":
				require.Equal(t, want, g.Moves, target)
			case g.Path == "/srv/linked" && target == "/srv/old":
				require.Equal(t, target, g.Target)
				require.Equal(t, []synth.Move{{From: target, Link: true}}, g.Moves)
			default:
				require.Empty(t, g.Target)
				require.Empty(t, g.Moves)
			}
		}
	}
}
