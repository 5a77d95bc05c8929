package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/osapi-io/osapi-profile/trace/record"
	"github.com/osapi-io/osapi-profile/trace/store"
)

// traceFile is the trace that is being recorded.
type traceFile struct {
	*os.File
	stored bool // in the state directory
	kept   bool // finish found something worth keeping
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
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(name, os.O_WRONLY, 0) // a pipe, a device
		return &traceFile{File: f}, err
	}
	if force {
		// A new file, since the old one's mode or other links may let others read.
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%s exists; choose another name, or replace it with --force", name)
	}
	return &traceFile{File: f}, err
}

// finish closes the trace and makes it the last one. If the worker did not
// even start there is nothing in it, and it is removed.
func (t *traceFile) finish(result record.Result, runErr error) error {
	info, err := t.Stat()
	regular := err == nil && info.Mode().IsRegular()
	if regular {
		err = t.Sync()
	}
	if closeErr := t.Close(); err == nil {
		err = closeErr
	}
	if runErr != nil && facts(result) == 0 {
		if regular {
			_ = os.Remove(t.Name()) // there is an error to tell already
		}
		return err
	}
	t.kept = true
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
