package trace

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sample has every kind of record, and paths that are hard to write.
func sample() *Trace {
	seen := Seen{Subject: 1, Operation: "file.put", Outcome: OK, Count: 3, First: 5, Last: 9}
	failed := Seen{Subject: 2, Outcome: "EPERM", Count: 1, First: 7, Last: 7}
	hole := Hole{Kind: HoleLost, Detail: "file events", Count: 4}
	return &Trace{
		Runs: []Run{{
			Header: Header{
				Version: Version, Tool: "1.2.3", Run: "r1", Started: time.Date(2026, 2, 22, 1, 2, 3, 0, time.UTC),
				Worker: "/usr/local/bin/osapi", User: "root", Arch: "amd64", Unit: `osapi\x2d1.service`, Attached: AttachedRestarted, Kernel: "6.1.0-42-amd64",
				OS: "Debian GNU/Linux 12 (bookworm)", Systemd: 252, Root: "ext4",
				Probes: []Probe{{Fact: "syscall", Hook: "tp_btf/sys_exit"}, {Fact: "capability"}},
			},
			Operations: []Operation{
				{Name: "startup", Last: 4, Outcome: OperationOK},
				{Name: "file.put", First: 4, Last: 8, Outcome: OperationFailed, Detail: "exit status 3", Resources: Resources{CPUTime: 0.25}},
				{Name: "file.put", First: 9, Last: 12},
				{Name: "reload", First: 12, Outcome: OperationSkipped},
			},
			End: &End{Ended: time.Date(2026, 2, 22, 1, 3, 3, 0, time.UTC), Exit: -1, Signal: "SIGTERM",
				Resources: Resources{MemoryPeak: 1 << 20, CPUPeak: 0.5}, Holes: []Hole{hole}},
		}},
		Subjects: []Subject{
			{ID: 1, Exe: "/bin/sh", Script: "/opt/a b\n\"%*{]|`\\\xff.sh", Loader: "/lib64/ld-linux-x86-64.so.2", Runtime: "glibc"},
			{ID: 2, Exe: "/usr/local/bin/osapi", Runtime: "go", Lifted: LiftedAll},
		},
		Syscalls: []Syscall{{Seen: seen, Name: "openat"}, {Seen: failed, Name: "openat", ABI: "i386"}},
		Execs:    []Exec{{Seen: Seen{Subject: 2, Outcome: OK, Count: 1, First: 1, Last: 1}, Target: 1, Called: "/opt/link", UID: true}},
		Files: []File{
			{Seen: seen, Path: "/dev/null", Access: AccessRead | AccessWrite, Syscall: "openat", Type: "char", Mode: 0o666, FS: "devtmpfs", Device: "1:3"},
			{Seen: failed, Path: "/etc/<&>\u2028\x01\xc3(", Target: "/etc/\\x", Access: AccessLinkTo, FSUID: 1000, FSGID: 1000},
		},
		Capabilities: []Capability{{Seen: failed, Name: "CAP_NET_RAW", Optional: NoAudit, Syscall: "socket", Caller: "ns_capable [nf_tables]"}},
		Sockets: []Socket{
			{Seen: seen, Action: "connect", Family: "AF_INET6", Type: "SOCK_STREAM", Protocol: 6, Address: "::1", Port: 4222},
			{Seen: seen, Action: "bind", Family: "AF_UNIX", Type: "SOCK_DGRAM", Abstract: "x@y"},
		},
		Arguments: []Argument{{Seen: seen, Syscall: "clone", Name: ArgNamespaces, Value: "CLONE_NEWNS|CLONE_NEWPID"}},
		Holes:     []Hole{hole},
	}
}

func encode(t testing.TB, tr *Trace) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, Write(&b, tr))
	return b.String()
}

func decodeString(t testing.TB, s string) *Trace {
	t.Helper()
	tr, err := Read(strings.NewReader(s))
	require.NoError(t, err)
	return tr
}

func TestRoundTrip(t *testing.T) {
	text := encode(t, sample())
	require.Equal(t, sample(), decodeString(t, text))
	require.Equal(t, text, encode(t, decodeString(t, text)))
	for line := range strings.Lines(text) {
		require.Regexp(t, `^\{"type":"[a-z]+",".*\}\n$`, line)
	}
}

