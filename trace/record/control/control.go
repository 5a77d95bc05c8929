// Package control lets one process tell another, a recorder that is running,
// which operation begins. Each recorder listens on a UNIX socket of its own in a
// directory that nobody but its user can enter.
package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Recorder is one that is running.
type Recorder struct {
	PID    int    `json:"pid"`
	Worker string `json:"worker"` // the command's program, as it was named
	Trace  string `json:"trace"`  // absolute name of the file that is being written
}

// request asks a recorder who it is, and, with Mark, to begin an operation.
type request struct {
	Mark string `json:"mark,omitempty"`
}

type reply struct {
	Recorder
	Error string `json:"error,omitempty"` // why the mark was not made
}

const (
	suffix  = ".sock"
	patient = 5 * time.Second // for each exchange
	maxSize = 64 << 10        // of a message
)

// Dir is where recorders listen: "run" in $OSAPI_PROFILE_STATE if that is set,
// for root /run/osapi-profile, for others osapi-profile in $XDG_RUNTIME_DIR.
func Dir() (string, error) {
	if state := os.Getenv("OSAPI_PROFILE_STATE"); state != "" {
		return filepath.Abs(filepath.Join(state, "run"))
	}
	if os.Geteuid() == 0 {
		return "/run/osapi-profile", nil
	}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "osapi-profile"), nil
	}
	return "", errors.New("no place for sockets: XDG_RUNTIME_DIR is not set")
}

// private checks that nobody else can put a socket into a directory.
func private(dir string) error {
	var st unix.Stat_t
	if err := unix.Lstat(dir, &st); err != nil {
		return &os.PathError{Op: "lstat", Path: dir, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR || int(st.Uid) != os.Geteuid() || st.Mode&0o077 != 0 {
		return fmt.Errorf("%s is not a directory of this user alone: remove it, or make it so (chown, chmod 700)", dir)
	}
	return nil
}

// short is a name for a file of a directory that fits into a socket's address,
// however deep the directory is. It holds while the directory is open.
func short(dir *os.File, name string) string {
	return fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), name)
}

// Server is a recorder's end.
type Server struct {
	listener *net.UnixListener
	name     string
	self     Recorder
	mark     func(string) error
}

// Listen begins to answer: what a recorder is, and marks, each by calling mark
// in a goroutine of its own. It makes dir if need be.
func Listen(dir string, self Recorder, mark func(operation string) error) (*Server, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := private(dir); err != nil {
		return nil, err
	}
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = d.Close() }()
	base := fmt.Sprint(self.PID) + suffix
	s := &Server{name: filepath.Join(dir, base), self: self, mark: mark}
	_ = os.Remove(s.name) // of a dead one that had this process's number
	s.listener, err = net.ListenUnix("unix", &net.UnixAddr{Name: short(d, base)})
	if err != nil {
		return nil, fmt.Errorf("listening in %s: %w", dir, errors.Unwrap(err))
	}
	s.listener.SetUnlinkOnClose(false)
	if err := os.Chmod(s.name, 0o600); err != nil {
		s.Close()
		return nil, err
	}
	go s.serve()
	return s, nil
}

// Close stops listening. A nil Server is closed already.
func (s *Server) Close() {
	if s == nil {
		return
	}
	_ = os.Remove(s.name)
	_ = s.listener.Close()
}

func (s *Server) serve() {
	for {
		conn, err := s.listener.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(10 * time.Millisecond) // no descriptors left, say
			continue
		}
		go s.answer(conn)
	}
}

func (s *Server) answer(conn *net.UnixConn) {
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(patient))
	out := reply{Recorder: s.self}
	var asked request
	err := own(conn)
	if err == nil {
		err = json.NewDecoder(io.LimitReader(conn, maxSize)).Decode(&asked)
	}
	if err == nil && asked.Mark != "" {
		err = s.mark(asked.Mark)
	}
	if err != nil {
		out.Error = err.Error()
	}
	_ = json.NewEncoder(conn).Encode(out)
}

// own checks that the other end is of this user, or root: the directory keeps
// others out already.
func own(conn *net.UnixConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var peer *unix.Ucred
	var peerErr error
	if err := raw.Control(func(fd uintptr) { peer, peerErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }); err != nil {
		return err
	}
	if peerErr != nil {
		return peerErr
	}
	if int(peer.Uid) != os.Geteuid() && peer.Uid != 0 {
		return syscall.EPERM
	}
	return nil
}
