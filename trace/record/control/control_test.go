package control

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMark(t *testing.T) {
	// Deeper than a socket's address is long.
	dir := filepath.Join(t.TempDir(), strings.Repeat("long/", 30), "run")
	var marks []string
	self := Recorder{PID: os.Getpid(), Worker: "nginx", Trace: "/tmp/t.jsonl"}
	running, err := Running(dir)
	require.NoError(t, err)
	require.Empty(t, running)
	s, err := Listen(dir, self, func(operation string) error {
		marks = append(marks, operation)
		if operation == "bad" {
			return errors.New("not now")
		}
		return nil
	})
	require.NoError(t, err)
	for name, mode := range map[string]os.FileMode{dir: 0o700, s.name: 0o600} {
		info, err := os.Stat(name)
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode().Perm())
	}
	running, err = Running(dir)
	require.NoError(t, err)
	require.Equal(t, []Recorder{self}, running)
	require.NoError(t, Mark(dir, self, "good"))
	require.EqualError(t, Mark(dir, self, "bad"), "not now")
	require.Equal(t, []string{"good", "bad"}, marks)
	s.Close()
	running, err = Running(dir)
	require.NoError(t, err)
	require.Empty(t, running)
	require.ErrorContains(t, Mark(dir, self, "late"), "telling the recorder with process id")
}

// A killed recorder leaves its socket behind; the next of that number takes it.
func TestLeftOverSocket(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	require.NoError(t, os.Mkdir(dir, 0o700))
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "7.sock")})
	require.NoError(t, err)
	l.SetUnlinkOnClose(false)
	require.NoError(t, l.Close())
	running, err := Running(dir)
	require.NoError(t, err)
	require.Empty(t, running)
	s, err := Listen(dir, Recorder{PID: 7}, nil)
	require.NoError(t, err)
	defer s.Close()
	running, err = Running(dir)
	require.NoError(t, err)
	require.Len(t, running, 1)
}

// Where others can write nobody listens, and nobody is believed.
func TestDirectoryOfOthers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	require.NoError(t, os.Mkdir(dir, 0o700))
	require.NoError(t, os.Chmod(dir, 0o770))
	_, err := Listen(dir, Recorder{PID: 7}, nil)
	require.ErrorContains(t, err, "is not a directory of this user alone")
	_, err = Running(dir)
	require.ErrorContains(t, err, "is not a directory of this user alone")
	link := dir + ".link"
	require.NoError(t, os.Symlink(t.TempDir(), link))
	_, err = Listen(link, Recorder{PID: 7}, nil)
	require.ErrorContains(t, err, "is not a directory of this user alone")
}

func TestSame(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "t")
	require.NoError(t, os.WriteFile(name, nil, 0o600))
	require.NoError(t, os.Symlink("t", name+".link"))
	r := Recorder{Trace: name}
	require.True(t, r.Same(name))
	require.True(t, r.Same(name+".link"))
	require.False(t, r.Same(dir))
	require.False(t, r.Same(name+".none"))
}
