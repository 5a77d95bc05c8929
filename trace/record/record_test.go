package record

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/osapi-io/osapi-profile/trace"
	"github.com/osapi-io/osapi-profile/trace/record/launch"
)

// The test binary is the launcher of its recordings, and the worker of most.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == launch.Name {
		os.Exit(launch.Main())
	}
	if len(os.Args) == 2 && os.Args[1] == "memory" {
		fmt.Fprintln(os.Stderr, executeMemory())
		os.Exit(1)
	}
	if len(os.Args) == 3 && os.Args[1] == "serve" {
		os.Exit(serve(os.Args[2]))
	}
	if len(os.Args) == 4 && os.Args[1] == "attached" {
		if err := attachedWorkers()[os.Args[2]](os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) == 3 && os.Args[1] == "refused" {
		fmt.Fprintln(os.Stderr, beRefused(os.Args[2]))
		os.Exit(1)
	}
	if len(os.Args) == 3 && os.Args[1] == "rings" {
		if err := actByRings(os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) >= 4 && os.Args[1] == "act" {
		if err := actions()[os.Args[2]].do(os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EOPNOTSUPP) {
				os.Exit(notHere)
			}
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// notHere is the status of an action that this kernel has no call for.
const notHere = 77

// action does one thing below a directory; want are the facts about files
// there, as "access outcome path". Those of no directory are told apart by what
// stands before the path. facts are all others.
type action struct {
	do    func(dir string) error
	want  []string
	facts []string
}

func actions() map[string]action {
	at := func(dir string) int {
		fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY, 0)
		if err != nil {
			panic(err)
		}
		return fd
	}
	path := func(dir, name string) string { return filepath.Join(dir, name) }
	opened := "stat ok " // the directory itself, by O_PATH or chdir
	all := map[string]action{
		"read":     {do: func(d string) error { _, err := os.ReadFile(path(d, "file")); return err }, want: []string{"read ok file"}},
		"enoent":   {do: func(d string) error { _, _ = os.Open(path(d, "none")); return nil }, want: []string{"read ENOENT none"}},
		"create":   {do: func(d string) error { return os.WriteFile(path(d, "new"), nil, 0o600) }, want: []string{"write,create,truncate ok new"}},
		"append":   {do: func(d string) error { _, err := os.OpenFile(path(d, "file"), os.O_APPEND|os.O_WRONLY, 0); return err }, want: []string{"write,append ok file"}},
		"exists":   {do: func(d string) error { _, err := os.OpenFile(path(d, "file"), os.O_CREATE|os.O_RDWR, 0o600); return err }, want: []string{"read,write ok file"}},
		"openat2":  {do: func(d string) error { _, err := unix.Openat2(at(d), "file", &unix.OpenHow{}); return err }, want: []string{"read ok file", opened}},
		"dirfd":    {do: func(d string) error { _, err := unix.Openat(at(d), "sub/../file", 0, 0); return err }, want: []string{"read ok file", opened}},
		"cwd":      {do: func(d string) error { return errorsOf(os.Chdir(path(d, "sub")), os.Remove("gone")) }, want: []string{"stat ok sub", "delete ok sub/gone"}},
		"chdir":    {do: func(d string) error { return errorsOf(os.Chdir(d), os.Chdir("sub/../link")) }, want: []string{opened, "stat ok sub"}},
		"symlink":  {do: func(d string) error { _, err := os.ReadFile(path(d, "link/gone")); return err }, want: []string{"read ok sub/gone"}},
		"rename":   {do: func(d string) error { return unix.Rename(path(d, "file"), path(d, "link/moved")) }, want: []string{"rename-from ok file", "rename-to ok sub/moved"}},
		"exchange": {do: func(d string) error { return unix.Renameat2(at(d), "file", at(d), "sub", unix.RENAME_EXCHANGE) }, want: []string{"rename-from,rename-to ok file", "rename-from,rename-to ok sub", opened}},
		"link":     {do: func(d string) error { return unix.Link(path(d, "file"), path(d, "sub/hard")) }, want: []string{"link-from ok file", "link-to ok sub/hard"}},
		"mkdir":    {do: func(d string) error { return unix.Mkdir(path(d, "made"), 0o700) }, want: []string{"create ok made"}},
		"symlinkat": {do: func(d string) error { return unix.Symlinkat("anything", at(d), "pointer") },
			want: []string{"create ok pointer", opened}},
		"rmdir":    {do: func(d string) error { return unix.Rmdir(path(d, "empty")) }, want: []string{"delete ok empty"}},
		"unlinkat": {do: func(d string) error { return unix.Unlinkat(at(d), "empty", unix.AT_REMOVEDIR) }, want: []string{"delete ok empty", opened}},
		"chmod":    {do: func(d string) error { return unix.Chmod(path(d, "file"), 0o640) }, want: []string{"chmod ok file"}},
		"fchmod": {do: func(d string) error {
			f, err := os.Open(path(d, "file"))
			return errorsOf(err, unix.Fchmod(int(f.Fd()), 0o640))
		},
			want: []string{"read ok file", "chmod ok file"}},
		"chmod by descriptor": {do: func(d string) error {
			f, err := os.Open(path(d, "file"))
			return errorsOf(err, unix.Chmod(fmt.Sprintf("/proc/self/fd/%d", f.Fd()), 0o640), f.Close())
		},
			want: []string{"read ok file", "chmod ok file"}},
		"short-lived link": {do: func(d string) error {
			return errorsOf(os.Symlink("file", path(d, "l")), os.Chmod(path(d, "l"), 0o640), os.Remove(path(d, "l")))
		},
			want: []string{"create ok l", "chmod ok file", "delete ok l"}},
		"short-lived directory": {do: func(d string) error {
			return errorsOf(os.Mkdir(path(d, "a"), 0o700), os.Mkdir(path(d, "a/b"), 0o700), unix.Rename(path(d, "a"), path(d, "c")),
				unix.Rmdir(path(d, "c/b")), unix.Rmdir(path(d, "c")))
		},
			want: []string{"create ok a", "create ok a/b", "rename-from ok a", "rename-to ok c", "delete ok c/b", "delete ok c"}},
		"same name again": {do: func(d string) error {
			return errorsOf(os.Symlink(".", path(d, "l")), unix.Mkdir(path(d, "l/new"), 0o700), os.Remove(path(d, "l")),
				os.Symlink("sub", path(d, "l")), unix.Mkdir(path(d, "l/new"), 0o700))
		},
			want: []string{"create ok l", "create ok new", "delete ok l", "create ok sub/new"}},
		"lchown":   {do: func(d string) error { return unix.Lchown(path(d, "link"), 1, 1) }, want: []string{"chown ok link"}},
		"chown":    {do: func(d string) error { return unix.Chown(path(d, "link"), 1, 1) }, want: []string{"chown ok sub"}},
		"truncate": {do: func(d string) error { return unix.Truncate(path(d, "file"), 3) }, want: []string{"truncate ok file"}},
		"utimes":   {do: func(d string) error { return os.Chtimes(path(d, "file"), time.Unix(1, 0), time.Unix(1, 0)) }, want: []string{"attr ok file"}},
		"xattr":    {do: func(d string) error { return unix.Setxattr(path(d, "file"), "trusted.x", []byte("y"), 0) }, want: []string{"attr ok file"}},
		"lock": {do: func(d string) error {
			f, err := os.Open(path(d, "file"))
			return errorsOf(err, unix.Flock(int(f.Fd()), unix.LOCK_SH))
		},
			want: []string{"read ok file", "lock ok file"}},
		"stat":  {do: func(d string) error { _, err := os.Stat(path(d, "link")); return err }, want: []string{"stat ok sub"}},
		"lstat": {do: func(d string) error { _, err := os.Lstat(path(d, "link")); return err }, want: []string{"stat ok link"}},
		"tmpfile": {do: func(d string) error {
			fd, err := unix.Open(d, unix.O_TMPFILE|unix.O_WRONLY, 0o600)
			return errorsOf(err, unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", fd), unix.AT_FDCWD, path(d, "named"), unix.AT_SYMLINK_FOLLOW))
		}, want: []string{"write,create ok #", "link-to ok named"}},
		"bind": {do: func(d string) error {
			fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
			return errorsOf(err, unix.Bind(fd, &unix.SockaddrUnix{Name: path(d, "socket")}))
		}, want: []string{"create,bind ok socket"}},
		"chroot": {do: func(d string) error { return errorsOf(unix.Chroot(d), os.Chdir("/"), os.Remove("/abs/gone")) },
			want: []string{"stat ok ", "stat ok ", "delete ok sub/gone"}},
		"hostile": {do: func(d string) error { return os.WriteFile(path(d, "a \n\"'%*{]|`\xff\\"), nil, 0o600) },
			want: []string{"write,create,truncate ok a \n\"'%*{]|`\xff\\"}},
		"mapped": {do: func(d string) error {
			f, err := os.Open(path(d, "file"))
			if err != nil {
				return err
			}
			_, err = unix.Mmap(int(f.Fd()), 0, 1, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_PRIVATE)
			return err
		}, want: []string{"read ok file", "exec-map ok file"}},
	}
	maps.Copy(all, interfaceActions())
	return all
}

func errorsOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// loadOnce says why recording cannot work here. It takes an emulated guest
// seconds.
var loadOnce = sync.OnceValue(func() error {
	p, err := load(capabilityChoices(), functionWays())
	if err == nil {
		p.close()
	}
	return err
})

func needBPF(t *testing.T) {
	t.Helper()
	err := loadOnce()
	if err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("recording must work where CI runs: %v", err)
	}
	t.Skipf("recording does not work here: %v", err)
}

// ground is a directory for an action.
func ground(t *testing.T) string {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	layOut(t, dir)
	return dir
}

func layOut(t *testing.T, dir string) {
	for _, d := range []string{"sub", "empty"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, d), 0o755))
	}
	for _, f := range []string{"file", "sub/gone"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, f), []byte("text"), 0o755))
	}
	require.NoError(t, os.Symlink("sub", filepath.Join(dir, "link")))
	require.NoError(t, os.Symlink("/sub", filepath.Join(dir, "abs")))
}

