// Package launch is the worker's side of a start: a stopped copy of the
// recorder that takes on the worker's identity and becomes it, once the probes
// are in place. It is the one package that uses gocapability.
package launch

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/syndtr/gocapability/capability"
	"golang.org/x/sys/unix"
)

// Name is argv[1] of the copy; main hands over to Main when it sees it.
const Name = "__launch"

// The copy's descriptors: Order comes in, a Failure goes out. Failure is
// closed by a successful exec, so that end of file means success.
const (
	OrderFD   = 3
	FailureFD = 4
)

// Order is what to become. Without Switch the identity stays as it is.
type Order struct {
	Path    string // the program, when it is not to be found by Command[0]
	Command []string
	Env     []string
	Switch  bool
	UID     uint32
	GID     uint32
	Groups  []uint32
	Ambient []string
}

// Failure says why the worker could not be executed.
type Failure struct {
	Errno  syscall.Errno // of the exec, or 0
	Detail string        // when Errno is 0: what went wrong before
}

// Main runs in the copy. It returns an exit status only when it failed, and
// has then said why on FailureFD.
func Main() int {
	runtime.LockOSThread() // capabilities belong to the thread that will exec
	out := os.NewFile(FailureFD, "failure")
	syscall.CloseOnExec(FailureFD)
	err := become()
	failure := Failure{Detail: err.Error()}
	if errno := syscall.Errno(0); errors.As(err, &errno) && errors.Is(err, errExec) {
		failure = Failure{Errno: errno}
	}
	_ = json.NewEncoder(out).Encode(failure)
	return 125
}

var errExec = errors.New("exec")

func become() error {
	in := os.NewFile(OrderFD, "order")
	var order Order
	data, err := io.ReadAll(in)
	if err == nil {
		err = json.Unmarshal(data, &order)
	}
	if err != nil {
		return fmt.Errorf("reading what to start: %w", err)
	}
	_ = in.Close()
	if order.Switch {
		if err := assume(order); err != nil {
			return err
		}
	}
	return execute(order)
}

// assume drops to the identity of the order, keeping only what is ambient.
func assume(order Order) error {
	groups := make([]int, len(order.Groups))
	for i, g := range order.Groups {
		groups[i] = int(g)
	}
	var keep []capability.Cap
	for _, name := range order.Ambient {
		c, err := ParseCapability(name)
		if err != nil {
			return err
		}
		keep = append(keep, c)
	}
	if err := unix.Prctl(unix.PR_SET_KEEPCAPS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("keeping capabilities: %w", err)
	}
	if err := syscall.Setgroups(groups); err != nil {
		return fmt.Errorf("setting supplementary groups: %w", err)
	}
	if err := syscall.Setresgid(int(order.GID), int(order.GID), int(order.GID)); err != nil {
		return fmt.Errorf("becoming group %d: %w", order.GID, err)
	}
	if err := syscall.Setresuid(int(order.UID), int(order.UID), int(order.UID)); err != nil {
		return fmt.Errorf("becoming user %d: %w", order.UID, err)
	}
	caps, err := capability.NewPid2(0)
	if err != nil {
		return fmt.Errorf("reading capabilities: %w", err)
	}
	caps.Clear(capability.CAPS | capability.AMBS)
	caps.Set(capability.CAPS|capability.AMBS, keep...)
	if err := caps.Apply(capability.CAPS | capability.AMBS); err != nil {
		return fmt.Errorf("keeping %s: %w", strings.Join(order.Ambient, " "), err)
	}
	return nil
}

// execute looks a command up as execvp(3) does and becomes it.
func execute(order Order) error {
	name, last := cmp.Or(order.Path, order.Command[0]), syscall.ENOENT
	candidates := []string{name}
	if !strings.Contains(name, "/") {
		candidates = nil
		for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
			candidates = append(candidates, filepath.Join("/", dir, name))
		}
	}
	for _, candidate := range candidates {
		err := syscall.Exec(candidate, order.Command, order.Env)
		errno := syscall.Errno(0)
		if !errors.As(err, &errno) {
			return err
		}
		if errno != syscall.ENOENT && errno != syscall.ENOTDIR {
			last = errno
			if errno != syscall.EACCES {
				break
			}
		}
	}
	return errors.Join(errExec, last)
}

// ParseCapability reads "CAP_NET_RAW" in any case, with or without its prefix.
func ParseCapability(name string) (capability.Cap, error) {
	short := strings.TrimPrefix(strings.ToLower(name), "cap_")
	for _, c := range capability.List() {
		if c.String() == short {
			return c, nil
		}
	}
	return 0, fmt.Errorf("unknown capability %q; capabilities(7) lists them", name)
}

// CapabilityName spells a number as capabilities(7) does; a number that is
// newer than the list becomes CAP_NN.
func CapabilityName(number uint8) string {
	for _, c := range capability.List() {
		if uint8(c) == number {
			return "CAP_" + strings.ToUpper(c.String())
		}
	}
	return fmt.Sprintf("CAP_%d", number)
}
