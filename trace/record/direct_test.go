package record

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/osapi-io/osapi-profile/trace/record/launch"
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
		return slices.Index([]bool{!a.together, a.as == "", a.as == "-", true}, true)
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
	if r.others != nil && (!a.together || a.group() != r.others.group()) {
		if err := r.disband(); err != nil {
			return err
		}
	}
	if a.together && r.others == nil {
		r.others = &a
		if err := r.say(together, "", a.group()); err != nil { // it is there, and reads what comes next
			return err
		}
	}
	if a.together && a.some() { // that a thread takes capabilities from itself is no part of an action
		if err := errors.Join(r.turn("between", ended), r.say(name, dir, a.as)); err != nil {
			return err
		}
	}
	r.mutex.Lock()
	r.now = name
	r.mutex.Unlock()
	if err := r.turn(operation, ended); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(r.in, "%s\n%s\n%s\n", name, dir, a.as); err != nil {
		return err
	}
	status, err := r.answer()
	r.status[name] = status
	return err
}

// turn begins an operation.
func (r *performance) turn(operation string, ended chan error) error {
	turned := make(chan error, 1)
	select {
	case r.marks <- Mark{Operation: operation, Done: turned}:
		return <-turned
	case err := <-ended:
		ended <- nil
		return fmt.Errorf("the recording ended: %w", err)
	}
}

// some says whether an action has some capabilities, as nobody.
func (a action) some() bool { return strings.HasPrefix(a.as, "+") }

// group is whom the program is that does an action and others: with all capabilities
// where each action takes all but its own away.
func (a action) group() string {
	if !a.together || !a.some() {
		return a.as
	}
	var list []string
	for number := range uint8(unix.CAP_LAST_CAP + 1) {
		if name := launch.CapabilityName(number); possessed(name) {
			list = append(list, "+"+strings.ToLower(strings.TrimPrefix(name, "CAP_")))
		}
	}
	return strings.Join(list, ",")
}

// say gives three lines to who reads them and waits until it has done what they say.
func (r *performance) say(first, second, third string) error {
	_, err := fmt.Fprintf(r.in, "%s\n%s\n%s\n", first, second, third)
	if err == nil {
		_, err = r.answer()
	}
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
	return r.say("", "", "")
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
// its directory and capabilities. Each comes in a piece, since the one before was
// waited for.
func actTogether() int {
	for status := 0; ; {
		lines, err := exchange(status)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		switch {
		case lines[0] == "":
			return 0
		case strings.HasPrefix(lines[2], "+"):
			done := make(chan int)
			go func() { done <- actWith(lines[2], lines[0], lines[1]) }()
			status = <-done
		default:
			status = act(lines[0], lines[1])
		}
	}
}

// exchange says how the last one ended and reads three lines.
func exchange(status int) ([]string, error) {
	message := make([]byte, 4096)
	_, err := unix.Write(1, fmt.Appendln(nil, status))
	n, err2 := unix.Read(0, message)
	lines := strings.Split(string(message[:max(n, 0)]), "\n")
	if err := errorsOf(err, err2); err != nil {
		return nil, err
	}
	if len(lines) < 4 {
		return nil, io.ErrUnexpectedEOF
	}
	return lines, nil
}

// actWith does an action on a thread that has one capability, once that is told to
// begin. The thread ends with it.
func actWith(capability, name, dir string) int {
	runtime.LockOSThread()
	number, err := launch.ParseCapability("CAP_" + strings.ToUpper(capability[1:]))
	if err == nil {
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var data [2]unix.CapUserData
		data[number/32].Permitted, data[number/32].Effective = 1<<(number%32), 1<<(number%32)
		err = unix.Capset(&header, &data[0])
	}
	if err == nil {
		_, err = exchange(0)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		return 1
	}
	return act(name, dir)
}
