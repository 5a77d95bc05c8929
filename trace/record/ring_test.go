package record

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/osapi-io/osapi-profile/trace"
)

// submission is struct io_uring_sqe of linux/io_uring.h.
type submission struct {
	opcode, flags uint8
	ioprio        uint16
	fd            int32
	off, addr     uint64
	len, op       uint32
	user          uint64
	_             [3]uint64
}

// ring is an io_uring that does one thing at a time.
type ring struct {
	fd                 int
	flags              uint8 // of each submission
	sq, cq             []byte
	entries            []byte
	sqTail, sqArray    uint32
	cqHead, cqes, poll uint32
}

const (
	setupPoll = 2       // IORING_SETUP_SQPOLL: a thread of the kernel submits
	async     = 1 << 4  // IOSQE_ASYNC: a thread of the kernel does the work
	getEvents = 1       // IORING_ENTER_GETEVENTS
	wakeUp    = 2       // IORING_ENTER_SQ_WAKEUP
	sqEntries = 1 << 28 // IORING_OFF_SQES
	cqRing    = 1 << 27 // IORING_OFF_CQ_RING
)

func newRing(setup uint32, flags uint8) (*ring, error) {
	var params [30]uint32 // struct io_uring_params; its offsets begin at words 10 and 20
	params[2] = setup
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, 4, uintptr(unsafe.Pointer(&params)), 0)
	if errno != 0 {
		return nil, fmt.Errorf("io_uring_setup: %w", errno)
	}
	r := &ring{fd: int(fd), flags: flags, poll: setup & setupPoll}
	r.sqTail, r.sqArray, r.cqHead, r.cqes = params[11], params[16], params[20], params[25]
	var err error
	shared := func(offset int64, size uint32) []byte {
		b, e := unix.Mmap(r.fd, offset, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
		err = errorsOf(err, e)
		return b
	}
	r.sq = shared(0, params[16]+4*params[0])
	r.cq = shared(cqRing, params[25]+16*params[1])
	r.entries = shared(sqEntries, 64*params[0])
	return r, err
}

func (r *ring) word(of []byte, at uint32) *uint32 { return (*uint32)(unsafe.Pointer(&of[at])) }

// do submits one operation and waits for what came of it.
func (r *ring) do(s submission) error {
	tail := r.word(r.sq, r.sqTail)
	slot := *tail & 3
	s.flags = r.flags
	*(*submission)(unsafe.Pointer(&r.entries[64*slot])) = s
	*r.word(r.sq, r.sqArray+4*slot) = slot
	atomic.AddUint32(tail, 1)
	_, _, errno := unix.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), 1, 1, getEvents|uintptr(r.poll), 0, 0)
	if errno != 0 {
		return fmt.Errorf("io_uring_enter: %w", errno)
	}
	head := r.word(r.cq, r.cqHead)
	result := int32(*r.word(r.cq, r.cqes+16*(*head&7)+8))
	atomic.AddUint32(head, 1)
	if result < 0 {
		return unix.Errno(-result)
	}
	return nil
}

func at(name string) uint64 {
	p, _ := unix.BytePtrFromString(name)
	kept = append(kept, p)
	return uint64(uintptr(unsafe.Pointer(p)))
}

// kept are what the kernel is given the address of.
var kept []*byte

// ringAction does one thing by a ring; want are facts of files as those of
// actions(), or of sockets where they begin with one's action.
type ringAction struct {
	op   string // without IORING_OP_
	do   func(r *ring, dir string) error
	want []string
}

const here = unix.AT_FDCWD

