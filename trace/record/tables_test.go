package record

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/osapi-io/osapi-profile/trace"
	"github.com/osapi-io/osapi-profile/trace/record/sysnum"
)

// A misspelt name would silently look at nothing.
func TestEveryLookIsOfARealCall(t *testing.T) {
	real := known(t)
	for name := range looks(sysnum.Native) {
		assert.True(t, real[name], name)
	}
}

func TestArgumentOf(t *testing.T) {
	for _, c := range []struct {
		call        string
		value       uint64
		name, words string
	}{
		{"unshare", 0x20020000, "namespaces", "CLONE_NEWNS|CLONE_NEWPID"},
		{"setns", 0, "namespaces", "any"},
		{"mmap", 6, "protection", "PROT_WRITE|PROT_EXEC"},
		{"mprotect", 4, "protection", "PROT_EXEC"},
		{"shmat", 0o100000, "protection", "SHM_EXEC"},
		{"personality", 0xffffffff, "personality", "0xffffffff"},
		{"sched_setscheduler", 0x40000001, "scheduler", "SCHED_FIFO"},
		{"fchmodat", 0o6000, "mode", "S_ISUID|S_ISGID"},
		{"prctl", 38, "prctl", "PR_SET_NO_NEW_PRIVS"},
		{"prctl", 12345, "prctl", "12345"},
	} {
		name, words := argumentOf(c.call, c.value)
		assert.Equal(t, c.name, name)
		assert.Equal(t, c.words, words)
	}
}

func TestOutcomeName(t *testing.T) {
	for errno, want := range map[uint32]string{
		0: "ok", 2: "ENOENT", 11: "EAGAIN", 115: "EINPROGRESS", 512: "ERESTARTSYS", outcomeNone: "", 999: "E999",
	} {
		assert.Equal(t, want, outcomeName(errno))
	}
}

func FuzzDecodeEvent(f *testing.F) {
	f.Add(make([]byte, 152))
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := decodeEvent(raw)
		if err != nil {
			return
		}
		total := 0
		for _, s := range e.text {
			total += len(s)
		}
		assert.LessOrEqual(t, total, len(raw))
	})
}

// An address of four bytes is one of too many peers, or a short one of a UNIX socket.
func TestAddress(t *testing.T) {
	family := func(n uint16, rest string) []byte { return append(binary.NativeEndian.AppendUint16(nil, n), rest...) }
	for name, c := range map[string]struct {
		raw   []byte
		want  trace.Socket
		known bool
	}{
		"none":             {nil, trace.Socket{}, true},
		"too many peers":   {family(2, "\x00\x50"), trace.Socket{Port: 80}, true},
		"IPv4":             {family(2, "\x00\x50\x7f\x00\x00\x01"), trace.Socket{Port: 80, Address: "127.0.0.1"}, true},
		"short path":       {family(1, "ab"), trace.Socket{Path: "/run/ab"}, true},
		"path to come":     {family(1, "xy"), trace.Socket{}, false},
		"short abstract":   {family(1, "\x00a"), trace.Socket{Abstract: "a"}, true},
		"abstract":         {family(1, "\x00a\x00bc"), trace.Socket{Abstract: "a@bc"}, true},
		"path of one byte": {family(1, "a"), trace.Socket{}, false},
	} {
		var f trace.Socket
		o := &observer{socketPaths: map[socketName]trace.Path{{0, "ab"}: "/run/ab"}}
		assert.Equal(t, c.known, o.address(&f, c.raw), name)
		assert.Equal(t, c.want, f, name)
	}
}
