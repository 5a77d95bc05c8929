package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"golang.org/x/sys/unix"

	"github.com/osapi-io/osapi-profile/trace/record/launch"
)

// need is an action of nobody that one capability is needed for.
type need struct {
	do      func(dir string) error
	prepare func(dir string) error
	errno   error    // what comes of it without the capability; nil: it is done otherwise
	ends    error    // what comes of it with the capability, after the check
	also    []string // what the action itself gives; without the capability " ok" is the errno
	made    []string // what it needs first
	refused []string // what is asked for in place of the capability
}

const nobodyUID = 65534

// needActions are done twice: as nobody who has that capability alone, and as
// nobody who has none.
func needActions() map[string]action {
	all := map[string]action{}
	for name, n := range needs() {
		// Limits, the root and the session are those of the whole program.
		whole := slices.Contains([]string{"CAP_SYS_RESOURCE", "CAP_IPC_LOCK", "CAP_SYS_CHROOT", "CAP_SYS_TTY_CONFIG"}, strings.Fields(name)[0])
		do := n.do
		if n.ends != nil {
			do = func(dir string) error { return failsAs(n.do(dir), n.ends) }
		}
		key := name
		name, _, _ := strings.Cut(key, " ")
		short := strings.ToLower(strings.TrimPrefix(name, "CAP_"))
		if possessed(name) {
			all[key] = action{do: do, prepare: n.prepared, as: "+" + short, together: !whole, want: slices.Concat([]string{name + " ok"}, n.told(n.ends), n.made)}
		} else {
			all[key] = action{do: func(string) error { return absent(name + " for root") }, as: "-", together: true}
		}
		refused := n.do
		if n.errno != nil {
			refused = func(dir string) error { return failsAs(n.do(dir), n.errno) }
		}
		all["no "+key] = action{do: refused, prepare: n.prepared, as: "-", together: !whole,
			want: slices.Concat([]string{name + " EPERM"}, n.told(n.errno), n.made, n.refused)}
	}
	return all
}

// prepared gives the directory to nobody.
func (n need) prepared(dir string) error {
	err := errorsOf(os.Chown(dir, nobodyUID, nobodyUID), os.Chown(filepath.Join(dir, "empty"), nobodyUID, nobodyUID))
	if err == nil && n.prepare != nil {
		err = n.prepare(dir)
	}
	return err
}

func (n need) told(end error) []string {
	var list []string
	for _, s := range n.also {
		if errno, ok := end.(syscall.Errno); ok { //nolint:errorlint // it is one as it stands
			s = strings.Replace(s, " ok", " "+outcomeName(uint32(errno)), 1)
		}
		list = append(list, s)
	}
	return list
}

func failsAs(err, want error) error {
	errno, _ := want.(syscall.Errno) //nolint:errorlint // likewise
	return fails(err, errno)
}

// possessed says whether a capability is root's here. The bounding set of the
// tests is that of the worker.
func possessed(name string) bool {
	c, err := launch.ParseCapability(name)
	if err != nil {
		return false
	}
	has, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, uintptr(c), 0, 0, 0)
	return err == nil && has == 1
}

// unreached are capabilities that no action can be made to ask for, and why.
func unreached() map[string]string {
	return map[string]string{
		"CAP_MAC_OVERRIDE": "only Smack asks for it, which no distribution that is tested here enables",
	}
}

// Each capability there is has an action that needs it, or a reason for having
// none.
func TestEachCapabilityHasAnAction(t *testing.T) {
	for number := range uint8(unix.CAP_LAST_CAP + 1) {
		name := launch.CapabilityName(number)
		_, reached := needs()[name]
		_, not := unreached()[name]
		assert.NotEqual(t, reached, not, name)
	}
}

// absent is what an action gives that this kernel lacks something for.
func absent(what string) error { return fmt.Errorf("%s: %w", what, unix.ENOSYS) }

// sharedKey names shared memory of root.
const sharedKey = 0x6f736a6e

// lingering is how long a program stays whose own part of /proc is looked at.
const lingering = 300 * time.Millisecond

func auditMessage(kind uint16, group uint32) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_AUDIT)
	if errors.Is(err, unix.EPROTONOSUPPORT) {
		return absent("audit")
	}
	if err != nil {
		return err
	}
	if group != 0 {
		return unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: group})
	}
	message := make([]byte, unix.NLMSG_HDRLEN)
	binary.NativeEndian.PutUint32(message, uint32(len(message)))
	binary.NativeEndian.PutUint16(message[4:], kind)
	binary.NativeEndian.PutUint16(message[6:], unix.NLM_F_REQUEST|unix.NLM_F_ACK)
	if err := unix.Sendto(fd, message, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	for answer := make([]byte, 256); ; { // what was asked for may come before
		n, _, err := unix.Recvfrom(fd, answer, 0)
		if err != nil || n < 20 {
			return errorsOf(err, errors.New("the answer is too short"))
		}
		if binary.NativeEndian.Uint16(answer[4:]) != unix.NLMSG_ERROR {
			continue
		}
		if errno := int32(binary.NativeEndian.Uint32(answer[16:])); errno != 0 {
			return unix.Errno(-errno)
		}
		return nil
	}
}

// needs are those actions by their capability.
func needs() map[string]need {
	all := fileNeeds()
	for name, n := range processNeeds() {
		all[name] = n
	}
	for name, n := range machineNeeds() {
		all[name] = n
	}
	return all
}
