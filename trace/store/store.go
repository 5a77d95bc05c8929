// Package store keeps traces that were given no name, and knows the last one.
package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/renameio/v2"
)

const (
	variable = "OSAPI_PROFILE_STATE" // names another directory
	system   = "/var/lib/osapi-profile/traces"
	last     = "last"
	suffix   = ".jsonl"
)

// ErrNone says that nothing was recorded yet.
var ErrNone = errors.New("no trace was recorded yet")

// Dir is where traces are kept: $OSAPI_PROFILE_STATE if set, for root
// /var/lib/osapi-profile/traces, for others osapi-profile in $XDG_STATE_HOME,
// which is ~/.local/state unless set to an absolute path (XDG Base Directory
// Specification 0.8).
func Dir() (string, error) {
	if dir := os.Getenv(variable); dir != "" {
		return filepath.Abs(dir)
	}
	if os.Geteuid() == 0 {
		return system, nil
	}
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "osapi-profile"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no directory for traces: %w; set XDG_STATE_HOME or name a file", err)
	}
	return filepath.Join(home, ".local/state/osapi-profile"), nil
}

// Create makes a new, empty trace in dir that only its owner can read, named
// after the time and the worker so that names sort by time. It makes dir when
// needed.
func Create(dir, worker string, now time.Time) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	for {
		name := now.UTC().Format("20060102T150405.000Z") + "-" + clean(filepath.Base(worker)) + suffix
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
		now = now.Add(time.Millisecond)
	}
}

// clean makes a part of a file name that needs no quoting anywhere.
func clean(name string) string {
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r) {
			return r
		}
		return '_'
	}, name)
	return name[:min(len(name), 64)]
}

// SetLast makes the trace, a file that Create made, the last one of its
// directory. Who looks at the same time finds the old or the new one.
func SetLast(trace string) error {
	dir, name := filepath.Split(trace)
	return renameio.Symlink(name, filepath.Join(dir, last))
}

// Last finds the trace of dir whose recording ended last. Younger ones, whose
// recorder still runs or was killed, are listed in unfinished; if there are no
// others, the youngest of them is the last.
func Last(dir string) (trace string, unfinished []string, err error) {
	names, err := traces(dir)
	if err != nil {
		return "", nil, err
	}
	target, err := os.Readlink(filepath.Join(dir, last))
	if i := slices.Index(names, filepath.Join(dir, target)); err == nil && i >= 0 {
		return names[i], names[i+1:], nil
	}
	if len(names) == 0 {
		return "", nil, fmt.Errorf("%w in %s", ErrNone, dir)
	}
	return names[len(names)-1], nil, nil
}

// traces lists the traces of dir, oldest first. A directory that is not there
// has none.
func traces(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && strings.HasSuffix(e.Name(), suffix) {
			names = append(names, filepath.Join(dir, e.Name()))
		}
	}
	return names, nil
}
