package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/osapi-io/osapi-profile/trace/record"
	"github.com/osapi-io/osapi-profile/trace/store"
)

// traceFile is the trace that is being recorded.
type traceFile struct {
	*os.File
	stored bool   // in the state directory
	old    string // where the trace that this one replaces is until something is recorded, "" for none
	kept   bool   // finish found something worth keeping
}

// createTrace opens the trace before the worker starts, so that a recording is
// not made in vain.
func createTrace(name, worker string, force bool) (*traceFile, error) {
	if name == "" {
		dir, err := store.Dir()
		if err != nil {
			return nil, err
		}
		f, err := store.Create(dir, worker, time.Now())
		return &traceFile{File: f, stored: true}, err
	}
	if !force {
		return openTrace(name, "choose another name, or replace it with --force")
	}
	old, err := setAside(name)
	if err != nil {
		return nil, err
	}
	f, err := openTrace(name, "something else made it just now")
	if err != nil {
		return nil, errors.Join(err, takeBack(old, name))
	}
	f.old = old
	return f, nil
}

// openTrace makes a trace of this name, or opens a pipe or a device. The advice is for
// whoever names a file that is there already.
func openTrace(name, advice string) (*traceFile, error) {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		return &traceFile{File: f}, err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%s exists; %s", name, advice)
	}
	return &traceFile{File: f}, err
}

// setAside gives a file another name in its directory, and says which, "" if there is
// no such file. The new trace is to be another file, since the old one's mode or other
// links may let others read.
func setAside(name string) (string, error) {
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		return "", nil
	}
	if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".replaced-*")
	if err != nil {
		return "", err
	}
	if err := errors.Join(f.Close(), os.Rename(name, f.Name())); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// takeBack undoes setAside.
func takeBack(old, name string) error {
	if old == "" {
		return nil
	}
	return os.Rename(old, name)
}

// finish closes the trace and makes it the last one. If the worker did not
// even start there is nothing in it, and it is removed.
func (t *traceFile) finish(result record.Result, runErr error) error {
	return t.close(runErr == nil || facts(result) > 0)
}

// written says whether anything stands in it yet.
func (t *traceFile) written() bool {
	info, err := t.Stat()
	return err == nil && info.Size() > 0
}

// close closes the trace. One that nothing was recorded into is removed, and what it
// was to replace is there again.
func (t *traceFile) close(recorded bool) error {
	info, err := t.Stat()
	regular := err == nil && info.Mode().IsRegular()
	if regular {
		err = t.Sync()
	}
	if closeErr := t.Close(); err == nil {
		err = closeErr
	}
	if !recorded {
		if regular {
			_ = os.Remove(t.Name()) // there is an error to tell already
		}
		return errors.Join(err, takeBack(t.old, t.Name()))
	}
	t.kept = true
	if t.old != "" && err == nil {
		err = os.Remove(t.old)
	}
	if t.stored && err == nil {
		err = store.SetLast(t.Name())
	}
	return err
}

func facts(result record.Result) int {
	n := 0
	for _, count := range result.Facts {
		n += count
	}
	return n
}
