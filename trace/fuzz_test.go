package trace

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever is read can be written and is then read as the same, and no string
// but a path holds a line break or a quotation mark.
func FuzzRead(f *testing.F) {
	text := encode(f, sample())
	f.Add([]byte(text))
	f.Add([]byte(text[:len(text)/2]))
	f.Add([]byte(text[:len(text)-40] + text))
	f.Add([]byte(strings.ReplaceAll(text, `"openat"`, `"open\nat"`)))
	f.Add([]byte(`{"type":"header","version":1,"run":"r"}` + "\n" + `{"type":"subject","id":1}` + "\nx\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		again := decodeString(t, encode(t, got))
		require.Equal(t, encode(t, got), encode(t, again))
		require.Equal(t, encode(t, got), encode(t, Merge(got, again)))
		for _, f := range got.Syscalls {
			noLine(t, f.Name, f.ABI, f.Outcome)
		}
		for _, f := range got.Capabilities {
			noLine(t, f.Name, f.Syscall)
		}
		for _, f := range got.Sockets {
			noLine(t, f.Family, f.Type, f.Action, f.Address)
		}
		for _, f := range got.Arguments {
			noLine(t, f.Syscall, f.Name, f.Value)
		}
		for _, f := range got.Files {
			noLine(t, f.Syscall, f.Type, f.FS, f.Device)
		}
	})
}

func noLine(t *testing.T, values ...string) {
	for _, v := range values {
		require.NotContains(t, v, "\n")
		require.NotContains(t, v, `"`)
		require.NotContains(t, v, " ")
	}
}