func ringActions() map[string]ringAction {
	fails := func(err error, want unix.Errno) error {
		if err != want { //nolint:errorlint // an errno, as it came
			return fmt.Errorf("%w, not %w", err, want)
		}
		return nil
	}
	return map[string]ringAction{
		"open": {"OPENAT", func(r *ring, d string) error {
			return r.do(submission{opcode: 18, fd: here, addr: at(d + "/link/gone")})
		}, []string{"read ok sub/gone"}},
		"open nothing": {"OPENAT", func(r *ring, d string) error {
			fd, err := unix.Open(d, unix.O_RDONLY|unix.O_DIRECTORY, 0)
			return errorsOf(err, fails(r.do(submission{opcode: 18, fd: int32(fd), addr: at("link/none"), op: unix.O_RDWR}), unix.ENOENT))
		}, []string{"read ok ", "read,write ENOENT sub/none"}},
		"open from nowhere": {"OPENAT", func(r *ring, _ string) error {
			return fails(r.do(submission{opcode: 18, fd: 12345, addr: at("file")}), unix.EBADF)
		}, nil},
		"open a place": {"OPENAT", func(r *ring, d string) error {
			return r.do(submission{opcode: 18, fd: here, addr: at(d + "/link/gone"), op: unix.O_PATH})
		}, []string{"stat ok sub/gone"}},
		"capability": {"OPENAT", func(r *ring, d string) error {
			return r.do(submission{opcode: 18, fd: here, addr: at(d + "/locked")})
		}, []string{"read ok locked"}},
		"create": {"OPENAT", func(r *ring, d string) error {
			return r.do(submission{opcode: 18, fd: here, addr: at(d + "/new"), len: 0o600, op: unix.O_CREAT | unix.O_WRONLY})
		}, []string{"write,create ok new"}},
		"mkdir": {"MKDIRAT", func(r *ring, d string) error {
			return r.do(submission{opcode: 37, fd: here, addr: at(d + "/link/made"), len: 0o700})
		}, []string{"create ok sub/made"}},
		"symlink": {"SYMLINKAT", func(r *ring, d string) error {
			return r.do(submission{opcode: 38, fd: here, addr: at("anything"), off: at(d + "/pointer")})
		}, []string{"create ok pointer"}},
		"unlink": {"UNLINKAT", func(r *ring, d string) error {
			return r.do(submission{opcode: 36, fd: here, addr: at(d + "/link/gone")})
		}, []string{"delete ok sub/gone"}},
		"rmdir": {"UNLINKAT", func(r *ring, d string) error {
			return r.do(submission{opcode: 36, fd: here, addr: at(d + "/empty"), op: unix.AT_REMOVEDIR})
		}, []string{"delete ok empty"}},
		"rmdir of a full one": {"UNLINKAT", func(r *ring, d string) error {
			return fails(r.do(submission{opcode: 36, fd: here, addr: at(d + "/sub"), op: unix.AT_REMOVEDIR}), unix.ENOTEMPTY)
		}, []string{"delete ENOTEMPTY sub"}},
		"rename": {"RENAMEAT", func(r *ring, d string) error {
			to := int32(here)
			return r.do(submission{opcode: 35, fd: here, addr: at(d + "/file"), len: uint32(to), off: at(d + "/link/moved")})
		}, []string{"rename-from ok file", "rename-to ok sub/moved"}},
		"link": {"LINKAT", func(r *ring, d string) error {
			to := int32(here)
			return r.do(submission{opcode: 39, fd: here, addr: at(d + "/file"), len: uint32(to), off: at(d + "/sub/hard")})
		}, []string{"link-from ok file", "link-to ok sub/hard"}},
		"connect to a name": {"CONNECT", func(r *ring, d string) error {
			fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
			if err != nil {
				return err
			}
			address := unix.RawSockaddrUnix{Family: unix.AF_UNIX}
			for i, c := range []byte(d + "/link/none") {
				address.Path[i] = int8(c)
			}
			kept = append(kept, (*byte)(unsafe.Pointer(&address)))
			return fails(r.do(submission{opcode: 16, fd: int32(fd), off: uint64(3 + len(d+"/link/none")), addr: uint64(uintptr(unsafe.Pointer(&address)))}),
				unix.ENOENT)
		}, []string{"connect ENOENT AF_UNIX sub/none", "connect ENOENT sub/none"}},
		"send": {"SENDMSG", func(r *ring, _ string) error {
			fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
			address := unix.RawSockaddrInet4{Family: unix.AF_INET, Port: 0x0900, Addr: [4]byte{127, 0, 0, 1}}
			message := unix.Msghdr{Name: (*byte)(unsafe.Pointer(&address)), Namelen: 16}
			kept = append(kept, message.Name, (*byte)(unsafe.Pointer(&message)))
			return errorsOf(err, r.do(submission{opcode: 9, fd: int32(fd), addr: uint64(uintptr(unsafe.Pointer(&message))), len: 1}))
		}, []string{"send ok AF_INET 127.0.0.1 9"}},
		"socket": {"SOCKET", func(r *ring, _ string) error {
			return r.do(submission{opcode: 45, fd: unix.AF_INET6, off: unix.SOCK_DGRAM})
		}, []string{"create ok AF_INET6"}},
	}
}

