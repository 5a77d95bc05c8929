package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/osapi-io/osapi-profile/synth/written"
)

// isTrace says whether an argument names a trace, by what is in the file. One
// that cannot be read is a trace by its name.
func isTrace(name string) bool {
	f, err := written.Read(name)
	if err != nil {
		return strings.HasSuffix(name, ".jsonl") || strings.HasSuffix(name, ".jsonl.gz")
	}
	return f.Format == written.Trace
}

// profilesAndTraces tells the arguments of a command apart by what is in them.
func profilesAndTraces(names []string) (profiles []written.File, traces []string, err error) {
	for _, name := range names {
		f, err := written.Read(name)
		switch {
		case errors.Is(err, written.ErrEmpty) && isTrace(name), err == nil && f.Format == written.Trace:
			traces = append(traces, name)
		case errors.Is(err, fs.ErrNotExist) && strings.HasSuffix(name, ".service"):
			return nil, nil, fmt.Errorf("%w; for a unit that systemd has loaded: systemctl cat %s | osapi-profile check /dev/stdin", err, name)
		case err != nil:
			return nil, nil, err
		default:
			profiles = append(profiles, f)
		}
	}
	return profiles, traces, nil
}

// fileAndLine takes FILE:LINE apart; false when the argument is no such thing.
func fileAndLine(arg string) (file string, line int, ok bool) {
	i := strings.LastIndexByte(arg, ':')
	if i < 1 {
		return "", 0, false
	}
	if _, err := fmt.Sscanf(arg[i+1:], "%d", &line); err != nil || fmt.Sprint(line) != arg[i+1:] {
		return "", 0, false
	}
	if info, err := os.Stat(arg[:i]); err != nil || info.IsDir() {
		return "", 0, false
	}
	return arg[:i], line, true
}
