package trace

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestPathText(t *testing.T) {
	for _, tc := range []struct {
		path         Path
		text, string string
	}{
		{"", "", ""},
		{"/etc/a b <&> é \"'%*{]|`", "/etc/a b <&> é \"'%*{]|`", "/etc/a b <&> é \"'%*{]|`"},
		{`/a\b`, `/a\\b`, `/a\\b`},
		{"/\xff\xc3", `/\xff\xc3`, `/\xff\xc3`},
		{"/\ufffd", "/\ufffd", "/\ufffd"}, // itself, not a broken byte
		{"/a\nb\x7f", "/a\nb\x7f", `"/a\nb\x7f"`},
	} {
		text, err := tc.path.MarshalText()
		require.NoError(t, err)
		require.Equal(t, tc.text, string(text))
		require.Equal(t, tc.string, tc.path.String())
		var back Path
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, tc.path, back)
	}
}

func TestPathTextRefused(t *testing.T) {
	for text, want := range map[string]string{
		`/\`:    `trace: bad escape in path "/\\": only \\ and \xNN are known`,
		`/\n`:   `trace: bad escape in path "/\\n": only \\ and \xNN are known`,
		`/\xf`:  `trace: bad escape in path "/\\xf": only \\ and \xNN are known`,
		`/\xFF`: `trace: bad escape in path "/\\xFF": only \\ and \xNN are known`,
		`/\x00`: `trace: NUL in path "/\\x00"`,
		`/\x41`: `trace: path "/\\x41" is spelt "/A"`,
		"/\xff": `trace: path "/\xff" is spelt "/\\xff"`,
	} {
		var p Path
		require.EqualError(t, p.UnmarshalText([]byte(text)), want)
	}
}

// Any path but one with a NUL survives, and no two share a spelling.
func FuzzPath(f *testing.F) {
	for _, s := range []string{"/a b", `/\x41\\`, "/\xff\xed\xa0\x80", "/\n\u2028", "/\ufffd"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text, err := Path(s).MarshalText()
		require.NoError(t, err)
		require.True(t, utf8.Valid(text))
		var back Path
		err = back.UnmarshalText(text)
		require.Equal(t, strings.Contains(s, "\x00"), err != nil)
		if err == nil {
			require.Equal(t, Path(s), back)
		}
		require.NotContains(t, Path(s).String(), "\n")

		var read Path
		if read.UnmarshalText([]byte(s)) == nil {
			again, _ := read.MarshalText()
			require.Equal(t, s, string(again))
		}
	})
}
