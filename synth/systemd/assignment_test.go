package systemd

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadAssignments(t *testing.T) {
	got, err := ReadAssignments("u", []byte("# c\n[Unit]\nAfter=a\n\n[Service]\n ; c\nExecStart=/bin/x \\\n# between\n  --flag\nA = b \nC=\n"))
	require.NoError(t, err)
	type line struct {
		n                    int
		section, name, value string
	}
	var lines []line
	for _, a := range got {
		lines = append(lines, line{a.Number, a.Section, a.Name, a.Value})
	}
	require.Equal(t, []line{{3, "Unit", "After", "a"}, {7, "Service", "ExecStart", "/bin/x    --flag"}, {10, "Service", "A", "b"}, {11, "Service", "C", ""}}, lines)
	for text, want := range map[string]string{
		"A=b":               "u:1: systemd: bad syntax: it stands in no section",
		"[Service]\nA":      "u:2: systemd: bad syntax: NAME=VALUE is expected",
		"[Service\n":        "u:1: systemd: bad syntax: a section has no ']'",
		"[S]\nA=\xff":       "u:2: systemd: bad syntax: not UTF-8",
		"[Service]\nA=b \\": "u:2: systemd: bad syntax: the file ends within a line",
	} {
		_, err := ReadAssignments("u", []byte(text))
		require.ErrorContains(t, err, want, text)
	}
}

// FuzzReadAssignments holds the reader to go-systemd's, where that one reads the
// text and the two are meant to agree: it keeps the blanks of a continued line
// otherwise, and takes lines outside of sections for nothing.
func FuzzReadAssignments(f *testing.F) {
	f.Add([]byte("[Service]\nA=b\n# c\nB = c d\\\n e\n[Install]\n;x\nC="))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := ReadAssignments("u", text)
		if err != nil || bytes.ContainsAny(text, "\\\r\v\f\x85\xa0\x00") || !plainASCII(text) {
			return
		}
		want, err := ReadSettings(bytes.NewReader(text))
		if err != nil {
			return
		}
		var settings Settings
		for _, a := range got {
			if a.Section == "Service" {
				settings = append(settings, a.Setting)
			}
		}
		require.Equal(t, want, settings, "%q", text)
	})
}

func plainASCII(text []byte) bool {
	for _, c := range text {
		if c >= 0x7f || c < ' ' && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}