// wholeLines fails the test when a Write is not one whole line.
type wholeLines struct {
	t      *testing.T
	writes int
}

func (w *wholeLines) Write(p []byte) (int, error) {
	w.writes++
	require.Equal(w.t, 1, bytes.Count(p, []byte("\n")))
	require.Equal(w.t, byte('\n'), p[len(p)-1])
	return len(p), nil
}

func TestEachRecordIsOneWrite(t *testing.T) {
	w := &wholeLines{t: t}
	require.NoError(t, Write(w, sample()))
	require.Equal(t, strings.Count(encode(t, sample()), "\n"), w.writes)
}

type failing struct{ writes int }

func (f *failing) Write(p []byte) (int, error) {
	f.writes++
	return len(p) / 2, errors.New("disk full")
}

func TestNothingFollowsAFailedWrite(t *testing.T) {
	f := &failing{}
	w := NewWriter(f)
	require.EqualError(t, w.Subject(Subject{ID: 1}), "disk full")
	require.EqualError(t, w.End(End{}), "disk full")
	require.Equal(t, 1, f.writes)
}

func TestFactsWrittenAgainAreOne(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	require.NoError(t, w.Header(Header{Run: "r"}))
	for _, n := range []uint64{2, 9, 5} {
		require.NoError(t, w.Syscall(Syscall{Seen: Seen{Count: n, First: 10 - int64(n), Last: 10 + int64(n)}, Name: "read"}))
		require.NoError(t, w.Hole(Hole{Kind: HoleLost, Count: n}))
	}
	require.NoError(t, w.Syscall(Syscall{Seen: Seen{Outcome: "EINTR"}, Name: "read"}))
	require.NoError(t, w.End(End{Holes: []Hole{{Kind: HoleLost, Count: 11}}}))
	got := decodeString(t, b.String())
	require.Equal(t, []Syscall{
		{Seen: Seen{Count: 9, First: 1, Last: 19}, Name: "read"},
		{Seen: Seen{Outcome: "EINTR", Count: 1}, Name: "read"},
	}, got.Syscalls)
	require.Equal(t, []Hole{{Kind: HoleLost, Count: 11}}, got.Holes)
}

// Cut anywhere, a trace loads with all whole lines and a hole, or names the
// header as what is missing.
func TestTruncatedAnywhere(t *testing.T) {
	text := encode(t, sample())
	header := strings.Index(text, "\n")
	for cut := range len(text) {
		got, err := Read(strings.NewReader(text[:cut]))
		switch {
		case cut == 0:
			require.ErrorIs(t, err, ErrEmpty)
		case cut < header:
			require.ErrorIs(t, err, ErrNotTrace)
		case cut == len(text)-1: // only the last newline is missing
			require.NoError(t, err)
			require.Equal(t, sample(), got)
		default:
			require.NoError(t, err)
			require.Nil(t, got.Runs[0].End)
			require.Len(t, got.Holes, 1)
			require.Equal(t, HoleTruncated, got.Holes[0].Kind)
		}
	}
}