// tasksOfRings are those that may do the work of a ring: the one that submits,
// a thread for what may block, a thread that submits in its place.
func tasksOfRings() map[string]func() (*ring, error) {
	return map[string]func() (*ring, error){
		"enter":  func() (*ring, error) { return newRing(0, 0) },
		"worker": func() (*ring, error) { return newRing(0, async) },
		"poll":   func() (*ring, error) { return newRing(setupPoll, 0) },
	}
}

// actByRings does all actions in all tasks, each in a directory of its own.
func actByRings(dir string) error {
	for where, start := range tasksOfRings() {
		for name, a := range ringActions() {
			r, err := start()
			if err != nil {
				return err
			}
			if err := a.do(r, filepath.Join(dir, where, name)); err != nil {
				return fmt.Errorf("%s in %s: %w", name, where, err)
			}
		}
	}
	return nil
}

// What a ring does is in the trace where function probes work, once, whichever
// task does it; where they do not, each operation is a hole with its name.
func TestRings(t *testing.T) {
	needBPF(t)
	if r, err := newRing(0, 0); err != nil {
		require.NotEqual(t, "true", os.Getenv("CI"), "io_uring must work where CI runs: %v", err)
		t.Skip(err)
	} else {
		_ = unix.Close(r.fd)
	}
	for _, way := range []string{byFexit, byKprobe, "none"} {
		dir, read, works := recordRings(t, way)
		if !works && way != "none" {
			t.Logf("%s does not work here", way)
			continue
		}
		t.Run(way, func(t *testing.T) {
			testRingCapabilities(t, read)
			if way == "none" {
				testUnseenRings(t, dir, read)
				return
			}
			assert.Empty(t, read.Holes)
			var sockets []string
			for where := range tasksOfRings() {
				for name, a := range ringActions() {
					want, below := slices.Clone(a.want), filepath.Join(dir, where, name)
					if len(want) == 0 || !strings.Contains(want[0], "AF_INET") {
						slices.Sort(want)
						assert.Equal(t, want, ringFacts(read, below), "%s in %s", name, where)
					} else {
						sockets = append(sockets, a.want...)
					}
				}
			}
			for _, f := range read.Files {
				assert.NotEqual(t, "EBADF", f.Outcome, "a name without a start is no file: %+v", f)
				if f.Syscall == "io_uring" && f.Access == trace.AccessDelete {
					assert.NotEmpty(t, f.Type, "the kernel knew what %s was", f.Path)
				}
			}
			slices.Sort(sockets)
			assert.Equal(t, slices.Compact(sockets), ringFacts(read, "/nowhere"))
		})
	}
}

// A capability that a ring's work asks for is seen by the same hooks as any.
func testRingCapabilities(t *testing.T, read *trace.Trace) {
	var checks uint64
	for _, c := range read.Capabilities {
		if c.Syscall == "io_uring" && strings.HasPrefix(c.Name, "CAP_DAC_") && c.Outcome == trace.OK {
			checks += c.Count
		}
	}
	assert.GreaterOrEqual(t, checks, uint64(len(tasksOfRings())))
}