func recordCommand(t *testing.T, signals <-chan os.Signal, command ...string) (Result, *trace.Trace) {
	t.Helper()
	var file bytes.Buffer
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	require.NoError(t, err)
	defer func() { _ = null.Close() }()
	result, err := Run(t.Context(), Options{
		Command: command, Trace: &file, Tool: "test", Signals: signals,
		Stdin: null, Stdout: null, Stderr: os.Stderr,
		Warn: func(s string) { t.Log("warning:", s) },
	})
	require.NoError(t, err)
	read, err := trace.Read(&file)
	require.NoError(t, err)
	return result, read
}

func TestOneActionOneFact(t *testing.T) {
	needBPF(t)
	for name, a := range actions() {
		t.Run(name, func(t *testing.T) {
			dir := ground(t)
			result, read := recordCommand(t, nil, os.Args[0], "act", name, dir)
			if result.Exit == notHere {
				t.Skip("this kernel has no such call")
			}
			require.Zero(t, result.Exit)
			for _, f := range read.Files {
				assert.NotContains(t, []string{"", "io_uring"}, f.Syscall, "a function probe told what a handler did: %+v", f)
			}
			got := filesIn(read, dir)
			if name == "tmpfile" {
				got = slices.DeleteFunc(got, func(s string) bool { return strings.HasPrefix(s, "link-from") })
			}
			assert.Equal(t, sorted(a.want), sorted(got))
			if len(a.facts) > 0 {
				assert.Equal(t, sorted(a.facts), sorted(factsIn(read)))
			}
			assert.Empty(t, read.Holes)
		})
	}
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// filesIn words the facts about files below a directory, those about mounts, and
// those about message queues.
func filesIn(read *trace.Trace, dir string) []string {
	var got []string
	for _, f := range read.Files {
		rest, ok := strings.CutPrefix(string(f.Path), dir)
		switch {
		case f.FS == "mqueue":
			rest = "mqueue:" + rest
		case !ok && f.Access&trace.AccessMount != 0:
			rest = "^" + rest
		case !ok:
			continue
		}
		rest = strings.TrimPrefix(rest, "/")
		if strings.HasPrefix(rest, "#") {
			rest = "#"
		}
		if from, ok := strings.CutPrefix(string(f.Target), dir+"/"); ok && f.Access&trace.AccessMount != 0 {
			rest += " <- " + from
		}
		word := fmt.Sprintf("%s %s %s", f.Access, f.Outcome, rest)
		if f.Syscall == "recvmsg" {
			word = "received " + word
		}
		got = append(got, word)
	}
	return got
}

// factsIn words the facts about arguments and peers, without what a Go program
// does by itself: preempting its threads, naming its memory, and here asking
// when it starts what BPF the kernel has.
func factsIn(read *trace.Trace) []string {
	var got []string
	for _, a := range read.Arguments {
		if a.Value == "SIGURG" && a.Target == trace.TargetSelf || a.Value == "PR_SET_VMA" ||
			a.Syscall == "bpf" && a.Value != "BPF_PROG_GET_NEXT_ID" {
			continue
		}
		got = append(got, strings.Join([]string{a.Syscall, a.Name, a.Value, a.Target, a.Outcome}, " "))
	}
	for _, s := range read.Sockets {
		if s.Action == "accept" || s.Action == "receive" {
			got = append(got, strings.Join([]string{s.Action, s.Family, s.Type, s.Address}, " "))
		}
	}
	return got
}

func TestScope(t *testing.T) {
	needBPF(t)
	dir := ground(t)
	// A double fork, a pipeline and a script, each leaving a mark.
	script := filepath.Join(dir, "script")
	require.NoError(t, os.WriteFile(script, []byte("#!/bin/sh\n: >\"$1\"\n"), 0o755))
	result, read := recordCommand(t, nil, "sh", "-c",
		"cd "+dir+"; (setsid sh -c ': >one' &); echo x | cat >two; ./script three; exit 3")
	assert.Equal(t, 3, result.Exit)
	created := map[string]bool{}
	for _, f := range read.Files {
		if f.Access&trace.AccessCreate != 0 && f.Outcome == trace.OK {
			created[strings.TrimPrefix(string(f.Path), dir+"/")] = true
		}
	}
	assert.Equal(t, map[string]bool{"one": true, "two": true, "three": true}, created)
	var scripts []string
	for _, s := range read.Subjects {
		if s.Script != "" {
			scripts = append(scripts, string(s.Script)+" by "+filepath.Base(string(s.Exe)))
		}
	}
	assert.Equal(t, []string{script + " by dash"}, scripts)
	for _, f := range read.Execs {
		assert.False(t, f.UID || f.GID || f.Caps, "root gains nothing: %+v", f)
	}
	for _, f := range read.Syscalls {
		assert.NotZero(t, f.Subject, "%s belongs to no program", f.Name)
	}
}

// executeMemory becomes a copy of /bin/true that is in no directory.
func executeMemory() error {
	program, err := os.ReadFile("/bin/true")
	if err != nil {
		return err
	}
	fd, err := unix.MemfdCreate("copy", 0)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("/proc/self/fd/%d", fd)
	return errorsOf(os.WriteFile(name, program, 0), unix.Exec(name, []string{"copy"}, nil))
}

func TestProgramWithoutAName(t *testing.T) {
	needBPF(t)
	result, read := recordCommand(t, nil, os.Args[0], "memory")
	require.Zero(t, result.Exit)
	require.Len(t, read.Holes, 1)
	assert.Contains(t, read.Holes[0].Detail, "memfd_create")
	assert.Len(t, read.Execs, 1, "the memory has no path")
	for _, s := range read.Subjects {
		assert.NotEqual(t, trace.Path("/"), s.Exe)
	}
}

func TestSetuidExec(t *testing.T) {
	needBPF(t)
	dir := ground(t)
	require.NoError(t, os.Chmod(dir, 0o755))
	data, err := os.ReadFile("/usr/bin/id")
	require.NoError(t, err)
	setuid := filepath.Join("/usr/local/bin", "osapi-profile-test-setuid")
	require.NoError(t, os.WriteFile(setuid, data, 0o755))
	defer func() { _ = os.Remove(setuid) }()
	require.NoError(t, os.Chmod(setuid, os.ModeSetuid|0o755))
	var file bytes.Buffer
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	require.NoError(t, err)
	_, err = Run(t.Context(), Options{
		Command: []string{"sh", "-c", setuid + "; true"}, Trace: &file, Stdin: null, Stdout: null, Stderr: null,
		Identity: &Identity{Name: "nobody", UID: 65534, GID: 65534},
	})
	require.NoError(t, err)
	read, err := trace.Read(&file)
	require.NoError(t, err)
	gained := false
	for _, e := range read.Execs {
		gained = gained || e.UID && e.Caps && string(e.Called) == setuid
	}
	assert.True(t, gained, "%+v", read.Execs)
}

func TestSignalsReachTheWorker(t *testing.T) {
	needBPF(t)
	signals := make(chan os.Signal, 1)
	signals <- syscall.SIGTERM
	result, read := recordCommand(t, signals, "sleep", "60")
	assert.Equal(t, syscall.SIGTERM, result.Signal)
	require.Len(t, read.Runs, 1)
	assert.Equal(t, "SIGTERM", read.Runs[0].End.Signal)
}

func TestNotExecuted(t *testing.T) {
	needBPF(t)
	dir := ground(t)
	plain := filepath.Join(dir, "plain")
	require.NoError(t, os.WriteFile(plain, []byte("text"), 0o644))
	for command, want := range map[string]error{
		"no-such-command-anywhere": syscall.ENOENT, filepath.Join(dir, "none"): syscall.ENOENT,
		plain: syscall.EACCES, filepath.Join(dir, "file"): syscall.ENOEXEC,
	} {
		var file bytes.Buffer
		_, err := Run(t.Context(), Options{Command: []string{command}, Trace: &file, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr})
		var not *NotExecutedError
		require.ErrorAs(t, err, &not, command)
		assert.ErrorIs(t, not.Err, want, command)
	}
}
