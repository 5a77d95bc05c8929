package apparmor

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"testing"

	"github.com/osapi-io/osapi-profile/test/need"
	"github.com/stretchr/testify/require"
)

// compiled is the file part of a policy as apparmor_parser hands it to the
// kernel, walked as the kernel walks it (security/apparmor/match.c). It knows
// what a profile really says, whatever its text looks like.
type compiled struct{ accept, base, next, deflt, check, equiv []uint32 }

// parser is apparmor_parser, or what $APPARMOR_PARSER names instead, so that
// another release can be tried.
func parser(t testing.TB) string {
	name := os.Getenv("APPARMOR_PARSER")
	if name == "" {
		name = "apparmor_parser"
	}
	need.Tools(t, name)
	return name
}

// parse runs the parser over a profile without loading it and gives the policy.
func parse(t testing.TB, text []byte) ([]byte, error) {
	cmd := exec.Command(parser(t), "--skip-kernel-load", "--skip-cache", "--stdout",
		"--features-file", "/etc/apparmor.d/abi/3.0", "--Werror")
	cmd.Stdin = bytes.NewReader(text)
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	if err := cmd.Run(); err != nil {
		return nil, &parseError{talk.String(), err}
	}
	return out.Bytes(), nil
}

type parseError struct {
	talk string
	error
}

func (e *parseError) Error() string { return e.error.Error() + ": " + e.talk }

func mustCompile(t testing.TB, text []byte) *compiled {
	policy, err := parse(t, text)
	require.NoError(t, err, "%s", text)
	return fileTables(t, policy)
}

// mustCompileEach gives the tables of each profile of a text by its name.
func mustCompileEach(t testing.TB, text []byte) map[string]*compiled {
	policy, err := parse(t, text)
	require.NoError(t, err, "%s", text)
	out := map[string]*compiled{}
	head := []byte("\x04\x08\x00version\x00")
	for _, one := range bytes.Split(policy, head)[1:] {
		mark := []byte("\x04\x08\x00profile\x00\x07\x05") // a struct that begins with a string
		at := bytes.Index(one, mark)
		require.Positive(t, at, "a profile without a name")
		at += len(mark)
		size := int(binary.LittleEndian.Uint16(one[at:]))
		out[string(one[at+2:at+2+size-1])] = fileTables(t, one)
	}
	require.NotEmpty(t, out)
	return out
}

// fileTables finds the last state machine of a policy: that of the file rules.
func fileTables(t testing.TB, policy []byte) *compiled {
	at := bytes.LastIndex(policy, []byte{0x1b, 0x5e, 0x78, 0x3d})
	require.Positive(t, at, "no state machine in the policy")
	big := binary.BigEndian
	head, size := big.Uint32(policy[at+4:]), big.Uint32(policy[at+8:])
	data := policy[at+int(head) : at+int(size)]
	c := &compiled{}
	tables := map[uint16]*[]uint32{1: &c.accept, 2: &c.base, 3: &c.check, 4: &c.deflt, 5: &c.equiv, 8: &c.next}
	for len(data) >= 12 {
		id, width, count := big.Uint16(data), int(big.Uint16(data[2:])), int(big.Uint32(data[8:]))
		if table := tables[id]; table != nil {
			for i := range count {
				*table = append(*table, number(data[12+i*width:], width))
			}
		}
		data = data[min(len(data), (12+count*width+7)&^7):]
	}
	require.NotEmpty(t, c.base)
	return c
}

func number(b []byte, width int) uint32 {
	switch width {
	case 1:
		return uint32(b[0])
	case 2:
		return uint32(binary.BigEndian.Uint16(b))
	}
	return binary.BigEndian.Uint32(b)
}

const (
	start        = 1
	diffEncoded  = 0x80000000
	baseMask     = 0xffffff
	allowedToAll = 14 // shift of what others than the owner may do
)

// step is the transition by one byte; state 0 is the end of all matching.
func (c *compiled) step(state uint32, b byte) uint32 {
	char := uint32(b)
	if c.equiv != nil {
		char = c.equiv[b]
	}
	for {
		base := c.base[state]
		if at := base&baseMask + char; int(at) < len(c.check) && c.check[at] == state {
			return c.next[at]
		}
		state = c.deflt[state]
		if base&diffEncoded == 0 {
			return state
		}
	}
}

func (c *compiled) perms(state uint32, owner bool) perms {
	bits := c.accept[state]
	if !owner {
		bits >>= allowedToAll
	}
	var p perms
	for bit, perm := range map[uint32]perms{0x01: permExec, 0x02: permWrite, 0x04: permRead, 0x20: permLock, 0x40: permMap} {
		if bits&bit != 0 {
			p |= perm
		}
	}
	return p
}

// allows is what a name may be used for.
func (c *compiled) allows(name string, owner bool) perms {
	state := uint32(start)
	for i := range len(name) {
		state = c.step(state, name[i])
	}
	return c.perms(state, owner)
}

// all lists every name that anything is allowed for, which is finite where no
// wildcard is in the profile.
func (c *compiled) all(t testing.TB) map[string]perms {
	out := map[string]perms{}
	const longest, most = 8192, 100000
	var walk func(state uint32, name []byte)
	walk = func(state uint32, name []byte) {
		require.Less(t, len(name), longest, "an endless name: %q", name[:min(len(name), 80)])
		if p := c.perms(state, true); p != 0 {
			out[string(name)] = p
			require.Less(t, len(out), most)
		}
		for b := 1; b < 256; b++ {
			if next := c.step(state, byte(b)); next != 0 {
				walk(next, append(name, byte(b)))
			}
		}
	}
	walk(start, nil)
	return out
}