func testUnseenRings(t *testing.T, dir string, read *trace.Trace) {
	var want, got []string
	for _, a := range ringActions() {
		want = append(want, a.op)
	}
	for _, h := range read.Holes {
		assert.Equal(t, trace.HoleIOURing, h.Kind)
		_, rest, _ := strings.Cut(h.Detail, "IORING_OP_")
		op, _, _ := strings.Cut(rest, ":")
		got = append(got, op)
	}
	slices.Sort(want)
	slices.Sort(got)
	assert.Equal(t, slices.Compact(want), got)
	assert.Empty(t, ringFacts(read, filepath.Join(dir, "enter", "open")))
}

func recordRings(t *testing.T, way string) (dir string, read *trace.Trace, works bool) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	for where := range tasksOfRings() {
		for name := range ringActions() {
			ground := filepath.Join(dir, where, name)
			layOut(t, ground)
			if name == "capability" { // root may read it by a capability alone
				require.NoError(t, os.WriteFile(filepath.Join(ground, "locked"), nil, 0))
				require.NoError(t, os.Chown(filepath.Join(ground, "locked"), 1, 1))
			}
		}
	}
	read, works = recordFunctions(t, way, os.Args[0], "rings", dir)
	return dir, read, works
}

// recordFunctions records with functions seen in one way, and says whether that
// works here.
func recordFunctions(t *testing.T, way string, command ...string) (read *trace.Trace, works bool) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	require.NoError(t, err)
	defer func() { _ = null.Close() }()
	var file bytes.Buffer
	result, err := run(t.Context(), Options{
		Command: command, Trace: &file, Tool: "test", Stdin: null, Stdout: null, Stderr: os.Stderr,
	}, capabilityChoices(), []string{way})
	require.NoError(t, err)
	require.Zero(t, result.Exit)
	read, err = trace.Read(&file)
	require.NoError(t, err)
	return read, slices.ContainsFunc(read.Runs[0].Probes, func(p trace.Probe) bool {
		return p.Hook == way+"/security_file_open"
	})
}

// ringFacts are the facts about what lies below the directory, or about internet
// sockets that a ring made or used.
func ringFacts(read *trace.Trace, dir string) []string {
	var got []string
	below := func(p trace.Path) (string, bool) {
		rest, ok := strings.CutPrefix(string(p), dir)
		return strings.TrimPrefix(rest, "/"), ok && (rest == "" || rest[0] == '/')
	}
	for _, f := range read.Files {
		if rest, ok := below(f.Path); ok {
			got = append(got, fmt.Sprintf("%s %s %s", f.Access, f.Outcome, rest))
		}
	}
	for _, s := range read.Sockets {
		rest, ok := below(s.Path)
		internet := s.Family != "AF_UNIX" && dir == "/nowhere" && (s.Action != "create" || s.Family == "AF_INET6")
		if !ok && !internet {
			continue
		}
		text := strings.Join([]string{s.Action, s.Outcome, s.Family, s.Address, rest}, " ")
		if s.Port != 0 {
			text = fmt.Sprintf("%s %d", text, s.Port)
		}
		got = append(got, strings.Join(strings.Fields(text), " "))
	}
	slices.Sort(got)
	return got
}

// The kernel opens the interpreters of a script by itself: all of them are in
// the trace, and the file that was named is not there twice.
func TestInterpreters(t *testing.T) {
	needBPF(t)
	dir := ground(t)
	inner, outer := filepath.Join(dir, "inner"), filepath.Join(dir, "outer")
	require.NoError(t, os.WriteFile(inner, []byte("#!/bin/true\n"), 0o755))
	require.NoError(t, os.WriteFile(outer, []byte("#!"+inner+"\n"), 0o755))
	for _, way := range functionWays() {
		read, works := recordFunctions(t, way, "sh", "-c", outer+"; true")
		if !works {
			t.Logf("%s does not work here", way)
			continue
		}
		t.Run(way, func(t *testing.T) {
			var got []string
			for _, f := range read.Files {
				if f.Access == trace.AccessExec && f.Syscall == "execve" {
					got = append(got, f.Outcome+" "+strings.TrimPrefix(string(f.Path), dir+"/"))
				}
			}
			assert.Contains(t, got, "ok inner")
			assert.NotContains(t, got, "ok outer")
			assert.True(t, slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "/ld-linux") }), "%v", got)
		})
	}
}
