package record

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// table is that of actions, made once: a guest feels it.
var table = sync.OnceValue(actions)

// together is what the program is asked for that does several.
const together = "together"

// all has the actions done, one after another.
func (r *performance) all(names []string, ended chan error) error {
	// The first one is for what the director does when it begins.
	for i, name := range slices.Concat([]string{idling, idling, idling, idling}, ordered(names)) {
		a, operation := table()[name], fmt.Sprintf("act-%d", i)
		if name == idling && i == 3 {
			a.as = "-"
		}
		if name == idling {
			operation = fmt.Sprint("idle-", min(i, 1))
		}
		dir := filepath.Join(r.base, r.name, operation)
		r.acts[name] = operation
		if err := r.act(a, name, operation, dir, ended); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return r.disband()
}

// ordered puts those last that are done together, by whose they are.
func ordered(names []string) []string {
	key := func(name string) int {
		a := table()[name]
		return slices.Index([]bool{!a.together, a.as == "", a.as == "-"}, true)
	}
	return slices.SortedStableFunc(slices.Values(names), func(a, b string) int { return cmp.Compare(key(a), key(b)) })
}

func (r *performance) act(a action, name, operation, dir string, ended chan error) error {
	if err := errorsOf(os.RemoveAll(dir), scenery(dir)); err != nil {
		return err
	}
	if a.prepare != nil {
		if err := a.prepare(dir); err != nil {
			return err
		}
	}
	if r.others != nil && (!a.together || a.as != r.others.as) {
		if err := r.disband(); err != nil {
			return err
		}
	}
	r.mutex.Lock()
	r.now = name
	r.mutex.Unlock()
	turned := make(chan error, 1)
	select {
	case r.marks <- Mark{Operation: operation, Done: turned}:
	case err := <-ended:
		ended <- nil
		return fmt.Errorf("the recording ended: %w", err)
	}
	if err := <-turned; err != nil {
		return err
	}
	if a.together && r.others == nil {
		r.others = &a
		if _, err := fmt.Fprintf(r.in, "%s\n\n%s\n", together, a.as); err != nil {
			return err
		}
		if _, err := r.answer(); err != nil { // it is there, and reads what comes next
			return err
		}
	}
	if _, err := fmt.Fprintf(r.in, "%s\n%s\n%s\n", name, dir, a.as); err != nil {
		return err
	}
	status, err := r.answer()
	r.status[name] = status
	return err
}

// answer is the status of what was done.
func (r *performance) answer() (status int, err error) {
	if err := r.limit.SetReadDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		return 0, err
	}
	_, err = fmt.Fscanln(r.out, &status)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return status, err
}

// disband ends the program that does several.
func (r *performance) disband() error {
	if r.others == nil {
		return nil
	}
	r.others = nil
	_, err := fmt.Fprintf(r.in, "\n\n\n")
	if err == nil {
		_, err = r.answer()
	}
	return err
}

// act does an action and says how it ended.
func act(name, dir string) int {
	err := table()[name].do(dir)
	release()
	if err == nil {
		return 0
	}
	fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EOPNOTSUPP) {
		return notHere
	}
	return 1
}

// actTogether does one action after another that it reads the names of, each with
// its directory. Each comes in a piece, since the one before was waited for.
func actTogether() int {
	message := make([]byte, 4096)
	for status := 0; ; {
		if _, err := unix.Write(1, fmt.Appendln(nil, status)); err != nil {
			return 1
		}
		n, err := unix.Read(0, message)
		lines := strings.Split(string(message[:max(n, 0)]), "\n")
		if err != nil || len(lines) < 3 {
			return 1
		}
		if lines[0] == "" {
			return 0
		}
		status = act(lines[0], lines[1])
	}
}