func TestDamagedLines(t *testing.T) {
	head := `{"type":"header","version":1,"run":"r"}` + "\n"
	end := `{"type":"end","exit":0}` + "\n"
	for name, tc := range map[string]struct{ line, hole string }{
		"no JSON":          {`garbage`, "line 2: invalid character 'g' looking for beginning of value"},
		"empty line":       {``, "line 2: unexpected end of JSON input"},
		"no UTF-8":         {"{\"type\":\"file\",\"path\":\"/\xff\"}", "line 2: not UTF-8"},
		"unknown type":     {`{"type":"weather"}`, `line 2: unknown record type "weather"`},
		"no type":          {`{"path":"/x"}`, `line 2: unknown record type ""`},
		"wrong kind":       {`{"type":"file","path":7}`, `line 2: field "path" holds a number`},
		"no path":          {`{"type":"file","access":["read"]}`, "line 2: a field that identifies the record is missing"},
		"unknown access":   {`{"type":"file","path":"/x","access":["fly"]}`, `line 2: trace: unknown access "fly"`},
		"bad escape":       {`{"type":"file","path":"/\\q","access":["read"]}`, `line 2: trace: bad escape in path "/\\q": only \\ and \xNN are known`},
		"a line in a name": {`{"type":"syscall","name":"read\nwrite"}`, `line 2: "read\nwrite" is no name`},
		"a line in words":  {`{"type":"syscall","name":"read","op":"a\nb"}`, `line 2: "a\nb" is not one line of text`},
		"no address":       {`{"type":"socket","action":"bind","family":"AF_INET","address":"any"}`, `line 2: "any" is no IP address`},
		"no port":          {`{"type":"socket","action":"bind","family":"AF_INET","port":65536}`, `line 2: 65536 is no port`},
		"subject 0":        {`{"type":"subject","id":0,"exe":"/x"}`, "line 2: subject id 0 is below 1"},
		"too long":         {`{"type":"file","path":"/` + strings.Repeat("x", maxLine) + `"}`, "line 2: longer than 262144 bytes"},
		"hostile step":     {`{"type":"operation","name":"a b"}`, `line 2: "a b" is no name for an operation: letters, digits and, after the first, . _ - only`},
		"step in the past": {`{"type":"operation","name":"a","first":-1}`, `line 2: operation "a" lies before the recording`},
		"undeclared":       {`{"type":"syscall","name":"read","subject":4}`, "facts name subjects that are not declared"},
	} {
		t.Run(name, func(t *testing.T) {
			got := decodeString(t, head+tc.line+"\n"+end)
			require.Len(t, got.Holes, 1)
			require.Equal(t, HoleDamaged, got.Holes[0].Kind)
			require.Equal(t, tc.hole, got.Holes[0].Detail)
			require.NotNil(t, got.Runs[0].End)
		})
	}
}

func TestDamageIsCounted(t *testing.T) {
	got := decodeString(t, `{"type":"header","version":1,"run":"r"}`+strings.Repeat("\nx", 100)+"\n")
	require.Len(t, got.Holes, maxDamage+2)
	require.Contains(t, got.Holes, Hole{Kind: HoleDamaged, Detail: "further lines", Count: 80})
}

func TestNoTrace(t *testing.T) {
	dir := t.TempDir()
	for _, tc := range []struct {
		text, err string
		is        error
	}{
		{"", "empty: the recorder was stopped before it wrote anything; record again", ErrEmpty},
		{"#!/bin/sh\n", "line 1: not a trace: its first line is no header; name a file that osapi-profile record wrote (invalid character '#' looking for beginning of value)", ErrNotTrace},
		{`{"type":"file","path":"/x"}`, `line 1: not a trace: its first line is no header; name a file that osapi-profile record wrote (record type "file")`, ErrNotTrace},
		{`{"type":"header","version":1}`, "line 1: not a trace: its first line is no header; name a file that osapi-profile record wrote (a field that identifies the record is missing)", ErrNotTrace},
		{`{"type":"header","version":2,"run":[]}`, "line 1: trace format 2, this is 1: written by a newer osapi-profile; read it with that one, or record again with this one", ErrNewer},
	} {
		name := filepath.Join(dir, "t")
		require.NoError(t, os.WriteFile(name, []byte(tc.text), 0o600))
		_, err := ReadFile(name)
		require.EqualError(t, err, name+": "+tc.err)
		require.ErrorIs(t, err, tc.is)
	}
	_, err := ReadFile(filepath.Join(dir, "missing"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// Traces that were appended to each other are one, even when the first was cut
// off within a line.
func TestSeveralRuns(t *testing.T) {
	a, b := sample(), sample()
	b.Runs[0].Run = "r2"
	require.Equal(t, Merge(a, b), decodeString(t, encode(t, a)+encode(t, b)))
	require.Equal(t, sample(), decodeString(t, encode(t, a)+encode(t, a)))

	text := encode(t, a)
	got := decodeString(t, text[:len(text)-20]+encode(t, b))
	require.Len(t, got.Runs, 2)
	require.Nil(t, got.Runs[0].End)
	require.NotNil(t, got.Runs[1].End)
	require.Len(t, got.Holes, 3) // damaged, lost, truncated
	require.Len(t, got.Files, len(a.Files))
	require.Equal(t, 2*a.Files[0].Count, got.Files[0].Count)
}
