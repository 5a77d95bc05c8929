package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"github.com/osapi-io/osapi-profile/trace"
	"github.com/osapi-io/osapi-profile/trace/store"
)

// load reads the named traces and merges them; without names it reads the last
// recorded one. It tells of holes and of the choice it made.
func load(names []string, stderr io.Writer) (*trace.Trace, error) {
	if len(names) == 0 {
		last, err := lastTrace(stderr)
		if err != nil {
			return nil, err
		}
		names = []string{last}
	}
	var traces []*trace.Trace
	for _, name := range names {
		t, err := trace.ReadFile(name)
		if errors.Is(err, fs.ErrPermission) {
			return nil, fmt.Errorf("%w: only who recorded a trace can read it; run this as that user, or as root", err)
		}
		if err != nil {
			return nil, err
		}
		tellDoubts(name, t, stderr)
		if t.Empty() && len(names) > 1 {
			note(stderr, "%s has no facts: the worker did nothing while it was recorded", name)
		}
		traces = append(traces, t)
	}
	merged := trace.Merge(traces...)
	if merged.Empty() {
		return nil, fmt.Errorf("%s: no facts: the worker did nothing while it was recorded, or the recorder saw nothing of it; record again",
			strings.Join(names, ", "))
	}
	if mixed := merged.Mixed(); len(mixed) > 0 {
		note(stderr, "%s", mixed[0].Detail)
	}
	if untrained := merged.Untrained(); len(untrained) > 0 {
		note(stderr, "not everything was trained: %s", inWords(untrained))
	}
	return merged, nil
}

// tellDoubts says what one trace cannot vouch for.
func tellDoubts(name string, t *trace.Trace, stderr io.Writer) {
	if len(t.Holes) > 0 {
		note(stderr, "%s has holes: %s", name, inWords(t.Holes))
	}
	for _, h := range t.Failed() {
		note(stderr, "%s: %s", name, h.Detail)
	}
	for _, r := range t.Runs {
		if r.Arch != runtime.GOARCH {
			note(stderr, "%s was recorded on %s, and this machine is %s: it tells nothing of what the worker needs here", name, r.Arch, runtime.GOARCH)
		}
	}
}

func lastTrace(stderr io.Writer) (string, error) {
	dir, err := store.Dir()
	if err != nil {
		return "", err
	}
	last, unfinished, err := store.Last(dir)
	switch {
	case errors.Is(err, store.ErrNone) && os.Geteuid() != 0:
		return "", fmt.Errorf("%w: record one with 'osapi-profile record -- CMD', or name a trace; those that root recorded are found by root only", err)
	case errors.Is(err, store.ErrNone):
		return "", fmt.Errorf("%w: record one with 'osapi-profile record -- CMD', or name a trace", err)
	case err != nil:
		return "", err
	}
	note(stderr, "reading the last trace, %s", last)
	for _, name := range unfinished {
		note(stderr, "%s is younger, but its recording did not end; name it to read it", name)
	}
	return last, nil
}
