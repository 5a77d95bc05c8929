// Package ledger keeps what a proof made on this host, so that whoever comes next
// can take it away again when the run that made it was killed.
//
// An entry is written before the thing is made. The file is locked as long as its
// run lives: one that can be locked belongs to nobody any more.
package ledger

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Dir is where ledgers are kept. It goes with the machine, as do the units and
// AppArmor profiles that stand in them.
const Dir = "/run/osapi-profile/proofs"

// Kind says what an entry is and so how it is undone.
type Kind string

// What a proof makes.
const (
	Unit      Kind = "unit"      // a service that is started: stopped
	Again     Kind = "again"     // a service that ran before: started again
	File      Kind = "file"      // a file: removed
	Directory Kind = "directory" // a directory: removed if it is empty
	Profile   Kind = "profile"   // an AppArmor profile in the kernel: unloaded
	Mount     Kind = "mount"     // a file system: taken away with all that is in it
)

// Entry is one thing that was made.
type Entry struct {
	Kind Kind   `json:"kind"`
	Name string `json:"name"`
}

// Ledger belongs to a run that lives, or was taken over from one that does not.
type Ledger struct {
	Entries []Entry // in the order they were made
	file    *os.File
	name    string
}

// Open begins a ledger in a directory, which is made.
func Open(dir string) (*Ledger, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(dir, "*.new")
	if err != nil {
		return nil, err
	}
	l := &Ledger{file: f, name: f.Name()[:len(f.Name())-len(".new")] + ".jsonl"}
	if err := errors.Join(unix.Flock(int(f.Fd()), unix.LOCK_EX), os.Rename(f.Name(), l.name)); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	return l, nil
}

// Note writes down what is about to be made.
func (l *Ledger) Note(kind Kind, name string) error {
	line, err := json.Marshal(Entry{kind, name})
	if err != nil {
		return err
	}
	if _, err := l.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("noting what is to be undone: %w", err)
	}
	l.Entries = append(l.Entries, Entry{kind, name})
	return nil
}

// Close removes the ledger: everything in it has been undone.
func (l *Ledger) Close() error { return errors.Join(os.Remove(l.name), l.file.Close()) }

// Keep leaves the ledger to the next run: not everything could be undone.
func (l *Ledger) Keep() error { return l.file.Close() }

// Abandoned takes over the ledgers in a directory whose run is no more.
func Abandoned(dir string) ([]*Ledger, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		return nil, err
	}
	var out []*Ledger
	for _, name := range names {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_APPEND, 0)
		if err != nil {
			continue // its run has ended meanwhile
		}
		l := &Ledger{file: f, name: name}
		if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil || !l.there() {
			_ = f.Close()
			continue
		}
		l.read()
		out = append(out, l)
	}
	return out, nil
}

// there says whether the file still has its name: else its run has just undone
// everything.
func (l *Ledger) there() bool {
	named, err := os.Stat(l.name)
	held, heldErr := l.file.Stat()
	return err == nil && heldErr == nil && os.SameFile(named, held)
}

// read takes in the entries. A last one that was cut off was not made any more.
func (l *Ledger) read() {
	for lines := bufio.NewScanner(l.file); lines.Scan(); {
		var e Entry
		if json.Unmarshal(lines.Bytes(), &e) == nil {
			l.Entries = append(l.Entries, e)
		}
	}
}
