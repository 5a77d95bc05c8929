package control

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Running lists the recorders that listen in dir, by process. Sockets that dead
// ones left are passed over.
func Running(dir string) ([]Recorder, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := private(dir); err != nil {
		return nil, err
	}
	var running []Recorder
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), suffix) {
			continue
		}
		if got, err := exchange(dir, e.Name(), request{}); err == nil {
			running = append(running, got.Recorder)
		}
	}
	slices.SortFunc(running, func(a, b Recorder) int { return cmp.Compare(a.PID, b.PID) })
	return running, nil
}

// Mark has a recorder begin an operation, and returns when it has.
func Mark(dir string, r Recorder, operation string) error {
	got, err := exchange(dir, fmt.Sprint(r.PID)+suffix, request{Mark: operation})
	if err != nil {
		return fmt.Errorf("telling the recorder with process id %d: %w", r.PID, err)
	}
	if got.Error != "" {
		return errors.New(got.Error)
	}
	return nil
}

func exchange(dir, name string, ask request) (reply, error) {
	d, err := os.Open(dir)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = d.Close() }()
	conn, err := net.DialTimeout("unix", short(d, name), patient)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(2 * patient))
	if err := json.NewEncoder(conn).Encode(ask); err != nil {
		return reply{}, err
	}
	var got reply
	err = json.NewDecoder(io.LimitReader(conn, maxSize)).Decode(&got)
	if errors.Is(err, io.EOF) {
		err = errors.New("it has ended")
	}
	return got, err
}

// Same says whether a recorder writes the named file.
func (r Recorder) Same(name string) bool {
	a, err := os.Stat(name)
	if err != nil {
		return filepath.Clean(name) == r.Trace
	}
	b, err := os.Stat(r.Trace)
	return err == nil && os.SameFile(a, b)
}
