package strace

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hexed writes a log with readable strings: what stands in backquotes becomes
// a row of \xNN.
func hexed(s string) string {
	var b strings.Builder
	for i, part := range strings.Split(s, "`") {
		if i%2 == 0 {
			b.WriteString(part)
			continue
		}
		for _, c := range []byte(part) {
			b.WriteString(`\x` + string("0123456789abcdef"[c>>4]) + string("0123456789abcdef"[c&15]))
		}
	}
	return b.String()
}

func parse(t *testing.T, log string) []Record {
	t.Helper()
	records, err := Parse(strings.NewReader(hexed(log)))
	require.NoError(t, err)
	return records
}

func TestParseCall(t *testing.T) {
	passwd := &File{Path: "/etc/passwd"}
	for name, c := range map[string]struct {
		log  string
		want Call
	}{
		"no arguments": {"7 getppid()   = 6\n", Call{Name: "getppid", Result: Result{Value: 6}}},
		"descriptor returned": {"7 openat(AT_FDCWD<`/`>, \"`etc/passwd`\", O_RDONLY) = 3<`/etc/passwd`>\n",
			Call{Name: "openat", Args: []Arg{Arg(hexed("AT_FDCWD<`/`>")), Arg(hexed("\"`etc/passwd`\"")), "O_RDONLY"}, Result: Result{Value: 3, File: passwd}}},
		"failed":           {"7 chdir(\"`x`\") = -1 ENOENT (No such file or directory)\n", Call{Name: "chdir", Args: []Arg{Arg(hexed("\"`x`\""))}, Result: Result{Value: -1, Errno: "ENOENT"}}},
		"never returns":    {"7 exit_group(0) = ?\n", Call{Name: "exit_group", Args: []Arg{"0"}, Result: Result{None: true}}},
		"restarted":        {"7 read(0, 0x7f, 1) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)\n", Call{Name: "read", Args: []Arg{"0", "0x7f", "1"}, Result: Result{None: true, Errno: "ERESTARTSYS"}}},
		"address":          {"7 brk(NULL) = 0x559aa75b8000\n", Call{Name: "brk", Args: []Arg{"NULL"}, Result: Result{Value: 0x559aa75b8000}}},
		"remark":           {"7 poll([{fd=3, events=POLLIN}], 1, -1) = 1 ([{fd=3, revents=POLLIN}])\n", Call{Name: "poll", Args: []Arg{"[{fd=3, events=POLLIN}]", "1", "-1"}, Result: Result{Value: 1}}},
		"buffer left out":  {"7 write(1, \"\"..., 5) = 5\n", Call{Name: "write", Args: []Arg{"1", `""...`, "5"}, Result: Result{Value: 5}}},
		"comment":          {"7 execve(\"`/x`\", [...], 0x7f /* 3 vars */) = 0\n", Call{Name: "execve", Args: []Arg{Arg(hexed("\"`/x`\"")), "[...]", "0x7f /* 3 vars */"}}},
		"restart":          {"7 restart_syscall(<... resuming interrupted futex ...>) = 0\n", Call{Name: "restart_syscall", Args: []Arg{"<... resuming interrupted futex ...>"}}},
		"shift":            {"7 madvise(0x1, 1<<12, 0) = 0\n", Call{Name: "madvise", Args: []Arg{"0x1", "1<<12", "0"}}},
		"cut off by death": {"7 read(0,  <unfinished ...>) = ?\n", Call{Name: "read", Args: []Arg{"0"}, Result: Result{None: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			records := parse(t, c.log)
			require.Len(t, records, 1)
			assert.Equal(t, c.want, records[0].Call)
			assert.Equal(t, 7, records[0].PID)
		})
	}
}

func TestParseInterleaved(t *testing.T) {
	records := parse(t, `7 openat(AT_FDCWD, "`+"`/a`"+`",  <unfinished ...>
8 close(3 <unfinished ...>
7 <... openat resumed>O_RDONLY) = 4
8 <... close resumed>) = -1 EBADF (Bad file descriptor)
8 epoll_wait(4,  <unfinished ...>
7 exit_group(0) = ?
8 <... epoll_wait resumed> <unfinished ...>) = ?
8 +++ exited with 0 +++
7 +++ killed by SIGSEGV (core dumped) +++
`)
	var names []string
	for _, r := range records {
		names = append(names, r.Call.Name)
	}
	assert.Equal(t, []string{"openat", "close", "exit_group", "epoll_wait", "", ""}, names)
	assert.Len(t, records[0].Call.Args, 3)
	assert.Equal(t, "EBADF", records[1].Call.Result.Errno)
	assert.Equal(t, KindExit, records[5].Kind)
}

func TestParseSuperseded(t *testing.T) {
	records := parse(t, `8 execve("`+"`/bin/true`"+`", [...], 0x7f /* 3 vars */ <unfinished ...>
7 futex(0x1, FUTEX_WAIT, 8, NULL <unfinished ...>
7 +++ superseded by execve in pid 8 +++
7 <... execve resumed>) = 0
7 +++ exited with 0 +++
`)
	require.Len(t, records, 4)
	assert.Equal(t, "futex", records[0].Call.Name)
	assert.Equal(t, Record{Kind: KindSuperseded, Line: 3, PID: 7, Other: 8}, records[1])
	assert.Equal(t, 7, records[2].PID)
	assert.True(t, records[2].Call.Result.OK())
}

func TestParseDiesWithinCall(t *testing.T) {
	records := parse(t, "7 pause( <unfinished ...>\n7 +++ killed by SIGKILL +++\n")
	require.Len(t, records, 2)
	assert.Equal(t, "pause", records[0].Call.Name)
	assert.True(t, records[0].Call.Result.None)
}

// A thread that is killed while it is stopped at the end of a call takes along what
// strace was to read then.
func TestParseKilledAtTheEnd(t *testing.T) {
	for _, end := range []string{"7 <... nanosleep resumed>) = ?", "7 <... nanosleep resumed>) = ? <unavailable>",
		"7 <... nanosleep resumed> <unfinished ...>) = ?"} {
		records := parse(t, "7 nanosleep({tv_sec=0, tv_nsec=20000},  <unfinished ...>\n"+end+"\n7 +++ exited with 0 +++\n")
		require.Len(t, records, 2)
		assert.Equal(t, Call{Name: "nanosleep", Args: []Arg{"{tv_sec=0, tv_nsec=20000}"}, Result: Result{None: true}}, records[0].Call)
	}
}

// A thread of a process that ends is killed at the entry of its next call.
func TestParseKilledAtEntry(t *testing.T) {
	for name, log := range map[string]string{
		"then gone":    "7 ???( <unfinished ...>\n7 +++ exited with 0 +++\n",
		"as one line":  "7 ????( <unavailable>) = ?\n7 +++ exited with 0 +++\n",
		"with its end": "7 ???( <unfinished ...>\n7 <... ??? resumed> <unfinished ...>) = ?\n7 +++ exited with 0 +++\n",
		"another thread's exec": "8 execve(\"`/x`\", [...], 0x7f /* 3 vars */ <unfinished ...>\n7 ???( <unfinished ...>\n" +
			"7 +++ superseded by execve in pid 8 +++\n7 <... execve resumed>) = 0\n7 +++ exited with 0 +++\n",
	} {
		t.Run(name, func(t *testing.T) {
			for _, r := range parse(t, log) {
				assert.NotContains(t, r.Call.Name, "?")
			}
		})
	}
}

func TestParseABI(t *testing.T) {
	records := parse(t, `7 getpid() = 7
7 [ Process PID=7 runs in 32 bit mode. ]
7 getpid() = 7
7 clone(flags=SIGCHLD <unfinished ...>
8 getpid() = 8
7 <... clone resumed>) = 8
7 fork() = 9
9 [ Process PID=9 runs in 64 bit mode. ]
9 getpid() = 9
7 [ Process PID=7 runs in x32 mode. ]
7 getpid() = 7
`)
	var abis []string
	for _, r := range records {
		abis = append(abis, r.Call.ABI)
	}
	assert.Equal(t, []string{"", "i386", "i386", "i386", "i386", "", "x32"}, abis)
}

func TestParseRefuses(t *testing.T) {
	for name, log := range map[string]string{
		"no thread":            "getpid() = 7\n",
		"not a call":           "7 hello\n",
		"bytes outside string": "7 chdir(/tmp) = 0\n",
		"readable string":      "7 chdir(\"/tmp\") = 0\n",
		"string without end":   "7 chdir(\"`/tmp`) = 0\n",
		"path without end":     "7 close(3<`/tmp`) = 0\n",
		"bracket without end":  "7 pipe2([3, 4, 0) = 0\n",
		"wrong bracket":        "7 pipe2([3, 4}, 0) = 0\n",
		"empty argument":       "7 dup2(3, ) = 0\n",
		"comment without end":  "7 execve(\"`/x`\", 0x1 /* 3 vars) = 0\n",
		"no result":            "7 getpid()\n",
		"words for a result":   "7 getpid() = seven\n",
		"error without errno":  "7 getpid() = -1\n",
		"resumed from nowhere": "7 <... read resumed>) = 0\n",
		"resumed as another":   "7 read(0 <unfinished ...>\n7 <... write resumed>) = 0\n",
		"call within a call":   "7 read(0 <unfinished ...>\n7 getpid() = 7\n",
		"log ends in a call":   "7 read(0 <unfinished ...>\n",
		"nameless, returned":   "7 ???( <unavailable>) = 0\n",
		"signal":               "7 --- SIGCHLD {si_signo=SIGCHLD} ---\n",
		"mode of another":      "7 [ Process PID=8 runs in 32 bit mode. ]\n",
		"superseded by none":   "7 +++ superseded by execve in pid 8 +++\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(strings.NewReader(hexed(log)))
			assert.ErrorContains(t, err, "strace: ")
		})
	}
}

// FuzzParse looks for logs that break the parser, and for calls it accepts
// though they do not hold together.
func FuzzParse(f *testing.F) {
	f.Add("7 openat(AT_FDCWD<`/`>, \"`a b`\", O_RDONLY <unfinished ...>\n7 <... openat resumed>) = 3<`/a b`>(deleted)\n")
	f.Add("7 connect(3, {sa_family=AF_UNIX, sun_path=@\"`x`\"}, 6) = -1 EAGAIN (Resource temporarily unavailable)\n")
	f.Add("7 +++ exited with 0 +++\n7 [ Process PID=7 runs in 32 bit mode. ]\n")
	f.Add("7 poll([{fd=3, events=POLLIN}], 1, -1) = 1 ([{fd=3, revents=POLLIN}])\n")
	f.Fuzz(func(t *testing.T, log string) {
		records, err := Parse(strings.NewReader(hexed(log)))
		if err != nil {
			return
		}
		for _, r := range records {
			require.Positive(t, r.PID)
			for _, a := range r.Call.Args {
				require.NotEmpty(t, a)
				if text, err := a.Text(); err == nil {
					require.Len(t, text, (len(a)-2)/4)
				}
			}
		}
	})
}
